//! Whether a default fits its field: what new records get must be what a client could have written.

use serde_json::Value as Json;

use super::field::{Field, Flag};
use super::field_type::FieldType;
use super::written::shown;
use crate::timestamp::{Timestamp, is_date, time_of_day};

/// Why the default of a field cannot be, and what could.
pub(super) fn check(field: &Field) -> Result<(), String> {
    let Some(default) = &field.default else { return Ok(()) };
    if field.formula.is_some() || field.auto_number.is_some() {
        return Err("default: the value of this field is computed; leave default out".to_owned());
    }
    let value = shown(default);
    let text = default.as_str();
    let wrong = |wanted: &str| Err(format!("default: {value} does not fit; write {wanted}"));
    match field.kind {
        FieldType::Boolean if !default.is_boolean() => wrong("true or false"),
        FieldType::Int if !whole(default, field.digits) => {
            wrong(&format!("a whole number of at most {} digits", field.digits))
        }
        kind if kind.is_decimal() && !decimal(default, field.precision, field.scale) => {
            let before = field.precision.saturating_sub(field.scale);
            wrong(&format!(
                "a number with at most {before} digits before the point and {} after it",
                field.scale
            ))
        }
        FieldType::Date if !text.is_some_and(is_date) => wrong("a date such as 2026-11-21"),
        FieldType::Datetime if text.and_then(Timestamp::parse).is_none() => {
            wrong("a point in time such as 2026-11-21T09:30:00.000Z")
        }
        FieldType::Time if text.and_then(time_of_day).is_none() => wrong("a time such as 09:30:00.000Z"),
        FieldType::Reference | FieldType::Location => {
            Err(format!("default: a {} has none; leave default out", field.kind.name()))
        }
        kind if kind.is_text() => written(field, default),
        _ => Ok(()),
    }
}

fn written(field: &Field, default: &Json) -> Result<(), String> {
    let Some(text) = default.as_str() else {
        return Err(format!("default: {} is not read as text; quote it", shown(default)));
    };
    if text.chars().count() > field.length {
        return Err(format!("default: {text} is longer than length {}; write less", field.length));
    }
    if !field.is(Flag::Restricted) {
        return Ok(());
    }
    let listed = |value: &str| field.picklist.iter().any(|known| known.active && known.value == value);
    let several = field.kind == FieldType::Multipicklist;
    let stranger = if several {
        text.split(';').find(|value| !listed(value))
    } else {
        Some(text).filter(|text| !listed(text))
    };
    match stranger {
        None => Ok(()),
        Some(value) => {
            let active = field.picklist.iter().filter(|known| known.active);
            let values: Vec<&str> = active.map(|known| known.value.as_str()).collect();
            Err(format!("default: {value} is not in the picklist; write one of {}", values.join(", ")))
        }
    }
}

fn whole(json: &Json, digits: u32) -> bool {
    json.as_i64().is_some_and(|number| number.unsigned_abs() < 10_u64.saturating_pow(digits))
}

/// Judged by the digits that stand in the file, where a float has no more than it was written with.
fn decimal(json: &Json, precision: u32, scale: u32) -> bool {
    let Json::Number(number) = json else { return false };
    let Some(value) = number.as_f64() else { return false };
    let text = format!("{}", value.abs());
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let count = |digits: &str| u32::try_from(digits.len()).unwrap_or(u32::MAX);
    count(whole.trim_start_matches('0')) <= precision.saturating_sub(scale) && count(fraction) <= scale
}
