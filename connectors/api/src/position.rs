//! Places: in a source's stream, and in Kafka.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How far a source has come in one part of its stream.
///
/// Both halves are opaque JSON objects, as in Kafka Connect's REST API: the runtime stores and compares
/// them, only the source reads them. Beside channels a source keeps its snapshots and gaps this way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SourcePosition {
    /// Which part, such as `{"channel": "/topic/orgstream_Account"}`. Positions with equal parts replace each other.
    pub partition: serde_json::Value,
    /// How far, such as `{"replay_id": 41, "as_of": "…", "from": "…"}`; null removes the position.
    pub offset: serde_json::Value,
}

/// A partition of a Kafka topic.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TopicPartition {
    /// The topic's name.
    pub topic: String,
    /// The partition's number.
    pub partition: i32,
}

impl fmt::Display for TopicPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.topic, self.partition)
    }
}

/// One record's place in Kafka.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct InputOffset {
    /// The partition.
    #[serde(flatten)]
    pub partition: TopicPartition,
    /// The offset in it.
    pub offset: i64,
}

impl fmt::Display for InputOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.partition, self.offset)
    }
}
