//! Blocking questions about topics and offsets, for threads that may block.

use std::collections::BTreeMap;
use std::time::Duration;

use orgstream_api::TopicPartition;
use rdkafka::client::Client;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::{ClientContext, Offset, TopicPartitionList};

use super::config::{Isolation, KafkaConfig};
use super::context::Reports;
use super::error::Error;

/// How long one question may take.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Which offset of a partition is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ask {
    /// The first that is still there.
    First,
    /// The one after the last: the high watermark, or the last stable offset for `read_committed`.
    End,
    /// The first whose record time is at or after this, in milliseconds since the epoch.
    At(i64),
}

/// A client that only asks. Every call blocks.
pub(super) struct Query {
    client: BaseConsumer<Reports>,
    brokers: String,
}

impl Query {
    /// A client that sees what readers of this isolation see.
    pub(super) fn open(config: &KafkaConfig, isolation: Isolation) -> Result<Self, Error> {
        let client = config
            .query_config(isolation)
            .create_with_context(Reports::default())
            .map_err(|error| Error::refused_config(&config.bootstrap_servers, &error))?;
        Ok(Self { client, brokers: config.bootstrap_servers.clone() })
    }

    /// Whether a broker answers within `timeout`.
    pub(super) fn answers(&self, timeout: Duration) -> bool {
        self.serve();
        let answers = self.client.client().fetch_cluster_id(timeout).is_some();
        self.serve();
        answers
    }

    /// Serves the log, the errors and the wish for a new token, which librdkafka queues until somebody polls.
    pub(super) fn serve(&self) {
        serve(&self.client);
    }

    /// librdkafka's own client, for other questions.
    pub(super) fn client(&self) -> &Client<Reports> {
        self.serve();
        self.client.client()
    }

    /// librdkafka's last words about the brokers.
    pub(super) fn last_report(&self) -> Option<String> {
        self.client.context().last()
    }

    /// Why the brokers turn this client away, if trying again would not help.
    pub(super) fn refused(&self) -> Option<String> {
        self.client.context().refused()
    }

    /// How many partitions `topic` has; `None` when there is no such topic.
    pub(super) fn partitions(&self, topic: &str) -> Result<Option<i32>, Error> {
        count_partitions(self.client(), &self.brokers, topic)
    }

    /// The offsets asked for, of all partitions of `topics`, which exist.
    pub(super) fn offsets(
        &self,
        topics: &[String],
        ask: Ask,
    ) -> Result<BTreeMap<TopicPartition, i64>, Error> {
        let mut places = Vec::new();
        for topic in topics {
            let partitions =
                self.partitions(topic)?.ok_or_else(|| Error::topic_gone(&self.brokers, topic))?;
            places
                .extend((0..partitions).map(|partition| TopicPartition { topic: topic.clone(), partition }));
        }
        self.offsets_of(&places, ask)
    }

    /// The offsets asked for, of these partitions.
    pub(super) fn offsets_of(
        &self,
        places: &[TopicPartition],
        ask: Ask,
    ) -> Result<BTreeMap<TopicPartition, i64>, Error> {
        let mut found = self.list(places, ask)?;
        // Kafka has no answer where no record is that young: then it is the end.
        let open: Vec<TopicPartition> =
            found.iter().filter(|(_, offset)| **offset < 0).map(|(place, _)| place.clone()).collect();
        if !open.is_empty() {
            found.extend(self.list(&open, Ask::End)?);
        }
        Ok(found)
    }

    fn list(&self, places: &[TopicPartition], ask: Ask) -> Result<BTreeMap<TopicPartition, i64>, Error> {
        self.serve();
        list_offsets(&self.client, &self.brokers, places, ask)
    }
}

/// As [`Query::serve`], for any client that is not polled for records.
pub(super) fn serve(client: &BaseConsumer<Reports>) {
    while client.poll(Duration::ZERO).is_some() {}
}

/// How many partitions `topic` has, asked through any client; `None` when there is no such topic.
pub(super) fn count_partitions<C: ClientContext>(
    client: &Client<C>,
    brokers: &str,
    topic: &str,
) -> Result<Option<i32>, Error> {
    let failed = |source| Error::failed(brokers, format!("asking for topic {topic}"), source);
    let metadata = client.fetch_metadata(Some(topic), TIMEOUT).map_err(failed)?;
    let Some(found) = metadata.topics().iter().find(|found| found.name() == topic) else {
        return Ok(None);
    };
    match found.error().map(RDKafkaErrorCode::from) {
        None => Ok(i32::try_from(found.partitions().len()).ok()),
        Some(RDKafkaErrorCode::UnknownTopicOrPartition) => Ok(None),
        Some(code @ (RDKafkaErrorCode::TopicAuthorizationFailed | RDKafkaErrorCode::InvalidTopic)) => {
            Err(Error::Config {
                brokers: brokers.to_owned(),
                what: format!("topic {topic} cannot be used: {code}"),
            })
        }
        Some(code) => Err(failed(KafkaError::MetadataFetch(code))),
    }
}

/// The offsets asked for, of these partitions, through any client; -1 where there is none.
pub(super) fn list_offsets<C: ConsumerContext>(
    client: &BaseConsumer<C>,
    brokers: &str,
    places: &[TopicPartition],
    ask: Ask,
) -> Result<BTreeMap<TopicPartition, i64>, Error> {
    // librdkafka refuses an empty question.
    if places.is_empty() {
        return Ok(BTreeMap::new());
    }
    let failed = |source| {
        let names: Vec<String> = places.iter().map(ToString::to_string).collect();
        let what = format!("asking for offsets of {}", names.join(", "));
        Error::failed(brokers, what, source)
    };
    // The request carries a time. The first and the last offset have times of their own, -2 and -1, which
    // librdkafka writes like these two places.
    let time = match ask {
        Ask::First => Offset::Beginning,
        Ask::End => Offset::End,
        Ask::At(timestamp) => Offset::Offset(timestamp.max(0)),
    };
    let mut list = TopicPartitionList::with_capacity(places.len());
    for place in places {
        list.add_partition_offset(&place.topic, place.partition, time).map_err(failed)?;
    }
    let answer = client.offsets_for_times(list, TIMEOUT).map_err(failed)?;
    let mut offsets = BTreeMap::new();
    for element in answer.elements() {
        element.error().map_err(failed)?;
        let place = TopicPartition { topic: element.topic().to_owned(), partition: element.partition() };
        let offset = match element.offset() {
            Offset::Offset(offset) => offset,
            _ => -1,
        };
        offsets.insert(place, offset);
    }
    Ok(offsets)
}
