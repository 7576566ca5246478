//! Events as records.

use std::time::Duration;

use orgstream_api::record::header;
use orgstream_api::{Source, Value};
use serde_json::json;

use super::feed::{Committed, id, kind, text};
use super::world::World;
use crate::config::Start;

#[tokio::test]
async fn all_four_kinds_of_events_become_records() {
    let world = World::start().await;
    let mut committed = Committed::default();
    let mut feed = committed.source(&world, Start::Latest).await;
    feed.until_subscribed().await;

    let account = world.create("Account", json!({"Name": "Acme", "AnnualRevenue": 1_500_000})).await;
    feed.until_records(1).await;
    world.update("Account", account, json!({"Phone": "+39 06", "Description": "long text"})).await;
    feed.until_records(2).await;
    world.delete(account).await;
    feed.until_records(3).await;
    world.undelete(account).await;
    feed.until_records(4).await;

    let records = &committed.records;
    let kinds: Vec<_> = records.iter().map(kind).collect();
    assert_eq!(kinds, ["created", "updated", "deleted", "undeleted"]);
    assert!(records.iter().all(|record| id(record) == account.as_str() && record.topic == "a.Account"));
    assert!(records.iter().all(|record| record.partition_key == account.as_str().as_bytes()));
    assert_eq!(text(&records[0], "AnnualRevenue"), "1500000.0");
    assert_eq!(text(&records[1], "Description"), "long text", "whole rows are read, long texts included");
    assert_eq!(text(&records[3], "Name"), "Acme");

    assert_eq!(committed.measured, 4, "how long each has been on its way is known");

    let created = &records[0].record;
    let schema = created.value.as_ref().unwrap().schema();
    assert_eq!(schema.name(), "io.confluent.salesforce.Account");
    assert_eq!(created.headers.text(header::ORG), Some(world.sandbox.id()));
    assert_eq!(created.headers.text(header::CHANNEL), Some("/topic/orgstream_Account"));
    assert_eq!(created.headers.text(header::ORIGIN), Some("stream"));
    let carried: Vec<String> = serde_json::from_str(created.headers.text(header::CARRIED).unwrap()).unwrap();
    assert_eq!(
        carried.len(),
        schema.fields().len() - 2,
        "all described fields, without the two of orgstream's"
    );

    let deleted = records[2].record.value.as_ref().unwrap();
    let filled: Vec<_> = deleted.iter().filter(|(_, value)| !value.is_null()).map(|(name, _)| name).collect();
    assert_eq!(filled, ["Id", "_ObjectType", "_EventType"]);
    assert_eq!(records[2].record.headers.text(header::CARRIED), Some(r#"["Id"]"#));
    committed.assert_order();
}

#[tokio::test]
async fn a_cleared_field_is_carried_as_null() {
    let world = World::start().await;
    let account = world.create("Account", json!({"Name": "Acme", "Phone": "1"})).await;
    let mut committed = Committed::default();
    let mut feed = committed.source(&world, Start::Latest).await;
    feed.until_subscribed().await;
    world.update("Account", account, json!({"Phone": null})).await;
    feed.until_records(1).await;
    let record = &committed.records[0].record;
    assert_eq!(record.value.as_ref().unwrap().value("Phone"), Some(&Value::Null));
    assert!(record.headers.text(header::CARRIED).unwrap().contains("\"Phone\""));
}

#[tokio::test]
async fn events_that_wait_together_become_one_record_and_one_read() {
    let world = World::start().await;
    let mut committed = Committed::default();
    let mut feed = committed.source(&world, Start::Latest).await;
    feed.until_subscribed().await;
    let gone = world.create("Account", json!({"Name": "gone"})).await;
    let stays = world.create("Account", json!({"Name": "one"})).await;
    world.delete(gone).await;
    world.update("Account", stays, json!({"Name": "two"})).await;
    // Nobody polls meanwhile; the session takes them in.
    while feed.counter("events") < 4 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    feed.next().await.unwrap();
    assert_eq!(feed.counter("folded"), 2);
    let records: Vec<_> = committed.records.iter().map(|record| (id(record), kind(record))).collect();
    assert_eq!(records, [(gone.as_str(), "deleted"), (stays.as_str(), "created")]);
    assert_eq!(text(&committed.records[1], "Name"), "two");
}

#[tokio::test]
async fn an_event_of_a_row_deleted_since_leaves_the_word_to_its_delete() {
    let world = World::start().await;
    let mut committed = Committed::default();
    let mut feed = committed.source(&world, Start::Latest).await;
    feed.until_subscribed().await;
    let contact = world.create("Contact", json!({"LastName": "Verdi"})).await;
    feed.until_records(1).await;
    world.update("Contact", contact, json!({"LastName": "Rossi"})).await;
    while feed.counter("events") < 2 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    world.delete(contact).await;
    feed.until(|committed| committed.records.last().is_some_and(|record| kind(record) == "deleted")).await;
    let kinds: Vec<_> = committed.records.iter().map(kind).collect();
    assert_eq!(kinds, ["created", "deleted"], "the row is gone, so nothing is made up for the update");
}

#[tokio::test]
async fn a_dropped_poll_loses_nothing_and_repeats_nothing() {
    let world = World::start().await;
    let mut committed = Committed::default();
    let mut feed = committed.source(&world, Start::Latest).await;
    feed.until_subscribed().await;
    let ids = world.create_accounts(60).await;
    while feed.committed.records.len() < ids.len() {
        if let Ok(batch) = tokio::time::timeout(Duration::from_millis(1), feed.source.poll()).await {
            feed.committed.commit(batch.unwrap());
        }
    }
    let mut produced: Vec<_> = committed.records.iter().map(|record| id(record).to_owned()).collect();
    let mut created: Vec<_> = ids.iter().map(ToString::to_string).collect();
    produced.sort();
    created.sort();
    assert_eq!(produced, created);
    committed.assert_order();
}
