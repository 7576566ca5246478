//! How values are compared: text without letter case unless the field minds it, ids with it, numbers by size.
//!
//! A missing value is unequal to everything and neither below nor above anything.

use std::cmp::Ordering;

use crate::data::Value;
use crate::schema::{Field, Flag};

/// How text of a field is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Collation {
    /// Byte for byte.
    Exact,
    /// Without letter case.
    Folded,
}

impl Collation {
    /// That of a field.
    pub(crate) fn of(field: &Field) -> Self {
        if field.kind.is_id() || field.is(Flag::CaseSensitive) { Self::Exact } else { Self::Folded }
    }

    /// How two values are ordered; `None` when one is missing or they are of different types.
    pub(crate) fn order(self, left: &Value, right: &Value) -> Option<Ordering> {
        match (left, right) {
            (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
            (Value::Int(a), Value::Int(b)) => Some(a.cmp(b)),
            (Value::Time(a), Value::Time(b)) => Some(a.cmp(b)),
            (Value::Text(a), Value::Text(b)) if self == Self::Exact => Some(a.cmp(b)),
            (Value::Text(a), Value::Text(b)) => Some(folded(a, b)),
            (left, right) => number(left)?.partial_cmp(&number(right)?),
        }
    }

    /// The text under which a value is in a set: equal values have equal keys. `None` for a missing value.
    pub(crate) fn key(self, value: &Value) -> Option<String> {
        Some(match value {
            Value::Null => return None,
            Value::Bool(value) => value.to_string(),
            Value::Time(time) => time.millis().to_string(),
            Value::Int(number) => number.to_string(),
            Value::Double(number) => number.to_string(),
            Value::Text(text) if self == Self::Exact => text.to_string(),
            Value::Text(text) => text.as_str().to_lowercase(),
        })
    }
}

/// A number of either type.
pub(crate) fn number(value: &Value) -> Option<f64> {
    match value {
        // Counts and amounts of a fake org stay far below 2^53.
        #[expect(clippy::cast_precision_loss, reason = "whole numbers of an org have at most 9 digits")]
        Value::Int(number) => Some(*number as f64),
        Value::Double(number) => Some(*number),
        _ => None,
    }
}

/// Compares without letter case, and without making copies: sweeps compare millions of values.
fn folded(a: &str, b: &str) -> Ordering {
    if a.is_ascii() && b.is_ascii() {
        return lower(a).cmp(lower(b));
    }
    a.chars().flat_map(char::to_lowercase).cmp(b.chars().flat_map(char::to_lowercase))
}

fn lower(ascii: &str) -> impl Iterator<Item = u8> + '_ {
    ascii.bytes().map(|byte| byte.to_ascii_lowercase())
}
