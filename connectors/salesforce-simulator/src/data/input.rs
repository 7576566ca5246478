//! From the JSON of a record to typed values: unknown and read-only fields, wrong JSON types, numbers out of range,
//! parents named by their external id.

use serde_json::{Map, Value as Json};

use super::refusal::Refusal;
use super::store::Store;
use super::value::Value;
use crate::ids;
use crate::schema::{Field, FieldType, Flag, Object, ObjectIndex};
use crate::timestamp::{Timestamp, is_date};

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
    ) -> Result<Self, Refusal> {
        let definition = store.schema.object(object);
        let mut values = Vec::with_capacity(json.len());
        let mut forbidden: Vec<&str> = Vec::new();
        for (key, json) in json {
            if key == "attributes" {
                continue;
            }
            if let Some((at, field)) =
                definition.field(key).and_then(|at| Some((at, definition.fields.get(at)?)))
            {
                if field.is(right) {
                    values.push((at, convert(field, json)?));
                } else {
                    forbidden.push(&field.name);
                }
            } else {
                values.push(parent_by_external_id(store, definition, key, json)?);
            }
        }
        if forbidden.is_empty() { Ok(Self { values }) } else { Err(not_writable(&forbidden)) }
    }
}

/// One JSON value as a value of this field.
pub(crate) fn convert(field: &Field, json: &Json) -> Result<Value, Refusal> {
    let wrong = || Err(not_a(field.kind.name(), json));
    match (field.kind, json) {
        (FieldType::Boolean, Json::Bool(value)) => Ok(Value::Bool(*value)),
        (FieldType::Boolean, Json::Null) => wrong(),
        (_, Json::Null) => Ok(Value::Null),
        (kind, Json::String(text)) if kind.is_text() => Ok(text_value(text)),
        (kind, Json::String(text)) if kind.is_id() => id_value(field, text),
        (FieldType::Boolean, Json::String(text)) if text == "true" || text == "false" => {
            Ok(Value::Bool(text == "true"))
        }
        (FieldType::Int, _) => match as_number(json) {
            None => wrong(),
            Some(number) if number.fract() != 0.0 => wrong(),
            Some(number) => int(field, number),
        },
        (kind, _) if kind.is_decimal() => as_number(json).map_or_else(wrong, |number| decimal(field, number)),
        (FieldType::Date, Json::String(text)) if is_date(text) => Ok(Value::text(text)),
        (FieldType::Datetime, Json::String(text)) => {
            Timestamp::parse(text).map_or_else(wrong, |time| Ok(Value::Time(time.to_second())))
        }
        _ => wrong(),
    }
}

/// Blanks around text are cut off, and empty text is no text.
fn text_value(text: &str) -> Value {
    let text = text.trim();
    if text.is_empty() { Value::Null } else { Value::text(text) }
}

fn id_value(field: &Field, text: &str) -> Result<Value, Refusal> {
    if text.is_empty() {
        return Ok(Value::Null);
    }
    ids::normalize(text).map(Value::text).ok_or_else(|| wrong_id(field, text))
}

/// An id that is none, or one of another object.
pub(crate) fn wrong_id(field: &Field, text: &str) -> Refusal {
    Refusal::record(
        "MALFORMED_ID",
        format!("{}: id value of incorrect type: {text}", field.label),
        &[&field.name],
    )
}

fn as_number(json: &Json) -> Option<f64> {
    match json {
        Json::Number(number) => number.as_f64(),
        Json::String(text) => text.trim().parse().ok().filter(|number: &f64| number.is_finite()),
        _ => None,
    }
}

fn int(field: &Field, number: f64) -> Result<Value, Refusal> {
    let digits = i32::try_from(field.digits).unwrap_or(9);
    // The text of a whole float within ten digits is that of the integer.
    let whole = format!("{number:.0}").parse::<i64>().ok().filter(|_| number.abs() < 10_f64.powi(digits));
    whole.map(Value::Int).ok_or_else(|| out_of_range(field, number))
}

fn decimal(field: &Field, number: f64) -> Result<Value, Refusal> {
    let whole_digits = i32::try_from(field.precision.saturating_sub(field.scale)).unwrap_or(18);
    let scale = usize::try_from(field.scale).unwrap_or(0);
    // Extra decimals are rounded; going through text rounds the decimal digits and not the binary ones.
    let rounded: f64 = format!("{number:.scale$}").parse().unwrap_or(number);
    if rounded.abs() >= 10_f64.powi(whole_digits) {
        return Err(out_of_range(field, number));
    }
    Ok(Value::Double(rounded))
}

fn out_of_range(field: &Field, number: f64) -> Refusal {
    let message = format!("{}: value outside of valid range on numeric field: {number:?}", field.label);
    Refusal::record("NUMBER_OUTSIDE_VALID_RANGE", message, &[&field.name])
}

fn not_writable(fields: &[&str]) -> Refusal {
    let message = format!(
        "Unable to create/update fields: {}. Please check the security settings of this field and verify that it is \
         read/write for your profile or permission set.",
        fields.join(", ")
    );
    Refusal::record("INVALID_FIELD_FOR_INSERT_UPDATE", message, fields)
}

/// A value that the JSON parser cannot make the field's type of.
fn not_a(kind: &str, json: &Json) -> Refusal {
    let (token, text) = match json {
        Json::Null => ("VALUE_NULL", "null".to_owned()),
        Json::Bool(true) => ("VALUE_TRUE", "true".to_owned()),
        Json::Bool(false) => ("VALUE_FALSE", "false".to_owned()),
        Json::Number(number) if number.is_f64() => ("VALUE_NUMBER_FLOAT", number.to_string()),
        Json::Number(number) => ("VALUE_NUMBER_INT", number.to_string()),
        Json::String(text) => ("VALUE_STRING", text.clone()),
        Json::Array(_) => ("START_ARRAY", "[".to_owned()),
        Json::Object(_) => ("START_OBJECT", "{".to_owned()),
    };
    let message = format!(
        "Cannot deserialize instance of {kind} from {token} value {text} or request may be missing a required field \
         at [line:1, column:1]"
    );
    Refusal::new(400, "JSON_PARSER_ERROR", message)
}

/// `{"Account": {"OrgA_Id__c": "x"}}`: the reference field behind the relationship, and the id it stands for.
fn parent_by_external_id(
    store: &Store,
    object: &Object,
    key: &str,
    json: &Json,
) -> Result<(usize, Value), Refusal> {
    let unknown = || {
        Refusal::new(
            400,
            "INVALID_FIELD",
            format!("No such column '{key}' on sobject of type {}", object.name),
        )
    };
    let at = object.relationship(key).ok_or_else(unknown)?;
    let field = object.fields.get(at).ok_or_else(unknown)?;
    let parts = json.as_object().ok_or_else(unknown)?;
    let mut named = parts.iter().filter(|(name, _)| *name != "attributes");
    let (name, value) = named.next().ok_or_else(unknown)?;
    let parent = field.reference_to.iter().find_map(|to| store.schema.find(to)).ok_or_else(unknown)?;
    let definition = store.schema.object(parent);
    let external =
        definition.field(name).filter(|at| definition.fields.get(*at).is_some_and(Field::upsertable));
    let external = external.ok_or_else(|| {
        let message = format!("Provided external ID field does not exist or is not accessible: {name}");
        Refusal::new(400, "INVALID_FIELD", message)
    })?;
    let external_field = definition.fields.get(external).ok_or_else(unknown)?;
    let value = convert(external_field, value)?;
    let key = value.index_key(external_field);
    let found = key.as_deref().and_then(|key| store.with_value(parent, external, key).next());
    match found {
        Some(row) => Ok((at, row.value(0).clone())),
        None => Err(Refusal::record(
            "INVALID_FIELD",
            format!(
                "Foreign key external ID: {} not found for field {name} in entity {}",
                value.as_text().unwrap_or_default(),
                definition.name
            ),
            &[],
        )),
    }
}
