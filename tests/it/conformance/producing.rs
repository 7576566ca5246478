//! Producing: what was sent is what is there.

use rdkafka::error::RDKafkaErrorCode;
use rdkafka::producer::FutureRecord;

use super::broker::{Broker, headers, numbers, send, send_one, texts};

pub(super) fn a_record_comes_back_as_it_was(broker: &Broker) {
    // Its time is long ago.
    let topic = broker.topic(1, &[("retention.ms", "-1")]);
    let producer = broker.producer(&[]);
    let all = headers(&[("a", Some(b"1")), ("none", None), ("empty", Some(b""))]);
    let record = FutureRecord::to(&topic).partition(0).key("k").payload(&[0u8, 1, 255][..]);
    send_one(&producer, record.timestamp(1_234).headers(all)).unwrap();
    send_one(&producer, FutureRecord::to(&topic).partition(0).key("tombstone")).unwrap();
    send_one(&producer, FutureRecord::to(&topic).partition(0).payload(&b"no key"[..])).unwrap();
    let records = broker.read(&topic, 0, &[]);
    assert_eq!(records.iter().map(|record| record.offset).collect::<Vec<_>>(), [0, 1, 2]);
    assert_eq!(records[0].key.as_deref(), Some(&b"k"[..]));
    assert_eq!(records[0].value.as_deref(), Some(&[0u8, 1, 255][..]));
    assert_eq!(records[0].timestamp, Some(1_234));
    let expected = [("a", Some(b"1".to_vec())), ("none", None), ("empty", Some(Vec::new()))];
    assert_eq!(records[0].headers, expected.map(|(key, value)| (key.to_owned(), value)));
    assert_eq!((records[1].key.as_deref(), &records[1].value), (Some(&b"tombstone"[..]), &None));
    assert_eq!((&records[2].key, records[2].text()), (&None, "no key"));
}

pub(super) fn headers_may_share_a_name(broker: &Broker) {
    let topic = broker.topic(1, &[]);
    let twice = headers(&[("h", Some(b"1")), ("h", Some(b"2"))]);
    let record = FutureRecord::to(&topic).partition(0).key("k").payload(&b"v"[..]).headers(twice);
    send_one(&broker.producer(&[]), record).unwrap();
    let records = broker.read(&topic, 0, &[]);
    let values: Vec<_> = records[0].headers.iter().map(|(_, value)| value.clone().unwrap()).collect();
    assert_eq!(values, [b"1", b"2"]);
}

pub(super) fn every_codec_comes_back(broker: &Broker) {
    let topic = broker.topic(1, &[]);
    for codec in ["none", "gzip", "snappy", "lz4", "zstd"] {
        let producer = broker.producer(&[("compression.type", codec), ("linger.ms", "20")]);
        send(&producer, &topic, (0..100).map(|n| format!("{codec} {n} {}", "x".repeat(100))));
    }
    let records = broker.read(&topic, 0, &[]);
    assert_eq!(records.len(), 500);
    assert!(records[450].text().starts_with("zstd 50 "), "{}", records[450].text());
}

pub(super) fn unacknowledged_records_arrive(broker: &Broker) {
    let topic = broker.topic(1, &[]);
    let producer = broker.producer(&[("acks", "0")]);
    send(&producer, &topic, numbers(0..100));
    super::broker::eventually("all records are there", || broker.watermarks(&topic, 0) == (0, 100));
}

pub(super) fn a_large_record_comes_back(broker: &Broker) {
    let topic = broker.topic(1, &[("max.message.bytes", "6000000"), ("segment.bytes", "10000000")]);
    let producer = broker.producer(&[("message.max.bytes", "6000000")]);
    let large = vec![b'x'; 4_000_000];
    for _ in 0..3 {
        send_one(&producer, FutureRecord::to(&topic).partition(0).key("k").payload(&large[..])).unwrap();
    }
    let records = broker.read(&topic, 0, &[]);
    assert_eq!(records.iter().map(|record| record.value.as_ref().unwrap().len()).sum::<usize>(), 12_000_000);
}

pub(super) fn a_record_above_the_limit_is_refused(broker: &Broker) {
    let topic = broker.topic(1, &[("max.message.bytes", "10000")]);
    let producer = broker.producer(&[]);
    let large = vec![b'x'; 20_000];
    let refused = send_one(&producer, FutureRecord::to(&topic).partition(0).key("k").payload(&large[..]));
    assert_eq!(refused, Err(RDKafkaErrorCode::MessageSizeTooLarge));
    broker.send(&topic, ["small"]);
    assert_eq!(broker.watermarks(&topic, 0), (0, 1));
}

pub(super) fn a_batch_larger_than_a_segment_is_refused(broker: &Broker) {
    let topic = broker.topic(1, &[("max.message.bytes", "6000000"), ("segment.bytes", "1048576")]);
    let large = vec![b'x'; 2_000_000];
    let producer = broker.producer(&[("message.max.bytes", "6000000")]);
    let refused = send_one(&producer, FutureRecord::to(&topic).partition(0).key("k").payload(&large[..]));
    assert_eq!(refused, Err(RDKafkaErrorCode::MessageBatchTooLarge));
}

pub(super) fn a_record_from_the_far_future_is_refused(broker: &Broker) {
    let topic = broker.topic(1, &[]);
    let record =
        FutureRecord::to(&topic).partition(0).key("k").payload(&b"v"[..]).timestamp(9_999_999_999_999);
    let refused = send_one(&broker.producer(&[]), record);
    assert_eq!(refused, Err(RDKafkaErrorCode::InvalidTimestamp));
}

pub(super) fn the_broker_can_give_the_time(broker: &Broker) {
    let topic = broker.topic(1, &[("message.timestamp.type", "LogAppendTime")]);
    let record = FutureRecord::to(&topic).partition(0).key("k").payload(&b"v"[..]).timestamp(1_000);
    send_one(&broker.producer(&[]), record).unwrap();
    let time = broker.read(&topic, 0, &[])[0].timestamp.expect("a time");
    assert!(time > 1_700_000_000_000, "{time}");
}

pub(super) fn many_records_arrive_once_and_in_order(broker: &Broker) {
    let topic = broker.topic(1, &[("segment.bytes", "1048576")]);
    let producer = broker.producer(&[("enable.idempotence", "true")]);
    let sent: Vec<_> = (0..20_000).map(|n| format!("{n:0200}")).collect();
    send(&producer, &topic, &sent);
    assert_eq!(texts(&broker.read(&topic, 0, &[])), sent);
}
