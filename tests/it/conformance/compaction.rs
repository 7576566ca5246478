//! Compaction. It happens sometime, so every check waits for it.

use std::collections::BTreeMap;

use rdkafka::error::RDKafkaErrorCode;
use rdkafka::producer::{FutureRecord, Producer as _};

use super::broker::{Broker, PATIENCE, eventually, send, send_one, unique};

/// Compacts whatever is in a closed segment, as soon as there is anything.
const EAGER: [(&str, &str); 4] = [
    ("cleanup.policy", "compact"),
    ("segment.ms", "100"),
    ("min.cleanable.dirty.ratio", "0.001"),
    ("delete.retention.ms", "100"),
];

fn write(broker: &Broker, topic: &str, key: &str, value: Option<&str>, settings: &[(&str, &str)]) {
    let record: FutureRecord<'_, str, [u8]> = FutureRecord::to(topic).partition(0).key(key);
    let record = match value {
        Some(value) => record.payload(value.as_bytes()),
        None => record,
    };
    send_one(&broker.producer(settings), record).unwrap();
}

/// What is left of `topic`, key by key; fails when a key is there twice.
fn left(broker: &Broker, topic: &str) -> Option<BTreeMap<String, Option<String>>> {
    // A record in the open segment is not compacted; one more closes the segment before it.
    write(broker, topic, "closing", Some("x"), &[]);
    let mut left = BTreeMap::new();
    for record in broker.read(topic, 0, &[("isolation.level", "read_committed")]) {
        let key = String::from_utf8(record.key.clone().unwrap()).unwrap();
        let value = record.value.as_ref().map(|_| record.text().to_owned());
        if key != "closing" && left.insert(key, value).is_some() {
            return None;
        }
    }
    Some(left)
}

pub(super) fn the_newest_record_of_each_key_stays(broker: &Broker) {
    let topic = broker.topic(1, &EAGER);
    for round in 0..5 {
        for key in ["a", "b", "c"] {
            write(broker, &topic, key, Some(&format!("{key}{round}")), &[]);
        }
    }
    let expected = ["a", "b", "c"].map(|key| (key.to_owned(), Some(format!("{key}4"))));
    eventually("only the newest are left", || left(broker, &topic) == Some(BTreeMap::from(expected.clone())));
    let end = broker.watermarks(&topic, 0).1;
    let offsets: Vec<_> = broker.read(&topic, 0, &[]).iter().map(|record| record.offset).collect();
    assert!(offsets.is_sorted() && offsets.last() == Some(&(end - 1)), "{offsets:?} of {end}");
}

pub(super) fn compressed_batches_are_compacted(broker: &Broker) {
    let topic = broker.topic(1, &EAGER);
    for codec in ["gzip", "snappy", "lz4", "zstd"] {
        let producer = broker.producer(&[("compression.type", codec), ("linger.ms", "20")]);
        send(&producer, &topic, ["k1", "k2", "k3"].map(|key| key.repeat(50)));
    }
    eventually("each key is left once", || left(broker, &topic).is_some_and(|left| left.len() == 3));
}

pub(super) fn a_tombstone_removes_its_key(broker: &Broker) {
    let topic = broker.topic(1, &EAGER);
    write(broker, &topic, "stays", Some("x"), &[]);
    write(broker, &topic, "goes", Some("x"), &[]);
    write(broker, &topic, "goes", None, &[]);
    let expected = BTreeMap::from([("stays".to_owned(), Some("x".to_owned()))]);
    eventually("the key and its tombstone are gone", || left(broker, &topic).as_ref() == Some(&expected));
}

pub(super) fn a_record_without_a_key_is_refused(broker: &Broker) {
    let topic = broker.topic(1, &EAGER);
    let record: FutureRecord<'_, str, [u8]> = FutureRecord::to(&topic).partition(0).payload(&b"v"[..]);
    assert_eq!(send_one(&broker.producer(&[]), record), Err(RDKafkaErrorCode::InvalidRecord));
}

pub(super) fn aborted_records_are_compacted_away(broker: &Broker) {
    let topic = broker.topic(1, &EAGER);
    let producer = broker.transactional(&unique("tx"), &[]);
    producer.begin_transaction().unwrap();
    send(&producer, &topic, ["a", "b"]);
    producer.commit_transaction(PATIENCE).unwrap();
    producer.begin_transaction().unwrap();
    let aborted: FutureRecord<'_, str, [u8]> =
        FutureRecord::to(&topic).partition(0).key("a").payload(&b"aborted"[..]);
    send_one(&producer, aborted).unwrap();
    producer.abort_transaction(PATIENCE).unwrap();
    let expected = ["a", "b"].map(|key| (key.to_owned(), Some(key.to_owned())));
    eventually("the aborted record is gone for everybody", || {
        let committed = left(broker, &topic) == Some(BTreeMap::from(expected.clone()));
        let all = broker.read(&topic, 0, &[("isolation.level", "read_uncommitted")]);
        committed && all.iter().all(|record| record.text() != "aborted")
    });
}
