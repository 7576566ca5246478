//! The value of one field of one row, as the org keeps it.

use compact_str::CompactString;
use serde_json::{Value as Json, json};

use crate::schema::{Field, FieldType};
use crate::timestamp::Timestamp;

/// A value. Text, ids, picklist values and dates are text; compound fields have none of their own. Up to 24 bytes of
/// text take no room elsewhere.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Int(i64),
    Double(f64),
    Text(CompactString),
    Time(Timestamp),
}

impl Value {
    /// A text value.
    pub(crate) fn text(text: impl AsRef<str>) -> Self {
        Self::Text(CompactString::from(text.as_ref()))
    }

    /// The text, if it is one.
    pub(crate) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Whether there is no value.
    pub(crate) fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// As REST shows it; `time` writes points in time, which events do differently.
    pub(crate) fn to_json(&self, time: fn(Timestamp) -> String) -> Json {
        match self {
            Self::Null => Json::Null,
            Self::Bool(value) => json!(value),
            Self::Int(value) => json!(value),
            Self::Double(value) => json!(value),
            Self::Text(value) => json!(value.as_str()),
            Self::Time(value) => json!(time(*value)),
        }
    }

    /// Reads back what [`Value::to_json`] wrote in the REST form. `None` when it is not a value of this type.
    pub(crate) fn from_json(kind: FieldType, json: &Json) -> Option<Self> {
        match (kind, json) {
            (_, Json::Null) => Some(Self::Null),
            (FieldType::Boolean, Json::Bool(value)) => Some(Self::Bool(*value)),
            (FieldType::Int, Json::Number(number)) => number.as_i64().map(Self::Int),
            (kind, Json::Number(number)) if kind.is_decimal() => number.as_f64().map(Self::Double),
            (FieldType::Datetime, Json::String(text)) => Timestamp::parse(text).map(Self::Time),
            (FieldType::Boolean | FieldType::Int, Json::String(_)) => None,
            (kind, Json::String(text)) if !kind.is_decimal() => Some(Self::text(text)),
            _ => None,
        }
    }

    /// The text under which an indexed value is found.
    pub(crate) fn index_key(&self, field: &Field) -> Option<String> {
        use crate::schema::Flag::CaseSensitive;
        let exact = field.kind.is_id() || field.is(CaseSensitive);
        match self {
            Self::Text(text) if exact => Some(text.to_string()),
            Self::Text(text) => Some(text.as_str().to_lowercase()),
            Self::Int(number) => Some(number.to_string()),
            Self::Double(number) => Some(number.to_string()),
            _ => None,
        }
    }
}
