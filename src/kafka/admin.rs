//! Creates topics and asks for offsets.

use std::collections::BTreeMap;
use orgstream_api::TopicPartition;
use super::{Error, KafkaConfig};

/// What becomes of old records of a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cleanup {
    /// They stay: no time limit is set when the topic is created.
    Delete,
    /// The newest of each key stays.
    Compact,
}

/// A topic that has to be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicSpec {
    /// Its name.
    pub name: String,
    /// Its partitions; `None` is the file's `kafka.topics.partitions`, else the broker's default.
    pub partitions: Option<i32>,
    /// What becomes of old records.
    pub cleanup: Cleanup,
}

/// A client for questions about topics. Clones share it.
#[derive(Clone)]
pub struct Admin {}

impl Admin {
    /// Waits up to 30 s for a broker.
    pub async fn connect(config: &KafkaConfig) -> Result<Self, Error> { todo!() }
    /// Creates the topics that are missing, and refuses those with another partition count than asked for.
    pub async fn ensure_topics(&self, topics: &[TopicSpec]) -> Result<(), Error> { todo!() }
    /// How many partitions `topic` has; `None` when there is no such topic.
    pub async fn partitions(&self, topic: &str) -> Result<Option<i32>, Error> { todo!() }
    /// High watermarks: the offsets after the last record, open transactions included.
    pub async fn end_offsets(&self, topics: &[String]) -> Result<BTreeMap<TopicPartition, i64>, Error> { todo!() }
    /// Last stable offsets: up to where `read_committed` readers can read now.
    pub async fn stable_offsets(&self, topics: &[String]) -> Result<BTreeMap<TopicPartition, i64>, Error> { todo!() }
    /// The first offsets whose record time is at or after `timestamp`; the end where there is none.
    pub async fn offsets_at(&self, topics: &[String], timestamp: i64) -> Result<BTreeMap<TopicPartition, i64>, Error> { todo!() }
    /// What consumer group `group` committed; partitions without a commit are left out.
    pub async fn committed(&self, group: &str, topics: &[String]) -> Result<BTreeMap<TopicPartition, i64>, Error> { todo!() }
}
