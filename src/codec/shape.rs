//! How values of a writer's schema become values of ours, whatever the schema is written in.

use std::sync::Arc;

use orgstream_api::{Schema, Type, Value};

/// What a value on the wire means.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Shape {
    /// Nothing but null.
    Null,
    /// A boolean.
    Boolean,
    /// An int.
    Int32,
    /// A long.
    Int64,
    /// A float or a double.
    Float64,
    /// A string, an enum's symbol or a UUID.
    Text,
    /// Bytes, which become base64, as Salesforce takes them.
    Bytes,
    /// Bytes that hold an unscaled number; it becomes exact decimal text, as Salesforce's currency does.
    Decimal {
        /// Digits after the point.
        scale: u32,
    },
    /// Days.
    Date,
    /// A time of day, in this many parts of a millisecond.
    Time(i64),
    /// A point in time, in this many parts of a millisecond.
    Timestamp(i64),
    /// An array of values that are never null.
    Array(Box<Shape>),
    /// A map, or an array that may hold nulls or maps; they become JSON text: nothing here holds them.
    Json(Box<Shape>),
    /// A value or null. Both stand in a union.
    Optional(Box<Shape>),
    /// A union of this one type.
    Single(Box<Shape>),
    /// A union of several types, by their branches. What is no record becomes text, so that a field of it has one type.
    OneOf(Vec<Shape>),
    /// A value that has this one where nothing is said.
    Defaulted(Box<Shape>, Value),
    /// A record.
    Record(Arc<Schema>, Vec<Shape>),
}

impl Shape {
    /// Whether null is a value of it.
    pub(super) fn is_optional(&self) -> bool {
        match self {
            Self::Null | Self::Optional(_) => true,
            Self::Single(inner) | Self::Defaulted(inner, _) => inner.is_optional(),
            Self::OneOf(branches) => branches.iter().any(Self::is_optional),
            _ => false,
        }
    }

    /// Whether its values are of a kind that text can stand for.
    pub(super) fn is_scalar(&self) -> bool {
        match self {
            Self::Array(_) | Self::Json(_) | Self::Record(..) => false,
            Self::Optional(inner) | Self::Single(inner) | Self::Defaulted(inner, _) => inner.is_scalar(),
            Self::OneOf(branches) => branches.iter().all(Self::is_scalar),
            _ => true,
        }
    }

    /// The value that an integer stands for; `None` where the shape is none of integers, or not of this one.
    pub(super) fn of_integer(&self, number: i64) -> Option<Value> {
        let small = |number: i64| i32::try_from(number).ok();
        match self {
            Self::Int32 => small(number).map(Value::Int32),
            Self::Int64 => Some(Value::Int64(number)),
            Self::Date => small(number).map(Value::Date),
            Self::Time(parts) => small(whole(number, *parts)).map(Value::Time),
            Self::Timestamp(parts) => Some(Value::Timestamp(whole(number, *parts))),
            _ => None,
        }
    }

    /// The type its values have here.
    pub(super) fn kind(&self) -> Type {
        match self {
            Self::Boolean => Type::Boolean,
            Self::Int32 => Type::Int32,
            Self::Int64 => Type::Int64,
            Self::Float64 => Type::Float64,
            Self::Date => Type::Date,
            Self::Time(_) => Type::Time,
            Self::Timestamp(_) => Type::Timestamp,
            // Null alone has no type; any will do for values that are all null.
            Self::Null | Self::Text | Self::Bytes | Self::Decimal { .. } | Self::Json(_) | Self::OneOf(_) => {
                Type::String
            }
            Self::Array(items) => Type::Array(Arc::new(items.kind())),
            Self::Optional(inner) | Self::Single(inner) | Self::Defaulted(inner, _) => inner.kind(),
            Self::Record(schema, _) => Type::Struct(Arc::clone(schema)),
        }
    }
}

/// The milliseconds that so many parts of one are. Most values are in milliseconds, and a division costs as much as all else.
fn whole(number: i64, parts: i64) -> i64 {
    if parts == 1 { number } else { number.div_euclid(parts) }
}
