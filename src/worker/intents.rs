//! Notes of inserts, kept in `<pipeline>.intents` (D6).
//!
//! An entry lies in the partition number of its record, so whoever owns the input partition has the notes of whoever owned it
//! before. It ends when the record's offset is committed; that of a record which was made stays for a while longer, so that
//! a look for the record of another insert does not take it for that one.
//!
//! Who lost a partition may still write notes of it, and nothing else: it makes no call, and the next owner takes a note
//! for what it is, an insert that may have been made.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard};

use async_trait::async_trait;
use orgstream_api::{
    Census, HealthReporter, InputOffset, Insert, Intent, Intents, Made, StoreError, TaskError, TopicPartition,
};
use tokio::time::{Duration, Instant};

use crate::kafka::{KafkaConfig, Outgoing, Producer, read_compacted, topics};

mod book;
mod entry;

use book::{Book, Ending};
use entry::{Entry, tombstone};

/// How often entries are ended that are over.
const SWEEP: Duration = Duration::from_secs(10);

/// The notes of a pipeline's inserts.
pub struct IntentStore {
    kafka: KafkaConfig,
    pipeline: String,
    producer: Producer,
    health: HealthReporter,
    book: Mutex<Book>,
    swept: Mutex<Instant>,
}

impl IntentStore {
    /// The notes of a task that has no partitions yet.
    pub fn new(kafka: KafkaConfig, pipeline: String, producer: Producer, health: HealthReporter) -> Self {
        let (book, swept) = (Mutex::default(), Mutex::new(Instant::now()));
        Self { kafka, pipeline, producer, health, book, swept }
    }

    /// Reads what is known of the inserts of partitions that were assigned, each with the offset it goes on at.
    pub async fn assigned(&self, starts: &[InputOffset]) -> Result<(), TaskError> {
        let numbers: BTreeSet<i32> = starts.iter().map(|start| start.partition.partition).collect();
        for start in starts {
            self.book().assign(start);
        }
        for number in numbers {
            let topic = topics::intents(&self.pipeline);
            let read = read_compacted(&self.kafka, &topic, Some(number), &self.health).await?;
            for record in read.entries.into_values() {
                let entry = Entry::read(&record).map_err(TaskError::failed)?;
                if starts.iter().any(|start| start.partition == *entry.partition()) {
                    self.book().add(entry);
                }
            }
        }
        Ok(())
    }

    /// Forgets partitions; their next owner reads the topic.
    pub fn revoke(&self, partitions: &[TopicPartition]) {
        for partition in partitions {
            self.book().revoke(partition);
        }
    }

    /// A record is parked: what is known of its insert lasts until it is parked no more.
    pub fn park(&self, at: &InputOffset) {
        self.book().park(at);
    }

    /// A record is parked no more.
    pub fn unpark(&self, at: &InputOffset) {
        self.book().unpark(at);
    }

    /// What has to be stored before the ticket of a record settles.
    pub fn outcome(&self, at: &InputOffset) -> Option<Outgoing> {
        let ending = self.book().outcome(at)?;
        Some(match ending {
            Ending::Made(made) => Entry::Made(made).outgoing(&self.pipeline),
            Ending::NotMade => tombstone(&self.pipeline, at),
        })
    }

    /// Offsets were committed.
    pub fn committed(&self, offsets: &[(TopicPartition, i64)]) {
        let mut book = self.book();
        for (partition, next) in offsets {
            book.committed(partition, *next);
        }
    }

    /// Ends what is over, from time to time. A crash before that leaves entries that are ended later.
    pub async fn sweep(&self) -> Result<(), TaskError> {
        {
            let mut swept = self.swept.lock().expect("no holder of this lock panics");
            if swept.elapsed() < SWEEP {
                return Ok(());
            }
            *swept = Instant::now();
        }
        let over = self.book().sweep();
        // That something is forgotten is known before it is.
        let mut ends: Vec<Outgoing> =
            over.forgotten.into_iter().map(|entry| entry.outgoing(&self.pipeline)).collect();
        ends.extend(over.ended.iter().map(|at| tombstone(&self.pipeline, at)));
        if !ends.is_empty() {
            self.producer.send(ends).await?;
        }
        Ok(())
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().expect("no holder of this lock panics")
    }
}

#[async_trait]
impl Intents for IntentStore {
    async fn note(&self, intents: Vec<Intent>) -> Result<(), StoreError> {
        let mut notes = Vec::with_capacity(intents.len());
        for intent in intents {
            if self.book().put(&intent.at, Insert::Unanswered(intent.clone())) {
                notes.push(Entry::Unanswered(intent).outgoing(&self.pipeline));
            }
        }
        let failed = |error| StoreError {
            what: "cannot store what is about to be inserted".to_owned(),
            source: Some(Box::new(error)),
        };
        self.producer.send(notes).await.map(drop).map_err(failed)
    }

    fn known(&self, at: &InputOffset) -> Option<Insert> {
        self.book().known(at)
    }

    fn not_made(&self, at: &InputOffset) {
        self.book().not_made(at);
    }

    fn made(&self, made: Made) {
        self.book().put(&made.at.clone(), Insert::Made(made));
    }

    async fn census(&self) -> Result<Census, StoreError> {
        let topic = topics::intents(&self.pipeline);
        let read = read_compacted(&self.kafka, &topic, None, &self.health)
            .await
            .map_err(|error| unread(Box::new(error)))?;
        let book = self.book();
        let mut census = Census::default();
        book.count(&mut census);
        for record in read.entries.values() {
            let entry = Entry::read(record).map_err(|error| unread(error.into()))?;
            // Of its own partitions the book knows more.
            if book.owns(entry.partition()) {
                continue;
            }
            match entry {
                Entry::Unanswered(intent) => census.unanswered.push(intent),
                Entry::Made(made) => {
                    census.made.insert(made.target);
                }
                Entry::Forgotten(forgotten) => {
                    census.complete_since = census.complete_since.max(forgotten.until);
                }
            }
        }
        Ok(census)
    }
}

fn unread(source: Box<dyn std::error::Error + Send + Sync>) -> StoreError {
    StoreError { what: "cannot read what was inserted".to_owned(), source: Some(source) }
}
