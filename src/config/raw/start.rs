//! Keys that say where a sink begins.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

/// Where a sink begins: a word, or a place.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
pub(in crate::config) enum SinkStart {
    /// A word.
    Word(SinkStartWord),
    /// A place.
    Place(SinkStartPlace),
}

/// Where a sink begins.
#[derive(Deserialize, JsonSchema, Clone, Copy)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum SinkStartWord {
    /// At the very first record. Where that is gone, the sink does not start: somebody has to say that nobody misses it.
    Beginning,
    /// At the first record that is still there.
    Earliest,
    /// Behind the last record that is there when the process starts.
    Latest,
    /// Nowhere: somebody has to have set the group's offsets, or the sink does not start.
    None,
}

/// Where a sink begins, where no word says it. One of the three.
#[derive(Deserialize, JsonSchema, Default)]
pub(in crate::config) struct SinkStartPlace {
    /// At the first record of that time or later, such as `2026-01-01T00:00:00Z`. The time of a record of orgstream is that of its
    /// row, also in a snapshot.
    pub(in crate::config) time: Option<String>,
    /// By topic, a place for each of its partitions in their order: the offset of the first record to be read, `earliest` or `latest`.
    /// Topics that are not named begin at their very first record.
    pub(in crate::config) offsets: Option<BTreeMap<String, PartitionStarts>>,
    /// Where this consumer group has committed. What it has not committed begins at its very first record.
    pub(in crate::config) group: Option<String>,
}

/// A place for each partition of a topic.
#[derive(Deserialize, JsonSchema)]
pub(in crate::config) struct PartitionStarts(pub(in crate::config) Vec<PartitionStart>);

/// An offset, `earliest` or `latest`.
#[derive(Deserialize, JsonSchema)]
#[schemars(extend("x-form" = "offset"))]
pub(in crate::config) struct PartitionStart(pub(in crate::config) String);
