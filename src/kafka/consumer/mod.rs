//! Membership of a consumer group.

use std::sync::Arc;
use std::time::Duration;
use orgstream_api::{Capacity, InputOffset, TopicPartition};
use super::{CommitLease, Consumed, Error, KafkaConfig};

/// Which group, as whom, for what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupConfig {
    /// The group's name.
    pub group: String,
    /// The member's lasting name: node and task. Partitions of a member that stops stay its own for the session time-out.
    pub instance: String,
    /// The topics.
    pub topics: Vec<String>,
    /// How long the group waits for a silent member; 45 s by default.
    pub session_timeout: Duration,
    /// How much is read ahead of the worker.
    pub read_ahead: Capacity,
}

/// A partition that is now this member's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assigned {
    /// The first record to come: `at.offset` is the committed offset, or the partition's first.
    pub at: InputOffset,
    /// Whether the group had committed it. If not, commit it early.
    pub committed: bool,
}

/// What happens to a member.
#[derive(Debug)]
pub enum Event {
    /// Partitions are added.
    Assigned(Vec<Assigned>),
    /// Partitions are about to be taken away: finish what is in flight, then release them.
    Revoking(Revocation),
    /// Partitions are gone without notice; nothing can be committed for them.
    Lost(Vec<TopicPartition>),
    /// Records, in order within each partition. Never of a partition that was revoked or lost since.
    Messages(Vec<Consumed>),
    /// Positions moved without a record, past commit markers. See [`GroupConsumer::position`].
    Advanced(Vec<InputOffset>),
    /// The consumer cannot go on (`OffsetGone`, `Fenced`, `Config`), or something failed and it goes on (`Failed`).
    Error(Error),
}

/// Partitions that wait to be let go. Dropping it lets them go without a commit.
#[derive(Debug)]
pub struct Revocation {}
impl Revocation {
    /// The partitions.
    pub fn partitions(&self) -> &[TopicPartition] { todo!() }
    /// Until when they wait.
    pub fn deadline(&self) -> tokio::time::Instant { todo!() }
    /// Commits these offsets (the next to read) and lets the partitions go; returns when the broker has answered.
    pub async fn release(self, offsets: Vec<InputOffset>) -> Result<(), Error> { todo!() }
}

/// A member of a consumer group, on a thread of its own.
pub struct GroupConsumer {}

impl GroupConsumer {
    /// Joins. Events come from [`GroupConsumer::next`]; brokers are not waited for.
    pub fn open(config: &KafkaConfig, group: GroupConfig) -> Result<Self, Error> { todo!() }
    /// The next event. Cancel-safe. Assignments overtake records that were read ahead.
    pub async fn next(&mut self) -> Event { todo!() }
    /// The next event that is not records, for a worker without room. Cancel-safe.
    pub async fn next_change(&mut self) -> Event { todo!() }
    /// Reads no further in exactly these partitions, until the next call. What was read ahead still comes.
    pub fn set_paused(&self, partitions: &[TopicPartition]) { todo!() }
    /// Commits offsets (the next to read), and renews the lease when the broker acknowledges it. A call that is dropped may still commit.
    pub async fn commit(&self, offsets: Vec<InputOffset>) -> Result<(), Error> { todo!() }
    /// The offset after the last record of `partition` that [`next`](Self::next) returned, commit markers included; `None` when it is not assigned.
    pub fn position(&self, partition: &TopicPartition) -> Option<i64> { todo!() }
    /// Whether `next` has returned everything of `partition` before `end`.
    pub fn caught_up(&self, partition: &TopicPartition, end: i64) -> bool { todo!() }
    /// Goes back to the committed offsets of these partitions, so that what came since comes again.
    pub async fn rewind(&mut self, partitions: &[TopicPartition]) -> Result<(), Error> { todo!() }
    /// The permission that this membership gives.
    pub fn lease(&self) -> Arc<CommitLease> { todo!() }
    /// Leaves without a commit; commit first. The group gives the partitions away after the session time-out.
    pub async fn close(self) { todo!() }
}
