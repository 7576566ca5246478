//! Values of records as CEL's, and back.
//!
//! Dates and times are texts in ISO 8601, in UTC: they compare as the points in time they stand for, and a value that goes
//! back is read from the same form. Currency is text in records already; `double(value.Amount)` makes a number of it.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use cel::Value as Cel;
use cel::objects::{Key, Map};
use orgstream_api::{EventScope, Headers, InputOffset, Struct, Type, Value};
use orgstream_salesforce::datetime::{format_date, format_datetime, format_time, parse_date, parse_datetime};

/// The key or the value of a record: a bare one as it is, else its fields, or those of them that are wanted.
pub(super) fn half(value: &Struct, wanted: Option<&BTreeSet<String>>) -> Cel {
    value.as_bare().map_or_else(|| map(value, wanted), to_cel)
}

/// The fields of `value`, or those of them that are wanted.
pub(super) fn map(value: &Struct, wanted: Option<&BTreeSet<String>>) -> Cel {
    match wanted {
        None => to_map(value.iter().map(|(name, value)| (name, to_cel(value)))),
        Some(wanted) => {
            to_map(wanted.iter().filter_map(|name| Some((name.as_str(), to_cel(value.value(name)?)))))
        }
    }
}

/// The headers that are text.
pub(super) fn headers(headers: &Headers) -> Cel {
    let texts = headers.iter().filter_map(|(name, value)| Some((name, std::str::from_utf8(value).ok()?)));
    to_map(texts.map(|(name, value)| (name, text(value))))
}

/// What may be asked of the event.
pub(super) fn event(event: &EventScope<'_>, wanted: Option<&BTreeSet<String>>) -> Cel {
    let optional = |value: Option<&str>| value.map_or(Cel::Null, text);
    let needs = |name: &str| wanted.is_none_or(|wanted| wanted.contains(name));
    let mut fields = vec![
        ("type", optional(event.kind.map(orgstream_api::EventType::as_str))),
        ("object", text(event.object)),
        ("id", optional(event.id)),
        ("replay_id", event.replay_id.map_or(Cel::Null, Cel::Int)),
        ("channel", optional(event.channel)),
        ("time", text(&format_datetime(event.time))),
    ];
    if needs("carried") {
        let names = (event.carried)().into_iter().map(text).collect();
        fields.push(("carried", Cel::List(Arc::new(names))));
    }
    to_map(fields.into_iter())
}

/// Where a record lies.
pub(super) fn place(at: &InputOffset) -> [(&'static str, Cel); 3] {
    [
        ("topic", text(&at.partition.topic)),
        ("partition", Cel::Int(i64::from(at.partition.partition))),
        ("offset", Cel::Int(at.offset)),
    ]
}

/// The CEL value of a field.
pub(super) fn to_cel(value: &Value) -> Cel {
    match value {
        Value::Null => Cel::Null,
        Value::Boolean(value) => Cel::Bool(*value),
        Value::Int32(value) => Cel::Int(i64::from(*value)),
        Value::Int64(value) => Cel::Int(*value),
        Value::Float64(value) => Cel::Float(*value),
        Value::String(value) => text(value),
        Value::Date(days) => text(&format_date(*days)),
        Value::Time(millis) => text(&format_time(*millis)),
        Value::Timestamp(millis) => text(&format_datetime(*millis)),
        Value::Array(values) => Cel::List(Arc::new(values.iter().map(to_cel).collect())),
        Value::Struct(value) => map(value, None),
    }
}

/// The value of a field of this type.
///
/// # Errors
/// What it is instead.
pub(super) fn from_cel(value: Cel, kind: &Type) -> Result<Value, String> {
    let wrong = |value: &Cel| format!("is {}, not {}", value.type_of(), name_of(kind));
    Ok(match (kind, value) {
        (_, Cel::Null) => Value::Null,
        (Type::Boolean, Cel::Bool(value)) => Value::Boolean(value),
        (Type::Int32, Cel::Int(number)) => Value::Int32(
            i32::try_from(number).map_err(|_| format!("{number} does not fit into 32 bits; use `long`"))?,
        ),
        (Type::Int64, Cel::Int(number)) => Value::Int64(number),
        (Type::Int64, Cel::UInt(number)) => {
            Value::Int64(i64::try_from(number).map_err(|_| format!("{number} does not fit into 64 bits"))?)
        }
        (Type::Float64, Cel::Float(number)) => Value::Float64(number),
        (Type::String, Cel::String(text)) => Value::String(text.as_ref().clone()),
        (Type::Date, Cel::String(text)) => {
            Value::Date(parse_date(&text).map_err(|_| "is no date, such as 2026-01-31".to_owned())?)
        }
        (Type::Timestamp, Cel::String(text)) => Value::Timestamp(
            parse_datetime(&text).map_err(|_| "is no time, such as 2026-01-31T10:20:30Z".to_owned())?,
        ),
        (_, other) => return Err(wrong(&other)),
    })
}

/// The value as what it is.
///
/// # Errors
/// What it is, where no field can hold such a value.
pub(super) fn as_it_is(value: Cel) -> Result<Value, String> {
    Ok(match value {
        Cel::Null => Value::Null,
        Cel::Bool(value) => Value::Boolean(value),
        Cel::Int(number) => Value::Int64(number),
        Cel::UInt(number) => {
            Value::Int64(i64::try_from(number).map_err(|_| format!("{number} does not fit into 64 bits"))?)
        }
        Cel::Float(number) => Value::Float64(number),
        Cel::String(text) => Value::String(text.as_ref().clone()),
        Cel::List(values) => Value::Array(values.iter().cloned().map(as_it_is).collect::<Result<_, _>>()?),
        other => return Err(format!("is {}, which no field can hold", other.type_of())),
    })
}

fn name_of(kind: &Type) -> &'static str {
    match kind {
        Type::Boolean => "true or false",
        Type::Int32 | Type::Int64 => "a whole number (`int(…)` makes one)",
        Type::Float64 => "a number with a fraction (`double(…)` makes one)",
        Type::String => "text (`string(…)` makes one)",
        Type::Date | Type::Time | Type::Timestamp => "text in ISO 8601",
        Type::Array(_) | Type::Struct(_) => "something that can be computed",
    }
}

/// The CEL value of a text.
pub(super) fn text(text: &str) -> Cel {
    Cel::String(Arc::new(text.to_owned()))
}

/// A map of these entries.
pub(super) fn to_map<'a>(entries: impl Iterator<Item = (&'a str, Cel)>) -> Cel {
    let entries = entries.map(|(name, value)| (Key::String(Arc::new(name.to_owned())), value));
    Cel::Map(Map { map: Arc::new(entries.collect::<HashMap<_, _>>()) })
}
