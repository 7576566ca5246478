//! One incarnation of a source worker: its producers, and one transaction after the other through them.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use orgstream_api::{AtEnd, Headers, Source, SourcePosition, TaskError};
use tokio::time::{MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;

use super::intake::Intake;
use super::transaction::Transaction;
use super::{Beginning, SourceWorker};
use crate::clock;
use crate::kafka::{Outgoing, Place, ProduceError, Turns, topics};
use crate::worker::positions::{self, Claim, StoredPosition};

/// How often the source is asked whether it is at its end.
const ASK: Duration = Duration::from_millis(500);

/// One incarnation of a worker: its producers, and the positions they have committed.
pub(super) struct Lane {
    producers: Turns,
    positions: Vec<SourcePosition>,
    /// Tombstones of the places in another org. They go with the first batch, so that a source that never gets so far
    /// leaves everything as it was.
    forgotten: Vec<Outgoing>,
}

impl Lane {
    /// Takes the task: fences older producers, then reads what they committed, then says who runs it now.
    pub(super) async fn open(worker: &SourceWorker) -> Result<Self, TaskError> {
        // What an earlier incarnation found says nothing of this one.
        worker.view.at_end.send_replace(AtEnd::No);
        let id = worker.task.transactional_id();
        let mut producers = Turns::open(&worker.kafka, &id, worker.health.clone()).await?;
        let stored = worker.stored().await?;
        worker.may_take(&stored)?;
        let claim = Claim { node: worker.node.clone(), since: clock::now_ms() };
        let entry = outgoing_entry(positions::claim_entry(&worker.task, &claim));
        commit(&mut producers, Arc::from([entry]), worker).await?;
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
        Ok(Self { producers, positions, forgotten })
    }

    pub(super) fn beginning(&self, worker: &SourceWorker) -> Beginning {
        Beginning { positions: self.positions.clone(), anew: worker.anew.load(Ordering::Relaxed) }
    }

    /// One transaction after the other, until `stop`.
    pub(super) async fn pump(
        &mut self,
        worker: &SourceWorker,
        source: &mut dyn Source,
        stop: &CancellationToken,
    ) -> Result<(), TaskError> {
        let mut ask = interval(ASK);
        ask.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut intake = Intake::new(worker, source);
        loop {
            if let Some(transaction) = intake.next_transaction()? {
                self.write(worker, transaction, &mut intake, stop).await?;
                if stop.is_cancelled() {
                    return Ok(());
                }
                continue;
            }
            // Everything that was taken in is committed, but what is being encoded.
            tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(()),
                () = intake.take_in() => {}
                _ = ask.tick(), if worker.quiet.is_some() => {
                    if intake.is_empty() {
                        ask_end(worker, &mut intake, stop).await?;
                    }
                }
            }
        }
    }

    /// Commits one transaction, and takes in what goes into the next one meanwhile. A stop in between leaves it to Kafka
    /// what became of it; the positions tell the next start.
    async fn write(
        &mut self,
        worker: &SourceWorker,
        transaction: Transaction,
        intake: &mut Intake<'_>,
        stop: &CancellationToken,
    ) -> Result<(), TaskError> {
        let Transaction { outgoing, records, rejected, bytes, positions, received, batches } = transaction;
        if !outgoing.is_empty() {
            // What the transaction says of a position comes after what is forgotten.
            let outgoing = self.forgotten.iter().cloned().chain(outgoing).collect();
            // D8: one transaction holds the records and the positions that stand for them.
            let commit = commit(&mut self.producers, outgoing, worker);
            if !taking_in(intake, commit, stop).await? {
                return Ok(());
            }
            self.forgotten.clear();
            worker.anew.store(false, Ordering::Relaxed);
            worker.view.records.add(records - rejected);
            worker.view.rejected.add(rejected);
            worker.view.bytes.fetch_add(bytes, Ordering::Relaxed);
            for (received, records) in &received {
                worker.view.latency.add(received.elapsed(), *records as usize);
            }
            self.remember(positions);
            worker.view.positions.send_replace(self.positions.clone());
        }
        intake.committed(batches);
        Ok(())
    }

    /// Ends the producers.
    pub(super) async fn close(self) {
        self.producers.close().await;
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

/// Waits for a commit, and takes in what goes into the next transaction meanwhile; false when it was stopped.
async fn taking_in(
    intake: &mut Intake<'_>,
    commit: impl Future<Output = Result<(), TaskError>>,
    stop: &CancellationToken,
) -> Result<bool, TaskError> {
    let mut commit = pin!(commit);
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => return Ok(false),
            done = &mut commit => return done.map(|()| true),
            () = intake.take_in(), if intake.has_room() => {}
        }
    }
}

async fn ask_end(
    worker: &SourceWorker,
    intake: &mut Intake<'_>,
    stop: &CancellationToken,
) -> Result<(), TaskError> {
    let answer = tokio::select! {
        answer = intake.at_end() => answer?,
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

/// A transaction was aborted as often as the file allows. Nothing of it is in Kafka, and the next start begins with it.
#[derive(Debug, thiserror::Error)]
#[error(
    "a transaction was aborted and tried again {retried} time(s), which is all that `kafka.producer.retries` allows; nothing is \
     lost, and the next start goes on with it"
)]
struct GivenUp {
    retried: u32,
    #[source]
    error: ProduceError,
}

/// Commits `batch`, again and again while it can be tried again.
async fn commit(
    producers: &mut Turns,
    batch: Arc<[Outgoing]>,
    worker: &SourceWorker,
) -> Result<(), TaskError> {
    let mut retried = 0_u32;
    loop {
        match producers.commit(Arc::clone(&batch)).await {
            Ok(()) => {
                if retried > 0 {
                    worker.health.running();
                }
                return Ok(());
            }
            Err(error @ ProduceError::Again { .. })
                if worker.again.times.is_some_and(|times| retried >= times) =>
            {
                return Err(TaskError::failed(GivenUp { retried, error }));
            }
            Err(error @ ProduceError::Again { .. }) => {
                worker.health.degraded(format!("a transaction was aborted and is tried again: {error}"));
                sleep(worker.again.pause).await;
            }
            Err(error @ ProduceError::Fatal { .. }) => return Err(worker.explain(error).await),
            Err(error @ (ProduceError::Refused { .. } | ProduceError::TopicGone(_))) => {
                return Err(TaskError::failed(error));
            }
        }
        retried = retried.saturating_add(1);
    }
}

/// An entry of the positions topic, ready to be sent.
pub(in crate::worker) fn outgoing_entry((key, value): positions::EntryBytes) -> Outgoing {
    Outgoing {
        topic: topics::POSITIONS.to_owned(),
        place: Place::Partition(0),
        key: Some(key),
        value,
        headers: Headers::default(),
        timestamp: None,
    }
}
