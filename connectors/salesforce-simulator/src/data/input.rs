//! From the JSON of a record to typed values: unknown and read-only fields, wrong JSON types.
//!
//! What the parser of a real org would stumble over comes first, in the order of the body: names of no field, values
//! of no fitting type. Then fields that may not be written, then parents named by an external id. Whether a value
//! may be stored is the business of `validate`.

use serde_json::{Map, Value as Json};

use super::json_token::json_token;
use super::parent;
use super::refusal::Refusal;
use super::store::Store;
use super::transaction::Api;
use super::value::Value;
use crate::formula::round;
use crate::ids;
use crate::schema::{Field, FieldType, Flag, Object, ObjectIndex, Right};
use crate::timestamp::{Timestamp, is_date, time_of_day};

/// The fields of one record to be written.
#[derive(Debug, Default)]
pub(crate) struct Record {
    /// Place of the field and its new value.
    pub(crate) values: Vec<(usize, Value)>,
}

impl Record {
    /// Reads a record of an object; `right` is the permission each field must have. `attributes` is ignored.
    pub(crate) fn read(
        store: &Store,
        object: ObjectIndex,
        json: &Map<String, Json>,
        right: Flag,
        api: Api,
    ) -> Result<Self, Refusal> {
        let definition = store.schema.object(object);
        let mut values = Vec::with_capacity(json.len());
        let mut forbidden: Vec<&str> = Vec::new();
        let mut parents = Vec::new();
        for (key, json) in json {
            if key == "attributes" {
                continue;
            }
            match visible(definition, key) {
                Some((at, field)) => {
                    let value =
                        if field.kind.is_compound() { Value::Null } else { convert(field, json, api)? };
                    if field.kind == FieldType::Id && value.is_null() {
                        // An empty id names no record and sets nothing.
                    } else if field.is(right) && field.may(Right::Edit) {
                        values.push((at, value));
                    } else {
                        forbidden.push(&field.name);
                    }
                }
                None => parents.push(parent::Named::read(&store.schema, definition, key, json, api)?),
            }
        }
        if !forbidden.is_empty() {
            return Err(not_writable(&forbidden));
        }
        for parent in parents {
            values.push(parent.find(store)?);
        }
        Ok(Self { values })
    }

    /// The places of the fields that it sets.
    pub(super) fn places(&self) -> Vec<usize> {
        self.values.iter().map(|(at, _)| *at).collect()
    }
}

/// The field of this name, as calls see it: hidden fields are not there.
pub(super) fn visible<'a>(object: &'a Object, name: &str) -> Option<(usize, &'a Field)> {
    let at = object.field(name)?;
    object.fields.get(at).filter(|field| field.visible()).map(|field| (at, field))
}

/// One JSON value as a value of this field. Text of ids is left as it is if it is none; numbers are rounded to the
/// digits of the field.
pub(crate) fn convert(field: &Field, json: &Json, api: Api) -> Result<Value, Refusal> {
    let wrong = || Err(not_a(field, json, api));
    match (field.kind, json) {
        (FieldType::Boolean, Json::Bool(value)) => Ok(Value::Bool(*value)),
        (FieldType::Boolean, Json::Null) => wrong(),
        (_, Json::Null) => Ok(Value::Null),
        (kind, Json::String(text)) if kind.is_id() => {
            Ok(ids::normalize(text).map_or_else(|| text_value(text), Value::text))
        }
        (FieldType::Boolean, Json::String(text)) => match text.to_ascii_lowercase().as_str() {
            "true" => Ok(Value::Bool(true)),
            "false" => Ok(Value::Bool(false)),
            // The other spellings of `xsd:boolean`.
            "1" if api == Api::Soap => Ok(Value::Bool(true)),
            "0" if api == Api::Soap => Ok(Value::Bool(false)),
            _ => wrong(),
        },
        (FieldType::Int, _) => match as_number(json) {
            Some(number) if number.fract() == 0.0 && number.abs() <= f64::from(i32::MAX) => {
                // The text of a whole float within ten digits is that of the integer.
                Ok(format!("{number:.0}").parse().map_or(Value::Null, Value::Int))
            }
            _ => wrong(),
        },
        (kind, _) if kind.is_decimal() => {
            as_number(json).map_or_else(wrong, |number| Ok(decimal(field, number)))
        }
        (FieldType::Date, Json::String(text)) => date(text).map_or_else(wrong, |date| Ok(Value::text(date))),
        (FieldType::Datetime, Json::String(text)) => {
            Timestamp::parse(text).map_or_else(wrong, |time| Ok(Value::Time(time.to_second())))
        }
        (FieldType::Time, Json::String(text)) => {
            time_of_day(text).map_or_else(wrong, |time| Ok(Value::text(time)))
        }
        (FieldType::Anytype, Json::Bool(_) | Json::Number(_)) => Ok(Value::text(json.to_string())),
        (kind, Json::String(text))
            if kind.is_text() || matches!(kind, FieldType::Base64 | FieldType::Anytype) =>
        {
            Ok(text_value(text))
        }
        _ => wrong(),
    }
}

/// Blanks around text are cut off, and empty text is no text.
fn text_value(text: &str) -> Value {
    let text = text.trim();
    if text.is_empty() { Value::Null } else { Value::text(text) }
}

/// A date, of which a time is cut off.
fn date(text: &str) -> Option<&str> {
    let day = text.get(..10)?;
    (is_date(day) && (text.len() == 10 || Timestamp::parse(text).is_some())).then_some(day)
}

fn as_number(json: &Json) -> Option<f64> {
    match json {
        Json::Number(number) => number.as_f64(),
        Json::String(text) => text.trim().parse().ok().filter(|number: &f64| number.is_finite()),
        _ => None,
    }
}

/// Extra decimals are rounded.
fn decimal(field: &Field, number: f64) -> Value {
    Value::Double(round(number, i32::try_from(field.scale).unwrap_or(0)))
}

fn not_writable(fields: &[&str]) -> Refusal {
    let message = format!(
        "Unable to create/update fields: {}. Please check the security settings of this field and verify that it is \
         read/write for your profile or permission set.",
        fields.join(", ")
    );
    Refusal::record("INVALID_FIELD_FOR_INSERT_UPDATE", message, fields)
}

/// The name of no field.
pub(super) fn no_such_column(object: &Object, name: &str) -> Refusal {
    Refusal::new(400, "INVALID_FIELD", format!("No such column '{name}' on sobject of type {}", object.name))
}

/// A value that cannot be made the field's type of: the JSON parser of REST says so, other APIs say it of the field.
fn not_a(field: &Field, json: &Json, api: Api) -> Refusal {
    let (token, text) = json_token(json);
    if api != Api::Rest {
        let message = format!("{}: value not of required type: {text}", field.label);
        return Refusal::record("INVALID_TYPE_ON_FIELD_IN_RECORD", message, &[&field.name]);
    }
    let message = format!(
        "Cannot deserialize instance of {} from {token} value {text} or request may be missing a required field at \
         [line:1, column:1]",
        field.kind.name()
    );
    Refusal::new(400, "JSON_PARSER_ERROR", message).within(&field.name)
}
