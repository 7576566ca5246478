//! Values of record fields and the structs that hold them.

use std::sync::Arc;

use serde_json::Value as Json;

use crate::schema::{Field, Schema, Type};

/// The name of a bare value's schema and of its one field.
const BARE: &str = "value";

/// One field's value. The variant matches the field's [`Type`](crate::schema::Type), or is [`Value::Null`].
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Absent. On the wire a field that was not carried is null as well; the record's headers tell them apart.
    Null,
    /// True or false.
    Boolean(bool),
    /// A 32-bit integer.
    Int32(i32),
    /// A 64-bit integer.
    Int64(i64),
    /// A double. Currency does not use it: it travels as text, so that no digit is lost.
    Float64(f64),
    /// Text, also currency, ids and picklist values.
    String(String),
    /// Days since 1970-01-01.
    Date(i32),
    /// Milliseconds since midnight.
    Time(i32),
    /// Milliseconds since 1970-01-01T00:00:00Z.
    Timestamp(i64),
    /// Values of one type, none of them null.
    Array(Vec<Value>),
    /// A compound value, such as an address.
    Struct(Struct),
}

impl Value {
    /// Whether this is [`Value::Null`].
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The text of a [`Value::String`].
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The type of such a value. Null has none, and a list without elements neither: text stands for both.
    pub fn kind(&self) -> Type {
        match self {
            Self::Boolean(_) => Type::Boolean,
            Self::Int32(_) => Type::Int32,
            Self::Int64(_) => Type::Int64,
            Self::Float64(_) => Type::Float64,
            Self::Null | Self::String(_) => Type::String,
            Self::Date(_) => Type::Date,
            Self::Time(_) => Type::Time,
            Self::Timestamp(_) => Type::Timestamp,
            Self::Array(values) => Type::Array(Arc::new(values.first().map_or(Type::String, Self::kind))),
            Self::Struct(value) => Type::Struct(Arc::clone(value.schema())),
        }
    }

    /// The value as JSON. Dates and times stay the numbers they are on the wire; a double that is no number is null.
    pub fn to_json(&self) -> Json {
        match self {
            Self::Null => Json::Null,
            Self::Boolean(value) => Json::from(*value),
            Self::Int32(value) | Self::Date(value) | Self::Time(value) => Json::from(*value),
            Self::Int64(value) | Self::Timestamp(value) => Json::from(*value),
            Self::Float64(value) => Json::from(*value),
            Self::String(value) => Json::from(value.as_str()),
            Self::Array(values) => values.iter().map(Self::to_json).collect(),
            Self::Struct(value) => {
                value.iter().map(|(name, value)| (name.to_owned(), value.to_json())).collect()
            }
        }
    }
}

/// Values in the order of their schema's fields.
#[derive(Debug, Clone, PartialEq)]
pub struct Struct {
    schema: Arc<Schema>,
    values: Vec<Value>,
}

impl Struct {
    /// A struct of nulls.
    pub fn new(schema: Arc<Schema>) -> Self {
        let values = vec![Value::Null; schema.fields().len()];
        Self { schema, values }
    }

    /// A struct of these values, one for each field of the schema in its order; `None` for another number of them.
    pub fn of(schema: Arc<Schema>, values: Vec<Value>) -> Option<Self> {
        (values.len() == schema.fields().len()).then_some(Self { schema, values })
    }

    /// A half of a record that is no struct but a bare value, such as a key that is text.
    pub fn bare(value: Value) -> Self {
        let field = Field { name: BARE.to_owned(), doc: None, optional: value.is_null(), kind: value.kind() };
        Self { schema: Arc::new(Schema::new(BARE, vec![field])), values: vec![value] }
    }

    /// The bare value of which the struct was made; `None` for structs of their own.
    pub fn as_bare(&self) -> Option<&Value> {
        let is_bare = self.schema.name() == BARE && self.schema.fields().len() == 1;
        is_bare.then(|| self.value(BARE)).flatten()
    }

    /// The schema that names and types the values.
    pub fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    /// Sets the field `name`. Returns false, and changes nothing, when the schema has no such field.
    pub fn set(&mut self, name: &str, value: Value) -> bool {
        match self.schema.position(name) {
            Some(index) => {
                self.values[index] = value;
                true
            }
            None => false,
        }
    }

    /// The value of the field `name`; `None` when the schema has no such field.
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.schema.position(name).map(|index| &self.values[index])
    }

    /// The values, in schema order.
    pub fn values(&self) -> &[Value] {
        &self.values
    }

    /// The fields' names with their values, in schema order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.schema.fields().iter().map(|field| field.name.as_str()).zip(&self.values)
    }
}
