use std::collections::BTreeMap;
use std::time::Duration;

use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};
use tokio::time::timeout;

use super::*;
use crate::kafka::{Followed, Follower, Tail, read_compacted};

/// A transaction with one record, left open.
async fn open_transaction(fixture: &Fixture, value: &'static str) -> BaseProducer {
    let (config, topic) = (fixture.config.clone(), fixture.topic.clone());
    tokio::task::spawn_blocking(move || {
        let mut client = config.producer_config();
        let producer: BaseProducer = client.set("transactional.id", peers::unique("other")).create().unwrap();
        producer.init_transactions(Duration::from_secs(30)).unwrap();
        producer.begin_transaction().unwrap();
        producer.send(BaseRecord::to(&topic).partition(0).key("open").payload(value)).unwrap();
        producer.flush(Duration::from_secs(30)).unwrap();
        producer
    })
    .await
    .unwrap()
}

#[tokio::test]
async fn a_compacted_topic_is_its_newest_values_without_those_that_were_taken_back() {
    let Some(fixture) = Fixture::new(2, Cleanup::Compact).await else { return };
    let mut producer = fixture.transactional(&peers::unique("id")).await;
    let records = vec![
        fixture.record(0, "a", Some("1")),
        fixture.record(0, "b", Some("1")),
        fixture.record(1, "c", Some("1")),
    ];
    fixture.write(&mut producer, records).await;
    fixture.write(&mut producer, vec![fixture.record(0, "a", Some("2")), fixture.record(0, "b", None)]).await;

    let read = read_compacted(&fixture.config, &fixture.topic, None, &health()).await.unwrap();
    let mut entries: Vec<_> = read
        .entries
        .values()
        .map(|entry| (text(entry.key.as_deref()), text(entry.value.as_deref())))
        .collect();
    entries.sort_unstable();
    assert_eq!(entries, [("a", "2"), ("c", "1")]);
    // Two records, a commit marker, two records.
    assert_eq!(read.entries[&b"a"[..]].at.offset, 3);
    assert!(read.next[&0] >= 5, "{:?}", read.next);

    let one = read_compacted(&fixture.config, &fixture.topic, Some(1), &health()).await.unwrap();
    assert_eq!(one.entries.len(), 1);
    assert_eq!(one.next.keys().collect::<Vec<_>>(), [&1]);
}

#[tokio::test]
async fn an_empty_topic_is_read_at_once() {
    let Some(fixture) = Fixture::new(2, Cleanup::Compact).await else { return };
    let read = read_compacted(&fixture.config, &fixture.topic, None, &health()).await.unwrap();
    assert!(read.entries.is_empty());
    assert_eq!(read.next, BTreeMap::from([(0, 0), (1, 0)]));
}

#[tokio::test]
async fn a_reader_waits_for_the_end_of_a_transaction_that_holds_it_back() {
    let Some(fixture) = Fixture::new(1, Cleanup::Compact).await else { return };
    let open = open_transaction(&fixture, "late").await;
    let health = health();
    let mut read = std::pin::pin!(read_compacted(&fixture.config, &fixture.topic, None, &health));
    assert!(timeout(Duration::from_secs(2), &mut read).await.is_err(), "the reader did not wait");
    tokio::task::spawn_blocking(move || open.commit_transaction(Duration::from_secs(30)).unwrap())
        .await
        .unwrap();
    assert_eq!(text(read.await.unwrap().entries[&b"open"[..]].value.as_deref()), "late");
}

#[tokio::test]
async fn an_aborted_transaction_is_passed_by() {
    let Some(fixture) = Fixture::new(1, Cleanup::Compact).await else { return };
    let open = open_transaction(&fixture, "never").await;
    tokio::task::spawn_blocking(move || open.abort_transaction(Duration::from_secs(30)).unwrap())
        .await
        .unwrap();
    let read = read_compacted(&fixture.config, &fixture.topic, None, &health()).await.unwrap();
    assert!(read.entries.is_empty());
}

#[tokio::test]
async fn a_follower_reaches_the_end_beyond_commit_markers_and_goes_on() {
    let Some(fixture) = Fixture::new(1, Cleanup::Compact).await else { return };
    let mut producer = fixture.transactional(&peers::unique("id")).await;
    let from = BTreeMap::from([(0, 0)]);
    let mut follower = Follower::open(&fixture.config, &fixture.topic, from).unwrap();
    assert!(follower.reached(&BTreeMap::from([(0, 0)])));
    for round in 0..2 {
        fixture.write(&mut producer, fixture.records(0, 0..3)).await;
        // The marker of the transaction is written a moment after its commit is acknowledged.
        let end = 4 * (round + 1);
        while fixture.end(0).await < end {
            tokio::task::yield_now().await;
        }
        let mut values = Vec::new();
        while !follower.reached(&BTreeMap::from([(0, end)])) {
            match follower.next().await {
                Followed::Record(record) => values.push(text(record.value.as_deref()).to_owned()),
                Followed::Advanced => {}
                Followed::Error(error) => panic!("{error}"),
            }
        }
        assert_eq!(values, ["0", "1", "2"]);
    }
}

#[tokio::test]
async fn a_tail_has_the_records_from_a_time_or_an_offset_on_and_ends() {
    let Some(fixture) = Fixture::new(2, Cleanup::Delete).await else { return };
    let at = |partition, time: i64| Outgoing {
        timestamp: Some(time),
        ..fixture.record(partition, "k", Some(&time.to_string()))
    };
    let records = vec![at(0, 1000), at(0, 2000), at(1, 1500), at(1, 2500), at(0, 3000)];
    fixture.producer().send(records).await.unwrap();
    let topic = || fixture.topic.clone();
    assert_eq!(times(Tail::since(&fixture.config, vec![topic()], 2000, health())).await, [2000, 2500, 3000]);
    let from = BTreeMap::from([(0, 1)]);
    let tail = Tail::from(&fixture.config, vec![(topic(), from)], health());
    assert_eq!(times(tail).await, [1500, 2000, 2500, 3000], "partition 1 has no offset");
}

async fn times(mut tail: Tail) -> Vec<i64> {
    let mut found = Vec::new();
    while let Some(record) = tail.next().await {
        found.push(record.unwrap().timestamp);
    }
    found.sort_unstable();
    found
}
