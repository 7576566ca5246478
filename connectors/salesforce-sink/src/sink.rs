//! The sink: lanes in front, calls behind, outcomes out.
//!
//! Calls run as tasks of their own, so dropping the future of [`Sink::settled`] loses nothing. Everything else happens
//! inside it: finished calls are taken in, lanes give out what may be written, calls start.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use orgstream_api::{
    Capacity, HealthReporter, Item, Mark, OpenJobs, Outcome, ParkedPlace, Sink, StoreError, TaskError,
    Ticket, TopicPartition, Tracked,
};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::aside::Aside;
use crate::attempts::Pauses;
use crate::bulk::adopt::outlive;
use crate::bulk::book::Book;
use crate::bulk::reading::Reading;
use crate::change::Decision;
use crate::config::SinkConfig;
use crate::counters::SinkCounters;
use crate::deliver::{Delivery, Done};
use crate::holds::{Holds, Standing};
use crate::lanes::{LaneKey, Lanes};
use crate::left_out::Remarks;
use crate::plan::{Group, Traffic};
use crate::put::Prepared;
use crate::refusals::Refusals;
use crate::room::Room;
use crate::tally::Tally;
use crate::tenure::{Tenure, Tenures};
use crate::work::Work;
use halt::Halt;

mod bulk;
mod calls;
mod endings;
mod halt;
mod intake;
mod order;
mod parents;
mod parking;

/// The bytes an owed reference is counted as.
const OWED_SIZE: usize = 512;

/// Writes records to org B.
pub struct SalesforceSink {
    config: SinkConfig,
    health: HealthReporter,
    delivery: Arc<Delivery>,
    lanes: Lanes<Work>,
    /// What is out of its lane, by lane: at most one item each (D5).
    flying: HashMap<LaneKey, Flying>,
    calls: JoinSet<(Group, Result<Over, StoreError>)>,
    traffic: Traffic,
    bulk: bulk::Lane,
    spool: PathBuf,
    /// The bulk jobs of this sink.
    book: Book,
    /// Waits for those of former owners.
    adopted: JoinSet<()>,
    /// Outcomes that were not handed out yet.
    closed: Vec<Closed>,
    /// Whether outcomes were handed out that may not be bound yet.
    has_handed_out: bool,
    tenures: Tenures,
    pauses: Pauses,
    aside: Aside,
    room: Room,
    holds: Holds,
    tally: Arc<Tally>,
    halt: Halt,
    /// The lanes of inserts of which nobody knows yet whether they made a record.
    unanswered: HashSet<LaneKey>,
    /// Why what was learnt of org B at the start holds no more. The task has to start again.
    outdated: Option<String>,
    remarks: Remarks,
}

/// What a call was for, and what became of it.
enum Over {
    /// Records were written.
    Wrote(Done),
    /// Records were prepared for a bulk job.
    Prepared(Done, Vec<Prepared>),
    /// A bulk job is over.
    Job(Box<Reading>),
}

/// An item in a call.
struct Flying {
    tenure: Tenure,
    /// What it decides; `None` for an owed reference.
    decides: Option<Decision>,
    /// What it is to deletions, if it is a change.
    standing: Option<Standing>,
    way: Way,
}

/// How an item travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// By a call of its own time.
    Call,
    /// It is prepared to be a row of a bulk job.
    Filling,
    /// With a bulk job, which goes on without this sink.
    Job,
}

/// An outcome with its ticket.
struct Closed {
    ticket: Ticket,
    outcome: Outcome,
    /// The record's lane and what it decides.
    decides: Option<(LaneKey, Decision)>,
}

impl SalesforceSink {
    pub(crate) fn new(
        config: SinkConfig,
        health: HealthReporter,
        delivery: Delivery,
        spool: PathBuf,
        tally: Arc<Tally>,
    ) -> Self {
        Self {
            tally,
            config,
            health,
            delivery: Arc::new(delivery),
            lanes: Lanes::default(),
            flying: HashMap::new(),
            calls: JoinSet::new(),
            traffic: Traffic::default(),
            bulk: bulk::Lane::default(),
            spool,
            book: Book::default(),
            adopted: JoinSet::new(),
            closed: Vec::new(),
            has_handed_out: false,
            tenures: Tenures::default(),
            pauses: Pauses::default(),
            aside: Aside::default(),
            room: Room::default(),
            holds: Holds::default(),
            halt: Halt::default(),
            unanswered: HashSet::new(),
            outdated: None,
            remarks: Remarks::default(),
        }
    }

    /// What the sink has done; readable while it runs.
    pub fn counters(&self) -> Arc<SinkCounters> {
        Arc::clone(&self.delivery.counters)
    }

    /// For whoever refuses records before the sink sees them.
    pub fn refusals(&self) -> Refusals {
        Refusals {
            on_error: self.config.failures.on_error.clone(),
            tally: Arc::clone(&self.tally),
            counters: self.counters(),
        }
    }

    fn hand_out(&mut self) -> Vec<(Ticket, Outcome)> {
        self.has_handed_out = true;
        self.closed.drain(..).map(|closed| (closed.ticket, closed.outcome)).collect()
    }

    /// Waits for a call to end, the org to answer again, or `wake`.
    async fn wait(&mut self, wake: Option<Instant>) -> Result<(), TaskError> {
        let away = self.delivery.away();
        let back = async {
            match &away {
                Some((org, _)) => org.breaker().closed().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            Some(joined) = self.calls.join_next() => self.absorb(joined),
            Some(_) = self.adopted.join_next() => Ok(()),
            () = self.book.told() => Ok(()),
            () = back => Ok(()),
            () = until(wake) => Ok(()),
        }
    }

    fn end(&mut self, partitions: &[TopicPartition]) {
        self.tenures.end(partitions);
        self.empty_bulk();
        self.lanes.retain(|work| !work.papers.tenure.is_over());
        let lanes = &self.lanes;
        self.unanswered.retain(|key| lanes.queued(key).next().is_some());
        self.pauses.forget(partitions);
        self.aside.forget(partitions);
        self.delivery.links.forget(partitions);
    }
}

#[async_trait]
impl Sink for SalesforceSink {
    fn capacity(&self) -> Capacity {
        self.room.capacity()
    }

    fn submit(&mut self, items: Vec<Tracked<Item>>) -> Vec<Tracked<Item>> {
        let now = Instant::now();
        let mut items = items.into_iter();
        while let Some(next) = items.next() {
            let size = match &next.item {
                Item::Record(record) => record.size,
                Item::Owed(_) => OWED_SIZE,
                Item::Parked(resumed) => resumed.record.size,
            };
            match self.room.seat(size) {
                Some(seat) => self.accept(next, seat, now),
                None => return std::iter::once(next).chain(items).collect(),
            }
        }
        Vec::new()
    }

    async fn settled(&mut self) -> Result<Vec<(Ticket, Outcome)>, TaskError> {
        if std::mem::take(&mut self.has_handed_out) {
            self.delivery.links.bound();
        }
        loop {
            while let Some(joined) = self.calls.try_join_next() {
                self.absorb(joined)?;
            }
            if self.outdated.is_some() && self.closed.is_empty() {
                return Err(TaskError::restart(self.outdated.take().unwrap_or_default()));
            }
            if self.closed.is_empty() {
                self.read_on()?;
            }
            // Before outcomes are handed out, so that the next calls run while the runtime deals with them.
            let wake = if self.outdated.is_none() { self.launch() } else { None };
            if !self.closed.is_empty() {
                return Ok(self.hand_out());
            }
            if let Some(end) = self.end_of_task() {
                return Err(end);
            }
            if !self.reads() {
                self.wait(wake).await?;
            }
        }
    }

    fn open_jobs(&self) -> OpenJobs {
        self.book.open()
    }

    fn jobs_kept(&mut self, jobs: &OpenJobs) {
        self.book.kept(jobs);
    }

    fn adopt_jobs(&mut self, jobs: OpenJobs) {
        let (delivery, book) = (self.delivery.clone(), self.book.clone());
        let (jobs, give_up_after) = (book.adopt(jobs), self.config.bulk.give_up_after);
        self.adopted.spawn(async move {
            outlive(&delivery.wire.org, &book, &delivery.counters, jobs, give_up_after).await;
        });
    }

    fn paused(&self) -> Vec<TopicPartition> {
        self.read_no_further()
    }

    fn later(&self) -> Vec<String> {
        self.bulk.later()
    }

    fn rank(&self, topic: &str) -> u32 {
        self.delivery.targets.rank(topic)
    }

    fn asks_for_mark(&mut self) -> Option<Mark> {
        self.holds.ask()
    }

    fn reached(&mut self, mark: Mark) {
        self.holds.reached(mark);
    }

    fn behind(&mut self, records: HashMap<String, usize>) {
        self.bulk.lie_behind(records);
    }

    fn held(&self) -> HashMap<TopicPartition, usize> {
        self.held_records()
    }

    fn set_aside(&mut self, parked: Vec<ParkedPlace>) {
        self.find_aside(parked);
    }

    fn lost_aside(&mut self, ParkedPlace { whose, at, .. }: &ParkedPlace) {
        self.aside.take(&LaneKey::new(whose.org.clone(), whose.id.clone()), at);
    }

    fn revoke(&mut self, partitions: &[TopicPartition]) {
        self.end(partitions);
    }

    async fn drain(
        &mut self,
        partitions: &[TopicPartition],
        deadline: Instant,
    ) -> Result<Vec<(Ticket, Outcome)>, TaskError> {
        self.end(partitions);
        while self.read_on()? {}
        // A job is not waited for: the partitions' next owner does that.
        while self.flying.values().any(|flying| flying.tenure.is_over() && flying.way != Way::Job) {
            match timeout_at(deadline, self.calls.join_next()).await {
                Ok(Some(joined)) => self.absorb(joined)?,
                Ok(None) | Err(_) => break,
            }
            while self.read_on()? {}
        }
        Ok(self.hand_out())
    }
}

/// Says how an item travels that is out of its lane.
fn travels(flying: &mut HashMap<LaneKey, Flying>, key: &LaneKey, way: Way) {
    if let Some(flying) = flying.get_mut(key) {
        flying.way = way;
    }
}

async fn until(wake: Option<Instant>) {
    match wake {
        Some(wake) => sleep_until(wake).await,
        None => std::future::pending().await,
    }
}
