//! Reading all rows while they change.

use std::collections::HashMap;
use std::time::Duration;

use orgstream_api::Source;
use orgstream_api::record::header;
use orgstream_salesforce_simulator::{CallKind, Effect, Fault};
use serde_json::{Value, json};

use super::feed::{Committed, id, kind};
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
    assert_eq!(committed.measured, 0, "nothing brought these rows but the question for them");
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

#[tokio::test]
async fn what_is_asked_for_anew_is_read_whole_though_the_source_is_killed_at_once() {
    let world = World::start().await;
    let ids = world.create_accounts(3).await;
    world.delete(ids[0]).await;
    let mut committed = Committed::default();
    committed.source(&world, Start::Latest).await.until_subscribed().await;
    committed.anew = true;
    committed.source(&world, Start::Latest).await.next().await.unwrap();
    assert_eq!(committed.records, []);

    // The request is on record, and outlives the source whatever it is told to start with.
    let mut feed = committed.source(&world, Start::Latest).await;
    feed.until(done).await;
    feed.source.stop().await;
    assert_eq!(committed.names(), in_the_org(&world));
    let delete = committed.records.iter().find(|record| id(record) == ids[0].as_str()).unwrap();
    assert_eq!(kind(delete), "deleted", "nobody knows whether its delete arrived");

    let mut feed = committed.source(&world, Start::Latest).await;
    let before = feed.committed.records.len();
    let new = world.create("Account", json!({"Name": "new"})).await;
    feed.until_records(before + 1).await;
    assert_eq!(id(committed.records.last().unwrap()), new.as_str(), "it is read once");
}

#[tokio::test]
async fn rows_that_the_org_does_not_answer_together_are_asked_for_apart() {
    let world = World::start().await;
    let mut ids: Vec<String> = world.create_accounts(1_100).await.iter().map(ToString::to_string).collect();
    ids.sort();
    // Both in one call are too much, for as long as this org lives.
    let together = format!("{}\",\"{}", ids[549], ids[550]);
    let too_much =
        Effect::Answer { status: 500, code: "UNKNOWN_EXCEPTION".to_owned(), message: String::new() };
    world.sandbox.faults().add(Fault::new(CallKind::Any, too_much).containing(together));
    let mut committed = Committed::default();
    let mut feed = committed.source(&world, Start::Snapshot).await;
    feed.until(done).await;
    assert_eq!(committed.names(), in_the_org(&world));
}
