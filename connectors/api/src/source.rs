//! What a source promises.
//!
//! Life of a source task: the runtime reads the stored positions and hands them to the connector, which
//! answers with a `Source`. Then `poll` is called again and again until the task stops, also while what it handed out
//! before is still being committed. The records and the positions of a batch go to Kafka in one transaction (D8), maybe
//! together with the batches behind it, and in the order they were handed out; `committed` says that they are there. When
//! a transaction cannot be completed, the source is dropped and a new one is started from positions read anew.

use std::time::{Duration, Instant};

use async_trait::async_trait;

use crate::error::TaskError;
use crate::position::SourcePosition;
use crate::record::SourceRecord;

/// What one transaction carries. Both lists may be empty.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SourceBatch {
    /// At most 5,000, in the order they are to have on their topics.
    pub records: Vec<SourceRecord>,
    /// What the org sent and nobody can read. It is kept with the pipeline's dead letters, in the same transaction.
    pub unreadable: Vec<Unreadable>,
    /// Where the source is once `records` are in Kafka.
    pub positions: Vec<SourcePosition>,
    /// When an org's answer brought what the records tell, each with the count of `records` in their order. Empty where
    /// nothing brought them but the source's own asking, as the rows of a snapshot.
    pub received: Vec<(Instant, u32)>,
}

/// A message of an org that has an unknown shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// The channel that brought it.
    pub channel: String,
    /// Its place there, where it tells that.
    pub replay_id: Option<String>,
    /// What cannot be read, in one sentence.
    pub reason: String,
    /// The message as it came: JSON.
    pub raw: String,
    /// When the org raised or sent it: milliseconds since the epoch.
    pub at: i64,
}

impl SourceBatch {
    /// Positions that no record goes with.
    pub fn of_positions(positions: Vec<SourcePosition>) -> Self {
        Self { positions, ..Self::default() }
    }

    /// One more record, brought by an answer received at `received`.
    pub fn push(&mut self, record: SourceRecord, received: Option<Instant>) {
        self.records.push(record);
        let Some(received) = received else { return };
        match self.received.last_mut() {
            Some((at, records)) if *at == received => *records += 1,
            _ => self.received.push((received, 1)),
        }
    }
}

/// Answer to the question whether all that happened in the org is in Kafka.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AtEnd {
    /// Something is still on its way: a snapshot, an event, the quiet time.
    No,
    /// No event for the quiet time, and the org shows no change that was not produced.
    Yes,
    /// The org shows changes that raised no event for a minute: `Object Id` each.
    Unseen(Vec<String>),
    /// As `Yes`, but for objects that cannot be read: why, each naming its object.
    Without(Vec<String>),
}

/// A stream of changes.
#[async_trait]
pub trait Source: Send {
    /// Waits for the next batch. Cancel-safe: a call that is dropped loses nothing. After an error everything that was
    /// handed out before is still committed.
    async fn poll(&mut self) -> Result<SourceBatch, TaskError>;

    /// The oldest batch of which this was not said yet is in Kafka.
    fn committed(&mut self) {}

    /// Whether everything up to now has been handed out by `poll`. Asked only when all of that is committed. Cancel-safe.
    async fn at_end(&mut self, quiet: Duration) -> Result<AtEnd, TaskError>;

    /// Gives up what the org holds for this task, such as its streaming session.
    async fn stop(&mut self);
}
