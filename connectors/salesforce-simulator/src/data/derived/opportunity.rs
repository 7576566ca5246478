//! What a deal's stage, amount and close date say of it.

use super::derivation::Draft;
use crate::data::value::Value;

/// A stage of the standard sales process: its name, its probability in percent, and whether it ends the deal.
type Stage = (&'static str, f64, Outcome);

/// How a stage leaves a deal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Open,
    Won,
    Lost,
}

const STAGES: [Stage; 10] = [
    ("Prospecting", 10.0, Outcome::Open),
    ("Qualification", 10.0, Outcome::Open),
    ("Needs Analysis", 20.0, Outcome::Open),
    ("Value Proposition", 50.0, Outcome::Open),
    ("Id. Decision Makers", 60.0, Outcome::Open),
    ("Perception Analysis", 70.0, Outcome::Open),
    ("Proposal/Price Quote", 75.0, Outcome::Open),
    ("Negotiation/Review", 90.0, Outcome::Open),
    ("Closed Won", 100.0, Outcome::Won),
    ("Closed Lost", 0.0, Outcome::Lost),
];

/// Forecast categories by the names that people choose.
const CATEGORIES: [(&str, &str); 6] = [
    ("Omitted", "Omitted"),
    ("Pipeline", "Pipeline"),
    ("Best Case", "BestCase"),
    ("Most Likely", "MostLikely"),
    ("Commit", "Forecast"),
    ("Closed", "Closed"),
];

/// A stage that the org does not know leaves the deal open, and nothing is expected of it.
const UNKNOWN: Stage = ("", 0.0, Outcome::Open);

/// A new stage brings its own probability and forecast category, unless the call sets them.
pub(super) fn derive(draft: &mut Draft<'_>) {
    let name = draft.text("StageName").unwrap_or_default();
    let (_, probability, outcome) = STAGES.into_iter().find(|stage| stage.0 == name).unwrap_or(UNKNOWN);
    draft.set("IsClosed", Value::Bool(outcome != Outcome::Open));
    draft.set("IsWon", Value::Bool(outcome == Outcome::Won));
    let moved = draft.changed("StageName");
    if moved && !draft.given("Probability") {
        draft.set_number("Probability", Some(probability));
    }
    let emptied = draft.value("ForecastCategoryName").is_null();
    if emptied || (moved && !draft.given("ForecastCategoryName")) {
        let category = match outcome {
            Outcome::Open => "Pipeline",
            Outcome::Won => "Closed",
            Outcome::Lost => "Omitted",
        };
        draft.set("ForecastCategoryName", Value::text(category));
    }
    let named = draft.text("ForecastCategoryName").unwrap_or_default();
    if let Some((_, category)) = CATEGORIES.iter().find(|(name, _)| *name == named) {
        draft.set("ForecastCategory", Value::text(category));
    }
    let expected = draft.number("Amount").zip(draft.number("Probability"));
    draft.set_number("ExpectedRevenue", expected.map(|(amount, percent)| amount * percent / 100.0));
    fiscal_period(draft);
    let lines = has_lines(draft);
    draft.set("HasOpportunityLineItem", Value::Bool(lines));
}

/// Fiscal years are calendar years, as the organisation's `FiscalYearStartMonth` says.
fn fiscal_period(draft: &mut Draft<'_>) {
    let close = draft.text("CloseDate").unwrap_or_default();
    let part = |from: usize, to: usize| close.get(from..to).and_then(|part| part.parse::<i64>().ok());
    let Some((year, month)) = part(0, 4).zip(part(5, 7)) else { return };
    let quarter = (month + 2) / 3;
    draft.set("FiscalYear", Value::Int(year));
    draft.set("FiscalQuarter", Value::Int(quarter));
    draft.set("Fiscal", Value::text(format!("{year} {quarter}")));
}

fn has_lines(draft: &Draft<'_>) -> bool {
    // A row that is not stored yet has no id, and nothing can refer to it.
    let Some(before) = draft.before else { return false };
    let lines = draft.store.schema.find("OpportunityLineItem");
    lines.is_some_and(|lines| {
        let at = draft.store.schema.object(lines).field("OpportunityId");
        at.is_some_and(|at| draft.store.with_value(lines, at, before.id()).next().is_some())
    })
}
