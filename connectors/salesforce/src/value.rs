//! Field values, from Salesforce's JSON and back. No digit, second or letter changes on the way.

use std::sync::Arc;

use orgstream_api::{Schema, Struct, Type, Value};
use serde_json::Value as Json;

use crate::datetime::{parse_date, parse_datetime, parse_time};
use crate::describe::{DescribeField, FieldKind};
use crate::id::SalesforceId;
use crate::schema::type_of;

mod write;
pub use write::to_json;

/// A value does not fit its field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("field `{field}`: {what}")]
pub struct ValueError {
    /// The field.
    pub field: String,
    /// What does not fit.
    pub what: String,
}

/// The value of `field` in a row (REST) or an event (streaming); both spell datetimes and addresses differently.
pub fn to_value(field: &DescribeField, json: &Json) -> Result<Value, ValueError> {
    if json.is_null() {
        return Ok(Value::Null);
    }
    let malformed = |what: String| ValueError { field: field.name.clone(), what };
    let wrong = || malformed(format!("{} is no {:?}", shown(json), field.kind));
    match field.kind {
        FieldKind::Boolean => json.as_bool().map(Value::Boolean).ok_or_else(wrong),
        FieldKind::Int => {
            integer(json).and_then(|n| i32::try_from(n).ok()).map(Value::Int32).ok_or_else(wrong)
        }
        FieldKind::Long => integer(json).map(Value::Int64).ok_or_else(wrong),
        FieldKind::Double => number(json).map(Value::Float64).ok_or_else(wrong),
        FieldKind::Currency => decimal(json).map(Value::String).ok_or_else(wrong),
        FieldKind::Date => {
            let text = json.as_str().ok_or_else(wrong)?;
            parse_date(text).map(Value::Date).map_err(|error| malformed(error.to_string()))
        }
        FieldKind::Datetime => {
            let text = json.as_str().ok_or_else(wrong)?;
            parse_datetime(text).map(Value::Timestamp).map_err(|error| malformed(error.to_string()))
        }
        FieldKind::Time => {
            let text = json.as_str().ok_or_else(wrong)?;
            parse_time(text).map(Value::Time).map_err(|error| malformed(error.to_string()))
        }
        FieldKind::Address | FieldKind::Location => match (type_of(field.kind), json) {
            (Type::Struct(schema), Json::Object(members)) => compound(&schema, members).ok_or_else(wrong),
            _ => Err(wrong()),
        },
        FieldKind::Id | FieldKind::Reference => {
            let text = json.as_str().ok_or_else(wrong)?;
            // Polymorphic fields of old objects may hold what is no id; it is passed on as it is.
            let id = SalesforceId::parse(text).map_or_else(|_| text.to_owned(), |id| id.to_string());
            Ok(Value::String(id))
        }
        FieldKind::Base64
        | FieldKind::Textarea
        | FieldKind::Picklist
        | FieldKind::Multipicklist
        | FieldKind::Exact
        | FieldKind::Text => Ok(Value::String(match json {
            Json::String(text) => text.clone(),
            other => other.to_string(),
        })),
    }
}

/// An integer, also as `42.0`.
fn integer(json: &Json) -> Option<i64> {
    json.as_i64().or_else(|| {
        let text = decimal(json)?;
        text.strip_suffix(".0").unwrap_or(&text).parse().ok()
    })
}

fn number(json: &Json) -> Option<f64> {
    match json {
        Json::Number(number) => number.as_f64(),
        Json::String(text) => text.parse().ok().filter(|value: &f64| value.is_finite()),
        _ => None,
    }
}

/// A decimal number without an exponent, with the digits that were sent.
fn decimal(json: &Json) -> Option<String> {
    match json {
        Json::Number(number) if number.is_f64() => {
            // Debug writes the shortest text that reads as the same number, but large ones with an exponent.
            let text = format!("{}", number.as_f64()?);
            Some(if text.contains('.') { text } else { format!("{text}.0") })
        }
        Json::Number(number) => Some(number.to_string()),
        Json::String(text) => is_decimal(text).then(|| text.clone()),
        _ => None,
    }
}

/// A number of a bulk result as REST shows it once it went through JSON: the same text, whichever way a row was read.
pub(crate) fn canonical_decimal(text: &str) -> Option<String> {
    let number: f64 = text.parse().ok().filter(|value: &f64| value.is_finite())?;
    let shown = decimal(&Json::from(number))?;
    // A double may have fewer digits than the text.
    Some(if is_decimal(text) && significant(&shown) != significant(text) { text.to_owned() } else { shown })
}

fn is_decimal(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    [whole, fraction].iter().all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
}

/// A decimal text without the zeros that say nothing, for comparing two of them.
fn significant(text: &str) -> (bool, &str, &str) {
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |digits| (true, digits));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    (negative, whole.trim_start_matches('0'), fraction.trim_end_matches('0'))
}

/// A compound value. REST writes members in lower camel case, streaming with a capital.
fn compound(schema: &Arc<Schema>, members: &serde_json::Map<String, Json>) -> Option<Value> {
    let mut value = Struct::new(Arc::clone(schema));
    for (name, member) in members {
        let known = schema.fields().iter().find(|field| field.name.eq_ignore_ascii_case(name));
        // Members of later API versions have no place in the format.
        let Some(known) = known.filter(|_| !member.is_null()) else {
            continue;
        };
        let converted = match known.kind {
            Type::Float64 => Value::Float64(number(member)?),
            _ => Value::String(member.as_str()?.to_owned()),
        };
        value.set(&known.name, converted);
    }
    Some(Value::Struct(value))
}

/// A value in an error: long ones are cut.
fn shown(json: &Json) -> String {
    let text = json.to_string();
    if text.chars().count() > 60 { format!("{}…", text.chars().take(60).collect::<String>()) } else { text }
}

mod temporal;

#[cfg(test)]
mod tests;
