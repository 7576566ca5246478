//! The keys that say which schema of the registry a source's records are written with.

use schemars::JsonSchema;
use serde::Deserialize;

/// Which schema of its subject a record is written with.
#[derive(Deserialize, JsonSchema, Clone, Copy)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum Schemas {
    /// Its own, which is registered when it is new.
    Register,
    /// Its own, which somebody else has registered. Without it the source stops, and says which one it wants.
    Registered,
    /// The latest that somebody else has registered. A record that does not fit into it stops the source.
    Latest,
}

/// What a subject of the registry is called.
#[derive(Deserialize, JsonSchema, Clone, Copy)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum Subject {
    /// `TOPIC-value`, or `TOPIC-key`: `TopicNameStrategy`.
    Topic,
    /// The name of the record's schema, such as `io.confluent.salesforce.Lead`: `RecordNameStrategy`.
    Record,
    /// Topic and name, joined by `-`: `TopicRecordNameStrategy`.
    TopicRecord,
}
