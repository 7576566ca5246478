//! Schemas of records: named, ordered, typed fields. Names and types follow Kafka Connect's data model.

use std::sync::Arc;

/// The type of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Type {
    /// Connect `boolean`.
    Boolean,
    /// Connect `int32`.
    Int32,
    /// Connect `int64`.
    Int64,
    /// Connect `float64`.
    Float64,
    /// Connect `string`.
    String,
    /// Connect's logical type `Date`: days since the epoch in an int32.
    Date,
    /// Connect's logical type `Time`: milliseconds since midnight in an int32.
    Time,
    /// Connect's logical type `Timestamp`: milliseconds since the epoch in an int64.
    Timestamp,
    /// Connect `array`, whose elements are of one type and never null.
    Array(Arc<Type>),
    /// A nested struct.
    Struct(Arc<Schema>),
}

/// One field of a [`Schema`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// The API name.
    pub name: String,
    /// What the field means; Confluent's format has it on few fields, and empty text is not the same as none.
    pub doc: Option<String>,
    /// Whether null is allowed.
    pub optional: bool,
    /// The type of the values.
    pub kind: Type,
}

impl Field {
    /// A field that may be null, without a doc.
    pub fn optional(name: impl Into<String>, kind: Type) -> Self {
        Self { name: name.into(), doc: None, optional: true, kind }
    }

    /// A field that is never null, without a doc.
    pub fn required(name: impl Into<String>, kind: Type) -> Self {
        Self { name: name.into(), doc: None, optional: false, kind }
    }

    /// The same field with a doc.
    #[must_use]
    pub fn with_doc(mut self, doc: impl Into<String>) -> Self {
        self.doc = Some(doc.into());
        self
    }
}

/// A named list of fields. Immutable, so that it can be shared and compared by pointer first.
#[derive(Debug, Clone)]
pub struct Schema {
    name: String,
    fields: Vec<Field>,
    /// The places of the fields in the order of their names. Schemas are made for single records as well, of JSON, and a map
    /// would cost those a copy of each name.
    by_name: Vec<usize>,
}

impl Schema {
    /// A schema with the full name `name` (namespace and name joined by a dot). A field named twice keeps its first place.
    pub fn new(name: impl Into<String>, fields: Vec<Field>) -> Self {
        let mut by_name: Vec<usize> = (0..fields.len()).collect();
        let name_of = |index: &usize| fields[*index].name.as_str();
        // Stable, so that the first of several stays.
        by_name.sort_by(|left, right| name_of(left).cmp(name_of(right)));
        by_name.dedup_by(|later, first| name_of(later) == name_of(first));
        Self { name: name.into(), fields, by_name }
    }

    /// The full name, such as `io.confluent.salesforce.Account`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The fields in order.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// The field `name`, matched exactly.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.position(name).map(|index| &self.fields[index])
    }

    /// The index of the field `name`.
    pub fn position(&self, name: &str) -> Option<usize> {
        let found = self.by_name.binary_search_by(|index| self.fields[*index].name.as_str().cmp(name));
        found.ok().map(|place| self.by_name[place])
    }
}

impl PartialEq for Schema {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.fields == other.fields
    }
}

// Lets shared schemas be compared by their addresses first: `==` of an `Arc` does so where its content is `Eq`.
impl Eq for Schema {}
