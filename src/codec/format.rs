//! What the bytes of records are, as the user's file says.

/// The formats of both halves of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Input {
    /// Of the key.
    pub key: Format,
    /// Of the value.
    pub value: Format,
}

/// What the bytes of one half are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Avro, JSON Schema or Protobuf behind the id of a schema, of which the registry says what it is.
    Registry,
    /// JSON with its schema in each record, as Kafka Connect's `JsonConverter` writes it.
    JsonWithSchema,
    /// JSON alone.
    Json,
    /// Text.
    Text,
    /// Nothing that is looked at.
    Unread,
}

impl Default for Input {
    fn default() -> Self {
        Self { key: Format::Registry, value: Format::Registry }
    }
}
