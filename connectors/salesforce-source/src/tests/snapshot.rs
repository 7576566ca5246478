//! Reading all rows while they change.

use std::collections::HashMap;
use std::time::Duration;

use orgstream_api::record::header;
use orgstream_api::{Command, Order, Source};
use orgstream_salesforce::BreakerState;
use orgstream_salesforce_simulator::{CallKind, Effect, Fault};
use serde_json::{Value, json};

use super::feed::{Committed, Feed, id, kind};
use super::world::World;
use crate::config::{SnapshotConfig, Start};

const QUERIES: SnapshotConfig = SnapshotConfig { bulk_above: 10_000, page: 2_000 };
const BULK: SnapshotConfig = SnapshotConfig { bulk_above: 0, page: 2_000 };

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

/// A snapshot of accounts that is killed once more than `rows` of them are committed, and goes on.
async fn killed_after(world: &World, snapshot: SnapshotConfig, rows: usize) -> (Committed, u64) {
    let mut committed = Committed { snapshot, ..Committed::default() };
    let mut feed = committed.source(world, Start::Snapshot).await;
    feed.until_records(rows).await;
    assert_eq!(feed.committed.position("snapshot", "Account").unwrap()["state"], "running");
    drop(feed);
    let before = committed.records.len();
    let mut feed = committed.source(world, Start::Snapshot).await;
    feed.until(done).await;
    let read = feed.counter("snapshot_rows");
    assert_eq!(before as u64 + read, committed.records.len() as u64);
    (committed, read)
}

#[tokio::test]
async fn a_killed_snapshot_goes_on_where_it_stopped() {
    let world = World::start().await;
    world.create_accounts(2_100).await;
    let (committed, read) = killed_after(&world, SnapshotConfig { page: 500, ..QUERIES }, 1_000).await;
    assert_eq!(read, 1_100, "a thousand are there");
    assert_eq!(committed.names(), in_the_org(&world));
}

#[tokio::test]
async fn a_killed_snapshot_goes_on_in_the_results_of_its_job() {
    let world = World::start().await;
    world.create_accounts(12_000).await;
    let (committed, read) = killed_after(&world, BULK, 5_000).await;
    assert_eq!(read, 6_000, "the first page and a part of the second are there");
    assert_eq!(committed.names(), in_the_org(&world));
    let jobs = committed.jobs.clone();
    assert_eq!(jobs.len(), 1, "the job is made once: {jobs:?}");
}

#[tokio::test]
async fn a_job_brings_the_records_that_queries_bring() {
    let world = World::start().await;
    let ids = world.create_accounts(300).await;
    let address =
        json!({"BillingStreet": "1, \"Main\"\nback", "BillingCity": "Rome", "AnnualRevenue": 5_000_000});
    world.update("Account", ids[7], address).await;
    let mut sides = Vec::new();
    for snapshot in [QUERIES, BULK] {
        let mut committed = Committed { snapshot, ..Committed::default() };
        committed.source(&world, Start::Snapshot).await.until(done).await;
        let mut records = committed.records;
        records.sort_by(|one, other| id(one).cmp(id(other)));
        sides.push(records);
    }
    assert_eq!(sides[0].len(), 300);
    assert_eq!(sides[0], sides[1]);
}

#[tokio::test]
async fn a_row_that_changed_within_the_second_of_its_job_stays_as_the_stream_brought_it() {
    let world = World::start().await;
    let ids = world.create_accounts(20).await;
    let mut committed = Committed { snapshot: BULK, ..Committed::default() };
    let mut feed = committed.source(&world, Start::Snapshot).await;
    let begun = |committed: &Committed| {
        committed.position("snapshot", "Account").is_some_and(|snapshot| snapshot["job"].is_string())
    };
    feed.until(begun).await;
    // The job has its rows, and this happens before they are fetched.
    for id in &ids[..10] {
        world.update("Account", *id, json!({"Name": "changed"})).await;
    }
    world.delete(ids[10]).await;
    feed.until_records(11).await;
    feed.until(done).await;
    feed.until_end(Duration::from_secs(1), |answer| *answer == orgstream_api::AtEnd::Yes).await;
    assert_eq!(committed.names(), in_the_org(&world));
    committed.assert_order();
}

#[tokio::test]
async fn what_no_job_can_read_is_read_by_queries() {
    let world = World::start().await;
    world.create_accounts(30).await;
    let refused = Effect::Answer { status: 400, code: "API_ERROR".to_owned(), message: "no Bulk".to_owned() };
    world.sandbox.faults().add(Fault::new(CallKind::Bulk, refused));
    let mut committed = Committed { snapshot: BULK, ..Committed::default() };
    committed.source(&world, Start::Snapshot).await.until(done).await;
    assert_eq!(committed.names(), in_the_org(&world));
}

#[tokio::test]
async fn an_org_that_makes_no_more_jobs_for_today_is_read_by_queries() {
    for code in ["EXCEEDED_QUOTA", "LIMIT_EXCEEDED"] {
        let world = World::start().await;
        world.create_accounts(30).await;
        let message = "10,000 query jobs within 24 hours".to_owned();
        let refused = Effect::Answer { status: 400, code: code.to_owned(), message };
        world.sandbox.faults().add(Fault::new(CallKind::Bulk, refused));
        let mut committed = Committed { snapshot: BULK, ..Committed::default() };
        committed.source(&world, Start::Snapshot).await.until(done).await;
        assert_eq!(committed.names(), in_the_org(&world));
        assert_eq!(world.org.breaker().state(), BreakerState::Closed, "the org serves others");
    }
}

#[tokio::test]
async fn an_answer_of_a_job_that_ends_before_its_end_is_asked_for_again() {
    let (all, more) = ("sforce-numberofrecords: 30\r", "sforce-numberofrecords: 31\r");
    let world = World::through_a_proxy_that_says(all, more).await;
    world.create_accounts(30).await;
    let mut committed = Committed { snapshot: BULK, ..Committed::default() };
    let mut feed = committed.source(&world, Start::Snapshot).await;
    // Not behind the answer, as long as a row of it is missing.
    let stays = |committed: &Committed| {
        committed.position("snapshot", "Account").is_some_and(|snapshot| snapshot["row"] == 30)
    };
    feed.until(stays).await;
    feed.until(done).await;
    assert_eq!(committed.names(), in_the_org(&world));
    assert_eq!(committed.records.len(), 30);
}

#[tokio::test]
async fn an_answer_of_a_job_that_ends_within_a_line_is_asked_for_again() {
    // From here on all is one text, whose end is missing.
    let world = World::through_a_proxy_that_says("Account 29\",", "Account 29 ,").await;
    world.create_accounts(30).await;
    let mut committed = Committed { snapshot: BULK, ..Committed::default() };
    let mut feed = committed.source(&world, Start::Snapshot).await;
    let stays = |committed: &Committed| {
        committed.position("snapshot", "Account").is_some_and(|snapshot| snapshot["row"] == 29)
    };
    feed.until(stays).await;
    feed.until(done).await;
    assert_eq!(committed.names(), in_the_org(&world));
    assert_eq!(committed.records.len(), 30);
}

#[tokio::test]
async fn a_page_without_rows_that_promises_more_is_not_the_end() {
    // The 200 rows of the first answer are hidden.
    let (rows, none) =
        (r#""records":[{"attributes":{"type":"Account""#, r#""records":[],"xx":[{"xx":{"type":"Account""#);
    let world = World::through_a_proxy_that_says(rows, none).await;
    world.create_accounts(500).await;
    let mut committed = Committed { snapshot: QUERIES, ..Committed::default() };
    let mut feed = committed.source(&world, Start::Snapshot).await;
    feed.until(done).await;
    assert_eq!(committed.records.len(), 300, "those of the pages behind it");
}

#[tokio::test]
async fn wide_rows_come_in_parts_of_few() {
    let world = World::start().await;
    let wide = "x".repeat(32_000);
    for _ in 0..11 {
        let rows: Vec<_> = (0..100).map(|n| json!({"Name": format!("{n}"), "Description": wide})).collect();
        world.create_many("Account", rows).await;
    }
    let mut committed = Committed { snapshot: BULK, ..Committed::default() };
    let mut feed = committed.source(&world, Start::Snapshot).await;
    let mut largest = 0;
    while !done(feed.committed) {
        let before = feed.committed.records.len();
        feed.next().await.unwrap();
        largest = largest.max(feed.committed.records.len() - before);
    }
    assert!(largest <= 8 * 1024 * 1024 / wide.len(), "{largest} records in one batch");
    assert_eq!(committed.names(), in_the_org(&world));
}

#[tokio::test]
async fn no_job_stays_in_the_org() {
    let world = World::start().await;
    world.create_accounts(6_000).await;
    let mut committed = Committed { snapshot: BULK, ..Committed::default() };
    committed.source(&world, Start::Snapshot).await.until_records(1_000).await;
    // Everything is read by another job.
    committed.anew = true;
    let mut feed = committed.source(&world, Start::Snapshot).await;
    feed.until(done).await;
    assert_eq!(feed.committed.names(), in_the_org(&world));
    let jobs = feed.committed.jobs.clone();
    assert_eq!(jobs.len(), 2);
    for job in jobs {
        let gone = async {
            while world.org.query_job(&job).await.is_ok() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), gone).await.expect("the job is deleted");
    }
}

#[tokio::test]
async fn a_snapshot_whose_job_is_gone_begins_again() {
    let world = World::start().await;
    world.create_accounts(6_000).await;
    let mut committed = Committed { snapshot: BULK, ..Committed::default() };
    let mut feed = committed.source(&world, Start::Snapshot).await;
    feed.until_records(1_000).await;
    drop(feed);
    let job = committed.position("snapshot", "Account").unwrap()["job"].as_str().unwrap().to_owned();
    world.org.delete_query_job(&job).await.unwrap();
    let mut feed = committed.source(&world, Start::Snapshot).await;
    feed.until(done).await;
    assert_eq!(feed.counter("snapshot_rows"), 6_000);
    assert_eq!(committed.position("snapshot", "Account").unwrap()["rows"], 6_000);
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

#[tokio::test]
async fn a_snapshot_whose_topics_were_cut_begins_again() {
    let world = World::start().await;
    world.create_accounts(2_100).await;
    let snapshot = SnapshotConfig { page: 500, ..QUERIES };
    let mut committed = Committed { snapshot, ..Committed::default() };
    committed.source(&world, Start::Snapshot).await.until_records(1_000).await;
    // What the stream produced meanwhile may have been there.
    committed.topics.cut();
    let mut feed = committed.source(&world, Start::Snapshot).await;
    feed.until(done).await;
    assert_eq!(feed.counter("snapshot_rows"), 2_100);
    assert_eq!(committed.names(), in_the_org(&world));
}

#[tokio::test]
async fn a_record_of_which_the_stream_brought_a_part_is_read_whole() {
    let world = World::start().await;
    let id = world.create("Account", json!({"Name": "old", "Description": "long"})).await;
    let by_events = |config: &mut crate::config::SourceConfig| config.objects[0].hydrate = false;
    let configure: Option<fn(&mut crate::config::SourceConfig)> = Some(by_events);
    let mut committed = Committed { snapshot: BULK, configure, ..Committed::default() };
    let mut feed = committed.source(&world, Start::Snapshot).await;
    let begun = |committed: &Committed| {
        committed.position("snapshot", "Account").is_some_and(|snapshot| snapshot["job"].is_string())
    };
    feed.until(begun).await;
    // No event of it has the description, and the row of the job may have the old name.
    world.update("Account", id, json!({"Name": "new"})).await;
    feed.until(done).await;
    feed.until_end(Duration::from_secs(1), |answer| *answer == orgstream_api::AtEnd::Yes).await;
    assert_eq!(committed.names(), in_the_org(&world));
    let descriptions = committed.records.iter().map(|record| record.record.text("Description"));
    assert!(
        descriptions.into_iter().flatten().any(|text| text == "long"),
        "the snapshot brings what no event does"
    );
    committed.assert_order();
}

/// Orders a snapshot and answers when that is accepted or refused.
async fn order(feed: &mut Feed<'_>, object: &str, filter: Option<&str>) -> Result<(), String> {
    let (reply, mut answer) = tokio::sync::oneshot::channel();
    let (object, filter) = (object.to_owned(), filter.map(str::to_owned));
    let command = Command::Snapshot { object, filter, order: "0a1b2c3d".to_owned() };
    feed.orders.send(Order { command, reply }).await.unwrap();
    loop {
        tokio::select! {
            answer = &mut answer => return answer.unwrap(),
            batch = feed.source.poll() => {
                feed.committed.commit(batch.unwrap());
                feed.source.committed();
            }
        }
    }
}

fn ordered(committed: &Committed) -> Option<&Value> {
    let partition = json!({"snapshot": "Account", "order": "0a1b2c3d"});
    committed.positions.iter().find(|known| known.partition == partition).map(|known| &known.offset)
}

#[tokio::test]
async fn an_ordered_snapshot_reads_the_rows_asked_for_beside_the_stream() {
    let world = World::start().await;
    world.create_accounts(30).await;
    let mut committed = Committed::default();
    let mut feed = committed.source(&world, Start::Latest).await;
    feed.until_subscribed().await;
    order(&mut feed, "account", Some("Name LIKE 'Account 2%'")).await.unwrap();
    assert!(ordered(feed.committed).is_some(), "an accepted order is on record");
    // It is carried out whatever becomes of this source.
    drop(feed);
    let mut feed = committed.source(&world, Start::Latest).await;
    feed.until(|committed| ordered(committed).is_some_and(|ordered| ordered["state"] == "done")).await;
    assert_eq!(committed.names().len(), 11);
    assert_eq!(ordered(&committed).unwrap()["rows"], 11);

    let mut feed = committed.source(&world, Start::Latest).await;
    let new = world.create("Account", json!({"Name": "new"})).await;
    feed.until_records(12).await;
    assert_eq!(id(committed.records.last().unwrap()), new.as_str(), "it is read once");
}

#[tokio::test]
async fn an_order_whose_condition_no_longer_holds_ends_alone() {
    let world = World::start().await;
    world.create_accounts(3).await;
    let mut committed = Committed::default();
    let mut feed = committed.source(&world, Start::Latest).await;
    feed.until_subscribed().await;
    order(&mut feed, "Account", Some("Name LIKE 'Account%'")).await.unwrap();
    drop(feed);
    committed.positions.iter_mut().filter(|known| known.partition.get("order").is_some()).for_each(|known| {
        // As it was accepted, some time before its turn.
        known.offset = json!({"state": "asked", "where": "Name LIKE 'Account%'", "rows": 0, "calls": 0});
    });
    let message = "No such column 'Name' on entity 'Account'".to_owned();
    let gone = Effect::Answer { status: 400, code: "INVALID_FIELD".to_owned(), message };
    world.sandbox.faults().add(Fault::new(CallKind::Query, gone).containing("LIKE"));
    let mut feed = committed.source(&world, Start::Latest).await;
    feed.until(|committed| ordered(committed).is_some_and(|ordered| ordered["state"] == "failed")).await;
    let reason = ordered(feed.committed).unwrap()["reason"].as_str().unwrap().to_owned();
    assert!(reason.contains("No such column"), "{reason}");
    let new = world.create("Account", json!({"Name": "new"})).await;
    feed.until(|committed| committed.names().contains_key(new.as_str())).await;

    // Nobody repeats it.
    world.sandbox.faults().clear();
    let mut feed = committed.source(&world, Start::Latest).await;
    let newer = world.create("Account", json!({"Name": "newer"})).await;
    feed.until(|committed| committed.names().contains_key(newer.as_str())).await;
    assert_eq!(committed.names().len(), 2);
}

#[tokio::test]
async fn an_order_that_cannot_be_carried_out_says_why_at_once() {
    let world = World::start().await;
    let mut committed = Committed::default();
    let mut feed = committed.source(&world, Start::Latest).await;
    feed.until_subscribed().await;
    let refused = order(&mut feed, "Account", Some("Nmae = 'x'")).await.unwrap_err();
    assert!(refused.contains("Nmae") && refused.contains("INVALID_FIELD"), "{refused}");
    let unknown = order(&mut feed, "Case", None).await.unwrap_err();
    assert!(unknown.contains("Case") && unknown.contains("Account, Contact"), "{unknown}");
    assert_eq!(ordered(&committed), None);
}

#[tokio::test]
async fn an_order_that_nobody_waits_for_any_more_is_not_taken() {
    let world = World::start().await;
    let mut committed = Committed::default();
    let mut feed = committed.source(&world, Start::Latest).await;
    feed.until_subscribed().await;
    let asked = |filter: Option<&str>| {
        let (reply, answer) = tokio::sync::oneshot::channel();
        let (object, filter) = ("Account".to_owned(), filter.map(str::to_owned));
        (Order { command: Command::Snapshot { object, filter, order: "0a1b2c3d".to_owned() }, reply }, answer)
    };
    let (order, answer) = asked(None);
    feed.orders.send(order).await.unwrap();
    drop(answer);
    // This one is given up while the org thinks about its condition.
    world.sandbox.faults().add(Fault::new(CallKind::Query, Effect::Stall).containing("LIKE"));
    let (order, answer) = asked(Some("Name LIKE 'x'"));
    let orders = feed.orders.clone();
    let sent = async move {
        orders.send(order).await.unwrap();
        drop(answer);
    };
    let new = world.create("Account", json!({"Name": "new"})).await;
    tokio::join!(sent, feed.until(|committed| committed.names().contains_key(new.as_str())));
    world.sandbox.faults().clear();
    let last = world.create("Account", json!({"Name": "last"})).await;
    feed.until(|committed| committed.names().contains_key(last.as_str())).await;
    assert_eq!(ordered(&committed), None);
}
