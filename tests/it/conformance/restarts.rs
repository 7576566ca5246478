//! SIGKILL: what was acknowledged is there afterwards.

use rdkafka::consumer::{CommitMode, Consumer as _};
use rdkafka::producer::Producer as _;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::broker::{Broker, PATIENCE, eventually, numbers, send, take, texts, unique};
use super::restarting::Restarting;

fn committed(broker: &Broker, group: &str, topic: &str) -> Offset {
    let mut wanted = TopicPartitionList::new();
    wanted.add_partition(topic, 0);
    let found = broker.member(group, &[]).committed_offsets(wanted, PATIENCE).unwrap();
    found.find_partition(topic, 0).unwrap().offset()
}

pub(super) fn everything_survives_a_kill(like: &Broker) {
    let mut restarting = Restarting::start(like);
    let broker = &restarting.broker;
    let settings = [("max.message.bytes", "2345678"), ("segment.bytes", "1048576")];
    let topic = broker.topic(3, &settings);
    let sent: Vec<_> = (0..5_000).map(|n| format!("{n:0500}")).collect();
    send(&broker.producer(&[]), &topic, &sent);
    let producer = broker.transactional("tx", &[]);
    producer.begin_transaction().unwrap();
    send(&producer, &topic, ["aborted"]);
    producer.abort_transaction(PATIENCE).unwrap();
    let member = broker.member("group", &[]);
    let mut upto = TopicPartitionList::new();
    upto.add_partition_offset(&topic, 0, Offset::Offset(4_321)).unwrap();
    upto.find_partition(&topic, 0).unwrap().set_metadata("kept");
    member.commit(&upto, CommitMode::Sync).unwrap();
    drop((member, producer));

    restarting.kill_and_start();
    let broker = &restarting.broker;
    assert_eq!(broker.width(&topic), Some(3));
    assert_eq!(broker.watermarks(&topic, 0), (0, 5_002));
    assert_eq!(broker.committed_texts(&topic), sent);
    eventually("the commit is there", || committed(broker, "group", &topic) == Offset::Offset(4_321));
    broker.send(&topic, ["after"]);
    assert_eq!(broker.watermarks(&topic, 0).1, 5_003);
}

pub(super) fn an_open_transaction_survives_a_kill(like: &Broker) {
    let mut restarting = Restarting::start(like);
    let topic = restarting.broker.topic(1, &[]);
    let producer = restarting.broker.transactional("tx", &[]);
    producer.begin_transaction().unwrap();
    send(&producer, &topic, numbers(0..10));
    restarting.kill_and_start();
    let broker = &restarting.broker;
    assert!(broker.committed_texts(&topic).is_empty(), "it is open");
    send(&producer, &topic, numbers(10..20));
    producer.commit_transaction(PATIENCE).unwrap();
    assert_eq!(broker.committed_texts(&topic), numbers(0..20));
}

pub(super) fn a_member_goes_on_after_a_kill(like: &Broker) {
    let mut restarting = Restarting::start(like);
    let topic = restarting.broker.topic(1, &[]);
    let group = unique("group");
    restarting.broker.send(&topic, numbers(0..10));
    let member = restarting.broker.member(&group, &[]);
    member.subscribe(&[&topic]).unwrap();
    assert_eq!(texts(&take_patiently(&member, 10)), numbers(0..10));
    member.commit_consumer_state(CommitMode::Sync).unwrap();
    restarting.kill_and_start();
    restarting.broker.send(&topic, numbers(10..20));
    // It may have to join again, and then reads from its commit on.
    let mut seen = Vec::new();
    while seen.len() < 10 {
        let text = texts(&take_patiently(&member, 1)).remove(0);
        if !seen.contains(&text) {
            seen.push(text);
        }
    }
    assert_eq!(seen, numbers(10..20));
}

/// As [`take`], past the errors of a broker that is away for a moment.
fn take_patiently(member: &rdkafka::consumer::BaseConsumer, count: usize) -> Vec<super::broker::Record> {
    let mut records = Vec::new();
    eventually("the records come", || {
        if let Some(Ok(message)) = member.poll(std::time::Duration::from_millis(100)) {
            records.push(super::broker::Record::of(&message));
        }
        records.len() == count
    });
    records
}

pub(super) fn producers_go_on_after_a_kill(like: &Broker) {
    let mut restarting = Restarting::start(like);
    let topic = restarting.broker.topic(1, &[]);
    let producer = restarting.broker.producer(&[("enable.idempotence", "true")]);
    send(&producer, &topic, numbers(0..500));
    restarting.kill_and_start();
    send(&producer, &topic, numbers(500..1_000));
    let reader = restarting.broker.reader(&topic, 0, Offset::Beginning, &[]);
    assert_eq!(texts(&take(&reader, 1_000)), numbers(0..1_000));
}
