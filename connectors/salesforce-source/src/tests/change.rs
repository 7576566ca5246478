//! Change events as records of the object.

use std::time::Duration;

use orgstream_api::record::header;
use orgstream_api::{AtEnd, Health, SourceRecord, Value};
use orgstream_salesforce::SalesforceId;
use orgstream_salesforce_simulator::{CallKind, Effect, Fault, GapKind, Org};
use serde_json::json;

use super::feed::{Committed, id, kind, text};
use super::world::World;
use crate::config::{CdcChannel, Changes, SourceConfig, Start};

const HOLD: Duration = Duration::from_millis(700);

fn by_changes(config: &mut SourceConfig) {
    for object in &mut config.objects {
        object.changes = Changes::Cdc;
    }
}

fn by_changes_alone(config: &mut SourceConfig) {
    by_changes(config);
    for object in &mut config.objects {
        object.hydrate = false;
    }
}

fn by_all_changes(config: &mut SourceConfig) {
    by_changes(config);
    config.cdc = CdcChannel::All;
}

async fn world() -> World {
    World::of(Org::builder().poll_hold(HOLD).change_data_capture(["Account", "Contact", "Lead"])).await
}

fn committed(configure: fn(&mut SourceConfig)) -> Committed {
    Committed { configure: Some(configure), ..Committed::default() }
}

fn carried(record: &SourceRecord) -> Vec<String> {
    serde_json::from_str(record.record.headers.text(header::CARRIED).unwrap()).unwrap()
}

/// The last that stands on the topic of an account.
fn last<'a>(committed: &'a Committed, account: &str) -> &'a SourceRecord {
    committed.records.iter().rfind(|record| id(record) == account).unwrap()
}

const CHANNELS: [&str; 2] = ["/data/AccountChangeEvent", "/data/ContactChangeEvent"];

#[tokio::test]
async fn change_events_become_the_records_of_their_rows() {
    let world = world().await;
    let mut committed = committed(by_changes);
    let mut feed = committed.source(&world, Start::Latest).await;
    feed.until(|committed| CHANNELS.iter().all(|name| committed.position("channel", name).is_some())).await;
    let account = world.create("Account", json!({"Name": "Nordwind", "BillingCity": "Bremen"})).await;
    feed.until_records(1).await;
    world.update("Account", account, json!({"Phone": "1", "Description": "x".repeat(2000)})).await;
    feed.until_records(2).await;
    world.delete(account).await;
    feed.until_records(3).await;
    world.undelete(account).await;
    feed.until_records(4).await;
    let kinds: Vec<_> = committed.records.iter().map(kind).collect();
    assert_eq!(kinds, ["created", "updated", "deleted", "undeleted"]);
    let schema = committed.records[1].record.value.as_ref().unwrap().schema();
    assert_eq!(schema.name(), "io.confluent.salesforce.Account");
    assert_eq!(text(&committed.records[1], "Description").len(), 2000);
    assert_eq!(text(&committed.records[1], "_ObjectType"), "Account");
    assert_eq!(committed.records[1].record.headers.text(header::CHANNEL), Some("/data/AccountChangeEvent"));
    assert_eq!(carried(&committed.records[1]).len(), schema.fields().len() - 2);
    committed.assert_order();
}

#[tokio::test]
async fn without_hydration_a_record_carries_what_its_event_tells() {
    let world = world().await;
    let mut committed = committed(by_changes_alone);
    let mut feed = committed.source(&world, Start::Latest).await;
    feed.until(|committed| CHANNELS.iter().all(|name| committed.position("channel", name).is_some())).await;
    let account = world
        .create("Account", json!({"Name": "Nordwind", "Phone": "1", "Description": "a line\n".repeat(300)}))
        .await;
    feed.until_records(1).await;
    world.update("Account", account, json!({"Phone": null, "BillingCity": "Bremen"})).await;
    feed.until_records(2).await;
    let updated = &feed.committed.records[1];
    let told = carried(updated);
    for name in ["Id", "Phone", "BillingCity", "LastModifiedDate"] {
        assert!(told.iter().any(|told| told == name), "{name} of {told:?}");
    }
    assert!(!told.iter().any(|told| told == "Name" || told == "SystemModstamp"), "{told:?}");
    assert_eq!(updated.record.value.as_ref().unwrap().value("Phone"), Some(&Value::Null));
    assert_eq!(feed.counter("hydrated"), 0);

    // A long text comes as the difference from one that nobody here knows, so its row is read.
    world
        .update("Account", account, json!({"Description": format!("first\n{}", "a line\n".repeat(299))}))
        .await;
    feed.until_records(3).await;
    assert!(text(&feed.committed.records[2], "Description").starts_with("first"));
    assert_eq!(feed.counter("hydrated"), 1);

    world.sandbox.order_gaps("Account", 1).unwrap();
    world.update("Account", account, json!({"Phone": "2"})).await;
    feed.until_records(4).await;
    assert_eq!(text(&feed.committed.records[3], "Phone"), "2", "its fields were not told");
    world.sandbox.order_gaps("Account", 1).unwrap();
    world.delete(account).await;
    feed.until_records(5).await;
    assert_eq!(kind(&feed.committed.records[4]), "deleted");
    committed.assert_order();
}

#[tokio::test]
async fn an_event_of_several_records_is_a_record_each_in_one_batch() {
    let world = world().await;
    let accounts = world.create_accounts(3).await;
    let mut committed = committed(by_changes_alone);
    let mut feed = committed.source(&world, Start::Latest).await;
    feed.until(|committed| CHANNELS.iter().all(|name| committed.position("channel", name).is_some())).await;
    let results = world.org.delete_many(&accounts, Duration::from_secs(10)).await.unwrap();
    assert!(results.iter().all(|result| result.success));
    feed.until_records(1).await;
    let records = &feed.committed.records;
    assert_eq!(records.len(), 3, "all or none of them");
    let replay_ids: std::collections::HashSet<_> =
        records.iter().map(|record| record.record.headers.text(header::REPLAY_ID)).collect();
    assert_eq!(replay_ids.len(), 1);
    let mut ids: Vec<_> = records.iter().map(id).collect();
    ids.sort_unstable();
    assert_eq!(ids, accounts.iter().map(SalesforceId::as_str).collect::<Vec<_>>());
}

#[tokio::test]
async fn what_the_org_dropped_or_does_not_name_is_read_and_the_gap_is_closed() {
    for configure in [by_changes, by_changes_alone] {
        let builder = Org::builder().poll_hold(HOLD).change_data_capture(["Account", "Contact"]);
        let world = World::of(builder.change_event_threshold(20)).await;
        let mut committed = committed(configure);
        let mut feed = committed.source(&world, Start::Latest).await;
        feed.until(|committed| CHANNELS.iter().all(|name| committed.position("channel", name).is_some()))
            .await;
        let accounts = world.create_accounts(100).await;
        feed.until(|committed| committed.gap("Account").is_some_and(|gap| gap["state"] == "closed")).await;
        assert_eq!(feed.committed.gap("Account").unwrap()["cause"], "overflow");
        assert_eq!(feed.committed.names().len(), accounts.len());

        world.delete(accounts[7]).await;
        world.update("Account", accounts[8], json!({"Name": "renamed"})).await;
        world.sandbox.raise_gap("Account", GapKind::Update, &["001*".to_owned()]).unwrap();
        feed.until(|committed| committed.gap("Account").is_some_and(|gap| gap["cause"] == "gap_event")).await;
        feed.until(|committed| committed.gap("Account").unwrap()["state"] == "closed").await;
        assert_eq!(feed.committed.names().len(), accounts.len() - 1);
        assert_eq!(text(last(feed.committed, accounts[8].as_str()), "Name"), "renamed");
        feed.until_end(Duration::from_millis(500), |answer| *answer == AtEnd::Yes).await;
    }
}

#[tokio::test]
async fn an_object_that_fails_keeps_nobody_from_the_channel_they_share() {
    let world = world().await;
    let mut committed = committed(by_all_changes);
    let mut feed = committed.source(&world, Start::Latest).await;
    feed.until(|committed| committed.position("channel", "/data/ChangeEvents").is_some()).await;
    let first = world.create("Account", json!({"Name": "first"})).await;
    world.create("Lead", json!({"LastName": "foreign", "Company": "x"})).await;
    feed.until_records(1).await;
    let effect =
        Effect::Answer { status: 404, code: "INSUFFICIENT_ACCESS".to_owned(), message: "no".to_owned() };
    let fault = Fault::new(CallKind::Retrieve, effect).containing("/sobjects/Account");
    let fault = world.sandbox.faults().add(fault);
    world.update("Account", first, json!({"Name": "missed"})).await;
    let second = world.create("Account", json!({"Name": "second"})).await;
    let contact = world.create("Contact", json!({"LastName": "Verdi"})).await;
    feed.until(|committed| committed.records.iter().any(|record| id(record) == contact.as_str())).await;
    assert_eq!(feed.committed.names().get(first.as_str()).map(String::as_str), Some("first"));
    assert!(matches!(&*feed.health.borrow(), Health::Degraded(text) if text.contains("Account")));
    assert_eq!(feed.committed.gap("Account").unwrap()["cause"], "object_failed");
    drop(feed);

    // Another source, because what is missing has to be on record; it cannot read the object at its start either.
    let mut feed = committed.source(&world, Start::Latest).await;
    world.delete(second).await;
    world.create("Contact", json!({"LastName": "Rossi"})).await;
    feed.until(|committed| {
        committed.records.iter().filter(|record| record.topic == "a.Contact").count() == 2
    })
    .await;
    world.sandbox.faults().remove(fault);
    feed.until(|committed| committed.gap("Account").is_some_and(|gap| gap["state"] == "closed")).await;
    feed.until_end(Duration::from_millis(500), |answer| *answer == AtEnd::Yes).await;
    assert_eq!(committed.names().get(first.as_str()).map(String::as_str), Some("missed"));
    assert!(!committed.names().contains_key(second.as_str()));
    committed.assert_order();
}

#[tokio::test]
async fn an_event_of_unknown_shape_is_kept_and_its_object_read_anew() {
    for (configure, channel) in [
        (by_changes as fn(&mut SourceConfig), CHANNELS[0]),
        (by_all_changes, "/data/ChangeEvents"),
        (|_: &mut SourceConfig| {}, "/topic/orgstream_Account"),
    ] {
        let world = world().await;
        let mut committed = committed(configure);
        let mut feed = committed.source(&world, Start::Latest).await;
        feed.until(|committed| committed.position("channel", channel).is_some()).await;
        let before = world.create("Account", json!({"Name": "before"})).await;
        feed.until_records(1).await;
        // What it says is lost, and so is this change, were it not for the rows.
        world.sandbox.raise(
            channel,
            json!({"event": {"type": "merged"}, "payload": {"ChangeEventHeader": {"entityName": "Account"}}}),
        );
        let after = world.create("Account", json!({"Name": "after"})).await;
        feed.until(|committed| committed.gap("Account").is_some_and(|gap| gap["state"] == "closed")).await;
        feed.until(|committed| committed.names().contains_key(after.as_str())).await;
        assert_eq!(feed.counter("unreadable"), 1);
        assert_eq!(feed.committed.gap("Account").unwrap()["cause"], "unreadable_event");
        assert_eq!(feed.committed.gap("Contact"), None, "it names its object, or its channel does");
        let [kept] = &feed.committed.unreadable[..] else { panic!() };
        assert_eq!(kept.channel, channel);
        assert!(kept.raw.contains("merged") && kept.replay_id.is_some(), "{kept:?}");
        assert!(feed.committed.names().contains_key(before.as_str()));

        // Its place is passed: another source does not meet it again.
        drop(feed);
        let mut feed = committed.source(&world, Start::Latest).await;
        let later = world.create("Account", json!({"Name": "later"})).await;
        feed.until(|committed| committed.names().contains_key(later.as_str())).await;
        assert_eq!(committed.unreadable.len(), 1);
    }
}

#[tokio::test]
async fn an_event_that_tells_a_field_that_is_gone_holds_up_nothing() {
    let world = world().await;
    let mut committed = committed(by_changes_alone);
    let mut feed = committed.source(&world, Start::Latest).await;
    feed.until(|committed| CHANNELS.iter().all(|name| committed.position("channel", name).is_some())).await;
    let account = world.create("Account", json!({"Name": "made"})).await;
    feed.until_records(1).await;
    let committed_at = feed.committed.records[0].record.timestamp + 1_000;
    let header = json!({
        "entityName": "Account", "recordIds": [account.as_str()], "changeType": "UPDATE",
        "changeOrigin": "", "transactionKey": "0001", "sequenceNumber": 1, "commitTimestamp": committed_at,
        "commitNumber": 1, "commitUser": "0055g000000001AAA", "nulledFields": [], "diffFields": [],
        "changedFields": ["Name", "Gone__c"],
    });
    let payload = json!({"ChangeEventHeader": header, "Name": "told", "Gone__c": "by a field that is gone"});
    world.sandbox.raise(CHANNELS[0], json!({"schema": "x", "payload": payload, "event": {}}));
    feed.until(|committed| committed.names().get(account.as_str()).is_some_and(|name| name == "told")).await;
    let later = world.create("Account", json!({"Name": "later"})).await;
    feed.until(|committed| committed.names().contains_key(later.as_str())).await;
    feed.until_running().await;
    assert!(committed.unreadable.is_empty());
}
