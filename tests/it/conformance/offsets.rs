//! Offsets: where logs start and end, and which record is the first of a time.

use rdkafka::consumer::Consumer as _;
use rdkafka::producer::FutureRecord;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::broker::{Broker, PATIENCE, eventually, numbers, options, runtime, send, send_one, texts};

pub(super) fn watermarks_say_where_a_log_starts_and_ends(broker: &Broker) {
    let topic = broker.topic(2, &[]);
    assert_eq!(broker.watermarks(&topic, 0), (0, 0));
    broker.send(&topic, numbers(0..123));
    assert_eq!(broker.watermarks(&topic, 0), (0, 123));
    assert_eq!(broker.watermarks(&topic, 1), (0, 0));
}

/// The offset for a time in partition 0.
fn at_time(broker: &Broker, topic: &str, time: i64) -> Offset {
    let mut wanted = TopicPartitionList::new();
    wanted.add_partition_offset(topic, 0, Offset::Offset(time)).unwrap();
    let found = broker.member("nobody", &[]).offsets_for_times(wanted, PATIENCE).unwrap();
    found.find_partition(topic, 0).unwrap().offset()
}

fn send_at_times(broker: &Broker, topic: &str, codec: &str) {
    let producer = broker.producer(&[("linger.ms", "50"), ("compression.type", codec)]);
    let sent: Vec<_> = (0..100)
        .map(|n| {
            let record: FutureRecord<'_, str, [u8]> = FutureRecord::to(topic).partition(0).payload(&b"v"[..]);
            producer.send_result(record.timestamp(1_000_000 + n * 10)).map_err(|(error, _)| error).unwrap()
        })
        .collect();
    for delivery in sent {
        runtime().block_on(delivery).unwrap().unwrap();
    }
}

pub(super) fn a_time_leads_to_the_first_record_of_it(broker: &Broker) {
    for codec in ["none", "lz4", "zstd"] {
        let topic = broker.topic(1, &[("retention.ms", "-1")]);
        send_at_times(broker, &topic, codec);
        for (time, offset) in [(0, 0), (1_000_000, 0), (1_000_001, 1), (1_000_500, 50), (1_000_990, 99)] {
            assert_eq!(at_time(broker, &topic, time), Offset::Offset(offset), "{codec} {time}");
        }
    }
}

pub(super) fn a_time_behind_the_end_leads_to_the_end(broker: &Broker) {
    let topic = broker.topic(1, &[("retention.ms", "-1")]);
    send_at_times(broker, &topic, "none");
    assert_eq!(at_time(broker, &topic, 2_000_000), Offset::End);
}

pub(super) fn deleted_records_are_gone(broker: &Broker) {
    let topic = broker.topic(1, &[]);
    broker.send(&topic, numbers(0..100));
    let mut before = TopicPartitionList::new();
    before.add_partition_offset(&topic, 0, Offset::Offset(40)).unwrap();
    let deleted = runtime().block_on(broker.admin().delete_records(&before, &options())).unwrap();
    assert_eq!(deleted.find_partition(&topic, 0).unwrap().offset(), Offset::Offset(40));
    assert_eq!(broker.watermarks(&topic, 0), (40, 100));
    assert_eq!(texts(&broker.read(&topic, 0, &[])), numbers(40..100));
}

pub(super) fn the_oldest_segments_go_when_a_log_is_too_large(broker: &Broker) {
    let topic = broker.topic(1, &[("segment.bytes", "1048576"), ("retention.bytes", "3000000")]);
    let producer = broker.producer(&[("batch.num.messages", "100")]);
    send(&producer, &topic, (0..10_000).map(|n| format!("{n:01000}")));
    eventually("the log is shorter", || broker.watermarks(&topic, 0).0 > 5_000);
    let records = broker.read(&topic, 0, &[]);
    assert_eq!(records.last().map(|record| record.offset), Some(9_999));
    assert!(records.len() >= 1_000, "{} are left", records.len());
}

pub(super) fn the_oldest_segments_go_when_they_are_too_old(broker: &Broker) {
    let topic = broker.topic(1, &[("retention.ms", "60000")]);
    let producer = broker.producer(&[]);
    let old: FutureRecord<'_, str, [u8]> = FutureRecord::to(&topic).partition(0).payload(&b"old"[..]);
    send_one(&producer, old.timestamp(1_000_000)).unwrap();
    eventually("the old record is gone", || broker.watermarks(&topic, 0) == (1, 1));
    broker.send(&topic, ["new"]);
    assert_eq!(texts(&broker.read(&topic, 0, &[])), ["new"]);
}
