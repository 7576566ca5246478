//! Values of records as a write to an org spells them.
//!
//! What a field of org B takes decides the spelling, not what the value was in its own org: a number becomes the text of
//! a text field, a text the number of a number field. What would have to be changed on the way is refused, since an org
//! that cannot read one value refuses the whole call, and one that rounds says nothing of it.

use orgstream_api::Value;
use serde_json::{Number, Value as Json};

use super::{ValueError, integer, is_decimal, significant, temporal};
use crate::datetime::{format_date, format_datetime, format_time, parse_date, parse_datetime, parse_time};
use crate::describe::{DescribeField, FieldKind};

const MILLIS_A_DAY: i64 = 86_400_000;

/// `value` as a write to `field` of the target org sends it. Compound values cannot be written: their members are
/// fields of their own.
///
/// # Errors
/// What of the value the field cannot take.
pub fn to_json(field: &DescribeField, value: &Value) -> Result<Json, ValueError> {
    if let Some(written) = temporal::written(field.kind, value) {
        return written.map_err(|what| ValueError { field: field.name.clone(), what });
    }
    let spelled = match (field.kind, value) {
        (_, Value::Null) => Ok(Json::Null),
        (_, Value::Struct(_)) | (FieldKind::Address | FieldKind::Location, _) => {
            Err("a compound value cannot be written, only its members".to_owned())
        }
        (FieldKind::Boolean, value) => boolean(value),
        (FieldKind::Int, value) => whole(value).and_then(|number| {
            i32::try_from(number).map(Json::from).map_err(|_| format!("{number} does not fit into 32 bits"))
        }),
        (FieldKind::Long, value) => whole(value).map(Json::from),
        (FieldKind::Double | FieldKind::Currency, value) => number(value),
        (FieldKind::Date, value) => day(value),
        (FieldKind::Datetime, value) => moment(value),
        (FieldKind::Time, value) => time_of_day(value),
        (FieldKind::Multipicklist, Value::Array(values)) => selected(values),
        (
            FieldKind::Id
            | FieldKind::Reference
            | FieldKind::Textarea
            | FieldKind::Base64
            | FieldKind::Picklist
            | FieldKind::Multipicklist
            | FieldKind::Exact
            | FieldKind::Text,
            value,
        ) => text(value),
    };
    spelled.map_err(|what| ValueError { field: field.name.clone(), what })
}

fn boolean(value: &Value) -> Result<Json, String> {
    match value {
        Value::Boolean(value) => Ok(Json::Bool(*value)),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Ok(Json::Bool(true)),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Ok(Json::Bool(false)),
        other => Err(format!("{} is neither true nor false", kind(other))),
    }
}

fn whole(value: &Value) -> Result<i64, String> {
    let number = match value {
        Value::Int32(number) => Some(i64::from(*number)),
        Value::Int64(number) => Some(*number),
        Value::Float64(number) => integer(&Json::from(*number)),
        Value::String(text) => integer(&Json::from(text.trim())),
        _ => None,
    };
    number.ok_or_else(|| format!("{} is no whole number", kind(value)))
}

fn number(value: &Value) -> Result<Json, String> {
    match value {
        Value::Int32(number) => Ok(Json::from(*number)),
        Value::Int64(number) => Ok(Json::from(*number)),
        Value::Float64(number) => Number::from_f64(*number)
            .map(Json::Number)
            .ok_or_else(|| "the number is not finite, and no org has such a value".to_owned()),
        Value::String(text) => {
            let text = text.trim();
            let is_number = text.parse().is_ok_and(|number: f64| number.is_finite());
            // An org reads text for a number as well, with every digit.
            let spelled = || exact_number(text).unwrap_or_else(|| Json::from(text));
            is_number.then(spelled).ok_or_else(|| "the text is no number".to_owned())
        }
        other => Err(format!("{} is no number", kind(other))),
    }
}

/// A day. A moment is on one day here and on another elsewhere, so only midnight stands for a day.
fn day(value: &Value) -> Result<Json, String> {
    match value {
        Value::Date(days) => Ok(Json::from(format_date(*days))),
        Value::String(text) => {
            parse_date(text).map(|days| Json::from(format_date(days))).map_err(|error| error.to_string())
        }
        Value::Timestamp(millis) if millis.rem_euclid(MILLIS_A_DAY) == 0 => {
            let days = i32::try_from(millis.div_euclid(MILLIS_A_DAY));
            days.map(|days| Json::from(format_date(days))).map_err(|_| "the moment is no day".to_owned())
        }
        other => Err(format!("{} is no day", kind(other))),
    }
}

fn moment(value: &Value) -> Result<Json, String> {
    match value {
        Value::Timestamp(millis) => Ok(Json::from(format_datetime(*millis))),
        Value::String(text) => parse_datetime(text)
            .map(|millis| Json::from(format_datetime(millis)))
            .map_err(|error| error.to_string()),
        other => Err(format!("{} is no moment", kind(other))),
    }
}

fn time_of_day(value: &Value) -> Result<Json, String> {
    match value {
        Value::Time(millis) => Ok(Json::from(format_time(*millis))),
        Value::String(text) => {
            parse_time(text).map(|millis| Json::from(format_time(millis))).map_err(|error| error.to_string())
        }
        other => Err(format!("{} is no time of day", kind(other))),
    }
}

fn selected(values: &[Value]) -> Result<Json, String> {
    let texts: Option<Vec<&str>> = values.iter().map(Value::as_str).collect();
    texts.map(|texts| Json::from(texts.join(";"))).ok_or_else(|| "the list holds what is no text".to_owned())
}

fn text(value: &Value) -> Result<Json, String> {
    Ok(Json::String(match value {
        Value::String(text) => text.clone(),
        Value::Boolean(value) => value.to_string(),
        Value::Int32(number) => number.to_string(),
        Value::Int64(number) => number.to_string(),
        Value::Float64(number) if number.is_finite() => number.to_string(),
        Value::Date(days) => format_date(*days),
        Value::Time(millis) => format_time(*millis),
        Value::Timestamp(millis) => format_datetime(*millis),
        // No field of an org holds a list, but text holds anything.
        Value::Array(_) => value.to_json().to_string(),
        other => return Err(format!("{} is no text", kind(other))),
    }))
}

/// What a value is, without showing it.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Boolean(_) => "true or false",
        Value::Int32(_) | Value::Int64(_) | Value::Float64(_) => "a number of this value",
        Value::String(_) => "the text",
        Value::Date(_) => "a day",
        Value::Time(_) => "a time of day",
        Value::Timestamp(_) => "a moment",
        Value::Array(_) => "a list",
        Value::Struct(_) => "a compound value",
    }
}

/// The JSON number of a decimal text; `None` where a double would change a digit. Salesforce takes text for a number
/// as well.
fn exact_number(text: &str) -> Option<Json> {
    if !is_decimal(text) {
        return None;
    }
    if let Ok(integer) = text.parse::<i64>() {
        return Some(Json::from(integer));
    }
    let number: f64 = text.parse().ok()?;
    (significant(&number.to_string()) == significant(text))
        .then(|| serde_json::Number::from_f64(number).map(Json::Number))?
}
