//! Duplicate rules: a record that resembles another one is refused, or saved by a client that says so.
//!
//! Two records resemble each other when all fields of the rule have values and these are the same, letter case,
//! punctuation and blanks aside.

use serde_json::{Value as Json, json};

use crate::data::{Origin, Refusal, Row, Store};
use crate::schema::{DuplicateAction, DuplicateRule, Object, ObjectIndex};

/// Before this version the key of the result lacks a letter.
const SPELT_RIGHT: u32 = 60;

/// Refuses a record that a rule finds duplicates of. A record that is changed is looked at only if a field of the
/// rule is.
pub(crate) fn check(
    store: &Store,
    origin: &Origin,
    object: ObjectIndex,
    row: &Row,
    before: Option<&Row>,
) -> Result<(), Refusal> {
    let definition = store.schema.object(object);
    for (nth, rule) in definition.duplicate_rules.iter().enumerate() {
        if rule.action == DuplicateAction::Alert && origin.allows_duplicates {
            continue;
        }
        let of = |row: &Row| key(definition, rule, row);
        let Some(wanted) = of(row).filter(|wanted| before.and_then(of).as_ref() != Some(wanted)) else {
            continue;
        };
        let alike = store.table(object).alike(definition, nth, &wanted);
        let found: Vec<&str> = alike.map(Row::id).filter(|id| *id != row.id()).collect();
        if !found.is_empty() {
            return Err(refusal(definition, rule, origin, &found));
        }
    }
    Ok(())
}

/// What a rule compares, the fields one after the other with blanks between; `None` if one of them is empty.
pub(crate) fn key(object: &Object, rule: &DuplicateRule, row: &Row) -> Option<String> {
    let values = rule.fields.iter().map(|name| simplified(row.value(object.field(name)?).as_text()?));
    Some(values.collect::<Option<Vec<String>>>()?.join(" "))
}

fn simplified(text: &str) -> Option<String> {
    let text: String = text.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect();
    Some(text).filter(|text| !text.is_empty())
}

fn refusal(object: &Object, rule: &DuplicateRule, origin: &Origin, ids: &[&str]) -> Refusal {
    let records: Vec<Json> = ids
        .iter()
        .map(|id| {
            let url = format!("/services/data/v{}/sobjects/{}/{id}", origin.version, object.name);
            json!({
                "additionalInformation": [],
                "fieldDiffs": [],
                "matchConfidence": 100.0,
                "record": {"attributes": {"type": object.name, "url": url}, "Id": id},
            })
        })
        .collect();
    let result = json!({
        "allowSave": rule.action == DuplicateAction::Alert,
        "duplicateRule": rule.name,
        "duplicateRuleEntityType": object.name,
        "errorMessage": rule.message,
        "matchResults": [{
            "entityType": object.name,
            "errors": [],
            "matchEngine": "ExactMatchEngine",
            "matchRecords": records,
            "rule": rule.name.replace("Duplicate", "Match"),
            "size": ids.len(),
            "success": true,
        }],
    });
    let major = origin.version.split('.').next().and_then(|major| major.parse::<u32>().ok());
    let key =
        if major.is_some_and(|major| major < SPELT_RIGHT) { "duplicateResut" } else { "duplicateResult" };
    Refusal::record("DUPLICATES_DETECTED", rule.message.as_str(), &[]).detail(key, result)
}
