//! Follows a topic for ever.
use std::collections::BTreeMap;
use super::{Consumed, Error, KafkaConfig};

/// What a follower comes across.
#[derive(Debug)]
pub enum Followed {
    /// A record.
    Record(Consumed),
    /// The place moved without a record; see [`Follower::reached`].
    Advanced,
    /// Something failed; the follower goes on.
    Error(Error),
}
/// A reader of all partitions of one topic that never stops.
pub struct Follower {}
impl Follower {
    /// Reads `topic` from the offsets `from`, per partition.
    pub fn open(config: &KafkaConfig, topic: &str, from: BTreeMap<i32, i64>) -> Result<Self, Error> { todo!() }
    /// The next. Cancel-safe.
    pub async fn next(&mut self) -> Followed { todo!() }
    /// Whether everything before these high watermarks was returned by [`next`](Self::next).
    pub fn reached(&self, ends: &BTreeMap<i32, i64>) -> bool { todo!() }
}
