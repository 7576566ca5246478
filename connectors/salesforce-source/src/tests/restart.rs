//! Sources that begin where another one ended.

use std::collections::HashSet;

use orgstream_api::Source;
use serde_json::json;

use super::feed::{Committed, id, text};
use super::world::World;
use crate::config::Start;

#[tokio::test]
async fn start_latest_begins_with_the_first_subscription() {
    let world = World::start().await;
    world.create("Account", json!({"Name": "before"})).await;
    let mut committed = Committed::default();
    let mut feed = committed.source(&world, Start::Latest).await;
    feed.until_subscribed().await;
    world.create("Account", json!({"Name": "after"})).await;
    feed.until_records(1).await;
    assert_eq!(text(&committed.records[0], "Name"), "after");
}

#[tokio::test]
async fn start_earliest_begins_with_what_is_retained() {
    let world = World::start().await;
    let mut committed = Committed::default();
    let mut feed = committed.source(&world, Start::Latest).await;
    feed.until_subscribed().await;
    world.create("Account", json!({"Name": "before"})).await;
    feed.until_records(1).await;
    feed.source.stop().await;

    let mut anew = Committed::default();
    let mut feed = anew.source(&world, Start::Earliest).await;
    feed.until_records(1).await;
    assert_eq!(text(&anew.records[0], "Name"), "before");
}

#[tokio::test]
async fn what_happens_before_the_first_event_is_not_lost_by_a_restart() {
    let world = World::start().await;
    let mut committed = Committed::default();
    let mut feed = committed.source(&world, Start::Latest).await;
    feed.until_subscribed().await;
    feed.source.stop().await;
    world.create("Account", json!({"Name": "meanwhile"})).await;

    let mut feed = committed.source(&world, Start::Latest).await;
    feed.until_records(1).await;
    assert_eq!(text(&committed.records[0], "Name"), "meanwhile");
}

#[tokio::test]
async fn restarts_lose_nothing_and_double_nothing() {
    let world = World::start().await;
    let mut committed = Committed::default();
    committed.source(&world, Start::Latest).await.until_subscribed().await;
    let mut created = HashSet::new();
    for round in 0..6 {
        created.extend(world.create_accounts(20).await.iter().map(ToString::to_string));
        let mut feed = committed.source(&world, Start::Latest).await;
        if round % 2 == 0 {
            // A batch that is never committed comes again.
            feed.source.poll().await.unwrap();
        } else {
            feed.next().await.unwrap();
        }
    }
    let mut feed = committed.source(&world, Start::Latest).await;
    feed.until(|committed| {
        let produced: HashSet<_> = committed.records.iter().map(|record| id(record).to_owned()).collect();
        produced.is_superset(&created)
    })
    .await;
    assert_eq!(committed.records.len(), created.len(), "nothing stands twice");
    committed.assert_order();
}
