//! From a source to bytes: batches are polled and encoded while the transaction before them is committed.

use std::pin::Pin;

use orgstream_api::{AtEnd, Source, SourceBatch, TaskError};

use super::transaction::{Transaction, Waiting};
use super::{SourceWorker, outgoing_entry};
use crate::kafka::{Outgoing, Place};
use crate::shaping::{Half, Shaped};
use crate::worker::dead_letters::{refused_letter, unread_letter};
use crate::worker::positions;

/// A batch on its way to being bytes, which may take as long as the registry is away.
type Encoding<'a> = Pin<Box<dyn Future<Output = Result<Transaction, TaskError>> + Send + 'a>>;

/// A source, and what it has handed out that is in no transaction yet.
pub(super) struct Intake<'a> {
    worker: &'a SourceWorker,
    source: &'a mut dyn Source,
    encoding: Option<Encoding<'a>>,
    waiting: Waiting,
    /// Why nothing more comes.
    ended: Option<TaskError>,
}

impl<'a> Intake<'a> {
    pub(super) fn new(worker: &'a SourceWorker, source: &'a mut dyn Source) -> Self {
        Self { worker, source, encoding: None, waiting: Waiting::default(), ended: None }
    }

    /// Whether one more batch is to be taken in.
    pub(super) fn has_room(&self) -> bool {
        self.ended.is_none() && self.waiting.has_room()
    }

    /// Whether everything that was handed out is committed, or being committed.
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.encoding.is_none()
    }

    /// Takes in one more batch. Cancel-safe: what was polled is kept.
    pub(super) async fn take_in(&mut self) {
        match self.next().await {
            Ok(batch) => self.waiting.push(batch),
            // What was handed out before is committed first.
            Err(error) => self.ended = Some(error),
        }
    }

    /// The next transaction, when there is something for it; an error when there is not, and nothing more comes.
    pub(super) fn next_transaction(&mut self) -> Result<Option<Transaction>, TaskError> {
        match self.waiting.next() {
            None => self.ended.take().map_or(Ok(None), Err),
            transaction => Ok(transaction),
        }
    }

    /// So many batches are in Kafka.
    pub(super) fn committed(&mut self, batches: usize) {
        for _ in 0..batches {
            self.source.committed();
        }
    }

    /// Whether the source is at its end; to be asked only while nothing of it waits.
    pub(super) async fn at_end(&mut self) -> Result<AtEnd, TaskError> {
        self.source.at_end(self.worker.quiet.unwrap_or_default()).await
    }

    async fn next(&mut self) -> Result<Transaction, TaskError> {
        loop {
            if let Some(encoding) = &mut self.encoding {
                let encoded = encoding.await;
                self.encoding = None;
                return encoded;
            }
            let batch = self.source.poll().await?;
            if !batch.records.is_empty() {
                self.worker.view.at_end.send_replace(AtEnd::No);
            }
            self.encoding = Some(Box::pin(encode(self.worker, batch)));
        }
    }
}

/// The transaction of one batch.
async fn encode(worker: &SourceWorker, batch: SourceBatch) -> Result<Transaction, TaskError> {
    // Before the transaction, which must not stay open while topics are made.
    worker.topics.ensure(&batch).await?;
    let SourceBatch { records, unreadable, positions, received } = batch;
    let mut outgoing = Vec::with_capacity(records.len() + unreadable.len() + positions.len());
    let (count, mut rejected, mut size) = (records.len(), 0, 0);
    for source in records {
        outgoing.push(match worker.shaping.shape(source) {
            Ok(shaped) => {
                let record = bytes(worker, shaped).await?;
                size += record.size() as u64;
                record
            }
            Err(refused) => {
                rejected += 1;
                refused_letter(&worker.task.pipeline, worker.task.number, &refused)
            }
        });
    }
    let letter = |message| unread_letter(&worker.task.pipeline, worker.task.number, message);
    outgoing.extend(unreadable.iter().map(letter));
    let entry = |position| positions::position_entry(&worker.task, &worker.org, position);
    outgoing.extend(positions.iter().map(entry).map(outgoing_entry));
    Ok(Transaction { outgoing, records: count, rejected, bytes: size, positions, received, batches: 1 })
}

/// The record as bytes. Schemas are registered of the halves that are its own.
async fn bytes(worker: &SourceWorker, shaped: Shaped) -> Result<Outgoing, TaskError> {
    let Shaped { topic, place, mut record, key, value } = shaped;
    if key != Half::Own {
        record.key = None;
    }
    if value != Half::Own {
        record.value = None;
    }
    let own = worker.codec.encode(&topic, &record).await.map_err(TaskError::failed)?;
    let half = |half, own| match half {
        Half::Own => own,
        Half::Bytes(bytes) => Some(bytes),
        Half::Null => None,
    };
    Ok(Outgoing {
        topic,
        place: Place::Key(place),
        key: half(key, own.key),
        value: half(value, own.value),
        headers: record.headers,
        timestamp: Some(record.timestamp),
    })
}
