//! Reading all rows while they change.

use std::collections::HashMap;
use std::time::Duration;

use orgstream_api::Source;
use orgstream_api::record::header;
use serde_json::{Value, json};

use super::feed::{Committed, id};
use super::world::World;
use crate::config::Start;

fn done(committed: &Committed) -> bool {
    ["Account", "Contact"].iter().all(|object| {
        committed.position("snapshot", object).is_some_and(|snapshot| snapshot["state"] == "done")
    })
}

fn in_the_org(world: &World) -> HashMap<String, String> {
    let text = |row: &Value, field: &str| row[field].as_str().unwrap_or_default().to_owned();
    world.sandbox.rows("Account").iter().map(|row| (text(row, "Id"), text(row, "Name"))).collect()
}

#[tokio::test]
async fn a_snapshot_brings_what_was_there_and_is_not_read_twice() {
    let world = World::start().await;
    let ids = world.create_accounts(2_100).await;
    let mut committed = Committed::default();
    let mut feed = committed.source(&world, Start::Snapshot).await;
    feed.until(done).await;
    assert_eq!(feed.counter("snapshot_rows"), 2_100);
    feed.source.stop().await;
    assert_eq!(committed.names(), in_the_org(&world));
    assert_eq!(committed.records.len(), ids.len());
    let headers = &committed.records[0].record.headers;
    assert_eq!(headers.text(header::ORIGIN), Some("snapshot"));
    assert_eq!(headers.text(header::REPLAY_ID), None);

    let mut feed = committed.source(&world, Start::Snapshot).await;
    let new = world.create("Account", json!({"Name": "new"})).await;
    feed.until_records(2_101).await;
    assert_eq!(id(committed.records.last().unwrap()), new.as_str());
}

#[tokio::test]
async fn a_snapshot_beside_changes_ends_in_the_state_of_the_org() {
    let world = World::start().await;
    let ids = world.create_accounts(2_400).await;
    let mut committed = Committed::default();
    let mut feed = committed.source(&world, Start::Snapshot).await;
    feed.until_subscribed().await;
    let changes = async {
        for (number, id) in ids.iter().rev().step_by(100).enumerate() {
            match number % 4 {
                0 => world.delete(*id).await,
                1 => {
                    world.delete(*id).await;
                    world.undelete(*id).await;
                }
                2 => world.update("Account", *id, json!({"Name": format!("changed {number}")})).await,
                _ => drop(world.create("Account", json!({"Name": format!("new {number}")})).await),
            }
        }
    };
    let reading = async {
        feed.until(done).await;
        // What was changed behind the last page still comes.
        feed.until_end(Duration::from_secs(2), |answer| *answer == orgstream_api::AtEnd::Yes).await;
    };
    tokio::join!(changes, reading);
    feed.until_end(Duration::from_secs(2), |answer| *answer == orgstream_api::AtEnd::Yes).await;
    assert_eq!(committed.names(), in_the_org(&world));
    committed.assert_order();
}

#[tokio::test]
async fn a_killed_snapshot_begins_again() {
    let world = World::start().await;
    world.create_accounts(2_100).await;
    let mut committed = Committed::default();
    let mut feed = committed.source(&world, Start::Snapshot).await;
    feed.until(|committed| committed.position("snapshot", "Account").is_some()).await;
    assert_eq!(feed.committed.position("snapshot", "Account").unwrap()["state"], "running");
    drop(feed);

    let mut feed = committed.source(&world, Start::Snapshot).await;
    feed.until(done).await;
    assert_eq!(feed.counter("snapshot_rows"), 2_100);
    assert_eq!(committed.names(), in_the_org(&world));
}
