//! What happens to a member of a consumer group.

use std::collections::BTreeSet;
use std::sync::mpsc::SyncSender;

use orgstream_api::{InputOffset, TopicPartition};
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::kafka::{Consumed, Error};

/// A partition that is now this member's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assigned {
    /// The first record to come: `at.offset` is the committed offset, or where the partition begins without one.
    pub at: InputOffset,
    /// Whether the group had committed it. If not, commit it early.
    pub committed: bool,
    /// Jobs that went on with its records when it was committed.
    pub jobs: BTreeSet<String>,
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
    /// Positions moved without a record, past commit markers. See [`GroupConsumer::position`](super::GroupConsumer::position).
    Advanced(Vec<InputOffset>),
    /// `Failed`: something went wrong and the member goes on. Any other: it cannot go on.
    Error(Error),
}

/// Partitions that wait to be let go. Dropping it lets them go without a commit (D2).
#[derive(Debug)]
pub struct Revocation {
    partitions: Vec<TopicPartition>,
    deadline: Instant,
    reply: SyncSender<Vec<InputOffset>>,
    committed: oneshot::Receiver<Result<(), Error>>,
}

impl Revocation {
    pub(super) fn new(
        partitions: Vec<TopicPartition>,
        deadline: Instant,
        reply: SyncSender<Vec<InputOffset>>,
        committed: oneshot::Receiver<Result<(), Error>>,
    ) -> Self {
        Self { partitions, deadline, reply, committed }
    }

    /// The partitions.
    pub fn partitions(&self) -> &[TopicPartition] {
        &self.partitions
    }

    /// Until when they wait. Afterwards they go without a commit.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Commits these offsets (the next to read) and lets the partitions go; returns when the broker has answered.
    pub async fn release(self, offsets: Vec<InputOffset>) -> Result<(), Error> {
        let closed = || Error::Closed {
            what: "the consumer group, whose partitions went before they were released".to_owned(),
        };
        self.reply.try_send(offsets).map_err(|_| closed())?;
        self.committed.await.map_err(|_| closed())?
    }
}
