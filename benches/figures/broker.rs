//! The brokers: records of 600 bytes in and out, and memory with 2 GiB in the log.

use std::time::Duration;

use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::peer::Broker;
use super::process::{rate, timed};
use super::{Figure, figure};

const SIZE: usize = 600;
const RECORDS: u64 = 200_000;
const PARTITIONS: i32 = 4;

pub(super) fn figures() -> Vec<Figure> {
    let mut figures = Vec::new();
    for (name, broker) in Broker::both() {
        make(broker.address(), "speed", PARTITIONS);
        let ((), produced) = timed(|| produce(broker.address(), "speed", RECORDS, SIZE));
        let consumed = consume(broker.address(), "speed", RECORDS);
        let what = format!("{name}: {RECORDS} records of {SIZE} bytes, idempotent, acks=all");
        figures.push(figure(format!("{what}: produced"), rate(RECORDS, produced)));
        figures.push(figure(format!("{what}: consumed"), rate(RECORDS, consumed)));
        if broker.memory_mb().is_some() {
            make(broker.address(), "large", 1);
            let large = (2u64 << 30) / 100_000;
            produce(broker.address(), "large", large, 100_000);
            consume_partition(broker.address(), "large", 0, large);
            let memory = broker.memory_mb().unwrap_or_default();
            figures.push(figure(
                format!("{name}: resident with 2 GiB written and read"),
                format!("{memory} MB"),
            ));
        }
    }
    figures
}

pub(super) fn config(address: &str, settings: &[(&str, &str)]) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", address).set("log_level", "2");
    for (name, value) in settings {
        config.set(*name, *value);
    }
    config
}

/// Makes a topic.
pub(super) fn make(address: &str, topic: &str, partitions: i32) {
    use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
    let admin: AdminClient<_> = config(address, &[]).create().expect("an admin client");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let wanted =
        NewTopic::new(topic, partitions, TopicReplication::Fixed(1)).set("segment.bytes", "67108864");
    runtime.block_on(admin.create_topics([&wanted], &AdminOptions::new())).expect("it is made");
}

fn produce(address: &str, topic: &str, count: u64, size: usize) {
    let settings = [
        ("enable.idempotence", "true"),
        ("linger.ms", "5"),
        ("batch.size", "1000000"),
        ("queue.buffering.max.messages", "1000000"),
    ];
    let producer: BaseProducer = config(address, &settings).create().expect("a producer");
    let payload = vec![b'x'; size];
    for n in 0..count {
        let key = n.to_be_bytes();
        let mut record = BaseRecord::to(topic).key(&key[..]).payload(&payload[..]);
        while let Err((_, back)) = producer.send(record) {
            record = back;
            producer.poll(Duration::from_millis(1));
        }
        if n % 1_000 == 0 {
            producer.poll(Duration::ZERO);
        }
    }
    producer.flush(Duration::from_mins(2)).expect("everything is acknowledged");
}

/// Time from the first record to the last.
fn consume(address: &str, topic: &str, count: u64) -> Duration {
    let consumer = reader(address, topic, 0..PARTITIONS);
    take(&consumer, 1);
    timed(|| take(&consumer, count - 1)).1
}

fn consume_partition(address: &str, topic: &str, partition: i32, count: u64) {
    take(&reader(address, topic, partition..partition + 1), count);
}

fn reader(address: &str, topic: &str, partitions: std::ops::Range<i32>) -> BaseConsumer {
    let consumer: BaseConsumer = config(address, &[("group.id", "bench")]).create().expect("a consumer");
    let mut assignment = TopicPartitionList::new();
    for partition in partitions {
        assignment.add_partition_offset(topic, partition, Offset::Beginning).expect("an offset");
    }
    consumer.assign(&assignment).expect("an assignment");
    consumer
}

fn take(consumer: &BaseConsumer, count: u64) {
    let mut taken = 0;
    while taken < count {
        let message = consumer.poll(Duration::from_mins(1)).expect("a record comes");
        message.expect("it can be read");
        taken += 1;
    }
}
