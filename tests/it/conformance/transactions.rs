//! Transactions: isolation, offsets, fencing, time-outs.

use std::time::Duration;

use rdkafka::consumer::Consumer as _;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::Producer as _;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::broker::{Broker, PATIENCE, eventually, numbers, send, texts, unique};

pub(super) fn committed_records_are_seen_by_all(broker: &Broker) {
    let topic = broker.topic(1, &[]);
    let producer = broker.transactional(&unique("tx"), &[]);
    for round in 0..5u32 {
        producer.begin_transaction().unwrap();
        send(&producer, &topic, numbers(round * 10..round * 10 + 10));
        producer.commit_transaction(PATIENCE).unwrap();
    }
    assert_eq!(broker.committed_texts(&topic), numbers(0..50));
    assert_eq!(texts(&broker.read(&topic, 0, &[("isolation.level", "read_uncommitted")])), numbers(0..50));
    assert_eq!(broker.watermarks(&topic, 0), (0, 55), "a marker takes an offset");
}

pub(super) fn aborted_records_are_seen_by_nobody_who_minds(broker: &Broker) {
    let topic = broker.topic(1, &[]);
    let producer = broker.transactional(&unique("tx"), &[]);
    producer.begin_transaction().unwrap();
    send(&producer, &topic, ["aborted"]);
    producer.abort_transaction(PATIENCE).unwrap();
    producer.begin_transaction().unwrap();
    send(&producer, &topic, ["committed"]);
    producer.commit_transaction(PATIENCE).unwrap();
    assert_eq!(broker.committed_texts(&topic), ["committed"]);
    let all = broker.read(&topic, 0, &[("isolation.level", "read_uncommitted")]);
    assert_eq!(texts(&all), ["aborted", "committed"]);
}

pub(super) fn open_records_hold_the_stable_offset_back(broker: &Broker) {
    let topic = broker.topic(1, &[]);
    broker.send(&topic, ["before"]);
    let producer = broker.transactional(&unique("tx"), &[]);
    producer.begin_transaction().unwrap();
    send(&producer, &topic, ["open"]);
    broker.send(&topic, ["behind"]);
    assert_eq!(broker.committed_texts(&topic), ["before"]);
    producer.commit_transaction(PATIENCE).unwrap();
    assert_eq!(broker.committed_texts(&topic), ["before", "open", "behind"]);
}

fn committed_offset(broker: &Broker, group: &str, topic: &str) -> Offset {
    let mut wanted = TopicPartitionList::new();
    wanted.add_partition(topic, 0);
    let found = broker.member(group, &[]).committed_offsets(wanted, PATIENCE).unwrap();
    found.find_partition(topic, 0).unwrap().offset()
}

/// Sends `offset` as the group's place in `input` along with the open transaction.
fn send_offset(broker: &Broker, producer: &impl Producerish, group: &str, input: &str, offset: i64) {
    let member = broker.member(group, &[]);
    member.subscribe(&[input]).unwrap();
    eventually("the member has its partition", || {
        drop(member.poll(Duration::from_millis(50)));
        member.assignment().unwrap().count() == 1
    });
    let mut upto = TopicPartitionList::new();
    upto.add_partition_offset(input, 0, Offset::Offset(offset)).unwrap();
    producer.send_offsets(&upto, &member.group_metadata().expect("a member"));
}

/// What [`send_offset`] needs of a producer.
trait Producerish {
    fn send_offsets(&self, offsets: &TopicPartitionList, group: &rdkafka::consumer::ConsumerGroupMetadata);
}

impl Producerish for rdkafka::producer::FutureProducer {
    fn send_offsets(&self, offsets: &TopicPartitionList, group: &rdkafka::consumer::ConsumerGroupMetadata) {
        self.send_offsets_to_transaction(offsets, group, PATIENCE).unwrap();
    }
}

pub(super) fn offsets_are_committed_with_the_records(broker: &Broker) {
    let (input, output) = (broker.topic(1, &[]), broker.topic(1, &[]));
    let group = unique("group");
    broker.send(&input, numbers(0..10));
    let producer = broker.transactional(&unique("tx"), &[]);
    producer.begin_transaction().unwrap();
    send(&producer, &output, ["out"]);
    send_offset(broker, &producer, &group, &input, 7);
    producer.commit_transaction(PATIENCE).unwrap();
    assert_eq!(committed_offset(broker, &group, &input), Offset::Offset(7));
    assert_eq!(broker.committed_texts(&output), ["out"]);
}

pub(super) fn offsets_of_an_aborted_transaction_are_not(broker: &Broker) {
    let input = broker.topic(1, &[]);
    let group = unique("group");
    broker.send(&input, numbers(0..10));
    let producer = broker.transactional(&unique("tx"), &[]);
    producer.begin_transaction().unwrap();
    send(&producer, &input, ["never"]);
    send_offset(broker, &producer, &group, &input, 7);
    producer.abort_transaction(PATIENCE).unwrap();
    assert_eq!(committed_offset(broker, &group, &input), Offset::Invalid);
}

fn is_fatal(error: &KafkaError) -> bool {
    match error {
        KafkaError::Transaction(error) => error.is_fatal(),
        _ => false,
    }
}

pub(super) fn a_successor_fences_its_predecessor(broker: &Broker) {
    let topic = broker.topic(1, &[]);
    let id = unique("tx");
    let first = broker.transactional(&id, &[]);
    first.begin_transaction().unwrap();
    send(&first, &topic, ["of the first"]);
    let second = broker.transactional(&id, &[]);
    let error = first.commit_transaction(PATIENCE).expect_err("the first is fenced");
    assert!(is_fatal(&error), "{error}");
    let (code, _) = first.client().fatal_error().expect("a fatal error");
    let fenced = [RDKafkaErrorCode::ProducerFenced, RDKafkaErrorCode::InvalidProducerEpoch];
    // librdkafka has a word of its own for it, too.
    assert!(fenced.contains(&code) || code == RDKafkaErrorCode::Fenced, "{code}");
    second.begin_transaction().unwrap();
    send(&second, &topic, ["of the second"]);
    second.commit_transaction(PATIENCE).unwrap();
    assert_eq!(broker.committed_texts(&topic), ["of the second"]);
}

pub(super) fn a_successor_gives_up_what_was_open(broker: &Broker) {
    let topic = broker.topic(1, &[]);
    let id = unique("tx");
    let first = broker.transactional(&id, &[]);
    first.begin_transaction().unwrap();
    send(&first, &topic, ["open"]);
    broker.send(&topic, ["behind"]);
    let _second = broker.transactional(&id, &[]);
    eventually("what is behind can be read", || broker.committed_texts(&topic) == ["behind"]);
}

pub(super) fn a_transaction_that_takes_too_long_is_given_up(broker: &Broker) {
    let topic = broker.topic(1, &[]);
    let producer = broker
        .transactional(&unique("tx"), &[("transaction.timeout.ms", "1000"), ("message.timeout.ms", "1000")]);
    producer.begin_transaction().unwrap();
    send(&producer, &topic, ["late"]);
    broker.send(&topic, ["behind"]);
    eventually("it is given up", || broker.committed_texts(&topic) == ["behind"]);
    producer.commit_transaction(PATIENCE).expect_err("it was given up");
}

pub(super) fn two_transactions_do_not_disturb_each_other(broker: &Broker) {
    let topic = broker.topic(1, &[]);
    let (one, two) = (broker.transactional(&unique("tx"), &[]), broker.transactional(&unique("tx"), &[]));
    one.begin_transaction().unwrap();
    two.begin_transaction().unwrap();
    for _ in 0..3 {
        send(&one, &topic, ["one"]);
        send(&two, &topic, ["two"]);
    }
    one.abort_transaction(PATIENCE).unwrap();
    assert_eq!(broker.committed_texts(&topic), [] as [&str; 0], "the other is open still");
    two.commit_transaction(PATIENCE).unwrap();
    assert_eq!(broker.committed_texts(&topic), ["two", "two", "two"]);
}

pub(super) fn a_transaction_spans_topics(broker: &Broker) {
    let topics = [broker.topic(1, &[]), broker.topic(1, &[])];
    let producer = broker.transactional(&unique("tx"), &[]);
    producer.begin_transaction().unwrap();
    for topic in &topics {
        send(&producer, topic, ["aborted"]);
    }
    producer.abort_transaction(PATIENCE).unwrap();
    producer.begin_transaction().unwrap();
    for topic in &topics {
        send(&producer, topic, ["committed"]);
    }
    producer.commit_transaction(PATIENCE).unwrap();
    assert!(topics.iter().all(|topic| broker.committed_texts(topic) == ["committed"]));
}

pub(super) fn an_abort_among_commits_is_left_out(broker: &Broker) {
    let topic = broker.topic(1, &[("segment.bytes", "1048576")]);
    let producer = broker.transactional(&unique("tx"), &[]);
    let mut expected = Vec::new();
    for round in 0..60u32 {
        producer.begin_transaction().unwrap();
        let sent: Vec<_> = (0..20).map(|n| format!("{round}-{n}-{}", "x".repeat(2_000))).collect();
        send(&producer, &topic, &sent);
        if round % 3 == 0 {
            producer.abort_transaction(PATIENCE).unwrap();
        } else {
            producer.commit_transaction(PATIENCE).unwrap();
            expected.extend(sent);
        }
    }
    assert_eq!(broker.committed_texts(&topic), expected);
}
