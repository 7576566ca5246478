//! Positions that the org can no longer serve.

use std::collections::HashMap;
use std::time::Duration;

use orgstream_api::record::header;
use orgstream_api::{Health, Source, SourceRecord, TaskError};
use orgstream_salesforce::SalesforceId;
use orgstream_salesforce_simulator::{CallKind, Effect, Fault};
use serde_json::{Value, json};

use super::feed::{Committed, id, kind};
use super::world::World;
use crate::config::{Changes, OnGap, SourceConfig, Start, SweepConfig};

const CHANNEL: &str = "/topic/orgstream_Account";
const DAY_AND_HOUR: Duration = Duration::from_hours(25);

#[tokio::test]
async fn an_expired_position_stops_the_source_until_a_snapshot_repairs_it_where_the_file_says_so() {
    let world = World::start().await;
    let mut committed = Committed { on_gap: OnGap::Fail, ..Committed::default() };
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
    let mut committed = Committed { on_gap: OnGap::Fail, ..Committed::default() };
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

/// Creates, updates, deletes and undeletes while nobody looks, and nothing of it is retained.
#[tokio::test]
async fn a_gap_is_repaired_by_reading_what_changed_in_it() {
    let world = World::start().await;
    let mut committed = Committed::default();
    let mut feed = committed.source(&world, Start::Latest).await;
    feed.until_subscribed().await;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let [gone, stays, back] = [
        world.create("Account", json!({"Name": "deleted in the gap"})).await,
        world.create("Account", json!({"Name": "changed in the gap"})).await,
        world.create("Account", json!({"Name": "comes back in the gap"})).await,
    ];
    world.delete(back).await;
    feed.until(|committed| committed.records.iter().any(|record| kind(record) == "deleted")).await;
    feed.until(|committed| committed.names().len() == 2).await;
    feed.source.stop().await;
    let before = committed.records.len();

    world.sandbox.advance(Duration::from_mins(30));
    world.delete(gone).await;
    world.update("Account", stays, json!({"Name": "changed"})).await;
    world.undelete(back).await;
    let made = world.create("Account", json!({"Name": "made in the gap"})).await;
    world.sandbox.advance(DAY_AND_HOUR);

    let mut feed = committed.source(&world, Start::Latest).await;
    let closed = |gap: &Value| gap["state"] == "closed" && gap["closed"].is_string();
    feed.until(|committed| committed.gap("Account").is_some_and(closed)).await;
    feed.until(|committed| committed.gap("Contact").is_some_and(closed)).await;
    let gap = committed.gap("Account").unwrap();
    assert_eq!((&gap["cause"], &gap["rows"]), (&json!("expired_replay_id"), &json!(4)));
    let repaired: HashMap<&str, &str> =
        committed.records[before..].iter().map(|record| (id(record), kind(record))).collect();
    let expected = [(gone, "deleted"), (stays, "updated"), (back, "undeleted"), (made, "created")];
    assert_eq!(repaired.len(), 4, "{repaired:?}");
    for (record, kind) in expected {
        assert_eq!(repaired.get(record.as_str()), Some(&kind), "{record}");
    }
    let origin = |record: &SourceRecord| record.record.headers.text(header::ORIGIN) == Some("sweep");
    assert!(committed.records[before..].iter().all(origin));
    committed.assert_order();

    // It is never found again.
    let mut feed = committed.source(&world, Start::Latest).await;
    let later = world.create("Account", json!({"Name": "later"})).await;
    feed.until(|committed| committed.names().contains_key(later.as_str())).await;
    assert_eq!(committed.gaps("Account").len(), 1);
}

#[tokio::test]
async fn a_gap_that_is_to_be_passed_stays_on_record_and_the_stream_goes_on() {
    for (on_gap, sees_retained) in [(OnGap::Earliest, true), (OnGap::Latest, false)] {
        let world = World::start().await;
        let sweep = SweepConfig { every: None, ..SweepConfig::default() };
        let mut committed = Committed { on_gap, sweep, ..Committed::default() };
        committed.source(&world, Start::Latest).await.until_subscribed().await;
        let lost = world.create("Account", json!({"Name": "lost"})).await;
        world.sandbox.advance(DAY_AND_HOUR);
        let retained = world.create("Account", json!({"Name": "retained"})).await;
        tokio::time::sleep(Duration::from_millis(2100)).await;
        let mut feed = committed.source(&world, Start::Latest).await;
        feed.until(|committed| committed.gap("Account").is_some()).await;
        feed.until_running().await;
        tokio::time::sleep(Duration::from_millis(2100)).await;
        let next = world.create("Account", json!({"Name": "next"})).await;
        feed.until(|committed| committed.names().contains_key(next.as_str())).await;
        assert_eq!(committed.gap("Account").unwrap()["state"], "passed");
        let names = committed.names();
        assert!(!names.contains_key(lost.as_str()));
        assert_eq!(names.contains_key(retained.as_str()), sees_retained, "{on_gap:?}");
    }
}

#[tokio::test]
async fn a_push_topic_that_was_made_anew_leaves_a_gap_that_is_repaired() {
    let world = World::start().await;
    let mut committed = Committed::default();
    let mut feed = committed.source(&world, Start::Latest).await;
    feed.until_subscribed().await;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    world.create("Account", json!({"Name": "before"})).await;
    feed.until_records(1).await;
    feed.source.stop().await;

    let soql = "SELECT Id FROM PushTopic WHERE Name = 'orgstream_Account'";
    let found = world.org.query(soql).await.unwrap().rows;
    world.delete(SalesforceId::parse(found[0]["Id"].as_str().unwrap()).unwrap()).await;
    let missed = world.create("Account", json!({"Name": "nobody raised an event"})).await;
    let mut feed = committed.source(&world, Start::Latest).await;
    feed.until(|committed| committed.gap("Account").is_some_and(|gap| gap["state"] == "closed")).await;
    assert_eq!(committed.gap("Account").unwrap()["cause"], "channel_changed");
    assert!(committed.names().contains_key(missed.as_str()));
}

#[tokio::test]
async fn a_limit_that_outlasts_the_events_of_a_channel_is_the_cause_of_its_gap() {
    let text = "403::Subscription limit exceeded for this topic";
    let world = World::start().await;
    let mut committed = Committed::default();
    let mut feed = committed.source(&world, Start::Latest).await;
    feed.until_subscribed().await;
    world.create("Account", json!({"Name": "before"})).await;
    feed.until_records(1).await;
    feed.until_running().await;
    let limit = Effect::BayeuxError { error: text.to_owned(), reconnect: None };
    let limit = Fault::new(CallKind::Subscribe, limit).containing("orgstream_Account");
    let limit = world.sandbox.faults().add(limit);
    world.sandbox.drop_streaming_sessions();
    feed.until_health(|health| matches!(health, Health::Degraded(shown) if shown.contains(text))).await;
    let missed = world.create("Account", json!({"Name": "missed"})).await;
    world.sandbox.advance(DAY_AND_HOUR);
    world.sandbox.faults().remove(limit);
    feed.until(|committed| committed.gap("Account").is_some_and(|gap| gap["state"] == "closed")).await;
    assert_eq!(committed.gap("Account").unwrap()["cause"], "subscription_limit");
    assert_eq!(committed.names().get(missed.as_str()).map(String::as_str), Some("missed"));
    committed.assert_order();
}

#[tokio::test]
async fn an_org_that_numbers_its_events_anew_is_heard_and_what_it_forgot_is_read() {
    let world = World::of(World::builder().first_replay_id(5_000_000)).await;
    let mut committed = Committed::default();
    let mut feed = committed.source(&world, Start::Latest).await;
    feed.until_subscribed().await;
    world.create_accounts(1).await;
    feed.until_records(1).await;
    world.sandbox.advance(Duration::from_mins(10));
    let forgotten = world.create("Account", json!({"Name": "before"})).await;
    feed.until_records(2).await;
    world.update("Account", forgotten, json!({"Name": "told to nobody"})).await;
    world.sandbox.number_events_anew();
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let next = world.create("Account", json!({"Name": "next"})).await;
    feed.until(|committed| committed.names().contains_key(next.as_str())).await;
    feed.until(|committed| committed.gap("Account").is_some_and(|gap| gap["state"] == "closed")).await;
    assert_eq!(committed.gap("Account").unwrap()["cause"], "expired_replay_id");
    assert_eq!(committed.names().get(forgotten.as_str()).map(String::as_str), Some("told to nobody"));

    // The place that is stored is one among the new numbers.
    let stored =
        |committed: &Committed| committed.position("channel", CHANNEL).unwrap()["replay_id"].as_i64();
    assert!(stored(&committed).unwrap() < 5_000_000);
    let mut feed = committed.source(&world, Start::Latest).await;
    let later = world.create("Account", json!({"Name": "later"})).await;
    feed.until(|committed| committed.names().contains_key(later.as_str())).await;
    assert_eq!(committed.gaps("Account").len(), 1);
    committed.assert_order();
}

/// The place is young by its time, as after empty answers, and yet older than what the org retains by its newest event.
#[tokio::test]
async fn a_bus_that_brought_nothing_until_its_events_were_forgotten_is_not_believed() {
    let builder = World::builder().change_data_capture(["Account", "Contact"]);
    let world = World::of(builder).await;
    let by_changes = |config: &mut SourceConfig| {
        config.objects.iter_mut().for_each(|object| object.changes = Changes::Cdc);
    };
    let sweep = SweepConfig { every: None, ..SweepConfig::default() };
    let mut committed = Committed { sweep, configure: Some(by_changes), ..Committed::default() };
    let channel = "/data/AccountChangeEvent";
    let mut feed = committed.source(&world, Start::Latest).await;
    feed.until(|committed| committed.position("channel", channel).is_some()).await;
    let account = world.create("Account", json!({"Name": "before"})).await;
    feed.until_records(1).await;
    feed.source.stop().await;
    world.sandbox.advance(DAY_AND_HOUR);
    world.update("Account", account, json!({"Name": "lost"})).await;
    world.sandbox.advance(DAY_AND_HOUR * 3);
    let now = world.sandbox_now().await;
    for position in &mut committed.positions {
        if position.offset.get("as_of").is_some() {
            position.offset["as_of"] = json!(now);
        }
    }

    let mut feed = committed.source(&world, Start::Latest).await;
    feed.until(|committed| committed.gap("Account").is_some_and(|gap| gap["state"] == "closed")).await;
    feed.source.stop().await;
    assert_eq!(committed.names().get(account.as_str()).map(String::as_str), Some("lost"));
    let mut feed = committed.source(&world, Start::Latest).await;
    let later = world.create("Account", json!({"Name": "later"})).await;
    feed.until(|committed| committed.names().contains_key(later.as_str())).await;
    assert_eq!(committed.gaps("Account").len(), 1, "it is told once");
}
