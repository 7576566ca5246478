use std::collections::BTreeSet;
use std::time::Duration;

use orgstream_api::{Capacity, InputOffset, Lease, TopicPartition};
use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _};
use rdkafka::{Offset, TopicPartitionList};

use super::*;
use crate::kafka::{Assigned, Consumed, Error, Event, GroupConfig, GroupConsumer, Starts};

impl Fixture {
    fn member(&self, group: &str, instance: &str, read_ahead: usize) -> GroupConsumer {
        self.member_from(group, instance, read_ahead, Starts::default())
    }

    fn member_from(&self, group: &str, instance: &str, read_ahead: usize, starts: Starts) -> GroupConsumer {
        let group = GroupConfig {
            group: group.to_owned(),
            instance: instance.to_owned(),
            on_behalf_of: "b".to_owned(),
            topics: vec![self.topic.clone()],
            starts,
            session_timeout: Duration::from_secs(6),
            read_ahead: Capacity { records: read_ahead, bytes: 1 << 20 },
        };
        GroupConsumer::open(&self.config, group).unwrap()
    }

    fn next_to_read(&self, partition: i32, offset: i64) -> InputOffset {
        InputOffset { partition: self.place(partition), offset }
    }
}

async fn assigned(member: &mut GroupConsumer) -> Vec<Assigned> {
    loop {
        match member.next().await {
            Event::Assigned(assigned) => return assigned,
            Event::Advanced(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

/// Values as numbers, until there are `count`.
async fn numbers(member: &mut GroupConsumer, count: usize) -> Vec<i32> {
    let mut numbers = Vec::new();
    while numbers.len() < count {
        match member.next().await {
            Event::Messages(records) => {
                numbers.extend(
                    records
                        .iter()
                        .map(|record: &Consumed| text(record.value.as_deref()).parse::<i32>().unwrap()),
                );
            }
            Event::Advanced(_) | Event::Assigned(_) => {}
            other => panic!("{other:?}"),
        }
    }
    numbers
}

async fn catch_up(member: &mut GroupConsumer, place: &TopicPartition, end: i64) {
    while !member.caught_up(place, end) {
        match member.next().await {
            Event::Messages(_) | Event::Advanced(_) | Event::Assigned(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_member_catches_up_with_the_high_watermark_beyond_commit_markers() {
    let Some(fixture) = Fixture::new(1, Cleanup::Delete).await else { return };
    let mut producer = fixture.transactional(&peers::unique("id")).await;
    fixture.write(&mut producer, fixture.records(0, 0..5)).await;
    fixture.write(&mut producer, fixture.records(0, 5..10)).await;
    // Ten records and two markers; the last marker comes a moment after its commit is acknowledged.
    while fixture.end(0).await < 12 {
        tokio::task::yield_now().await;
    }
    let place = fixture.place(0);
    let mut member = fixture.member(&peers::unique("group"), "m", 1000);
    assert!(!member.caught_up(&place, 12));
    assert_eq!(numbers(&mut member, 10).await, (0..10).collect::<Vec<_>>());
    catch_up(&mut member, &place, 12).await;
    assert_eq!(member.position(&place), Some(12));

    // A transaction that was aborted leaves nothing but its marker.
    let large = "x".repeat(9 * 1024 * 1024);
    let batch = vec![fixture.record(0, "a", Some("1")), fixture.record(0, "b", Some(&large))];
    producer.commit(Arc::from(batch)).await.unwrap_err();
    fixture.write(&mut producer, fixture.records(0, 10..11)).await;
    let end = fixture.end(0).await;
    catch_up(&mut member, &place, end).await;
    member.close().await;
}

#[tokio::test]
async fn a_member_goes_on_where_it_committed_and_its_commit_holds_the_lease() {
    let Some(fixture) = Fixture::new(1, Cleanup::Delete).await else { return };
    fixture.producer().send(fixture.records(0, 0..10)).await.unwrap();
    let group = peers::unique("group");
    let mut member = fixture.member(&group, "m", 1000);
    let start = Assigned { at: fixture.next_to_read(0, 0), committed: false, jobs: BTreeSet::new() };
    assert_eq!(assigned(&mut member).await, [start]);
    assert_eq!(numbers(&mut member, 10).await.len(), 10);
    let lease = member.lease();
    assert!(futures_util::FutureExt::now_or_never(lease.held()).is_none());
    member.commit(vec![fixture.next_to_read(0, 4)]).await.unwrap();
    // Unchanged offsets are committed, too: they renew the lease.
    member.commit(vec![fixture.next_to_read(0, 4)]).await.unwrap();
    assert_eq!(futures_util::FutureExt::now_or_never(lease.held()), Some(Duration::from_secs(3)));
    let committed = fixture.admin.committed(&group, std::slice::from_ref(&fixture.topic)).await.unwrap();
    assert_eq!(committed[&fixture.place(0)], 4);
    assert!(fixture.admin.has_consumed(&group, std::slice::from_ref(&fixture.topic)).await.unwrap());
    member.close().await;

    // The same member again has its partition at once.
    let mut member = fixture.member(&group, "m", 1000);
    let start = Assigned { at: fixture.next_to_read(0, 4), committed: true, jobs: BTreeSet::new() };
    assert_eq!(assigned(&mut member).await, [start]);
    assert_eq!(numbers(&mut member, 6).await, (4..10).collect::<Vec<_>>());
    member.close().await;
}

#[tokio::test]
async fn a_member_begins_where_it_is_told_until_there_is_a_commit() {
    let Some(fixture) = Fixture::new(2, Cleanup::Delete).await else { return };
    for partition in [0, 1] {
        fixture.producer().send(fixture.records(partition, 0..5)).await.unwrap();
    }
    let group = peers::unique("group");
    let starts = Starts::new([(fixture.place(0), 3)].into());
    let begins = |partition, offset| Assigned {
        at: fixture.next_to_read(partition, offset),
        committed: false,
        jobs: BTreeSet::new(),
    };
    // Nothing is committed, so it is told again.
    for _ in 0..2 {
        let mut member = fixture.member_from(&group, "m", 1000, starts.clone());
        assert_eq!(assigned(&mut member).await, [begins(0, 3), begins(1, 0)]);
        member.close().await;
    }
    let mut member = fixture.member_from(&group, "m", 1000, starts.clone());
    assigned(&mut member).await;
    member.commit(vec![fixture.next_to_read(0, 4)]).await.unwrap();
    member.close().await;
    // A commit that is gone afterwards is that of another topic.
    let mut member = fixture.member_from(&peers::unique("group"), "m", 1000, starts);
    assert_eq!(assigned(&mut member).await, [begins(0, 0), begins(1, 0)]);
    member.close().await;
}

#[tokio::test]
async fn a_worker_without_room_stays_a_member_and_misses_nothing() {
    let Some(fixture) = Fixture::new(1, Cleanup::Delete).await else { return };
    fixture.producer().send(fixture.records(0, 0..300)).await.unwrap();
    let mut member = fixture.member(&peers::unique("group"), "m", 20);
    assigned(&mut member).await;
    // Longer than the session: heartbeats and polls go on although nothing is taken.
    tokio::time::sleep(Duration::from_secs(7)).await;
    member.commit(vec![fixture.next_to_read(0, 0)]).await.unwrap();
    assert_eq!(numbers(&mut member, 300).await, (0..300).collect::<Vec<_>>());
    member.close().await;
}

#[tokio::test]
async fn a_paused_partition_is_not_read_until_it_is_resumed() {
    let Some(fixture) = Fixture::new(2, Cleanup::Delete).await else { return };
    let producer = fixture.producer();
    let mut member = fixture.member(&peers::unique("group"), "m", 1000);
    assigned(&mut member).await;
    member.set_paused(&[fixture.place(0)]);
    // A pause that is heard goes before every record that is written after it.
    tokio::time::sleep(Duration::from_millis(500)).await;
    producer.send(fixture.records(0, 0..3)).await.unwrap();
    producer.send(fixture.records(1, 10..13)).await.unwrap();
    assert_eq!(numbers(&mut member, 3).await, [10, 11, 12]);
    member.set_paused(&[]);
    assert_eq!(numbers(&mut member, 3).await, [0, 1, 2]);
    member.close().await;
}

#[tokio::test]
async fn a_rewound_partition_comes_again_from_its_commit() {
    let Some(fixture) = Fixture::new(1, Cleanup::Delete).await else { return };
    fixture.producer().send(fixture.records(0, 0..10)).await.unwrap();
    let mut member = fixture.member(&peers::unique("group"), "m", 4);
    numbers(&mut member, 4).await;
    member.commit(vec![fixture.next_to_read(0, 2)]).await.unwrap();
    member.rewind(&[fixture.place(0)]).await.unwrap();
    assert_eq!(numbers(&mut member, 8).await, (2..10).collect::<Vec<_>>());
    member.close().await;
}

#[tokio::test]
async fn a_revoked_partition_goes_with_the_offset_that_the_worker_released() {
    let Some(fixture) = Fixture::new(2, Cleanup::Delete).await else { return };
    let producer = fixture.producer();
    producer.send(fixture.records(0, 0..10)).await.unwrap();
    producer.send(fixture.records(1, 0..10)).await.unwrap();
    let group = peers::unique("group");
    let mut first = fixture.member(&group, "first", 1000);
    assert_eq!(assigned(&mut first).await.len(), 2);
    numbers(&mut first, 20).await;
    let mut second = fixture.member(&group, "second", 1000);
    let gone = loop {
        if let Event::Revoking(revocation) = first.next().await {
            let gone = revocation.partitions().to_vec();
            let offsets = gone.iter().map(|place| fixture.next_to_read(place.partition, 7)).collect();
            revocation.release(offsets).await.unwrap();
            break gone;
        }
    };
    assert_eq!(gone.len(), 1);
    let came = assigned(&mut second).await;
    assert_eq!(
        came,
        [Assigned { at: fixture.next_to_read(gone[0].partition, 7), committed: true, jobs: BTreeSet::new() }]
    );
    assert_eq!(numbers(&mut second, 3).await, [7, 8, 9]);
    assert_eq!(first.position(&gone[0]), None);
    first.close().await;
    second.close().await;
}

#[tokio::test]
async fn a_worker_that_is_late_loses_its_lease_and_commits_nothing_of_what_it_lost() {
    let Some(fixture) = Fixture::new(2, Cleanup::Delete).await else { return };
    let group = peers::unique("group");
    let both = |offset| vec![fixture.next_to_read(0, offset), fixture.next_to_read(1, offset)];
    let producer = fixture.producer();
    producer.send(fixture.records(0, 0..10)).await.unwrap();
    producer.send(fixture.records(1, 0..10)).await.unwrap();
    let mut first = fixture.member(&group, "first", 1000);
    assert_eq!(assigned(&mut first).await.len(), 2);
    first.commit(both(1)).await.unwrap();
    let mut second = fixture.member(&group, "second", 1000);
    // The worker is told, and does nothing for longer than it may.
    let revocation = loop {
        if let Event::Revoking(revocation) = first.next().await {
            break revocation;
        }
    };
    let gone = revocation.partitions()[0].clone();
    let came = assigned(&mut second).await;
    assert_eq!(
        came,
        [Assigned {
            at: InputOffset { partition: gone.clone(), offset: 1 },
            committed: true,
            jobs: BTreeSet::new()
        }]
    );
    let lease = first.lease();
    assert!(futures_util::FutureExt::now_or_never(lease.held()).is_none());
    second.commit(vec![InputOffset { partition: gone.clone(), offset: 7 }]).await.unwrap();

    // A late commit sets nothing of the new owner's back, and gives no lease: the worker does not know yet.
    first.commit(both(2)).await.unwrap();
    assert!(futures_util::FutureExt::now_or_never(lease.held()).is_none());
    let committed = fixture.admin.committed(&group, std::slice::from_ref(&fixture.topic)).await.unwrap();
    let kept = fixture.place(1 - gone.partition);
    assert_eq!((committed[&gone], committed[&kept]), (7, 2));
    revocation.release(both(3)).await.unwrap_err();
    let lost = loop {
        match first.change() {
            Some(Event::Lost(lost)) => break lost,
            Some(_) => {}
            None => tokio::task::yield_now().await,
        }
    };
    assert_eq!(lost, [gone]);
    first.commit(both(4)).await.unwrap();
    assert!(futures_util::FutureExt::now_or_never(lease.held()).is_some());
    first.close().await;
    second.close().await;
}

#[tokio::test]
async fn records_that_vanished_before_they_were_consumed_are_an_error() {
    let Some(fixture) = Fixture::new(1, Cleanup::Delete).await else { return };
    fixture.producer().send(fixture.records(0, 0..10)).await.unwrap();
    let group = peers::unique("group");
    let mut member = fixture.member(&group, "m", 1000);
    assigned(&mut member).await;
    member.commit(vec![fixture.next_to_read(0, 2)]).await.unwrap();
    member.close().await;

    let admin: AdminClient<DefaultClientContext> = fixture.config.client_config().create().unwrap();
    let mut gone = TopicPartitionList::new();
    gone.add_partition_offset(&fixture.topic, 0, Offset::Offset(5)).unwrap();
    admin.delete_records(&gone, &AdminOptions::new()).await.unwrap();

    let mut member = fixture.member(&group, "m", 1000);
    let error = loop {
        match member.next().await {
            Event::Assigned(_) | Event::Advanced(_) => {}
            Event::Error(error) => break error,
            other => panic!("{other:?}"),
        }
    };
    assert!(matches!(error, Error::OffsetGone { .. }), "{error:?}");
    let message = error.to_string();
    assert!(message.contains(&fixture.topic) && message.contains(&group), "{message}");
    member.close().await;
}

#[tokio::test]
async fn a_partition_that_was_cut_before_its_first_commit_is_refused_until_a_commit_says_where_to_start() {
    let Some(fixture) = Fixture::new(1, Cleanup::Delete).await else { return };
    fixture.producer().send(fixture.records(0, 0..10)).await.unwrap();
    let admin: AdminClient<DefaultClientContext> = fixture.config.client_config().create().unwrap();
    let mut gone = TopicPartitionList::new();
    gone.add_partition_offset(&fixture.topic, 0, Offset::Offset(5)).unwrap();
    admin.delete_records(&gone, &AdminOptions::new()).await.unwrap();

    let group = peers::unique("group");
    let mut member = fixture.member(&group, "m", 1000);
    let error = loop {
        match member.next().await {
            Event::Error(error @ Error::OffsetGone { .. }) => break error,
            Event::Error(Error::Failed { .. }) | Event::Advanced(_) => {}
            other => panic!("{other:?}"),
        }
    };
    let message = error.to_string();
    for said in [&format!("{}-0 begins at 5", fixture.topic), &group, "orgstream offsets set FILE"] {
        assert!(message.contains(said), "no `{said}` in {message}");
    }
    member.close().await;

    // What the tool does on the user's word, as soon as the brokers take the group for empty.
    let tool: BaseConsumer = fixture.config.client_config().set("group.id", &group).create().unwrap();
    let mut word = TopicPartitionList::new();
    word.add_partition_offset(&fixture.topic, 0, Offset::Offset(5)).unwrap();
    while tool.commit(&word, CommitMode::Sync).is_err() {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let topics = std::slice::from_ref(&fixture.topic);
    assert_eq!(fixture.admin.committed(&group, topics).await.unwrap()[&fixture.place(0)], 5);
    assert!(!fixture.admin.has_consumed(&group, topics).await.unwrap(), "nobody was at work there");

    let mut member = fixture.member(&group, "m", 1000);
    assert_eq!(
        assigned(&mut member).await,
        [Assigned { at: fixture.next_to_read(0, 5), committed: true, jobs: BTreeSet::new() }]
    );
    assert_eq!(numbers(&mut member, 5).await, (5..10).collect::<Vec<_>>());
    member.close().await;
}

#[tokio::test]
async fn a_second_process_with_the_same_name_is_told_apart() {
    let Some(fixture) = Fixture::new(1, Cleanup::Delete).await else { return };
    let group = peers::unique("group");
    let mut older = fixture.member(&group, "m", 1000);
    assigned(&mut older).await;
    older.commit(vec![fixture.next_to_read(0, 0)]).await.unwrap();
    let mut newer = fixture.member(&group, "m", 1000);
    let error = loop {
        match older.next().await {
            Event::Error(error @ Error::Fenced { .. }) => break error,
            Event::Error(Error::Failed { .. }) | Event::Lost(_) | Event::Advanced(_) | Event::Revoking(_) => {
            }
            other => panic!("{other:?}"),
        }
    };
    assert!(error.to_string().contains("state directory"), "{error}");
    assert!(futures_util::FutureExt::now_or_never(older.lease().held()).is_none());
    assert_eq!(assigned(&mut newer).await.len(), 1);
    older.close().await;
    newer.close().await;
}
