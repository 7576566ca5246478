//! Administration: topics, partitions, settings, groups.

use std::time::Duration;

use rdkafka::admin::{AlterConfig, NewPartitions, ResourceSpecifier};
use rdkafka::consumer::{CommitMode, Consumer as _};
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::broker::{Broker, PATIENCE, eventually, numbers, options, runtime, take, unique};

pub(super) fn a_topic_has_the_width_it_was_given(broker: &Broker) {
    let topic = broker.topic(7, &[]);
    assert_eq!(broker.width(&topic), Some(7));
}

pub(super) fn a_topic_cannot_be_made_twice(broker: &Broker) {
    let topic = broker.topic(1, &[]);
    assert_eq!(broker.make_topic(&topic, 1, &[]), Err(RDKafkaErrorCode::TopicAlreadyExists));
}

pub(super) fn impossible_topics_are_refused(broker: &Broker) {
    assert_eq!(broker.make_topic("no/slashes", 1, &[]), Err(RDKafkaErrorCode::InvalidTopic));
    assert_eq!(broker.make_topic("..", 1, &[]), Err(RDKafkaErrorCode::InvalidTopic));
    assert_eq!(broker.make_topic(&unique("none"), 0, &[]), Err(RDKafkaErrorCode::InvalidPartitions));
    let unknown = broker.make_topic(&unique("odd"), 1, &[("no.such.setting", "1")]);
    assert_eq!(unknown, Err(RDKafkaErrorCode::InvalidConfig));
    let wrong = broker.make_topic(&unique("odd"), 1, &[("cleanup.policy", "sometimes")]);
    assert_eq!(wrong, Err(RDKafkaErrorCode::InvalidConfig));
}

pub(super) fn a_topic_can_be_widened(broker: &Broker) {
    let topic = broker.topic(2, &[]);
    let widen = |count| {
        let wanted = NewPartitions::new(&topic, count);
        let results = runtime().block_on(broker.admin().create_partitions([&wanted], &options()));
        results.unwrap().remove(0).map(drop).map_err(|(_, code)| code)
    };
    assert_eq!(widen(5), Ok(()));
    eventually("it has five", || broker.width(&topic) == Some(5));
    assert_eq!(widen(3), Err(RDKafkaErrorCode::InvalidPartitions));
}

pub(super) fn a_deleted_topic_is_gone(broker: &Broker) {
    let topic = broker.topic(1, &[]);
    broker.send(&topic, numbers(0..10));
    let delete = || {
        let results = runtime().block_on(broker.admin().delete_topics(&[&topic], &options()));
        results.unwrap().remove(0).map(drop).map_err(|(_, code)| code)
    };
    assert_eq!(delete(), Ok(()));
    eventually("it is gone", || broker.width(&topic).is_none());
    assert_eq!(delete(), Err(RDKafkaErrorCode::UnknownTopicOrPartition));
    broker.make_topic(&topic, 1, &[]).unwrap();
    assert_eq!(broker.watermarks(&topic, 0), (0, 0), "its namesake starts empty");
}

/// A setting of a topic, and whether it is the default.
fn setting(broker: &Broker, topic: &str, name: &str) -> (String, bool) {
    let described =
        runtime().block_on(broker.admin().describe_configs(&[ResourceSpecifier::Topic(topic)], &options()));
    let resource = described.unwrap().remove(0).unwrap();
    let entry = resource.get(name).unwrap_or_else(|| panic!("no {name}"));
    (entry.value.clone().unwrap_or_default(), entry.is_default)
}

pub(super) fn settings_can_be_set_and_read(broker: &Broker) {
    let topic = broker.topic(1, &[("cleanup.policy", "compact"), ("retention.ms", "1234567")]);
    assert_eq!(setting(broker, &topic, "cleanup.policy"), ("compact".to_owned(), false));
    assert_eq!(setting(broker, &topic, "retention.ms"), ("1234567".to_owned(), false));
    assert_eq!(setting(broker, &topic, "max.message.bytes"), ("1048588".to_owned(), true));
    let change = AlterConfig::new(ResourceSpecifier::Topic(&topic)).set("max.message.bytes", "2000");
    runtime().block_on(broker.admin().alter_configs([&change], &options())).unwrap().remove(0).unwrap();
    eventually("it is set", || setting(broker, &topic, "max.message.bytes") == ("2000".to_owned(), false));
    assert_eq!(
        setting(broker, &topic, "retention.ms").0,
        "604800000",
        "what is not named goes back to its default"
    );
}

pub(super) fn a_change_with_an_unknown_setting_changes_nothing(broker: &Broker) {
    let topic = broker.topic(1, &[]);
    let change = AlterConfig::new(ResourceSpecifier::Topic(&topic));
    let change = change.set("max.message.bytes", "2000").set("no.such.setting", "1");
    // The crate does not hand the topic's own error on, so only its absence of effect can be seen.
    drop(runtime().block_on(broker.admin().alter_configs([&change], &options())).unwrap());
    assert_eq!(setting(broker, &topic, "max.message.bytes"), ("1048588".to_owned(), true));
}

fn delete_group(broker: &Broker, group: &str) -> Result<(), RDKafkaErrorCode> {
    let results = runtime().block_on(broker.admin().delete_groups(&[group], &options()));
    results.unwrap().remove(0).map(drop).map_err(|(_, code)| code)
}

fn is_listed(broker: &Broker, group: &str) -> bool {
    let listed = broker.admin().inner().fetch_group_list(None, PATIENCE).unwrap();
    listed.groups().iter().any(|known| known.name() == group)
}

pub(super) fn groups_can_be_listed_and_deleted(broker: &Broker) {
    let topic = broker.topic(1, &[]);
    let group = unique("group");
    broker.send(&topic, numbers(0..10));
    let member = broker.member(&group, &[]);
    member.subscribe(&[&topic]).unwrap();
    take(&member, 10);
    let mut upto = TopicPartitionList::new();
    upto.add_partition_offset(&topic, 0, Offset::Offset(10)).unwrap();
    member.commit(&upto, CommitMode::Sync).unwrap();
    assert!(is_listed(broker, &group));
    drop(member);
    eventually("it can be deleted", || delete_group(broker, &group) == Ok(()));
    assert_eq!(delete_group(broker, &group), Err(RDKafkaErrorCode::GroupIdNotFound));
    assert!(!is_listed(broker, &group));
}

pub(super) fn a_group_with_members_cannot_be_deleted(broker: &Broker) {
    let topic = broker.topic(1, &[]);
    let group = unique("group");
    let member = broker.member(&group, &[]);
    member.subscribe(&[&topic]).unwrap();
    eventually("it is a member", || {
        drop(member.poll(Duration::from_millis(50)));
        member.assignment().unwrap().count() == 1
    });
    assert_eq!(delete_group(broker, &group), Err(RDKafkaErrorCode::NonEmptyGroup));
}
