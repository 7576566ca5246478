//! What becomes of a record's fields before it is produced.

use std::sync::Arc;

use orgstream_api::{Expression, Type};

/// What becomes of one field.
#[derive(Debug, Clone)]
pub struct FieldRule {
    /// The name that the field has in records.
    pub name: String,
    /// Where its value comes from; `None`: the field is left out.
    pub source: Option<FieldSource>,
}

/// Where the value of a field comes from.
#[derive(Debug, Clone)]
pub enum FieldSource {
    /// From this field of the object, which records then no longer have under its own name.
    Field(String),
    /// From this expression, as a value of this type.
    Expression(Arc<dyn Expression>, Type),
}
