//! What raises no event, found by asking what changed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use orgstream_api::{Health, LinkState, Links, Source, StoreError};
use orgstream_salesforce::SalesforceId;
use serde_json::json;

use super::feed::{Committed, kind};
use super::world::World;
use crate::config::{Start, SweepConfig};

/// Rows that are older than that when a gap begins are not read with it.
const HOUR: Duration = Duration::from_hours(1);

const DAY: Duration = Duration::from_hours(24);

/// What the target has.
#[derive(Default)]
pub(super) struct Target(Mutex<HashMap<String, LinkState>>);

impl Target {
    pub(super) fn with(ids: impl IntoIterator<Item = SalesforceId>) -> Arc<Self> {
        let links = ids.into_iter().map(|id| (id.as_str().to_owned(), LinkState::Live)).collect();
        Arc::new(Self(Mutex::new(links)))
    }
}

#[async_trait]
impl Links for Target {
    async fn page(
        &self,
        object: &str,
        after: Option<&str>,
        most: usize,
    ) -> Result<Vec<(String, LinkState)>, StoreError> {
        if object != "Account" {
            return Ok(Vec::new());
        }
        let links = self.0.lock().unwrap();
        let mut all: Vec<_> = links.iter().map(|(id, state)| (id.clone(), *state)).collect();
        all.sort_by(|one, other| one.0.cmp(&other.0));
        Ok(all
            .into_iter()
            .filter(|(id, _)| after.is_none_or(|after| id.as_str() > after))
            .take(most)
            .collect())
    }

    async fn states(&self, _object: &str, ids: &[String]) -> Result<Vec<Option<LinkState>>, StoreError> {
        let links = self.0.lock().unwrap();
        Ok(ids.iter().map(|id| links.get(id).copied()).collect())
    }
}

fn often() -> Committed {
    let sweep = SweepConfig { every: Some(Duration::from_secs(1)), ..SweepConfig::default() };
    Committed { sweep, ..Committed::default() }
}

#[tokio::test]
async fn a_cascade_that_raises_no_event_is_found_by_a_sweep() {
    let world = World::start().await;
    let parent = world.create("Account", json!({"Name": "parent"})).await;
    for number in 0..50 {
        world
            .create("Contact", json!({"LastName": format!("child {number}"), "AccountId": parent.as_str()}))
            .await;
    }
    let mut committed = often();
    let mut feed = committed.source(&world, Start::Snapshot).await;
    feed.until_records(51).await;
    world.delete(parent).await;
    feed.until_records(52).await;
    // A sweep leaves the last minute to the stream.
    world.sandbox.advance(Duration::from_mins(3));
    feed.until(|committed| committed.records.iter().filter(|record| kind(record) == "deleted").count() == 51)
        .await;
    let gap = committed.gap("Contact").unwrap();
    assert_eq!(
        (&gap["cause"], &gap["state"], &gap["rows"]),
        (&json!("no_event"), &json!("closed"), &json!(50))
    );
    assert!(committed.gap("Account").is_none(), "its event came");
    committed.assert_order();
}

#[tokio::test]
async fn a_sweep_that_finds_nothing_writes_only_how_far_it_came() {
    let world = World::start().await;
    world.create_accounts(20).await;
    let mut committed = often();
    let mut feed = committed.source(&world, Start::Snapshot).await;
    feed.until_records(20).await;
    let through =
        |committed: &Committed| committed.position("sweep", "Account").map(|swept| swept["through"].clone());
    let first = through(feed.committed);
    assert!(first.is_some(), "it begins with the first subscription");
    world.sandbox.advance(Duration::from_mins(5));
    feed.until(|committed| through(committed) != first).await;
    assert_eq!(committed.records.len(), 20);
    assert!(committed.gap("Account").is_none());
}

#[tokio::test]
async fn what_was_purged_in_a_gap_of_thirty_days_is_found_by_comparing_with_the_target() {
    let world = World::start().await;
    let ids = world.create_accounts(10).await;
    world.sandbox.advance(HOUR);
    let mut committed = Committed { links: Some(Target::with(ids.clone())), ..Committed::default() };
    let mut feed = committed.source(&world, Start::Snapshot).await;
    feed.until_records(10).await;
    feed.source.stop().await;
    for id in &ids[..3] {
        world.delete(*id).await;
    }
    world.sandbox.advance(DAY * 30);
    let mut feed = committed.source(&world, Start::Snapshot).await;
    feed.until(|committed| committed.gap("Account").is_some_and(|gap| gap["state"] == "closed")).await;
    let names = committed.names();
    assert_eq!(names.len(), 7, "{names:?}");
    assert_eq!(committed.gap("Account").unwrap()["rows"], 3);
    committed.assert_order();
}

#[tokio::test]
async fn more_missing_records_than_look_right_are_deleted_only_by_somebodys_word() {
    let world = World::start().await;
    let ids = world.create_accounts(110).await;
    world.sandbox.advance(HOUR);
    let mut committed = Committed { links: Some(Target::with(ids.clone())), ..Committed::default() };
    let mut feed = committed.source(&world, Start::Snapshot).await;
    feed.until_records(110).await;
    feed.source.stop().await;
    for ids in ids[..105].chunks(100) {
        world.org.delete_many(ids, Duration::from_secs(20)).await.unwrap();
    }
    world.sandbox.advance(DAY * 30);
    let mut feed = committed.source(&world, Start::Snapshot).await;
    let doubtful = |health: &Health| matches!(health, Health::Degraded(reason) if reason.contains("105 of 110") && reason.contains("--confirm"));
    feed.until_health(doubtful).await;
    assert_eq!(feed.committed.records.len(), 110, "nothing is deleted unasked");
    let gap = feed.committed.gap("Account").unwrap();
    assert_eq!(gap["state"], "repairing");

    assert!(feed.asks_confirm("Account", 7).await.unwrap_err().contains("waits for no confirmation"));
    feed.asks_confirm("Account", 1).await.unwrap();
    feed.until(|committed| committed.gap("Account").is_some_and(|gap| gap["state"] == "closed")).await;
    assert_eq!(committed.names().len(), 5);
}

#[tokio::test]
async fn without_a_target_old_deletions_are_beyond_repair_and_said_to_be() {
    let world = World::start().await;
    let ids = world.create_accounts(3).await;
    let mut committed = Committed::default();
    let mut feed = committed.source(&world, Start::Snapshot).await;
    feed.until_records(3).await;
    feed.source.stop().await;
    world.delete(ids[0]).await;
    world.sandbox.advance(DAY * 30);
    world.delete(ids[1]).await;
    let mut feed = committed.source(&world, Start::Snapshot).await;
    let beyond = |health: &Health| matches!(health, Health::Degraded(reason) if reason.contains("no target"));
    feed.until_health(beyond).await;
    let gap = feed.committed.gap("Account").unwrap();
    assert_eq!(gap["state"], "beyond");
    assert!(!feed.committed.names().contains_key(ids[1].as_str()), "what the org still knows is produced");
    assert!(feed.committed.names().contains_key(ids[0].as_str()));
}

#[tokio::test]
async fn a_record_on_its_way_to_the_target_is_looked_for_too_and_a_deletion_on_its_way_is_not_missed() {
    let world = World::start().await;
    let ids = world.create_accounts(110).await;
    // The last one is produced, and the target does not have it yet.
    let (late, linked) = ids.split_last().unwrap();
    let mut committed =
        Committed { links: Some(Target::with(linked.iter().copied())), ..Committed::default() };
    let mut feed = committed.source(&world, Start::Snapshot).await;
    feed.until_records(110).await;
    feed.source.stop().await;
    world.delete(*late).await;
    world.sandbox.advance(DAY * 20);
    // The org has these on record, and the target has them still when it is compared.
    world.org.delete_many(&linked[..105], Duration::from_secs(20)).await.unwrap();
    world.sandbox.advance(DAY * 2);
    let mut feed = committed.source(&world, Start::Snapshot).await;
    feed.until(|committed| committed.gap("Account").is_some_and(|gap| gap["state"] == "closed")).await;
    let names = committed.names();
    assert_eq!(names.len(), 4, "{names:?}");
    assert!(!names.contains_key(late.as_str()));
    committed.assert_order();
}

#[tokio::test]
async fn a_deletion_is_told_of_a_record_that_the_topics_have_forgotten() {
    let world = World::start().await;
    let mut committed = Committed::default();
    let mut feed = committed.source(&world, Start::Latest).await;
    feed.until_subscribed().await;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let gone = world.create("Account", json!({"Name": "gone"})).await;
    feed.until_records(1).await;
    feed.source.stop().await;
    world.delete(gone).await;
    world.sandbox.advance(DAY + HOUR);
    committed.topics.forget();
    let mut feed = committed.source(&world, Start::Latest).await;
    feed.until(|committed| committed.records.iter().any(|record| kind(record) == "deleted")).await;
    assert!(committed.names().is_empty());
}

#[tokio::test]
async fn a_repair_that_is_killed_between_its_batches_goes_on_where_it_was() {
    let world = World::start().await;
    let mut committed = Committed::default();
    let mut feed = committed.source(&world, Start::Latest).await;
    feed.until_subscribed().await;
    feed.until_running().await;
    feed.source.stop().await;
    let gone = world.create("Account", json!({"Name": "gone"})).await;
    world.create_accounts(5_000).await;
    world.delete(gone).await;
    world.sandbox.advance(DAY + HOUR);
    let mut kills = 0;
    loop {
        let mut feed = committed.source(&world, Start::Latest).await;
        let rows = feed.committed.gap("Account").map_or(0, |gap| gap["rows"].as_u64().unwrap());
        let goes_on = |committed: &Committed| {
            committed.gap("Account").is_some_and(|gap| gap["rows"].as_u64().unwrap() > rows)
        };
        feed.until(|committed| {
            goes_on(committed) || committed.gap("Account").is_some_and(|gap| gap["state"] == "closed")
        })
        .await;
        if feed.committed.gap("Account").unwrap()["state"] == "closed" {
            break;
        }
        kills += 1;
        // One more batch is read, which nobody commits.
        tokio::time::timeout(Duration::from_secs(5), feed.source.poll()).await.ok();
        drop(feed);
    }
    assert!(kills >= 2, "{kills}");
    assert_eq!(committed.names().len(), 5_000);
    let accounts = committed.records.iter().filter(|record| record.topic == "a.Account");
    let rows = committed.gap("Account").unwrap()["rows"].as_u64().unwrap();
    assert_eq!(accounts.count() as u64, rows, "what was committed is not read again");
    assert!((5_000..=5_001).contains(&rows), "{rows}");
    committed.assert_order();
}
