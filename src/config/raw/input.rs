//! The keys that say what records of other producers are, and what is done where they leave something open.

use schemars::JsonSchema;
use serde::Deserialize;

/// What the bytes of records are.
#[derive(Deserialize, JsonSchema, Default)]
#[schemars(extend("x-example" = "{ value: json }"))]
pub(in crate::config) struct Input {
    /// What values are.
    #[schemars(extend("default" = "registry", "x-confluent" = ["input.data.format", "value.converter"]))]
    pub(in crate::config) value: Option<ValueFormat>,
    /// The schema of `avro_unframed`: its text, or a file, relative to this one.
    pub(in crate::config) schema: Option<String>,
    /// What keys are. Default: as `value`; `json` with `avro_unframed`.
    #[schemars(extend("x-confluent" = ["key.converter"]))]
    pub(in crate::config) key: Option<KeyFormat>,
}

/// What values are.
#[derive(Deserialize, JsonSchema, Clone, Copy)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum ValueFormat {
    /// Avro, JSON Schema or Protobuf behind the id of a schema, of which the registry says what it is.
    Registry,
    /// JSON with its schema beside it, `{"schema": …, "payload": …}`: Kafka Connect's `JsonConverter` with `schemas.enable`.
    JsonWithSchema,
    /// JSON without a schema. What a number or a text means, the field says that it is written to.
    Json,
    /// The same; what is no JSON is a text, for conditions (`when`) to look at.
    JsonOrText,
    /// Avro of the schema under `schema`, with nothing before it.
    AvroUnframed,
}

/// What keys are.
#[derive(Deserialize, JsonSchema, Clone, Copy)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum KeyFormat {
    /// As a value of that name.
    Registry,
    /// As a value of that name.
    JsonWithSchema,
    /// As a value of that name; what is no JSON is text.
    Json,
    /// The record's id as text.
    Text,
    /// Not looked at: the value has the id.
    Unread,
}

/// What a record is taken for that leaves something open.
#[derive(Deserialize, JsonSchema, Clone, Copy)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum TakenFor {
    /// A deletion of its record.
    Delete,
    /// Nothing. It is counted.
    Skip,
    /// A fault. It becomes a dead letter.
    Reject,
}

/// What a null means.
#[derive(Deserialize, JsonSchema, Clone, Copy)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum Nulls {
    /// Nothing is known of the field. It stays as it is.
    Ignore,
    /// The field is empty. It is cleared.
    Write,
}
