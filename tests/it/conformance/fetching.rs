//! Fetching: from any offset, at the end, and while somebody writes.

use std::time::Duration;

use rdkafka::error::RDKafkaErrorCode;
use rdkafka::topic_partition_list::Offset;

use super::broker::{Broker, PATIENCE, numbers, send, take, texts, to_the_end};

pub(super) fn reading_starts_inside_a_batch(broker: &Broker) {
    let topic = broker.topic(1, &[]);
    let producer = broker.producer(&[("linger.ms", "100"), ("batch.num.messages", "10000")]);
    send(&producer, &topic, numbers(0..500));
    send(&producer, &topic, numbers(500..1_000));
    for from in [0, 1, 100, 499, 500, 501, 998, 999] {
        let reader = broker.reader(&topic, 0, Offset::Offset(from), &[]);
        let records = to_the_end(&reader);
        assert_eq!(records.first().map(|record| record.offset), Some(from));
        assert_eq!(records.len(), usize::try_from(1_000 - from).unwrap());
    }
}

pub(super) fn a_waiting_reader_is_woken(broker: &Broker) {
    let topic = broker.topic(1, &[]);
    // Only a reader that is woken has the record before this test gives up.
    let waiting = [("fetch.wait.max.ms", "200000"), ("socket.timeout.ms", "250000")];
    let reader = broker.reader(&topic, 0, Offset::Beginning, &waiting);
    assert!(reader.poll(Duration::from_secs(1)).is_none());
    broker.send(&topic, ["woken"]);
    assert_eq!(texts(&take(&reader, 1)), ["woken"]);
}

pub(super) fn a_reader_at_the_end_is_told_so(broker: &Broker) {
    let topic = broker.topic(1, &[]);
    assert!(to_the_end(&broker.reader(&topic, 0, Offset::Beginning, &[])).is_empty());
    broker.send(&topic, numbers(0..10));
    assert!(to_the_end(&broker.reader(&topic, 0, Offset::End, &[])).is_empty());
}

pub(super) fn an_offset_behind_the_end_is_out_of_range(broker: &Broker) {
    let topic = broker.topic(1, &[]);
    broker.send(&topic, numbers(0..10));
    let reader = broker.reader(&topic, 0, Offset::Offset(11), &[]);
    let answer = reader.poll(PATIENCE).expect("an answer").map(drop).expect_err("nothing is there");
    assert_eq!(answer.rdkafka_error_code(), Some(RDKafkaErrorCode::AutoOffsetReset), "{answer}");
}

pub(super) fn reading_and_writing_at_once_loses_nothing(broker: &Broker) {
    let topic = broker.topic(1, &[("segment.bytes", "1048576")]);
    let reader = broker.reader(&topic, 0, Offset::Beginning, &[]);
    let sent: Vec<_> = (0..10_000).map(|n| format!("{n:0200}")).collect();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let producer = broker.producer(&[]);
            sent.chunks(500).for_each(|chunk| send(&producer, &topic, chunk));
        });
        assert_eq!(texts(&take(&reader, sent.len())), sent);
    });
}

pub(super) fn a_small_fetch_gets_on(broker: &Broker) {
    let topic = broker.topic(1, &[]);
    let sent: Vec<_> = (0..20).map(|n| format!("{n:020000}")).collect();
    let producer = broker.producer(&[("linger.ms", "50")]);
    send(&producer, &topic, &sent);
    // Less than a single record has.
    let small =
        [("fetch.message.max.bytes", "1000"), ("fetch.max.bytes", "1000"), ("message.max.bytes", "1000")];
    assert_eq!(texts(&broker.read(&topic, 0, &small)), sent);
}
