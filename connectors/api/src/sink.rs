//! What a sink promises.
//!
//! Life of a sink task: the runtime submits items with their tickets; the sink writes them with as many
//! calls in flight as it likes and gives every ticket back with its outcome. It keeps the order of each
//! record id (D5), so outcomes of one id come back in the order of their submission.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::error::TaskError;
use crate::outcome::{Outcome, Owed};
use crate::parked::{ParkedPlace, Resumed};
use crate::position::TopicPartition;
use crate::record::SinkRecord;
use crate::ticket::Ticket;

/// An item and its ticket. They enter the sink together.
#[derive(Debug)]
pub struct Tracked<T> {
    /// Proof that the item is in flight.
    pub ticket: Ticket,
    /// The item.
    pub item: T,
}

/// What a sink works on.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// A consumed record.
    Record(SinkRecord),
    /// A reference whose parent may have a link now.
    Owed(Owed),
    /// A record that was parked and may be written now.
    Parked(Box<Resumed>),
}

impl Item {
    /// The input partition the item belongs to.
    pub fn partition(&self) -> &TopicPartition {
        match self {
            Self::Record(record) => &record.at.partition,
            Self::Owed(owed) => &owed.at.partition,
            Self::Parked(resumed) => &resumed.record.at.partition,
        }
    }
}

/// How much more a sink takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capacity {
    /// Records.
    pub records: usize,
    /// Bytes, as counted by [`SinkRecord::size`].
    pub bytes: usize,
}

/// Permission to start a call to org B.
///
/// Kafka cannot fence an HTTP call. A task that may have lost its partitions must therefore not start one:
/// the lease is held only while this generation's last acknowledged offset commit is young enough that the
/// partitions cannot have moved before the call's time-out.
#[async_trait]
pub trait Lease: Send + Sync {
    /// Waits until a call may start, and returns how long it may take.
    async fn held(&self) -> Duration;

    /// Whether a call may start now. To be asked as late as can be: the process may have stood still since [`Lease::held`].
    fn is_held(&self) -> bool;
}

/// The lease of a task that cannot lose its partitions, for tests of connectors.
#[derive(Debug, Clone, Copy)]
pub struct Always;

#[async_trait]
impl Lease for Always {
    async fn held(&self) -> Duration {
        Duration::from_secs(20)
    }

    fn is_held(&self) -> bool {
        true
    }
}

/// A moment in the inputs of a sink: everything that lay in them when the runtime was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark(pub u64);

/// Jobs that go on in the target org by themselves, by the partitions that their records came from.
pub type OpenJobs = BTreeMap<TopicPartition, BTreeSet<String>>;

/// Writes records to a target.
#[async_trait]
pub trait Sink: Send {
    /// How much `submit` takes now.
    fn capacity(&self) -> Capacity;

    /// Queues items; starts no call itself. Items beyond [`Sink::capacity`] are handed back, the tail of the list in order.
    fn submit(&mut self, items: Vec<Tracked<Item>>) -> Vec<Tracked<Item>>;

    /// Waits for outcomes, at least one. Cancel-safe. Works the queues: nothing moves unless this is polled. It is called again when
    /// all is done that the outcomes before asked for: their links are bound.
    ///
    /// Outcomes come in any order across record ids and in order of submission within one, but for records that are parked
    /// behind others of their id: those come at once.
    async fn settled(&mut self) -> Result<Vec<(Ticket, Outcome)>, TaskError>;

    /// Partitions that hold a record in retry. The runtime reads no further in them until they leave the list.
    fn paused(&self) -> Vec<TopicPartition>;

    /// Topics of which enough waits for its turn. The runtime reads no further in them until they leave the list, which they do by
    /// themselves: nothing that waits for what lies in them holds up their turn.
    fn later(&self) -> Vec<String> {
        Vec::new()
    }

    /// The catch-up rank of a topic's object: topics of a lower rank are read to the end they had at the task's
    /// start before those of a higher one, so that a snapshot's parents come before its children.
    fn rank(&self, topic: &str) -> u32;

    /// Asks the runtime to mark the ends that the inputs have now: a record was submitted that is to be written after
    /// what lies in other topics. `None` when nothing new waits.
    fn asks_for_mark(&mut self) -> Option<Mark> {
        None
    }

    /// Everything before `mark` has been submitted. Marks are reached in the order in which they were asked for.
    fn reached(&mut self, _mark: Mark) {}

    /// How many records lie in each topic behind what was submitted, as far as the runtime knows: to the ends that the partitions had
    /// when they were assigned. Topics that were read so far are left out.
    fn behind(&mut self, _records: HashMap<String, usize>) {}

    /// The jobs that write in the target org, or are about to, whatever becomes of this process. The runtime keeps their names
    /// with the partitions' committed offsets, so that the next owner of a partition finds them.
    fn open_jobs(&self) -> OpenJobs {
        OpenJobs::new()
    }

    /// These names are kept. A job does not begin before its own is.
    fn jobs_kept(&mut self, _jobs: &OpenJobs) {}

    /// Jobs of a former owner of partitions that are this sink's now. They are among [`Sink::open_jobs`] until they are over,
    /// and the sink writes nothing as long.
    fn adopt_jobs(&mut self, _jobs: OpenJobs) {}

    /// How many records of each partition wait for others, those behind them in their lanes included. They do not keep
    /// topics of a higher rank from being read.
    fn held(&self) -> HashMap<TopicPartition, usize> {
        HashMap::new()
    }

    /// Records of partitions that were just assigned are parked. What comes of their histories is parked behind them (D5),
    /// until they are submitted themselves.
    fn set_aside(&mut self, _parked: Vec<ParkedPlace>) {}

    /// A parked record will not be submitted again: it cannot be read any more.
    fn lost_aside(&mut self, _parked: &ParkedPlace) {}

    /// Drops what is queued for these partitions and starts no new call for them. Tickets of calls in flight may
    /// still come back and are inert.
    fn revoke(&mut self, partitions: &[TopicPartition]);

    /// Starts no new call for these partitions and waits for those in flight, at most until `deadline`. Outcomes
    /// that are in by then are returned; what is still queued is dropped.
    async fn drain(
        &mut self,
        partitions: &[TopicPartition],
        deadline: tokio::time::Instant,
    ) -> Result<Vec<(Ticket, Outcome)>, TaskError>;
}

/// A shared lease.
pub type SharedLease = Arc<dyn Lease>;
