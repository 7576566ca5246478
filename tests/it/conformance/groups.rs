//! Groups: sharing, taking over, committing; eager, cooperative and static membership.

use std::collections::BTreeSet;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _};
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::broker::{Broker, PATIENCE, eventually, numbers, take, texts, unique};

const TICK: Duration = Duration::from_millis(50);

fn join(broker: &Broker, group: &str, topic: &str, settings: &[(&str, &str)]) -> BaseConsumer {
    let member = broker.member(group, settings);
    member.subscribe(&[topic]).unwrap();
    member
}

/// Lets members do their part of the protocol; answers what each has.
fn poll(members: &[&BaseConsumer]) -> Vec<BTreeSet<i32>> {
    for member in members {
        if let Some(Err(error)) = member.poll(TICK) {
            panic!("a member fails: {error}");
        }
    }
    members.iter().map(|member| partitions(member)).collect()
}

fn partitions(member: &BaseConsumer) -> BTreeSet<i32> {
    let assignment = member.assignment().unwrap();
    assignment
        .elements()
        .iter()
        .map(rdkafka::topic_partition_list::TopicPartitionListElem::partition)
        .collect()
}

fn has(member: &BaseConsumer, count: usize) {
    eventually("the member has its partitions", || poll(&[member])[0].len() == count);
}

pub(super) fn one_member_gets_everything(broker: &Broker) {
    let topic = broker.topic(4, &[]);
    let member = join(broker, &unique("group"), &topic, &[]);
    has(&member, 4);
}

pub(super) fn two_members_share(broker: &Broker) {
    let topic = broker.topic(4, &[]);
    let group = unique("group");
    let first = join(broker, &group, &topic, &[]);
    has(&first, 4);
    let second = join(broker, &group, &topic, &[]);
    eventually("each has two", || {
        let shares = poll(&[&first, &second]);
        shares[0].len() == 2 && shares[1].len() == 2 && shares[0].is_disjoint(&shares[1])
    });
}

pub(super) fn whoever_stays_takes_over(broker: &Broker) {
    let topic = broker.topic(4, &[]);
    let group = unique("group");
    let first = join(broker, &group, &topic, &[]);
    let second = join(broker, &group, &topic, &[]);
    eventually("each has two", || poll(&[&first, &second]).iter().all(|share| share.len() == 2));
    drop(first);
    has(&second, 4);
}

pub(super) fn cooperative_members_keep_what_they_have(broker: &Broker) {
    let topic = broker.topic(4, &[]);
    let group = unique("group");
    let sticky = [("partition.assignment.strategy", "cooperative-sticky")];
    let first = join(broker, &group, &topic, &sticky);
    has(&first, 4);
    let before = partitions(&first);
    let second = join(broker, &group, &topic, &sticky);
    let mut least = before.len();
    eventually("each has two", || {
        let shares = poll(&[&first, &second]);
        least = least.min(shares[0].len());
        shares[0].len() == 2 && shares[1].len() == 2
    });
    assert_eq!(least, 2, "the first member gave up more than it had to");
    assert!(partitions(&first).is_subset(&before));
}

pub(super) fn a_commit_is_where_the_group_goes_on(broker: &Broker) {
    let topic = broker.topic(1, &[]);
    let group = unique("group");
    broker.send(&topic, numbers(0..100));
    let member = join(broker, &group, &topic, &[]);
    assert_eq!(texts(&take(&member, 37)), numbers(0..37));
    let mut upto = TopicPartitionList::new();
    upto.add_partition_offset(&topic, 0, Offset::Offset(37)).unwrap();
    member.commit(&upto, CommitMode::Sync).unwrap();
    drop(member);
    let member = join(broker, &group, &topic, &[]);
    assert_eq!(texts(&take(&member, 63)), numbers(37..100));
}

pub(super) fn a_commit_keeps_its_metadata(broker: &Broker) {
    let topic = broker.topic(1, &[]);
    let group = unique("group");
    let member = join(broker, &group, &topic, &[]);
    has(&member, 1);
    let mut upto = TopicPartitionList::new();
    upto.add_partition_offset(&topic, 0, Offset::Offset(5)).unwrap();
    upto.find_partition(&topic, 0).unwrap().set_metadata("why: Ü");
    member.commit(&upto, CommitMode::Sync).unwrap();
    let committed = broker.member(&group, &[]);
    let mut wanted = TopicPartitionList::new();
    wanted.add_partition(&topic, 0);
    let found = committed.committed_offsets(wanted, PATIENCE).unwrap();
    let found = found.find_partition(&topic, 0).unwrap();
    assert_eq!((found.offset(), found.metadata()), (Offset::Offset(5), "why: Ü"));
}

pub(super) fn a_static_member_that_comes_back_changes_nothing(broker: &Broker) {
    let topic = broker.topic(4, &[]);
    let group = unique("group");
    // Long enough for the member to come back within it.
    let session = ("session.timeout.ms", "30000");
    let of = |instance| join(broker, &group, &topic, &[("group.instance.id", instance), session]);
    let (first, second) = (of("one"), of("two"));
    eventually("each has two", || poll(&[&first, &second]).iter().all(|share| share.len() == 2));
    let (kept, left) = (partitions(&first), partitions(&second));
    drop(second);
    let again = of("two");
    let mut disturbed = false;
    eventually("it has what it had", || {
        let shares = poll(&[&first, &again]);
        disturbed |= shares[0] != kept;
        shares[1] == left
    });
    assert!(!disturbed, "the other member was asked to join again");
}

pub(super) fn a_second_static_member_of_the_same_name_fences_the_first(broker: &Broker) {
    let topic = broker.topic(1, &[]);
    let group = unique("group");
    let of =
        || join(broker, &group, &topic, &[("group.instance.id", "one"), ("session.timeout.ms", "30000")]);
    let first = of();
    has(&first, 1);
    let second = of();
    has(&second, 1);
    eventually("the first is fenced", || {
        drop(first.poll(TICK));
        first.client().fatal_error().is_some()
    });
    let (code, _) = first.client().fatal_error().expect("a fatal error");
    assert_eq!(code, RDKafkaErrorCode::FencedInstanceId);
}

pub(super) fn a_member_of_an_old_generation_cannot_commit(broker: &Broker) {
    let topic = broker.topic(2, &[]);
    let group = unique("group");
    broker.send(&topic, numbers(0..10));
    let slow = join(broker, &group, &topic, &[("max.poll.interval.ms", "6000")]);
    has(&slow, 2);
    // It says nothing for so long that it is out of the group, and another takes over.
    let other = join(broker, &group, &topic, &[]);
    eventually("the other has everything", || poll(&[&other])[0].len() == 2);
    let mut upto = TopicPartitionList::new();
    upto.add_partition_offset(&topic, 0, Offset::Offset(5)).unwrap();
    slow.commit(&upto, CommitMode::Sync).expect_err("it is no member any more");
}

pub(super) fn members_without_a_protocol_in_common_are_refused(broker: &Broker) {
    let topic = broker.topic(2, &[]);
    let group = unique("group");
    let first = join(broker, &group, &topic, &[("partition.assignment.strategy", "range")]);
    has(&first, 2);
    let other = join(broker, &group, &topic, &[("partition.assignment.strategy", "cooperative-sticky")]);
    eventually("the second is refused", || {
        poll(&[&first]);
        match other.poll(TICK) {
            Some(Err(error)) => {
                error.rdkafka_error_code() == Some(RDKafkaErrorCode::InconsistentGroupProtocol)
            }
            _ => false,
        }
    });
}
