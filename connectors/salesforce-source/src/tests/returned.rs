//! What points at records that came back from the recycle bin.

use std::time::Duration;

use orgstream_api::record::header;
use orgstream_api::{SourcePosition, SourceRecord, Value};
use serde_json::json;

use super::feed::{Committed, id, kind, text};
use super::world::World;
use crate::config::{Start, SweepConfig};

fn parent(record: &SourceRecord) -> Option<&Value> {
    record.record.value.as_ref()?.value("ParentId")
}

#[tokio::test]
async fn a_look_up_that_the_org_fills_again_without_a_stamp_is_read_once_more() {
    let world = World::start().await;
    let mut committed = Committed::default();
    let mut feed = committed.source(&world, Start::Latest).await;
    feed.until_subscribed().await;
    let above = world.create("Account", json!({"Name": "Above"})).await;
    let below = world.create("Account", json!({"Name": "Below", "ParentId": above.as_str()})).await;
    world.create("Account", json!({"Name": "Other"})).await;
    feed.until_records(3).await;
    world.delete(above).await;
    world.update("Account", below, json!({"Phone": "1"})).await;
    feed.until_records(5).await;
    let emptied = feed.committed.records.iter().rfind(|record| id(record) == below.as_str()).unwrap();
    assert_eq!(parent(emptied), Some(&Value::Null));
    world.undelete(above).await;
    feed.until_records(7).await;
    let last = &committed.records[6];
    assert_eq!((id(last), text(last, "ParentId")), (below.as_str(), above.as_str()));
    assert_eq!(last.record.headers.text(header::ORIGIN), Some("snapshot"));
}

#[tokio::test]
async fn children_that_come_back_with_their_parent_unseen_are_read_and_so_is_what_points_at_them() {
    let world = World::start().await;
    let mut committed = Committed::default();
    let mut feed = committed.source(&world, Start::Latest).await;
    feed.until_subscribed().await;
    let account = world.create("Account", json!({"Name": "Above"})).await;
    let boss = world.create("Contact", json!({"LastName": "Boss", "AccountId": account.as_str()})).await;
    let staff = json!({"LastName": "Staff", "ReportsToId": boss.as_str()});
    let staff = world.create("Contact", staff).await;
    feed.until_records(3).await;
    world.delete(account).await;
    world.update("Contact", staff, json!({"Phone": "1"})).await;
    feed.until_records(5).await;
    world.undelete(account).await;
    feed.until_records(8).await;
    let said: Vec<_> = committed.records[5..].iter().map(|record| (id(record), kind(record))).collect();
    let expected = [(&account, "undeleted"), (&boss, "updated"), (&staff, "updated")];
    assert_eq!(said, expected.map(|(id, kind)| (id.as_str(), kind)));
    assert_eq!(text(&committed.records[7], "ReportsToId"), boss.as_str());
}

#[tokio::test]
async fn children_that_were_told_to_be_gone_come_back_undeleted() {
    let world = World::start().await;
    let sweep = SweepConfig { every: Some(Duration::from_secs(1)), ..SweepConfig::default() };
    let mut committed = Committed { sweep, ..Committed::default() };
    let mut feed = committed.source(&world, Start::Latest).await;
    feed.until_subscribed().await;
    let account = world.create("Account", json!({"Name": "Above"})).await;
    let child = world.create("Contact", json!({"LastName": "Below", "AccountId": account.as_str()})).await;
    feed.until_records(2).await;
    world.delete(account).await;
    // A sweep leaves the last minute to the stream.
    world.sandbox.advance(Duration::from_mins(3));
    feed.until_records(4).await;
    world.undelete(account).await;
    feed.until_records(6).await;
    let said: Vec<_> = committed.records[2..].iter().map(|record| (id(record), kind(record))).collect();
    let (account, child) = (account.as_str(), child.as_str());
    let expected = [(account, "deleted"), (child, "deleted"), (account, "undeleted"), (child, "undeleted")];
    assert_eq!(said, expected);
}

#[tokio::test]
async fn reading_what_points_at_records_that_came_back_goes_on_after_a_kill_and_is_then_forgotten() {
    let world = World::start().await;
    let mut committed = Committed::default();
    let mut feed = committed.source(&world, Start::Latest).await;
    feed.until_subscribed().await;
    let above = world.create("Account", json!({"Name": "Above"})).await;
    let below = world.create("Account", json!({"Name": "Below", "ParentId": above.as_str()})).await;
    feed.until_records(2).await;
    world.delete(above).await;
    world.update("Account", below, json!({"Phone": "1"})).await;
    feed.until_records(4).await;
    world.undelete(above).await;
    feed.until_records(5).await;
    drop(feed);
    assert!(orders(&committed) > 0, "what is still to be read is on record");
    let mut feed = committed.source(&world, Start::Latest).await;
    feed.until(|committed| orders(committed) == 0).await;
    let last = committed.records.last().unwrap();
    assert_eq!((id(last), kind(last)), (below.as_str(), "updated"));
    assert_eq!(text(last, "ParentId"), above.as_str());
}

/// How many orders are on record.
fn orders(committed: &Committed) -> usize {
    let of_order =
        |position: &&SourcePosition| position.partition.get("order").is_some() && !position.offset.is_null();
    committed.positions.iter().filter(of_order).count()
}
