//! Sources that begin where another one ended.

use std::collections::HashSet;

use orgstream_api::Source;
use serde_json::{Value, json};

use super::feed::{Committed, id, kind, text};
use super::world::World;
use crate::config::{Start, SweepConfig};

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

/// What a PushTopic tells of an account's deletion.
fn deletion(id: &str, at: &str) -> Value {
    json!({"event": {"type": "deleted", "createdDate": at}, "sobject": {"Id": id}})
}

#[tokio::test]
async fn a_deletion_that_was_taken_back_before_a_restart_is_not_produced_behind_the_row() {
    let world = World::start().await;
    let (alive, gone) = (
        world.create("Account", json!({"Name": "old"})).await,
        world.create("Account", json!({"Name": "old"})).await,
    );
    let mut committed = Committed::default();
    let mut feed = committed.source(&world, Start::Latest).await;
    feed.until_subscribed().await;
    let before = world.sandbox_now().await;
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    world.update("Account", alive, json!({"Name": "new"})).await;
    world.update("Account", gone, json!({"Name": "new"})).await;
    feed.until_records(2).await;
    feed.source.stop().await;

    // Their rows were read when the deletions still waited.
    world.delete(gone).await;
    world.sandbox.raise("/topic/orgstream_Account", deletion(alive.as_str(), &before));
    let mut feed = committed.source(&world, Start::Latest).await;
    let last = world.create("Account", json!({"Name": "last"})).await;
    feed.until(|committed| committed.names().contains_key(last.as_str())).await;
    let names = committed.names();
    assert_eq!(names.get(alive.as_str()).map(String::as_str), Some("new"));
    assert_eq!(names.get(gone.as_str()), None);
    let deleted: Vec<_> =
        committed.records.iter().filter(|record| kind(record) == "deleted").map(id).collect();
    assert_eq!(deleted, [gone.as_str()]);
    committed.assert_order();
}

#[tokio::test]
async fn a_deletion_is_not_dropped_where_two_machines_of_the_org_disagree_on_the_second() {
    let world = World::start().await;
    let parent = world.create("Account", json!({"Name": "parent"})).await;
    let lives = world.create("Contact", json!({"LastName": "old"})).await;
    let gone = world.create("Contact", json!({"LastName": "old", "AccountId": parent.as_str()})).await;
    let sweep = SweepConfig { every: None, ..SweepConfig::default() };
    let mut committed = Committed { sweep, ..Committed::default() };
    let mut feed = committed.source(&world, Start::Latest).await;
    feed.until_subscribed().await;
    let before = world.sandbox_now().await;
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    for contact in [lives, gone] {
        world.update("Contact", contact, json!({"LastName": "new"})).await;
    }
    feed.until_records(2).await;

    // With its parent it raises no event of its own. The other one is an older event that comes late.
    world.delete(parent).await;
    for contact in [lives, gone] {
        world.sandbox.raise("/topic/orgstream_Contact", deletion(contact.as_str(), &before));
    }
    let last = world.create("Contact", json!({"LastName": "last"})).await;
    feed.until(|committed| committed.records.iter().any(|record| id(record) == last.as_str())).await;
    let kind_of = |wanted: &str| committed.records.iter().rfind(|record| id(record) == wanted).map(kind);
    assert_eq!(kind_of(gone.as_str()), Some("deleted"));
    assert_ne!(kind_of(lives.as_str()), Some("deleted"));
}
