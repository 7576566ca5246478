//! An event has a start and a length, and says both only one way.

use crate::data::{Refusal, Row, Value};
use crate::schema::Object;

const MINUTE_MILLIS: i64 = 60_000;
const DAY_MINUTES: i64 = 24 * 60;

/// Refuses an event whose times are missing or contradict each other, after they were derived from each other.
pub(crate) fn check(object: &Object, row: &Row) -> Result<(), Refusal> {
    if object.name != "Event" {
        return Ok(());
    }
    let value = |name: &str| object.field(name).map_or(&Value::Null, |at| row.value(at));
    let all_day = value("IsAllDayEvent") == &Value::Bool(true);
    let (start, end, length) = (value("StartDateTime"), value("EndDateTime"), value("DurationInMinutes"));
    let mut missing = Vec::new();
    if !all_day && length.is_null() && end.is_null() {
        missing.push("DurationInMinutes");
    }
    if start.is_null() {
        missing.push(if all_day { "ActivityDate" } else { "ActivityDateTime" });
    }
    if !missing.is_empty() {
        let message = format!("Required fields are missing: [{}]", missing.join(", "));
        return Err(Refusal::record("REQUIRED_FIELD_MISSING", message, &missing));
    }
    if start != value("ActivityDateTime") {
        return Err(contradiction("ActivityDateTime and StartDateTime are not the same", "ActivityDateTime"));
    }
    let (Value::Time(start), Value::Time(end), Value::Int(minutes)) = (start, end, length) else {
        return Ok(());
    };
    if *minutes < 0 {
        let message = "Event duration can not be negative";
        return Err(Refusal::record("FIELD_INTEGRITY_EXCEPTION", message, &["EndDateTime"]));
    }
    // The last day of an event of whole days counts, too.
    let last_day = if all_day { DAY_MINUTES } else { 0 };
    if end.millis() - start.millis() != (minutes - last_day) * MINUTE_MILLIS {
        let message = "DurationInMinutes is not the time from StartDateTime to EndDateTime";
        return Err(contradiction(message, "DurationInMinutes"));
    }
    Ok(())
}

fn contradiction(message: &str, field: &str) -> Refusal {
    Refusal::record("INVALID_FIELD_FOR_INSERT_UPDATE", message, &[field])
}
