//! Reads one topic outside any group, on a thread that may block.
//!
//! One topic at a time, because librdkafka reports the end of a partition by its number alone.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use orgstream_api::TopicPartition;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::{Offset, TopicPartitionList};
use tokio::time::Instant;

use super::config::{Isolation, KafkaConfig};
use super::context::Reports;
use super::error::{Error, GONE, tells_of_missing_topic};
use super::query::{self, Ask, Query};
use super::record::Consumed;
use super::waiting;

/// How long one poll waits for a record, and so how late a cancellation may be heard.
const TICK: Duration = Duration::from_millis(100);
/// How long to wait before asking again.
const PAUSE: Duration = Duration::from_millis(100);

/// Says whether a thread should stop; the other half cancels it when it is dropped.
#[derive(Debug, Clone)]
pub(super) struct Cancelled(Arc<AtomicBool>);

/// Cancels a thread when it is dropped.
#[derive(Debug)]
pub(super) struct CancelOnDrop(Arc<AtomicBool>);

/// The two ends of a cancellation.
pub(super) fn cancellation() -> (CancelOnDrop, Cancelled) {
    let flag = Arc::new(AtomicBool::new(false));
    (CancelOnDrop(Arc::clone(&flag)), Cancelled(flag))
}

impl Cancelled {
    fn check(&self, topic: &str) -> Result<(), Error> {
        if self.0.load(Ordering::Relaxed) {
            return Err(Error::Closed { what: format!("topic {topic}") });
        }
        Ok(())
    }

    /// Asks until brokers answer.
    fn insist<T>(&self, topic: &str, mut ask: impl FnMut() -> Result<T, Error>) -> Result<T, Error> {
        loop {
            self.check(topic)?;
            match ask() {
                Err(error @ Error::Failed { .. }) => tracing::debug!(%error, "asking again"),
                answer => return answer,
            }
            waiting::block(PAUSE);
        }
    }

    /// Asks for a topic's partitions until brokers answer. One that stays away is gone.
    fn insist_on(
        &self,
        brokers: &str,
        topic: &str,
        mut ask: impl FnMut() -> Result<Option<i32>, Error>,
    ) -> Result<i32, Error> {
        let since = Instant::now();
        loop {
            match self.insist(topic, &mut ask)? {
                Some(partitions) => return Ok(partitions),
                None if since.elapsed() >= GONE => return Err(Error::topic_gone(brokers, topic)),
                None => waiting::block(PAUSE),
            }
        }
    }
}

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// What one poll brought.
#[derive(Debug)]
pub(super) enum Read {
    /// A record.
    Record(Consumed),
    /// All of this partition was returned, up to the last stable offset.
    End(i32),
    /// Nothing in time.
    Nothing,
}

/// A `read_committed` reader of one topic.
pub(super) struct Reader {
    consumer: BaseConsumer<Reports>,
    brokers: String,
    topic: String,
    cancelled: Cancelled,
}

impl Reader {
    /// A reader that reads nothing yet.
    pub(super) fn open(config: &KafkaConfig, topic: &str, cancelled: Cancelled) -> Result<Self, Error> {
        let consumer = config
            .reader_config()
            .create_with_context(Reports::default())
            .map_err(|error| Error::refused_config(&config.bootstrap_servers, &error))?;
        // Questions come before the first poll for records, and may need a token.
        query::serve(&consumer);
        Ok(Self { consumer, brokers: config.bootstrap_servers.clone(), topic: topic.to_owned(), cancelled })
    }

    /// Offsets of these partitions as this reader sees them. Asks until brokers answer. Only before [`Self::start`]: to ask for a token
    /// anew, the reader is polled.
    pub(super) fn offsets(
        &self,
        partitions: impl IntoIterator<Item = i32>,
        ask: Ask,
    ) -> Result<BTreeMap<i32, i64>, Error> {
        let places = places(&self.topic, partitions);
        let found = self.cancelled.insist(&self.topic, || {
            query::serve(&self.consumer);
            query::list_offsets(&self.consumer, &self.brokers, &places, ask)
        })?;
        Ok(numbers(found))
    }

    /// Whether brokers answer for these partitions now.
    pub(super) fn answers(&self, partitions: impl IntoIterator<Item = i32>) -> bool {
        let places = places(&self.topic, partitions);
        query::list_offsets(&self.consumer, &self.brokers, &places, Ask::End).is_ok()
    }

    /// Reads these partitions from these offsets.
    pub(super) fn start(&self, starts: &BTreeMap<i32, i64>) -> Result<(), Error> {
        let failed = |source| self.failed(source);
        let mut list = TopicPartitionList::with_capacity(starts.len());
        for (partition, offset) in starts {
            list.add_partition_offset(&self.topic, *partition, Offset::Offset(*offset)).map_err(failed)?;
        }
        self.consumer.assign(&list).map_err(failed)
    }

    /// What comes next. Trouble that may pass is waited out.
    pub(super) fn next(&self) -> Result<Read, Error> {
        self.cancelled.check(&self.topic)?;
        match self.consumer.poll(TICK) {
            None => Ok(Read::Nothing),
            Some(Ok(message)) => Ok(Read::Record(Consumed::copy(&message))),
            Some(Err(KafkaError::PartitionEOF(partition))) => Ok(Read::End(partition)),
            Some(Err(error)) => match error.rdkafka_error_code() {
                Some(RDKafkaErrorCode::TopicAuthorizationFailed) => Err(Error::Config {
                    brokers: self.brokers.clone(),
                    what: format!("topic {} cannot be read: {error}", self.topic),
                }),
                // A broker that just came back may not know the topic yet.
                code if tells_of_missing_topic(code) => {
                    self.cancelled.insist_on(&self.brokers, &self.topic, || {
                        query::count_partitions(self.consumer.client(), &self.brokers, &self.topic)
                    })?;
                    Err(self.failed(error))
                }
                _ => Err(self.failed(error)),
            },
        }
    }

    /// The offsets after what was returned, commit markers included; partitions of which nothing came are left out.
    pub(super) fn positions(&self) -> BTreeMap<i32, i64> {
        let Ok(positions) = self.consumer.position() else { return BTreeMap::new() };
        let position =
            |element: &rdkafka::topic_partition_list::TopicPartitionListElem<'_>| match element.offset() {
                Offset::Offset(offset) => Some((element.partition(), offset)),
                _ => None,
            };
        positions.elements().iter().filter_map(position).collect()
    }

    fn failed(&self, source: KafkaError) -> Error {
        Error::failed(&self.brokers, format!("reading topic {}", self.topic), source)
    }
}

/// Which part of a topic is read.
#[derive(Debug, Clone)]
pub(super) enum Range {
    /// One partition from its start, or all.
    All(Option<i32>),
    /// All partitions, from the first record at or after this time, in milliseconds since the epoch.
    Since(i64),
    /// All partitions, from these offsets; those without one from their start.
    From(BTreeMap<i32, i64>),
}

/// Reads `range` of `topic` to the high watermarks that it has now, and returns these.
///
/// The watermarks are those of a `read_uncommitted` client, so that a record of a transaction that is just being
/// committed is not missed. Where an open transaction holds readers back, its end is waited for.
pub(super) fn read_to_end(
    config: &KafkaConfig,
    topic: &str,
    range: Range,
    cancelled: &Cancelled,
    mut each: impl FnMut(Consumed),
) -> Result<BTreeMap<i32, i64>, Error> {
    let query = Query::open(config, Isolation::ReadUncommitted)?;
    let count = cancelled.insist_on(&config.bootstrap_servers, topic, || query.partitions(topic))?;
    let partitions: Vec<i32> = match range {
        Range::All(Some(partition)) => vec![partition],
        Range::All(None) | Range::Since(_) | Range::From(_) => (0..count).collect(),
    };
    let list = places(topic, partitions.iter().copied());
    let ask = |ask| cancelled.insist(topic, || query.offsets_of(&list, ask)).map(numbers);
    let ends = ask(Ask::End)?;
    let starts = match range {
        Range::All(_) => ask(Ask::First)?,
        Range::Since(time) => ask(Ask::At(time))?,
        Range::From(offsets) => {
            let mut starts = ask(Ask::First)?;
            starts.extend(offsets);
            starts
        }
    };
    drop(query);

    let reader = Reader::open(config, topic, cancelled.clone())?;
    // Only behind this may the end of a partition be taken for its high watermark.
    loop {
        let stable = reader.offsets(partitions.iter().copied(), Ask::End)?;
        if ends.iter().all(|(partition, end)| stable.get(partition).is_some_and(|stable| stable >= end)) {
            break;
        }
        waiting::block(PAUSE);
    }
    let starts: BTreeMap<i32, i64> = starts
        .into_iter()
        .filter(|(partition, start)| ends.get(partition).is_some_and(|end| start < end))
        .collect();
    let mut open: BTreeSet<i32> = starts.keys().copied().collect();
    if !open.is_empty() {
        reader.start(&starts)?;
    }
    while !open.is_empty() {
        match reader.next() {
            Ok(Read::Record(record)) => {
                let partition = record.at.partition.partition;
                let end = ends.get(&partition).copied().unwrap_or(i64::MAX);
                if record.at.offset + 1 >= end {
                    open.remove(&partition);
                }
                if record.at.offset < end {
                    each(record);
                }
            }
            Ok(Read::End(partition)) => {
                open.remove(&partition);
            }
            Ok(Read::Nothing) => {}
            Err(error @ Error::Failed { .. }) => tracing::debug!(%error, "reading on"),
            Err(error) => return Err(error),
        }
    }
    Ok(ends)
}

fn places(topic: &str, partitions: impl IntoIterator<Item = i32>) -> Vec<TopicPartition> {
    let place = |partition| TopicPartition { topic: topic.to_owned(), partition };
    partitions.into_iter().map(place).collect()
}

fn numbers(offsets: BTreeMap<TopicPartition, i64>) -> BTreeMap<i32, i64> {
    offsets.into_iter().map(|(place, offset)| (place.partition, offset)).collect()
}
