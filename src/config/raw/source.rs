//! The keys of a source, and of an object as far as it is read.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::output::Output;
use super::produced::{Headers, Only, RecordKey};
use super::push_topic::PushTopic;

/// The org whose changes go into Kafka.
#[derive(Deserialize, JsonSchema)]
pub(in crate::config) struct Source {
    /// The org's name under `orgs`.
    #[schemars(required)]
    pub(in crate::config) org: Option<String>,
    /// The topic of each record. Variables: `${object}`, `${org}`, `${event_type}`, and fields such as `${_EventType}`.
    #[schemars(required, extend("x-confluent" = ["kafka.topic"]))]
    pub(in crate::config) topic: Option<String>,
    /// Whether topic names are written in lower case, with all that was put in.
    #[schemars(extend("default" = false, "x-confluent" = ["kafka.topic.lowercase"]))]
    pub(in crate::config) topic_lowercase: Option<bool>,
    /// Where to start when this pipeline has no position yet.
    #[schemars(extend("default" = "snapshot", "x-confluent" = ["salesforce.initial.start"]))]
    pub(in crate::config) start: Option<Start>,
    /// What brings the changes of the objects.
    #[schemars(extend("default" = "push_topic", "x-confluent" = ["connector.class"]))]
    pub(in crate::config) channel: Option<Changes>,
    /// Change Data Capture.
    pub(in crate::config) cdc: Option<Cdc>,
    /// Channels of messages that are about no object: `Order__e`, `Orders__chn`, `/u/Notes`.
    #[schemars(extend("x-confluent" = [
        "salesforce.platform.event.name", "salesforce.platform.subscription.type", "salesforce.platform.custom.channel.name"
    ]))]
    pub(in crate::config) events: Option<BTreeMap<String, Events>>,
    /// The form of the records.
    #[schemars(extend("default" = "full"))]
    pub(in crate::config) records: Option<Records>,
    /// What the bytes of records are.
    pub(in crate::config) output: Option<Output>,
    /// With `records: event`: whether `changedFields` has the names of the record's fields, `FirstName` for `Name.FirstName`.
    #[schemars(extend("default" = false, "x-confluent" = ["convert.changed.fields"]))]
    pub(in crate::config) convert_changed_fields: Option<bool>,
    /// Whether the rows of events are read, so that records are whole and as new as the org has them.
    #[schemars(extend("default" = true))]
    pub(in crate::config) hydrate: Option<bool>,
    /// An expression (CEL). Changes of which it does not hold are not produced; deletions and messages always are.
    pub(in crate::config) filter: Option<String>,
    /// Changes that are produced, chosen by what happened and to which record.
    pub(in crate::config) only: Option<Only>,
    /// What the key of records is. Equal keys lie in one partition, so it decides which records keep their order.
    /// Before it is changed, what was written with the old one is to be read: later changes of a record may lie in another partition.
    #[schemars(extend("default" = "record_id"))]
    pub(in crate::config) key: Option<RecordKey>,
    /// The headers of records.
    pub(in crate::config) headers: Option<Headers>,
    /// An expression (CEL) whose value is that of the record, as JSON without a schema; text stands as it is, and null is a
    /// tombstone. A record for which it fails is a dead letter.
    pub(in crate::config) value: Option<String>,
    /// What is done about a gap in the events.
    #[schemars(extend("default" = "repair", "x-confluent" = ["invalid.replay.id.behaviour"]))]
    pub(in crate::config) on_gap: Option<OnGap>,
    /// How changes are found that no event brought.
    pub(in crate::config) sweep: Option<Sweep>,
    /// How often objects are read that no channel brings.
    #[schemars(extend("x-form" = "duration", "default" = "1m"))]
    pub(in crate::config) poll_every: Option<String>,
    /// How all rows are read.
    pub(in crate::config) snapshot: Option<Snapshot>,
    /// How often objects are described anew. A field that was added is in records from then on.
    #[schemars(extend("x-form" = "duration", "default" = "10m"))]
    pub(in crate::config) describe_every: Option<String>,
    /// The streaming connection.
    pub(in crate::config) stream: Option<Stream>,
}

/// Where to start when there is no position yet.
#[derive(Deserialize, JsonSchema, Clone, Copy)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum Start {
    /// All rows as they are now, and every change from now on.
    Snapshot,
    /// Every change that the org still holds (one day for PushTopics), and every change from now on.
    Earliest,
    /// Every change from now on.
    Latest,
}

/// What brings the changes of an object.
#[derive(Deserialize, JsonSchema, Clone, Copy)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum Changes {
    /// A PushTopic, which is made where there is none.
    PushTopic,
    /// Change Data Capture, which an administrator has switched on for the object.
    Cdc,
    /// Nothing: the object is asked every `poll_every` for what changed. For objects that the others do not support.
    Polling,
}

/// The form of an object's records.
#[derive(Deserialize, JsonSchema, Clone, Copy)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum Records {
    /// The object's fields, whatever brought the change. What a sink reads.
    Full,
    /// The change event with its header, as Confluent's CDC source writes it.
    Event,
}

/// What is done about a gap in the events.
#[derive(Deserialize, JsonSchema, Clone, Copy)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum OnGap {
    /// What happened in it is read from the org.
    Repair,
    /// The pipeline stops.
    Fail,
    /// The pipeline goes on with the oldest event that the org holds; the gap stays on record.
    Earliest,
    /// The pipeline goes on with the next event; the gap stays on record.
    Latest,
}

/// Change Data Capture.
#[derive(Deserialize, JsonSchema, Default)]
pub(in crate::config) struct Cdc {
    /// `single` (one channel for each object), `ChangeEvents` (one for all) or a custom channel's name, `Sales__chn`.
    #[schemars(extend(
        "default" = "single",
        "x-confluent" = ["salesforce.cdc.channel", "salesforce.cdc.name", "salesforce.channel.type"]
    ))]
    pub(in crate::config) channel: Option<String>,
}

/// A channel of messages.
#[derive(Deserialize, JsonSchema, Default)]
pub(in crate::config) struct Events {
    /// The topic of its messages.
    #[schemars(required)]
    pub(in crate::config) topic: Option<String>,
    /// Of a custom channel, the platform events to take. All by default.
    #[schemars(extend("x-confluent" = ["salesforce.platform.channel.entities"]))]
    pub(in crate::config) entities: Option<Vec<String>>,
}

/// How changes are found that no event brought.
#[derive(Deserialize, JsonSchema, Default)]
pub(in crate::config) struct Sweep {
    /// How often, or `off`.
    #[schemars(extend("x-form" = "duration", "default" = "10m"))]
    pub(in crate::config) every: Option<String>,
    /// How far a sweep looks back behind where the one before it ended.
    #[schemars(extend("x-form" = "duration", "default" = "15m"))]
    pub(in crate::config) overlap: Option<String>,
    /// Records that may be missing in the org at once before they are not taken for deleted.
    #[schemars(extend("x-form" = "share", "default" = "10%"))]
    pub(in crate::config) max_missing: Option<String>,
}

/// How all rows are read.
#[derive(Deserialize, JsonSchema, Default)]
pub(in crate::config) struct Snapshot {
    /// Objects with more rows are read by a Bulk query.
    #[schemars(range(min = 0, max = 1_000_000_000), extend("default" = 10_000))]
    pub(in crate::config) bulk_above: Option<u32>,
    /// Rows of one REST answer.
    #[schemars(range(min = 1, max = 2_000), extend("default" = 2_000))]
    pub(in crate::config) page: Option<u32>,
}

/// The streaming connection.
#[derive(Deserialize, JsonSchema, Default)]
pub(in crate::config) struct Stream {
    /// What carries the messages.
    #[schemars(extend("default" = "auto"))]
    pub(in crate::config) transport: Option<Transport>,
    /// Events that may wait for Kafka. At that bound the session is let go until there is room.
    #[schemars(extend("x-form" = "size", "default" = "64MB"))]
    pub(in crate::config) buffer: Option<String>,
    /// How large one answer may be.
    #[schemars(extend("x-form" = "size", "default" = "100MB", "x-confluent" = ["connection.max.message.size"]))]
    pub(in crate::config) max_response: Option<String>,
    /// After which a session is replaced although it works: a subscription can die without a word.
    #[schemars(extend("x-form" = "duration", "default" = "6h"))]
    pub(in crate::config) renew_every: Option<String>,
}

/// What carries the messages of the streaming connection.
#[derive(Deserialize, JsonSchema, Clone, Copy)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum Transport {
    /// A WebSocket where the server offers it, long polling elsewhere. Salesforce offers none.
    Auto,
    /// Long polling.
    LongPolling,
}

/// How an object is read, where that differs from what the source says.
#[derive(Deserialize, JsonSchema, Default)]
pub(in crate::config) struct ObjectSource {
    /// What brings the object's changes. Default: as `source.channel` says.
    pub(in crate::config) channel: Option<Changes>,
    /// The form of its records. Default: as `source.records` says.
    pub(in crate::config) records: Option<Records>,
    /// Whether the rows of its events are read. Default: as `source.hydrate` says.
    pub(in crate::config) hydrate: Option<bool>,
    /// How often it is read where no channel brings it. Default: as `source.poll_every` says.
    #[schemars(extend("x-form" = "duration"))]
    pub(in crate::config) poll_every: Option<String>,
    /// An expression (CEL), beside that of the source: both must hold.
    pub(in crate::config) filter: Option<String>,
    /// Fields that records do not have as the object has them, by the name in the record. Nothing behind a name leaves
    /// the field out.
    pub(in crate::config) fields: Option<BTreeMap<String, FieldRule>>,
    /// Its PushTopic.
    pub(in crate::config) push_topic: Option<PushTopic>,
}

/// Where a field's value comes from.
#[derive(Deserialize, JsonSchema, Default)]
pub(in crate::config) struct FieldRule {
    /// The object's field that gets this name.
    pub(in crate::config) from: Option<String>,
    /// An expression (CEL) whose value the field has.
    pub(in crate::config) value: Option<String>,
    /// The type of that value.
    #[serde(rename = "type")]
    pub(in crate::config) kind: Option<FieldType>,
}

/// The type of a computed field.
#[derive(Deserialize, JsonSchema, Clone, Copy)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum FieldType {
    /// Text.
    String,
    /// True or false.
    Boolean,
    /// A whole number of 32 bits.
    Int,
    /// A whole number of 64 bits.
    Long,
    /// A number.
    Double,
    /// A day.
    Date,
    /// A point in time.
    Datetime,
}
