//! Reads a compacted topic to its end.
use std::collections::{BTreeMap, HashMap};
use orgstream_api::HealthReporter;
use super::{Consumed, Error, KafkaConfig};

/// What a compacted topic held.
#[derive(Debug, Clone, Default)]
pub struct Compacted {
    /// The newest record of each key; keys whose newest record is a tombstone are left out.
    pub entries: HashMap<Vec<u8>, Consumed>,
    /// Per partition the high watermark that was read to: where a follower goes on.
    pub next: BTreeMap<i32, i64>,
}

/// Reads all of `topic`, or one partition of it, to the high watermark it has at the call.
/// Waits while another transaction holds the end back.
pub async fn read_compacted(config: &KafkaConfig, topic: &str, partition: Option<i32>, health: &HealthReporter) -> Result<Compacted, Error> { todo!() }
