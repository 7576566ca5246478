use super::*;
use crate::kafka::Error;

#[tokio::test]
async fn a_topic_is_created_once_and_a_changed_partition_count_is_refused() {
    let Some(fixture) = Fixture::new(3, Cleanup::Delete).await else { return };
    let spec = |partitions| TopicSpec { name: fixture.topic.clone(), partitions, cleanup: Cleanup::Delete };
    assert_eq!(fixture.admin.partitions(&fixture.topic).await.unwrap(), Some(3));
    assert_eq!(fixture.admin.partitions("test.absent").await.unwrap(), None);
    // `None` is the three of the file.
    fixture.admin.ensure_topics(&[spec(Some(3)), spec(None)]).await.unwrap();
    let refused = fixture.admin.ensure_topics(&[spec(Some(4))]).await.unwrap_err();
    assert!(matches!(refused, Error::Config { .. }), "{refused:?}");
    let message = refused.to_string();
    for part in
        [&fixture.topic, &fixture.config.bootstrap_servers, "has 3 partitions", "kafka.topics.partitions"]
    {
        assert!(message.contains(part), "{message}");
    }
}

#[tokio::test]
async fn offsets_are_found_by_record_time() {
    let Some(fixture) = Fixture::new(1, Cleanup::Delete).await else { return };
    // Years old, as the rows of a snapshot: such a topic must not expire them.
    let records =
        (1..=3).map(|n| Outgoing { timestamp: Some(n * 1000), ..fixture.record(0, "k", Some("v")) });
    fixture.producer().send(records.collect()).await.unwrap();
    let topics = [fixture.topic.clone()];
    for (time, offset) in [(0, 0), (2000, 1), (2001, 2), (3001, 3)] {
        assert_eq!(
            fixture.admin.offsets_at(&topics, time).await.unwrap()[&fixture.place(0)],
            offset,
            "{time}"
        );
    }
}

#[tokio::test]
async fn a_group_that_never_committed_has_no_offsets() {
    let Some(fixture) = Fixture::new(1, Cleanup::Delete).await else { return };
    let committed =
        fixture.admin.committed(&peers::unique("group"), std::slice::from_ref(&fixture.topic)).await.unwrap();
    assert!(committed.is_empty());
}
