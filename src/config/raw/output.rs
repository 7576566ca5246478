//! The keys that say what a source's records are written as.

use schemars::JsonSchema;
use serde::Deserialize;

use super::registration::{Schemas, Subject};

/// What the bytes of a source's records are. A sink of the same pipeline reads them so.
#[derive(Deserialize, JsonSchema, Default)]
#[schemars(extend("x-example" = "{ value: json }"))]
pub(in crate::config) struct Output {
    /// What values are.
    #[schemars(extend("default" = "avro", "x-confluent" = ["output.data.format", "value.converter"]))]
    pub(in crate::config) value: Option<WrittenValue>,
    /// The schema of `avro_unframed`: its text, or a file, relative to this one. Records have no other fields than it.
    pub(in crate::config) schema: Option<String>,
    /// What keys are. Default: as `value`; `text` with `avro_unframed`. Not beside a `source.key` that makes them text.
    #[schemars(extend("x-confluent" = ["key.converter"]))]
    pub(in crate::config) key: Option<WrittenKey>,
    /// Which schema of the registry records are written with.
    #[schemars(extend("default" = "register", "x-confluent" = ["auto.register.schemas", "use.latest.version"]))]
    pub(in crate::config) schemas: Option<Schemas>,
    /// Which schema of the registry keys are written with. Default: as `schemas`.
    #[schemars(extend("x-confluent" = ["auto.register.schemas", "use.latest.version"]))]
    pub(in crate::config) key_schemas: Option<Schemas>,
    /// What the subjects of the registry are called.
    #[schemars(extend("default" = "topic", "x-confluent" = ["value.subject.name.strategy"]))]
    pub(in crate::config) subject: Option<Subject>,
    /// What the subjects of keys are called. Default: as `subject`.
    #[schemars(extend("x-confluent" = ["key.subject.name.strategy"]))]
    pub(in crate::config) key_subject: Option<Subject>,
}

/// What written values are. `registry` is another word for `avro`.
#[derive(Deserialize, JsonSchema, Clone, Copy)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum WrittenValue {
    /// Avro behind the id of its schema, which the registry has.
    #[serde(alias = "registry")]
    Avro,
    /// JSON behind the id of its JSON Schema, which the registry has.
    JsonSchema,
    /// Protobuf behind the id of its `.proto` file, which the registry has.
    Protobuf,
    /// JSON with its schema beside it, `{"schema": …, "payload": …}`: Kafka Connect's `JsonConverter` with `schemas.enable`.
    JsonWithSchema,
    /// JSON without a schema.
    Json,
    /// Avro of the schema under `schema`, with nothing before it.
    AvroUnframed,
}

/// What written keys are. `registry` is another word for `avro`.
#[derive(Deserialize, JsonSchema, Clone, Copy)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum WrittenKey {
    /// As a value of that name.
    #[serde(alias = "registry")]
    Avro,
    /// As a value of that name.
    JsonSchema,
    /// As a value of that name.
    Protobuf,
    /// As a value of that name.
    JsonWithSchema,
    /// As a value of that name: `{"Id": …}`.
    Json,
    /// The record's id as text.
    Text,
}
