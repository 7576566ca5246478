//! Writes to dates, times and booleans of values that do not say that they are any: the field does. Numbers count as
//! Kafka Connect counts, and texts are ISO 8601.

use orgstream_api::Value;
use serde_json::Value as Json;

use crate::datetime::{format_date, format_datetime, format_time, parse_date, parse_datetime, parse_time};
use crate::describe::FieldKind;

/// 1700-01-01 to 4000-12-31, in days since the epoch: what an org takes for a date.
const DAYS: std::ops::RangeInclusive<i64> = -98_615..=741_806;
const MILLIS_A_DAY: i64 = 86_400_000;

/// What is written; `None` where the value and the field say the same, or neither says anything.
pub(super) fn written(kind: FieldKind, value: &Value) -> Option<Result<Json, String>> {
    let number = match value {
        Value::Int32(number) => Some(i64::from(*number)),
        Value::Int64(number) => Some(*number),
        _ => None,
    };
    let text = match (kind, value, number) {
        (FieldKind::Boolean, Value::String(text), _) => {
            return text.parse().ok().map(|value| Ok(Json::Bool(value)));
        }
        (FieldKind::Date, _, Some(days)) => date(days),
        (FieldKind::Datetime, _, Some(millis)) => datetime(millis),
        (FieldKind::Time, _, Some(millis)) => time(millis),
        (FieldKind::Date, Value::String(text), _) => date_of(text),
        (FieldKind::Datetime, Value::String(text), _) => {
            parse_datetime(text).map(format_datetime).map_err(|error| error.to_string())
        }
        (FieldKind::Time, Value::String(text), _) => {
            parse_time(text).map(format_time).map_err(|error| error.to_string())
        }
        _ => return None,
    };
    Some(text.map(Json::String))
}

fn date(days: i64) -> Result<String, String> {
    let known = i32::try_from(days).ok().filter(|_| DAYS.contains(&days));
    known.map(format_date).ok_or_else(|| format!("{days} days since 1970 are no date that an org has"))
}

fn datetime(millis: i64) -> Result<String, String> {
    if !DAYS.contains(&millis.div_euclid(MILLIS_A_DAY)) {
        return Err(format!("{millis} milliseconds since 1970 are no time that an org has"));
    }
    Ok(format_datetime(millis))
}

fn time(millis: i64) -> Result<String, String> {
    let known = i32::try_from(millis).ok().filter(|_| (0..MILLIS_A_DAY).contains(&millis));
    known.map(format_time).ok_or_else(|| format!("{millis} milliseconds since midnight are no time of day"))
}

/// A date, or the beginning of one in UTC. Any other time of day would be cut off.
fn date_of(text: &str) -> Result<String, String> {
    let refused = match parse_date(text) {
        Ok(days) => return Ok(format_date(days)),
        Err(refused) => refused.to_string(),
    };
    let millis = parse_datetime(text).ok().filter(|millis| millis.rem_euclid(MILLIS_A_DAY) == 0);
    millis.map_or(Err(refused), |millis| date(millis.div_euclid(MILLIS_A_DAY)))
}
