//! Moves one source into Kafka: poll, encode, commit records and positions together (D8).
//!
//! The life of a worker: take over the transactional id, read the positions, claim the task, start the source
//! at them; then one transaction after the other, while the source is polled for what goes into the next one. An aborted
//! transaction is tried again as it was. A producer that can do no more ends the worker: either another node took the task, or the worker is started
//! again and reads the positions anew, because what became of the last batch is known only to Kafka.
//!
//! A process takes a task from another node once, when it starts. If it finds the task in other hands later, it was
//! started there meanwhile, and taking it back would have two nodes take it from each other for ever.

mod intake;
mod lane;
mod transaction;

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use orgstream_api::{AtEnd, HealthReporter, Latency, Source, SourcePosition, TaskError};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::meter::Meter;
use super::positions::{self, Claim, SourceTask, Stored};
use super::record_topics::RecordTopics;
use crate::codec::Codec;
use crate::kafka::{KafkaConfig, ProduceError, read_compacted, topics};
use crate::shaping::Shaping;
use lane::Lane;

pub(super) use lane::outgoing_entry;

/// Where a source is to begin.
#[derive(Debug, Clone, PartialEq)]
pub struct Beginning {
    /// What is stored.
    pub positions: Vec<SourcePosition>,
    /// Whether everything is to be read anew; the source's first batch then puts that on record.
    pub anew: bool,
}

/// Starts a source.
pub type StartSource = Box<
    dyn Fn(Beginning) -> Pin<Box<dyn Future<Output = Result<Box<dyn Source>, TaskError>> + Send>>
        + Send
        + Sync,
>;

/// What is done when a transaction is aborted: the same batch is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Again {
    /// How often before the task fails; `None`: without a limit.
    pub times: Option<u32>,
    /// The pause before it.
    pub pause: Duration,
}

impl Default for Again {
    fn default() -> Self {
        Self { times: None, pause: Duration::from_millis(500) }
    }
}

/// What others may see of a source worker.
#[derive(Debug)]
pub struct SourceView {
    /// Records committed to Kafka.
    pub records: Meter,
    /// Records that the file's rules refused, committed to the dead letters.
    pub rejected: Meter,
    /// Bytes of them, keys and headers included, before Kafka packs them.
    pub bytes: AtomicU64,
    /// From the moment an answer of the org had brought a change to the commit of its record. Rows that the source asks
    /// for by itself are not measured.
    pub latency: Latency,
    /// Whether everything that happened in the org is in Kafka; never `Unseen`, which fails the task.
    pub at_end: watch::Sender<AtEnd>,
    /// The newest committed positions.
    pub positions: watch::Sender<Vec<SourcePosition>>,
}

impl Default for SourceView {
    fn default() -> Self {
        Self {
            records: Meter::default(),
            rejected: Meter::default(),
            bytes: AtomicU64::new(0),
            latency: Latency::default(),
            at_end: watch::Sender::new(AtEnd::No),
            positions: watch::Sender::new(Vec::new()),
        }
    }
}

/// What a source worker needs.
pub struct SourceWorker {
    /// The task.
    pub task: SourceTask,
    /// This node's id.
    pub node: String,
    /// The 18-character id of the org that is read.
    pub org: String,
    /// Whether this process has claimed the task before.
    pub claimed: Arc<AtomicBool>,
    /// Whether everything is to be read anew, and that is not on record yet.
    pub anew: Arc<AtomicBool>,
    /// The brokers.
    pub kafka: KafkaConfig,
    /// What is done when a transaction is aborted.
    pub again: Again,
    /// How records become bytes.
    pub codec: Codec,
    /// What records are on their topics.
    pub shaping: Arc<Shaping>,
    /// The topics that records go to.
    pub topics: RecordTopics,
    /// Starts the source.
    pub start: StartSource,
    /// For how long nothing may happen before the source counts as at its end; `None`: it is never asked.
    pub quiet: Option<Duration>,
    /// What others see.
    pub view: Arc<SourceView>,
    /// The task's health.
    pub health: HealthReporter,
}

impl SourceWorker {
    /// Runs until `stop` or until the task cannot go on.
    pub async fn run(&self, stop: &CancellationToken) -> Result<(), TaskError> {
        let mut lane = tokio::select! {
            lane = Lane::open(self) => lane?,
            () = stop.cancelled() => return Ok(()),
        };
        let started = tokio::select! {
            source = (self.start)(lane.beginning(self)) => source,
            () = stop.cancelled() => return Ok(()),
        };
        let mut source = started?;
        self.health.running();
        let ended = lane.pump(self, source.as_mut(), stop).await;
        source.stop().await;
        lane.close().await;
        ended
    }

    async fn stored(&self) -> Result<Stored, TaskError> {
        let compacted = read_compacted(&self.kafka, topics::POSITIONS, None, &self.health).await?;
        let entries = compacted
            .entries
            .iter()
            .filter_map(|(key, record)| Some((&record.at, key.as_slice(), record.value.as_deref()?)));
        positions::read(&self.task, entries).map_err(TaskError::failed)
    }

    /// What a fatal producer error means: the claim that was written last tells whose task this is.
    async fn explain(&self, error: ProduceError) -> TaskError {
        match self.stored().await {
            Ok(Stored { claim: Some(claim), .. }) if claim.node != self.node => self.taken_over(&claim),
            Ok(_) => TaskError::restart(error),
            Err(unknown) => unknown,
        }
    }

    /// Whether this process may go on with what is stored.
    fn may_take(&self, stored: &Stored) -> Result<(), TaskError> {
        if let Some(claim) = stored.claim.as_ref().filter(|claim| claim.node != self.node) {
            if self.claimed.load(Ordering::Relaxed) {
                return Err(self.taken_over(claim));
            }
            tracing::warn!(pipeline = %self.task.pipeline, from = %claim.node, "This node takes a source task over.");
        }
        match stored.other_org(&self.org) {
            Some(known) if !self.anew.load(Ordering::Relaxed) => {
                Err(TaskError::config(self.other_org(known)))
            }
            _ => Ok(()),
        }
    }

    fn taken_over(&self, claim: &Claim) -> TaskError {
        TaskError::failed(format!(
            "node {} runs source task {} of pipeline {} since it took it over from this node ({}); stop one of the \
             two processes, or give them different pipelines",
            claim.node, self.task.number, self.task.pipeline, self.node
        ))
    }

    fn other_org(&self, known: &str) -> String {
        format!(
            "pipeline {0} has read org {known} so far, as {1} says, but its source is org {2} now, where those places \
             mean nothing; restore the url and credentials of {known}, or give the pipeline another name, under which \
             it begins anew, or run once with `--snapshot {0}`, which forgets those places and reads everything of {2}; \
             what came from {known} stays in the target",
            self.task.pipeline,
            topics::POSITIONS,
            self.org
        )
    }
}
