//! A broker and what the checks do with it, through librdkafka.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Headers as _, Message as _, OwnedHeaders};
use rdkafka::producer::{FutureProducer, FutureRecord, Producer as _};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

pub(super) use crate::support::runtime;
use crate::support::{embedded_broker, shared_peers};

/// Longer than anything takes; what takes longer hangs.
pub(super) const PATIENCE: Duration = Duration::from_mins(1);

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A broker by its address.
#[derive(Debug)]
pub(super) struct Broker {
    bootstrap_servers: String,
}

/// A record as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) offset: i64,
    pub(super) key: Option<Vec<u8>>,
    pub(super) value: Option<Vec<u8>>,
    pub(super) timestamp: Option<i64>,
    pub(super) headers: Vec<(String, Option<Vec<u8>>)>,
}

impl Record {
    /// The value as text.
    pub(super) fn text(&self) -> &str {
        std::str::from_utf8(self.value.as_deref().unwrap_or_default()).expect("UTF-8")
    }

    pub(super) fn of(message: &BorrowedMessage<'_>) -> Self {
        let headers = message.headers().into_iter().flat_map(|headers| headers.iter());
        Self {
            offset: message.offset(),
            key: message.key().map(<[u8]>::to_vec),
            value: message.payload().map(<[u8]>::to_vec),
            timestamp: message.timestamp().to_millis(),
            headers: headers
                .map(|header| (header.key.to_owned(), header.value.map(<[u8]>::to_vec)))
                .collect(),
        }
    }
}

/// The Apache Kafka that all tests share.
pub(super) fn apache() -> Option<&'static Broker> {
    static APACHE: OnceLock<Option<Broker>> = OnceLock::new();
    APACHE.get_or_init(|| shared_peers().map(|(kafka, _)| Broker::at(kafka.bootstrap_servers()))).as_ref()
}

/// The embedded broker that all tests share.
pub(super) fn embedded() -> &'static Broker {
    static EMBEDDED: OnceLock<Broker> = OnceLock::new();
    EMBEDDED.get_or_init(|| Broker::at(embedded_broker()))
}

/// A name that nobody else uses.
pub(super) fn unique(word: &str) -> String {
    format!("{word}-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Waits until `condition` holds; panics with `what` when it never does.
#[track_caller]
pub(super) fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let began = Instant::now();
    while !condition() {
        assert!(began.elapsed() < PATIENCE, "never happened: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

impl Broker {
    pub(super) fn at(bootstrap_servers: String) -> Self {
        Self { bootstrap_servers }
    }

    pub(super) fn bootstrap_servers(&self) -> &str {
        &self.bootstrap_servers
    }

    pub(super) fn config(&self, settings: &[(&str, &str)]) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &self.bootstrap_servers).set("log_level", "2");
        for (name, value) in settings {
            config.set(*name, *value);
        }
        config
    }

    pub(super) fn admin(&self) -> AdminClient<DefaultClientContext> {
        self.config(&[]).create().expect("an admin client")
    }

    /// A topic of the check's own.
    pub(super) fn topic(&self, partitions: i32, settings: &[(&str, &str)]) -> String {
        let name = unique("topic");
        self.make_topic(&name, partitions, settings).expect("the topic is made");
        name
    }

    pub(super) fn make_topic(
        &self,
        name: &str,
        partitions: i32,
        settings: &[(&str, &str)],
    ) -> Result<(), RDKafkaErrorCode> {
        let mut topic = NewTopic::new(name, partitions, TopicReplication::Fixed(1));
        for (name, value) in settings {
            topic = topic.set(name, value);
        }
        let results = runtime().block_on(self.admin().create_topics([&topic], &options()));
        let made = results.expect("the broker answers").remove(0).map(drop).map_err(|(_, code)| code);
        if made.is_ok() {
            eventually("the topic is known", || self.width(name) == usize::try_from(partitions).ok());
        }
        made
    }

    /// How many partitions a topic has; `None` for none.
    pub(super) fn width(&self, topic: &str) -> Option<usize> {
        let admin = self.admin();
        // All topics: asking for one by name would make it.
        let metadata = admin.inner().fetch_metadata(None, PATIENCE).expect("metadata");
        metadata.topics().iter().find(|known| known.name() == topic).map(|known| known.partitions().len())
    }

    pub(super) fn producer(&self, settings: &[(&str, &str)]) -> FutureProducer {
        self.config(settings).create().expect("a producer")
    }

    /// A producer whose transactions were never anybody else's, or take over from somebody.
    pub(super) fn transactional(&self, id: &str, settings: &[(&str, &str)]) -> FutureProducer {
        let producer = self.producer(&[&[("transactional.id", id)], settings].concat());
        producer.init_transactions(PATIENCE).expect("transactions");
        producer
    }

    /// Produces texts into partition 0, each under its own text as key, and waits for the acknowledgements.
    pub(super) fn send(&self, topic: &str, texts: impl IntoIterator<Item = impl AsRef<str>>) {
        send(&self.producer(&[]), topic, texts);
    }

    /// A member of a group.
    pub(super) fn member(&self, group: &str, settings: &[(&str, &str)]) -> BaseConsumer {
        let defaults = [
            ("group.id", group),
            ("auto.offset.reset", "earliest"),
            ("enable.auto.commit", "false"),
            ("session.timeout.ms", "6000"),
            ("heartbeat.interval.ms", "300"),
            ("fetch.wait.max.ms", "50"),
        ];
        self.config(&[&defaults, settings].concat()).create().expect("a consumer")
    }

    /// A reader of one partition, outside any group.
    pub(super) fn reader(
        &self,
        topic: &str,
        partition: i32,
        from: Offset,
        settings: &[(&str, &str)],
    ) -> BaseConsumer {
        let defaults = [("enable.partition.eof", "true"), ("auto.offset.reset", "error")];
        let reader = self.member("nobody", &[&defaults, settings].concat());
        let mut assignment = TopicPartitionList::new();
        assignment.add_partition_offset(topic, partition, from).expect("an offset");
        reader.assign(&assignment).expect("an assignment");
        reader
    }

    /// Everything in a partition.
    pub(super) fn read(&self, topic: &str, partition: i32, settings: &[(&str, &str)]) -> Vec<Record> {
        to_the_end(&self.reader(topic, partition, Offset::Beginning, settings))
    }

    /// The texts in partition 0 that a reader of committed records sees.
    pub(super) fn committed_texts(&self, topic: &str) -> Vec<String> {
        texts(&self.read(topic, 0, &[("isolation.level", "read_committed")]))
    }

    /// Where a partition starts and ends.
    pub(super) fn watermarks(&self, topic: &str, partition: i32) -> (i64, i64) {
        let consumer = self.member("nobody", &[]);
        consumer.fetch_watermarks(topic, partition, PATIENCE).expect("watermarks")
    }
}

/// Time for an administrative request.
pub(super) fn options() -> AdminOptions {
    AdminOptions::new().request_timeout(Some(PATIENCE)).operation_timeout(Some(PATIENCE))
}

/// Produces texts into partition 0, each under its own text as key, and waits for the acknowledgements.
pub(super) fn send(producer: &FutureProducer, topic: &str, texts: impl IntoIterator<Item = impl AsRef<str>>) {
    let texts: Vec<_> = texts.into_iter().collect();
    let sent: Vec<_> = texts
        .iter()
        .map(|text| {
            let record = FutureRecord::to(topic).partition(0).key(text.as_ref()).payload(text.as_ref());
            enqueue(producer, record)
        })
        .collect();
    for delivery in sent {
        let delivered = runtime().block_on(delivery).expect("the producer lives");
        delivered.expect("the record is acknowledged");
    }
}

/// Produces one record and answers with its offset, or why it was refused.
pub(super) fn send_one(
    producer: &FutureProducer,
    record: FutureRecord<'_, str, [u8]>,
) -> Result<i64, RDKafkaErrorCode> {
    let delivered = runtime().block_on(producer.send(record, PATIENCE));
    delivered
        .map(|delivery| delivery.offset)
        .map_err(|(error, _)| error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Unknown))
}

fn enqueue(
    producer: &FutureProducer,
    mut record: FutureRecord<'_, str, str>,
) -> rdkafka::producer::DeliveryFuture {
    loop {
        match producer.send_result(record) {
            Ok(delivery) => return delivery,
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                record = back;
                std::thread::sleep(Duration::from_millis(5));
            }
            Err((error, _)) => panic!("the record is not taken: {error}"),
        }
    }
}

/// Everything until the end of the partition is reported.
pub(super) fn to_the_end(reader: &BaseConsumer) -> Vec<Record> {
    let began = Instant::now();
    let mut records = Vec::new();
    loop {
        assert!(began.elapsed() < PATIENCE, "no end after {} records", records.len());
        match reader.poll(Duration::from_millis(100)) {
            None => {}
            Some(Ok(message)) => records.push(Record::of(&message)),
            Some(Err(KafkaError::PartitionEOF(_))) => return records,
            Some(Err(error)) => panic!("the partition cannot be read: {error}"),
        }
    }
}

/// Polls until there are `count` records.
pub(super) fn take(consumer: &BaseConsumer, count: usize) -> Vec<Record> {
    let began = Instant::now();
    let mut records = Vec::new();
    while records.len() < count {
        assert!(began.elapsed() < PATIENCE, "only {} of {count} records", records.len());
        match consumer.poll(Duration::from_millis(100)) {
            None | Some(Err(KafkaError::PartitionEOF(_))) => {}
            Some(Ok(message)) => records.push(Record::of(&message)),
            Some(Err(error)) => panic!("the group cannot be read: {error}"),
        }
    }
    records
}

/// Their values.
pub(super) fn texts(records: &[Record]) -> Vec<String> {
    records.iter().map(|record| record.text().to_owned()).collect()
}

/// `0`, `1`, … as texts.
pub(super) fn numbers(range: std::ops::Range<u32>) -> Vec<String> {
    range.map(|number| number.to_string()).collect()
}

/// Headers of a record.
pub(super) fn headers(all: &[(&str, Option<&[u8]>)]) -> OwnedHeaders {
    all.iter().fold(OwnedHeaders::new(), |headers, (key, value)| {
        headers.insert(rdkafka::message::Header { key, value: *value })
    })
}
