//! The keys that say what a source's records are written as.

use schemars::JsonSchema;
use serde::Deserialize;

use super::input::ValueFormat;

/// What the bytes of a source's records are. A sink of the same pipeline reads them so.
#[derive(Deserialize, JsonSchema, Default, Clone, Copy)]
#[schemars(extend("x-example" = "{ value: json }"))]
pub(in crate::config) struct Output {
    /// What values are. With `registry` they are Avro, and the registry has their schemas.
    #[schemars(extend("default" = "registry", "x-confluent" = ["output.data.format"]))]
    pub(in crate::config) value: Option<ValueFormat>,
    /// What keys are. Default: as `value`. Not beside a `source.key` that makes them text.
    pub(in crate::config) key: Option<WrittenKey>,
}

/// What written keys are.
#[derive(Deserialize, JsonSchema, Clone, Copy)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum WrittenKey {
    /// As a value of that name.
    Registry,
    /// As a value of that name.
    JsonWithSchema,
    /// As a value of that name: `{"Id": …}`.
    Json,
    /// The record's id as text.
    Text,
}
