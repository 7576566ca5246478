//! Positions that the org can no longer serve.

use std::time::Duration;

use orgstream_api::record::header;
use orgstream_api::{Source, TaskError};
use serde_json::json;

use super::feed::{Committed, id, kind};
use super::world::World;
use crate::config::Start;

const CHANNEL: &str = "/topic/orgstream_Account";
const DAY_AND_HOUR: Duration = Duration::from_hours(25);

#[tokio::test]
async fn an_expired_position_is_a_gap_until_a_snapshot_repairs_it() {
    let world = World::start().await;
    let mut committed = Committed::default();
    let mut feed = committed.source(&world, Start::Latest).await;
    feed.until_subscribed().await;
    let gone = world.create("Account", json!({"Name": "deleted in the gap"})).await;
    let stays = world.create("Account", json!({"Name": "changed in the gap"})).await;
    feed.until_records(2).await;
    feed.source.stop().await;
    world.delete(gone).await;
    world.update("Account", stays, json!({"Name": "changed"})).await;
    world.sandbox.advance(DAY_AND_HOUR);

    // The gap is committed before the source stops.
    let mut feed = committed.source(&world, Start::Latest).await;
    let before = feed.committed.records.len();
    let error = loop {
        if let Err(error) = feed.next().await {
            break error;
        }
    };
    let TaskError::Gap(text) = error else { panic!("{error:?}") };
    assert!(text.contains(CHANNEL) && text.contains("--snapshot crm"), "{text}");
    assert_eq!(feed.committed.records.len(), before, "nothing behind the gap is produced");
    let gap = committed.gap("Account").unwrap();
    assert_eq!((&gap["state"], &gap["cause"]), (&json!("open"), &json!("expired_replay_id")));
    assert_eq!(gap["channel"], CHANNEL);

    // It is never jumped.
    let again = committed.try_source(&world, Start::Latest).await;
    assert!(matches!(again.err(), Some(TaskError::Gap(text)) if text.contains(CHANNEL)));
    assert_eq!(
        committed.gap("Contact").map(|gap| (&gap["state"], &gap["cause"])),
        Some((&json!("open"), &json!("long_outage"))),
        "one repair for all"
    );

    let mut feed = committed.source(&world, Start::Snapshot).await;
    let closed = |committed: &Committed| {
        committed.gap("Account").is_some_and(|gap| gap["state"] == "closed" && gap["closed"].is_string())
            && committed.position("snapshot", "Contact").is_some_and(|snapshot| snapshot["state"] == "done")
    };
    feed.until(closed).await;
    assert_eq!(committed.position("snapshot", "Account").unwrap()["state"], "done");
    let names = committed.names();
    assert_eq!(names.get(stays.as_str()).map(String::as_str), Some("changed"));
    assert!(!names.contains_key(gone.as_str()));
    let delete = committed.records.iter().rev().find(|record| id(record) == gone.as_str()).unwrap();
    assert_eq!(kind(delete), "deleted");
    assert_eq!(delete.record.headers.text(header::ORIGIN), Some("snapshot"));
    committed.assert_order();
}

#[tokio::test]
async fn an_expired_position_is_no_gap_where_everything_is_read_anew() {
    let world = World::start().await;
    let mut committed = Committed::default();
    committed.source(&world, Start::Latest).await.until_subscribed().await;
    let missed = world.create("Account", json!({"Name": "missed"})).await;
    world.sandbox.advance(DAY_AND_HOUR);
    committed.anew = true;
    let mut feed = committed.source(&world, Start::Latest).await;
    feed.until(|committed| {
        committed.position("snapshot", "Contact").is_some_and(|snapshot| snapshot["state"] == "done")
    })
    .await;
    assert!(committed.names().contains_key(missed.as_str()));
    assert!(committed.gap("Account").is_none());
}

#[tokio::test]
async fn an_old_position_without_a_replay_id_is_a_gap_too() {
    let world = World::start().await;
    let mut committed = Committed::default();
    committed.source(&world, Start::Latest).await.until_subscribed().await;
    world.create("Account", json!({"Name": "lost"})).await;
    world.sandbox.advance(DAY_AND_HOUR);
    let mut feed = committed.source(&world, Start::Latest).await;
    let error = loop {
        if let Err(error) = feed.next().await {
            break error;
        }
    };
    assert!(matches!(error, TaskError::Gap(_)), "{error:?}");
}

#[tokio::test]
async fn a_refused_replay_id_of_a_young_position_is_no_gap() {
    let world = World::start().await;
    let mut committed = Committed::default();
    let mut feed = committed.source(&world, Start::Latest).await;
    feed.until_subscribed().await;
    world.create("Account", json!({"Name": "old"})).await;
    feed.until_records(1).await;
    feed.source.stop().await;
    // As after a day in which nothing happened: the event is forgotten, the position is not old.
    world.sandbox.advance(DAY_AND_HOUR);
    let now = world.sandbox_now().await;
    for position in &mut committed.positions {
        position.offset["as_of"] = json!(now);
    }
    let new = world.create("Account", json!({"Name": "new"})).await;

    let mut feed = committed.source(&world, Start::Latest).await;
    feed.until_records(2).await;
    assert_eq!(id(&committed.records[1]), new.as_str());
    assert!(committed.gap("Account").is_none());
    committed.assert_order();
}
