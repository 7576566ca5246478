//! What the bytes of records are, as the user's file says.

use super::inline::InlineSchema;
use super::registration::Registration;

/// The formats of both halves of a record that is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// Of the key.
    pub key: Format,
    /// Of the value.
    pub value: Format,
}

/// What the bytes of one half are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Format {
    /// Avro, JSON Schema or Protobuf behind the id of a schema, of which the registry says what it is.
    Registry,
    /// JSON with its schema in each record, as Kafka Connect's `JsonConverter` writes it.
    JsonWithSchema,
    /// JSON alone.
    Json,
    /// JSON alone; what is no JSON is text.
    JsonOrText,
    /// Avro alone, of this schema.
    Avro(InlineSchema),
    /// Text.
    Text,
    /// Nothing that is looked at.
    Unread,
}

/// The formats of both halves of a record that is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// Of the key.
    pub key: Written,
    /// Of the value.
    pub value: Written,
    /// How schemas of keys come into the registry.
    pub key_registration: Registration,
    /// How schemas of values come into the registry.
    pub value_registration: Registration,
}

/// What one half is written as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Written {
    /// Behind the id of a schema in this language, which the registry has.
    Registry(Language),
    /// JSON with its schema in each record, as Kafka Connect's `JsonConverter` writes it.
    JsonWithSchema,
    /// JSON alone.
    Json,
    /// Avro alone, of this schema.
    Avro(InlineSchema),
    /// The record's id as text.
    Text,
}

/// What the schemas of a registry are written in, and with it what the bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// Avro.
    Avro,
    /// JSON Schema.
    JsonSchema,
    /// Protobuf.
    Protobuf,
}

impl Default for Input {
    fn default() -> Self {
        Output::default().read_as()
    }
}

impl Default for Output {
    fn default() -> Self {
        let avro = Written::Registry(Language::Avro);
        Self::of(avro.clone(), avro)
    }
}

impl Output {
    /// Keys and values of these formats, whose schemas are registered under the name of the topic.
    pub fn of(key: Written, value: Written) -> Self {
        let usual = Registration::default();
        Self { key, value, key_registration: usual, value_registration: usual }
    }

    /// As what the same bytes are read.
    pub fn read_as(&self) -> Input {
        Input { key: self.key.read_as(), value: self.value.read_as() }
    }
}

impl Written {
    fn read_as(&self) -> Format {
        match self {
            Self::Registry(_) => Format::Registry,
            Self::JsonWithSchema => Format::JsonWithSchema,
            Self::Json => Format::Json,
            Self::Avro(schema) => Format::Avro(schema.clone()),
            Self::Text => Format::Text,
        }
    }
}
