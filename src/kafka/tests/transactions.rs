use super::*;
use crate::kafka::{Compacted, ProduceError, Turns, read_compacted};

async fn read(fixture: &Fixture) -> Compacted {
    read_compacted(&fixture.config, &fixture.topic, None, &health()).await.unwrap()
}

#[tokio::test]
async fn a_refused_record_takes_its_whole_transaction_back() {
    let Some(fixture) = Fixture::new(1, Cleanup::Compact).await else { return };
    let mut producer = fixture.transactional(&peers::unique("id")).await;
    let large = "x".repeat(9 * 1024 * 1024);
    let batch = vec![fixture.record(0, "a", Some("1")), fixture.record(0, "b", Some(&large))];
    let refused = producer.commit(Arc::from(batch)).await.unwrap_err();
    assert!(matches!(&refused, ProduceError::Refused { index: 1, .. }), "{refused:?}");
    assert!(read(&fixture).await.entries.is_empty());

    fixture.write(&mut producer, vec![fixture.record(0, "a", Some("2"))]).await;
    assert_eq!(text(read(&fixture).await.entries[&b"a"[..]].value.as_deref()), "2");
}

#[tokio::test]
async fn an_older_producer_of_the_same_id_is_fenced_and_writes_nothing_more() {
    let Some(fixture) = Fixture::new(1, Cleanup::Compact).await else { return };
    let id = peers::unique("id");
    let mut older = fixture.transactional(&id).await;
    fixture.write(&mut older, vec![fixture.record(0, "a", Some("older"))]).await;
    let mut newer = fixture.transactional(&id).await;
    let fenced = older.commit(Arc::from(vec![fixture.record(0, "a", Some("zombie"))])).await.unwrap_err();
    assert!(matches!(fenced, ProduceError::Fatal { fenced_or_timed_out: true, .. }), "{fenced:?}");
    let again = older.commit(Arc::from(vec![fixture.record(0, "a", Some("zombie"))])).await.unwrap_err();
    assert!(matches!(again, ProduceError::Fatal { .. }), "{again:?}");
    fixture.write(&mut newer, vec![fixture.record(0, "b", Some("newer"))]).await;
    assert_eq!(text(read(&fixture).await.entries[&b"a"[..]].value.as_deref()), "older");
}

#[tokio::test]
async fn a_commit_that_is_given_up_ends_the_producer() {
    let Some(fixture) = Fixture::new(1, Cleanup::Compact).await else { return };
    let mut producer = fixture.transactional(&peers::unique("id")).await;
    fixture.write(&mut producer, vec![fixture.record(0, "a", Some("1"))]).await;
    let batch: Arc<[Outgoing]> = Arc::from(vec![fixture.record(0, "a", Some("2"))]);
    {
        // Polled once, the batch is on its way and its acknowledgement cannot be in.
        let commit = producer.commit(Arc::clone(&batch));
        assert!(futures_util::FutureExt::now_or_never(commit).is_none());
    }
    let refused = producer.commit(batch).await.unwrap_err();
    assert!(matches!(refused, ProduceError::Fatal { fenced_or_timed_out: false, .. }), "{refused:?}");
    producer.close().await;
    assert_eq!(text(read(&fixture).await.entries[&b"a"[..]].value.as_deref()), "1");
}

#[tokio::test]
async fn an_older_pair_is_fenced_whichever_of_it_has_the_turn() {
    for commits in [1, 2] {
        let Some(fixture) = Fixture::new(1, Cleanup::Compact).await else { return };
        let id = peers::unique("id");
        let open = || Turns::open(&fixture.config, &id, health());
        let mut older = open().await.unwrap();
        for _ in 0..commits {
            older.commit(Arc::from(vec![fixture.record(0, "a", Some("older"))])).await.unwrap();
        }
        let mut newer = open().await.unwrap();
        let fenced = older.commit(Arc::from(vec![fixture.record(0, "a", Some("zombie"))])).await.unwrap_err();
        assert!(matches!(fenced, ProduceError::Fatal { fenced_or_timed_out: true, .. }), "{fenced:?}");
        for key in ["b", "c"] {
            newer.commit(Arc::from(vec![fixture.record(0, key, Some("newer"))])).await.unwrap();
        }
        assert_eq!(text(read(&fixture).await.entries[&b"a"[..]].value.as_deref()), "older");
        assert_eq!(read(&fixture).await.entries.len(), 3);
        older.close().await;
        newer.close().await;
    }
}
