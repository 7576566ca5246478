//! Moves one source into Kafka: poll, encode, commit records and positions together (D8).
//!
//! The life of a worker: take over the transactional id, read the positions, claim the task, start the source
//! at them; then one batch after the other. An aborted transaction is tried again with the same batch. A
//! producer that can do no more ends the worker: either another node took the task, or the worker is started
//! again and reads the positions anew, because what became of the last batch is known only to Kafka.
//!
//! A process takes a task from another node once, when it starts. If it finds the task in other hands later, it was
//! started there meanwhile, and taking it back would have two nodes take it from each other for ever.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use orgstream_api::{AtEnd, HealthReporter, Source, SourceBatch, SourcePosition, TaskError};
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;

use super::dead_letters::unread_letter;
use super::latency::Latency;
use super::meter::Meter;
use super::positions::{self, Claim, SourceTask, Stored, StoredPosition};
use super::record_topics::RecordTopics;
use crate::clock;
use crate::codec::Codec;
use crate::kafka::{
    KafkaConfig, Outgoing, Place, ProduceError, TransactionalProducer, read_compacted, topics,
};

/// Pause before an aborted transaction is tried again.
const AGAIN: Duration = Duration::from_millis(500);
/// How often the source is asked whether it is at its end.
const ASK: Duration = Duration::from_millis(500);

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

/// What others may see of a source worker.
#[derive(Debug)]
pub struct SourceView {
    /// Records committed to Kafka.
    pub records: Meter,
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
    /// How records become bytes.
    pub codec: Codec,
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
        lane.producer.close().await;
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

/// One incarnation of a worker: one producer, and the positions it has committed.
struct Lane {
    producer: TransactionalProducer,
    positions: Vec<SourcePosition>,
    /// Tombstones of the places in another org. They go with the first batch, so that a source that never gets so far
    /// leaves everything as it was.
    forgotten: Vec<Outgoing>,
}

impl Lane {
    /// Takes the task: fences older producers, then reads what they committed, then says who runs it now.
    async fn open(worker: &SourceWorker) -> Result<Self, TaskError> {
        // What an earlier incarnation found says nothing of this one.
        worker.view.at_end.send_replace(AtEnd::No);
        let id = worker.task.transactional_id();
        let mut producer = TransactionalProducer::open(&worker.kafka, &id, worker.health.clone()).await?;
        let stored = worker.stored().await?;
        worker.may_take(&stored)?;
        let claim = Claim { node: worker.node.clone(), since: clock::now_ms() };
        let entry = outgoing_entry(positions::claim_entry(&worker.task, &claim));
        commit(&mut producer, Arc::from([entry]), worker).await?;
        worker.claimed.store(true, Ordering::Relaxed);
        let (ours, others): (Vec<_>, Vec<_>) =
            stored.positions.into_iter().partition(|stored| stored.org == worker.org);
        let forget = |other: StoredPosition| {
            let position = SourcePosition { offset: serde_json::Value::Null, ..other.position };
            outgoing_entry(positions::position_entry(&worker.task, &worker.org, &position))
        };
        let forgotten = others.into_iter().map(forget).collect();
        let positions: Vec<_> = ours.into_iter().map(|stored| stored.position).collect();
        worker.view.positions.send_replace(positions.clone());
        Ok(Self { producer, positions, forgotten })
    }

    fn beginning(&self, worker: &SourceWorker) -> Beginning {
        Beginning { positions: self.positions.clone(), anew: worker.anew.load(Ordering::Relaxed) }
    }

    /// One batch after the other, until `stop`.
    async fn pump(
        &mut self,
        worker: &SourceWorker,
        source: &mut dyn Source,
        stop: &CancellationToken,
    ) -> Result<(), TaskError> {
        let mut ask = interval(ASK);
        ask.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let step = tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(()),
                batch = source.poll() => Step::Batch(batch?),
                _ = ask.tick(), if worker.quiet.is_some() => Step::Ask,
            };
            match step {
                Step::Batch(batch) => {
                    if !batch.records.is_empty() {
                        worker.view.at_end.send_replace(AtEnd::No);
                    }
                    self.write(worker, batch, stop).await?;
                    if stop.is_cancelled() {
                        return Ok(());
                    }
                }
                Step::Ask => ask_end(worker, source, stop).await?,
            }
        }
    }

    /// Commits one batch. A stop in between leaves it to Kafka what became of it; the positions tell the next start.
    async fn write(
        &mut self,
        worker: &SourceWorker,
        batch: SourceBatch,
        stop: &CancellationToken,
    ) -> Result<(), TaskError> {
        if batch.records.is_empty() && batch.positions.is_empty() && batch.unreadable.is_empty() {
            return Ok(());
        }
        let records = batch.records.len();
        let work = async {
            let outgoing = encode(worker, &batch, &self.forgotten).await?;
            // D8: one transaction holds the records and the positions that stand for them.
            commit(&mut self.producer, outgoing, worker).await
        };
        tokio::select! {
            done = work => done?,
            () = stop.cancelled() => return Ok(()),
        }
        self.forgotten.clear();
        worker.anew.store(false, Ordering::Relaxed);
        worker.view.records.add(records);
        for (received, records) in &batch.received {
            worker.view.latency.add(received.elapsed(), *records as usize);
        }
        self.remember(batch.positions);
        worker.view.positions.send_replace(self.positions.clone());
        Ok(())
    }

    fn remember(&mut self, newer: Vec<SourcePosition>) {
        for position in newer {
            self.positions.retain(|known| known.partition != position.partition);
            if !position.offset.is_null() {
                self.positions.push(position);
            }
        }
    }
}

enum Step {
    Batch(SourceBatch),
    Ask,
}

async fn ask_end(
    worker: &SourceWorker,
    source: &mut dyn Source,
    stop: &CancellationToken,
) -> Result<(), TaskError> {
    let quiet = worker.quiet.unwrap_or_default();
    let answer = tokio::select! {
        answer = source.at_end(quiet) => answer?,
        () = stop.cancelled() => return Ok(()),
    };
    if let AtEnd::Unseen(records) = answer {
        return Err(TaskError::failed(format!(
            "{} changed without an event in pipeline {} and are not on its topics: {}. Bulk loads, cascade deletes \
             and updates that change no field raise none; run once with `--snapshot {1}` to read everything anew",
            records.len(),
            worker.task.pipeline,
            records.join(", ")
        )));
    }
    worker.view.at_end.send_replace(answer);
    Ok(())
}

/// The transaction of `batch`; what it says of a position comes after what is `forgotten`.
async fn encode(
    worker: &SourceWorker,
    batch: &SourceBatch,
    forgotten: &[Outgoing],
) -> Result<Arc<[Outgoing]>, TaskError> {
    // Before the transaction, which must not stay open while topics are made.
    worker.topics.ensure(batch).await?;
    let mut outgoing = Vec::with_capacity(forgotten.len() + batch.records.len() + batch.positions.len());
    outgoing.extend_from_slice(forgotten);
    for source in &batch.records {
        let encoded = worker.codec.encode(&source.topic, &source.record).await.map_err(TaskError::failed)?;
        outgoing.push(Outgoing {
            topic: source.topic.clone(),
            place: Place::Key(source.partition_key.clone()),
            key: encoded.key,
            value: encoded.value,
            headers: source.record.headers.clone(),
            timestamp: Some(source.record.timestamp),
        });
    }
    let letter = |message| unread_letter(&worker.task.pipeline, worker.task.number, message);
    outgoing.extend(batch.unreadable.iter().map(letter));
    let entry = |position| positions::position_entry(&worker.task, &worker.org, position);
    let entries = batch.positions.iter().map(entry);
    outgoing.extend(entries.map(outgoing_entry));
    Ok(outgoing.into())
}

/// Commits `batch`, again and again while it can be tried again.
async fn commit(
    producer: &mut TransactionalProducer,
    batch: Arc<[Outgoing]>,
    worker: &SourceWorker,
) -> Result<(), TaskError> {
    let mut retried = false;
    loop {
        match producer.commit(Arc::clone(&batch)).await {
            Ok(()) => {
                if retried {
                    worker.health.running();
                }
                return Ok(());
            }
            Err(error @ ProduceError::Again { .. }) => {
                worker.health.degraded(format!("a transaction was aborted and is tried again: {error}"));
                sleep(AGAIN).await;
            }
            Err(error @ ProduceError::Fatal { .. }) => return Err(worker.explain(error).await),
            Err(error @ (ProduceError::Refused { .. } | ProduceError::TopicGone(_))) => {
                return Err(TaskError::failed(error));
            }
        }
        retried = true;
    }
}

/// An entry of the positions topic, ready to be sent.
pub(super) fn outgoing_entry((key, value): positions::EntryBytes) -> Outgoing {
    Outgoing {
        topic: topics::POSITIONS.to_owned(),
        place: Place::Partition(0),
        key: Some(key),
        value,
        headers: orgstream_api::Headers::default(),
        timestamp: None,
    }
}
