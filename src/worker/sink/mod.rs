//! Moves Kafka into one sink: consume, decode, submit; then settle what comes back, and commit.
//!
//! - [`intake`]: consumed bytes → records with tickets
//! - [`answers`]: outcomes → what has to be durable → settled tickets (D3, D7)
//! - [`bygone`]: references that are no longer owed, since their parents cannot come back
//! - [`lettered`]: dead letters that are there already
//! - [`marks`]: what lay in the inputs at moments that the sink asks about
//! - [`originals`]: the bytes of what is with the sink
//! - [`parking`]: records that wait in Kafka, and those that come back from there
//! - [`partitions`]: partitions that come and go, wait, and are committed (D1)
//! - [`remade`]: partitions whose offsets may have begun again
//! - [`view`]: what others may see
//!
//! The loop handles one thing at a time: partitions that come or go first, then an outcome, a stop, a commit, a link
//! that others wait for, and last new records, so that work in flight never grows while results lie unread.

mod answers;
mod bygone;
mod intake;
mod lettered;
mod marks;
mod originals;
mod parking;
mod partitions;
mod remade;
mod view;

#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use orgstream_api::{
    HealthReporter, IdLink, Item, OpenJobs, Outcome, Owed, Record, Sink, TaskError, Ticket, TicketId,
    TopicPartition, Tracked,
};
use orgstream_salesforce_sink::Refusals;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

pub use view::SinkView;

use super::catch_up::{CatchUp, Front};
use super::intents::IntentStore;
use super::ledger::Ledger;
use super::owed::OwedBook;
use super::parked::ParkedBook;
use crate::codec::Codec;
use crate::config::Reports;
use crate::kafka::{Admin, GroupConsumer, KafkaConfig, Producer};
use crate::store::IdStore;
use lettered::Lettered;
use marks::Marks;
use originals::{Original, Originals};
use parking::Past;

/// How often settled work is committed.
const COMMIT: Duration = Duration::from_secs(1);
/// How often a sink without room is asked again; it may make some without an outcome, as rows of a bulk job go to disk.
const ROOM: Duration = Duration::from_millis(50);
/// How long a stop waits for the step at hand, which may be waiting for brokers.
const GRACE: Duration = Duration::from_secs(5);
/// How long a stop waits for calls in flight.
const DRAIN: Duration = Duration::from_secs(25);

/// A sink task's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SinkTask {
    /// The pipeline.
    pub pipeline: String,
    /// The task's number in its pipeline.
    pub number: u32,
}

impl SinkTask {
    /// The consumer group of the pipeline's sink tasks.
    pub fn group(&self) -> String {
        format!("orgstream.{}", self.pipeline)
    }

    /// The task's name in logs and status.
    pub fn name(&self) -> String {
        format!("{}-sink-{}", self.pipeline, self.number)
    }

    /// The member's lasting name.
    pub fn instance(&self, node: &str) -> String {
        format!("{node}.{}", self.name())
    }
}

/// What a sink worker needs.
pub struct Parts {
    /// The task.
    pub task: SinkTask,
    /// The brokers.
    pub kafka: KafkaConfig,
    /// Membership of the pipeline's group.
    pub consumer: GroupConsumer,
    /// Bytes to records.
    pub codec: Codec,
    /// The sink.
    pub sink: Box<dyn Sink>,
    /// What is done with records that never reach it.
    pub refusals: Refusals,
    /// Where it is told what became of records.
    pub reports: Option<Reports>,
    /// 18-character id of the org the sink writes to.
    pub target_org: String,
    /// The id map.
    pub ids: IdStore,
    /// Writes dead letters and parked entries.
    pub producer: Producer,
    /// The notes of inserts, where the pipeline inserts.
    pub intents: Option<Arc<IntentStore>>,
    /// Asks for offsets.
    pub admin: Admin,
    /// What the tasks of this sink still have to catch up with.
    pub front: Front,
    /// How often offsets are committed even when nothing moved: a third of the session time-out, to renew the lease.
    pub renewal: Duration,
    /// Where records may lie that are with the sink.
    pub spool: PathBuf,
    /// What others see.
    pub view: Arc<SinkView>,
    /// The task's health.
    pub health: HealthReporter,
}

/// What is in flight for a ticket.
enum Flight {
    /// A consumed record.
    Record(Box<Taken>),
    /// A reference that is owed.
    Owed(Box<Owed>),
    /// A record that was parked.
    Parked(Box<Taken>, Box<Past>),
}

/// A consumed record that is with the sink.
struct Taken {
    /// Kept for its dead letter.
    original: Original,
    /// The record's id in its own org, where it says one; what a person looks for.
    id: Option<String>,
    /// What its report needs of it, where the file wants reports.
    reported: Option<Box<Record>>,
    /// When it came.
    came: Instant,
}

/// One sink task at work.
pub struct SinkWorker {
    parts: Parts,
    ledger: Ledger,
    flights: HashMap<TicketId, Flight>,
    originals: Originals,
    /// Items the sink had no room for, in order.
    backlog: VecDeque<Tracked<Item>>,
    book: OwedBook,
    parked: ParkedBook,
    catch_up: CatchUp,
    marks: Marks,
    lettered: Lettered,
    /// Schemas that the registry does not have, each with a dead letter.
    unknown_schemas: HashSet<u32>,
    bound: mpsc::UnboundedReceiver<IdLink>,
    renewed: Instant,
    /// The partitions for which Kafka has a commit.
    has_commit: HashSet<TopicPartition>,
    looked_for_bygone: Instant,
    /// The jobs that the committed offsets tell of.
    kept: OpenJobs,
    course: Course,
    /// Whether the worker, and not the sink, said that it waits.
    is_degraded: bool,
}

/// Whether outcomes may still be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Course {
    /// Every outcome so far was dealt with as a whole.
    Whole,
    /// A step was given up. Later outcomes of its records must not be answered: their links would hide what was lost.
    Broken,
}

enum Step {
    Settled(Vec<(Ticket, Outcome)>),
    Stop,
    Commit,
    Bound(IdLink),
    Event(crate::kafka::Event),
    /// The sink may have room for more.
    Fill,
}

impl SinkWorker {
    /// A worker that has no partitions yet.
    pub fn new(parts: Parts) -> Self {
        let bound = parts.ids.watch();
        let catch_up = CatchUp::new(parts.front.clone(), parts.task.number);
        let originals = Originals::new(parts.spool.clone());
        Self {
            parts,
            ledger: Ledger::default(),
            flights: HashMap::new(),
            originals,
            backlog: VecDeque::new(),
            book: OwedBook::default(),
            parked: ParkedBook::default(),
            catch_up,
            marks: Marks::default(),
            lettered: Lettered::default(),
            unknown_schemas: HashSet::new(),
            bound,
            renewed: Instant::now(),
            has_commit: HashSet::new(),
            looked_for_bygone: Instant::now(),
            kept: OpenJobs::new(),
            course: Course::Whole,
            is_degraded: false,
        }
    }

    /// Runs until `stop` or until the task cannot go on. Ends with what is settled committed.
    pub async fn run(mut self, stop: &CancellationToken) -> Result<(), TaskError> {
        self.parts.health.running();
        let ended = self.work(stop).await;
        let left = self.leave().await;
        self.parts.consumer.close().await;
        ended.and(left)
    }

    async fn work(&mut self, stop: &CancellationToken) -> Result<(), TaskError> {
        let mut commit = interval(COMMIT);
        commit.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            self.pause();
            let step = self.next_step(&mut commit, stop).await?;
            if matches!(step, Step::Stop) {
                return Ok(());
            }
            // A step may wait for brokers or the registry for ever; a stop does not. What is left unsettled comes again (D2).
            self.course = Course::Broken;
            tokio::select! {
                done = self.take(step) => done?,
                () = grace_after(stop) => return Ok(()),
            }
            self.course = Course::Whole;
            // D4: a ticket that came back by no outcome fails the task.
            self.ledger.check_dropped().map_err(TaskError::restart)?;
            self.parts.view.show(self.ledger.in_flight(), self.book.count(), self.parked.count());
        }
    }

    async fn next_step(
        &mut self,
        commit: &mut tokio::time::Interval,
        stop: &CancellationToken,
    ) -> Result<Step, TaskError> {
        let room = self.backlog.is_empty();
        let consumer = &mut self.parts.consumer;
        // Before anything else is done for partitions that may be in other hands.
        if let Some(change) = consumer.change() {
            return Ok(Step::Event(change));
        }
        let event = async { if room { consumer.next().await } else { consumer.next_change().await } };
        Ok(tokio::select! {
            biased;
            settled = self.parts.sink.settled() => Step::Settled(settled?),
            () = stop.cancelled() => Step::Stop,
            _ = commit.tick() => Step::Commit,
            Some(link) = self.bound.recv() => Step::Bound(link),
            event = event => Step::Event(event),
            () = tokio::time::sleep(ROOM), if !room => Step::Fill,
        })
    }

    async fn take(&mut self, step: Step) -> Result<(), TaskError> {
        match step {
            Step::Settled(answers) => self.answer(answers).await?,
            Step::Commit => {
                self.commit_due().await?;
                self.end_bygone_now_and_then().await?;
            }
            Step::Bound(link) => self.wake(&link),
            Step::Event(event) => self.event(event).await?,
            Step::Stop | Step::Fill => {}
        }
        // All at once: outcomes come first in the choice of the next step, and each of them may bind a link.
        while let Ok(link) = self.bound.try_recv() {
            self.wake(&link);
        }
        self.resume().await?;
        self.fill();
        self.mark().await;
        Ok(())
    }

    /// Waits for calls in flight, then commits.
    async fn leave(&mut self) -> Result<(), TaskError> {
        let partitions: Vec<_> =
            self.ledger.committable().into_iter().map(|(partition, _)| partition).collect();
        let deadline = Instant::now() + DRAIN;
        let course = self.course;
        let work = async {
            let answers = self.parts.sink.drain(&partitions, deadline).await?;
            if course == Course::Whole {
                self.answer(answers).await?;
            }
            self.commit_now().await?;
            Ok(())
        };
        match tokio::time::timeout_at(deadline + COMMIT, work).await {
            Ok(done) => done,
            Err(_) => {
                tracing::warn!(
                    pipeline = %self.parts.task.pipeline,
                    "Calls or acknowledgements were still open at the end; their records are delivered again at the next start."
                );
                Ok(())
            }
        }
    }
}

async fn grace_after(stop: &CancellationToken) {
    stop.cancelled().await;
    tokio::time::sleep(GRACE).await;
}
