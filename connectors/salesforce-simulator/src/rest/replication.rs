//! `updated` and `deleted`: the ids that changed in a span of time, in whole minutes of the org's clock.

use serde_json::{Value as Json, json};

use super::resource::Resource;
use crate::data::{Refusal, Row, Value};
use crate::schema::{ObjectIndex, Trait};
use crate::server::Answer;
use crate::timestamp::Timestamp;

const DAY: i64 = 24 * 60 * 60 * 1000;
/// How far back changes are known.
const UPDATED_DAYS: i64 = 30;
/// How far back deletions are known: as long as the recycle bin keeps records.
const DELETED_DAYS: i64 = 15;
/// More ids than these are not answered.
const MAX_IDS: usize = 600_000;

/// From the first minute to the one before the last.
struct Span {
    start: Timestamp,
    end: Timestamp,
    /// The last minute that is over by the org's clock.
    covered: Timestamp,
}

/// `GET sobjects/X/updated`.
pub(crate) fn updated(resource: &Resource<'_>, object: &str) -> Result<Answer, Refusal> {
    let object = replicated(resource, object)?;
    let span = Span::read(resource, UPDATED_DAYS)?;
    let state = resource.tenant.state();
    let rows = state.store.table(object).rows().filter(|row| !row.deleted());
    let ids: Vec<&str> = rows.filter(|row| span.holds(stamp(resource, object, row))).map(Row::id).collect();
    within_limit(ids.len())?;
    Ok(Answer::json(200, &json!({"ids": ids, "latestDateCovered": span.covered.rest()})))
}

/// `GET sobjects/X/deleted`.
pub(crate) fn deleted(resource: &Resource<'_>, object: &str) -> Result<Answer, Refusal> {
    let object = replicated(resource, object)?;
    let span = Span::read(resource, DELETED_DAYS)?;
    let state = resource.tenant.state();
    let rows = state.store.table(object).rows();
    let records: Vec<Json> = rows
        .filter_map(|row| {
            let when = row.binned()?.since.to_second();
            span.holds(when).then(|| json!({"id": row.id(), "deletedDate": when.rest()}))
        })
        .collect();
    within_limit(records.len())?;
    let earliest = earliest(resource, DELETED_DAYS);
    Ok(Answer::json(
        200,
        &json!({
            "deletedRecords": records,
            "earliestDateAvailable": earliest.rest(),
            "latestDateCovered": span.covered.rest(),
        }),
    ))
}

impl Span {
    fn read(resource: &Resource<'_>, days: i64) -> Result<Self, Refusal> {
        let (start, end) = (moment(resource, "start")?, moment(resource, "end")?);
        if start >= end {
            return Err(invalid("endDate must be at least one minute greater than startDate"));
        }
        if start < earliest(resource, days) {
            return Err(invalid("startDate before org replication enabled date"));
        }
        let covered = end.min(resource.tenant.clock.now().to_minute());
        Ok(Self { start, end, covered })
    }

    fn holds(&self, when: Timestamp) -> bool {
        self.start <= when && when < self.end
    }
}

/// The object, if changes of it are kept.
fn replicated(resource: &Resource<'_>, name: &str) -> Result<ObjectIndex, Refusal> {
    let object = resource.named(name)?;
    let definition = resource.schema.object(object);
    if definition.is(Trait::Replicateable) {
        return Ok(object);
    }
    let message = format!("entity type {} is not replicateable", definition.name);
    Err(Refusal::new(400, "INVALID_TYPE", message))
}

fn moment(resource: &Resource<'_>, name: &str) -> Result<Timestamp, Refusal> {
    let text = resource.call.param(name).filter(|text| !text.is_empty());
    let text = text.ok_or_else(|| Refusal::new(400, "MISSING_ARGUMENT", format!("{name} is required")))?;
    let moment =
        Timestamp::parse(text).ok_or_else(|| invalid(&format!("{name}: {text} is not a dateTime")))?;
    Ok(moment.to_minute())
}

fn earliest(resource: &Resource<'_>, days: i64) -> Timestamp {
    Timestamp::from_millis(resource.tenant.clock.now().millis() - days * DAY).to_minute()
}

/// `SystemModstamp`, or the date of the last change where there is none.
fn stamp(resource: &Resource<'_>, object: ObjectIndex, row: &Row) -> Timestamp {
    let system = resource.schema.object(object).system;
    match system.modstamp.or(system.modified_date).map(|at| row.value(at)) {
        Some(Value::Time(time)) => *time,
        _ => Timestamp::default(),
    }
}

fn within_limit(ids: usize) -> Result<(), Refusal> {
    if ids <= MAX_IDS {
        return Ok(());
    }
    let message =
        format!("more than {MAX_IDS} ids changed in this time; choose dates that are closer together");
    Err(Refusal::new(400, "EXCEEDED_ID_LIMIT", message))
}

fn invalid(message: &str) -> Refusal {
    Refusal::new(400, "INVALID_REPLICATION_DATE", message)
}
