use super::*;
use crate::kafka::partitioner::partition_of;
use crate::kafka::{ProduceError, read_compacted};

#[tokio::test]
async fn acknowledged_records_have_their_offsets_and_everything_they_were_given() {
    let Some(fixture) = Fixture::new(2, Cleanup::Compact).await else { return };
    let mut first = fixture.record(1, "a", Some("1"));
    first.headers.push("h", "x");
    first.headers.push("h", "y");
    first.timestamp = Some(1_600_000_000_000);
    let sent = vec![first.clone(), fixture.record(0, "b", Some("2")), fixture.record(1, "c", Some("3"))];
    assert_eq!(fixture.producer().send(sent).await.unwrap(), [0, 0, 1]);

    let read = read_compacted(&fixture.config, &fixture.topic, None, &health()).await.unwrap();
    let found = &read.entries[&b"a"[..]];
    assert_eq!((found.at.partition.partition, found.at.offset), (1, 0));
    assert_eq!((found.value.as_deref(), found.timestamp), (Some(&b"1"[..]), 1_600_000_000_000));
    assert_eq!(found.headers, first.headers);
}

#[tokio::test]
async fn a_key_chooses_the_partition_that_kafkas_clients_choose() {
    let Some(fixture) = Fixture::new(3, Cleanup::Compact).await else { return };
    let keys: Vec<String> = (0..20).map(|n| format!("001A{n}")).collect();
    let records = keys.iter().map(|key| Outgoing {
        place: Place::Key(key.clone().into_bytes()),
        ..fixture.record(0, key, Some("v"))
    });
    fixture.producer().send(records.collect()).await.unwrap();
    let read = read_compacted(&fixture.config, &fixture.topic, None, &health()).await.unwrap();
    for key in &keys {
        assert_eq!(
            read.entries[key.as_bytes()].at.partition.partition,
            partition_of(key.as_bytes(), 3),
            "{key}"
        );
    }
}

#[tokio::test]
async fn a_record_that_is_too_large_is_refused_by_name_and_the_producer_goes_on() {
    let Some(fixture) = Fixture::new(1, Cleanup::Delete).await else { return };
    let producer = fixture.producer();
    let large = "x".repeat(9 * 1024 * 1024);
    let refused = producer.send(vec![fixture.record(0, "big", Some(&large))]).await.unwrap_err();
    let ProduceError::Refused { topic, key, index: 0, .. } = &refused else { panic!("{refused:?}") };
    assert_eq!((topic.as_str(), key.as_str()), (fixture.topic.as_str(), "big"));
    assert_eq!(producer.send(vec![fixture.record(0, "small", Some("x"))]).await.unwrap(), [0]);
}
