//! How values of a writer's schema become values of ours.

use std::sync::Arc;

use orgstream_api::{Schema, Type};

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
    /// A record.
    Record(Arc<Schema>, Vec<Shape>),
}

impl Shape {
    /// Whether null is a value of it.
    pub(super) fn is_optional(&self) -> bool {
        match self {
            Self::Null | Self::Optional(_) => true,
            Self::Single(inner) => inner.is_optional(),
            _ => false,
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
            Self::Null | Self::Text | Self::Bytes | Self::Decimal { .. } | Self::Json(_) => Type::String,
            Self::Array(items) => Type::Array(Arc::new(items.kind())),
            Self::Optional(inner) | Self::Single(inner) => inner.kind(),
            Self::Record(schema, _) => Type::Struct(Arc::clone(schema)),
        }
    }
}
