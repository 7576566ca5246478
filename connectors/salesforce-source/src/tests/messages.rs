//! Events that are written as they came: change events, platform events, pushed texts.

use orgstream_api::record::header;
use orgstream_api::{Health, TopicTemplate, Value};
use orgstream_salesforce::SalesforceId;
use orgstream_salesforce_simulator::Org;
use serde_json::{Value as Json, json};

use super::feed::{Committed, text};
use super::world::World;
use crate::config::{Changes, EventChannel, OnGap, Records, SourceConfig, Start};

const EVENTS: &str = "objects:
  Order__e:
    label: Order
    plural: Orders
    fields:
      - { name: Order_Number__c, type: string, label: Number, length: 20 }
      - { name: Amount__c, type: double, label: Amount, precision: 10, scale: 2 }
  Parcel__e:
    label: Parcel
    plural: Parcels
    fields:
      - { name: Weight__c, type: double, label: Weight, precision: 10, scale: 2 }
channels: { Orders__chn: [Order__e, Parcel__e] }
";

async fn world() -> World {
    let hold = std::time::Duration::from_millis(700);
    World::of(Org::builder().poll_hold(hold).objects(EVENTS).change_data_capture(["Account", "Contact"]))
        .await
}

fn channel(name: &str, entities: &[&str]) -> EventChannel {
    let topic = TopicTemplate::new("e.${_ObjectType}", false).unwrap();
    EventChannel {
        name: name.to_owned(),
        topic,
        entities: entities.iter().map(|&name| name.to_owned()).collect(),
    }
}

fn as_change_events(config: &mut SourceConfig) {
    config.on_gap = OnGap::Earliest;
    config.convert_changed_fields = true;
    for object in &mut config.objects {
        (object.changes, object.records) = (Changes::Cdc, Records::Event);
    }
}

fn json_of(committed: &Committed, at: usize) -> Json {
    Value::Struct(committed.records[at].record.value.clone().unwrap()).to_json()
}

#[tokio::test]
async fn change_events_are_written_as_they_came_with_their_long_texts() {
    let world = world().await;
    let mut committed = Committed { configure: Some(as_change_events), ..Committed::default() };
    let mut feed = committed.source(&world, Start::Latest).await;
    let channels = ["/data/AccountChangeEvent", "/data/ContactChangeEvent"];
    feed.until(|committed| channels.iter().all(|name| committed.position("channel", name).is_some())).await;
    // The org takes no blanks at the end.
    let lines = "a line\n".repeat(300).trim_end().to_owned();
    let account = world.create("Account", json!({"Name": "Nordwind", "Description": lines})).await;
    feed.until_records(1).await;
    let other = format!("first\n{lines}");
    world.update("Account", account, json!({"Description": other, "BillingCity": "Bremen"})).await;
    feed.until_records(2).await;
    let accounts = world.create_accounts(2).await;
    feed.until_records(4).await;
    world.org.delete_many(&accounts, std::time::Duration::from_secs(10)).await.unwrap();
    feed.until_records(6).await;

    let record = &committed.records[1];
    assert_eq!(record.topic, "a.Account");
    assert_eq!(
        record.record.value.as_ref().unwrap().schema().name(),
        "io.confluent.salesforce.AccountChangeEvent"
    );
    let updated = json_of(&committed, 1);
    assert_eq!((&updated["Id"], &updated["Description"]), (&json!(account.as_str()), &json!(other)));
    assert_eq!(updated["_ObjectType"], "AccountChangeEvent");
    assert_eq!(updated["BillingAddress"]["City"], "Bremen");
    let head = &updated["ChangeEventHeader"];
    assert_eq!((&head["changeType"], &head["entityName"]), (&json!("UPDATE"), &json!("Account")));
    let changed = head["changedFields"].as_array().unwrap();
    assert!(
        changed.contains(&json!("BillingCity")) && changed.contains(&json!("Description")),
        "{changed:?}"
    );
    assert_eq!(updated["ReplayId"], json!(record.record.headers.text(header::REPLAY_ID)));

    let deleted: Vec<Json> = (4..6).map(|at| json_of(&committed, at)).collect();
    let ids: Vec<&str> = deleted.iter().map(|deleted| deleted["Id"].as_str().unwrap()).collect();
    assert_eq!(ids, accounts.iter().map(SalesforceId::as_str).collect::<Vec<_>>());
    assert_eq!(deleted[0]["ChangeEventHeader"]["recordIds"].as_array().unwrap().len(), 2, "one event of two");
}

#[tokio::test]
async fn platform_events_are_written_as_they_came_with_or_without_objects() {
    let world = world().await;
    let configure = |config: &mut SourceConfig| {
        config.objects.clear();
        config.events = vec![channel("Order__e", &[]), channel("Orders__chn", &["Parcel__e"])];
    };
    let mut committed = Committed { configure: Some(configure), ..Committed::default() };
    let mut feed = committed.source(&world, Start::Latest).await;
    let channels = ["/event/Order__e", "/event/Orders__chn"];
    feed.until(|committed| channels.iter().all(|name| committed.position("channel", name).is_some())).await;
    world.publish("Order__e", json!({"Order_Number__c": "SO-1", "Amount__c": 12.5})).await;
    world.publish("Parcel__e", json!({"Weight__c": 3})).await;
    feed.until_records(2).await;
    let topics: Vec<&str> = feed.committed.records.iter().map(|record| record.topic.as_str()).collect();
    assert_eq!(topics, ["e.Order__e", "e.Parcel__e"], "the other channel brings only what is wanted of it");
    assert_eq!(feed.counter("foreign"), 1);
    let order = json_of(feed.committed, 0);
    assert_eq!((&order["Order_Number__c"], &order["Amount__c"]), (&json!("SO-1"), &json!(12.5)));
    assert_eq!(order["_EventType"].as_str().unwrap().len(), 22, "the id of the event's schema");
    assert_eq!(order["EventUuid"].as_str().unwrap().len(), 36);
    assert!(order["ReplayId"].is_string() && order["CreatedDate"].is_i64());
    let record = &feed.committed.records[0];
    assert_eq!((&record.record.key, &*record.partition_key), (&None, &b"/event/Order__e"[..]));
    drop(feed);

    // What is published while nothing runs comes once.
    world.publish("Order__e", json!({"Order_Number__c": "SO-2"})).await;
    let mut feed = committed.source(&world, Start::Latest).await;
    world.publish("Order__e", json!({"Order_Number__c": "SO-3"})).await;
    feed.until_records(4).await;
    let numbers: Vec<Json> = [0, 2, 3].map(|at| json_of(&committed, at)["Order_Number__c"].clone()).into();
    assert_eq!(numbers, ["SO-1", "SO-2", "SO-3"]);
}

#[tokio::test]
async fn pushed_texts_are_written_beside_the_changes_of_objects() {
    let world = world().await;
    world.create("StreamingChannel", json!({"Name": "/u/notes"})).await;
    let configure = |config: &mut SourceConfig| {
        let topic = TopicTemplate::fixed("notes");
        let name = "/u/notes".to_owned();
        config.events = vec![EventChannel { name, topic, entities: Vec::new() }];
    };
    let mut committed = Committed { configure: Some(configure), ..Committed::default() };
    let mut feed = committed.source(&world, Start::Latest).await;
    feed.until_subscribed().await;
    feed.until(|committed| committed.position("channel", "/u/notes").is_some()).await;
    world.sandbox.raise(
        "/u/notes",
        json!({"event": {"createdDate": "2099-01-01T10:20:30.456Z"}, "payload": "free text"}),
    );
    world.create("Account", json!({"Name": "Nordwind"})).await;
    feed.until_records(2).await;
    let note = committed.records.iter().find(|record| record.topic == "notes").unwrap();
    assert_eq!((text(note, "Payload"), &note.record.key), ("free text", &None));
}

#[tokio::test]
async fn an_event_that_does_not_fit_its_description_is_kept_and_the_channel_goes_on() {
    let world = world().await;
    let configure = |config: &mut SourceConfig| {
        config.objects.clear();
        config.events = vec![channel("Order__e", &[]), channel("Nothing__e", &[])];
    };
    let mut committed = Committed { configure: Some(configure), ..Committed::default() };
    let mut feed = committed.source(&world, Start::Latest).await;
    feed.until(|committed| committed.position("channel", "/event/Order__e").is_some()).await;
    assert!(matches!(&*feed.health.borrow(), Health::Degraded(text) if text.contains("Nothing__e")));
    let odd = json!({
        "schema": "dRk0pZ2sXx1b7aYq9mNoTw",
        "payload": {"CreatedDate": "2099-01-01T10:20:30.517Z", "Surprise__c": {"a": 1}},
        "event": {},
    });
    world.sandbox.raise("/event/Order__e", odd);
    world.publish("Order__e", json!({"Order_Number__c": "SO-1"})).await;
    feed.until_records(1).await;
    assert_eq!(text(&committed.records[0], "Order_Number__c"), "SO-1");
    let [kept] = &committed.unreadable[..] else { panic!("{:?}", committed.unreadable) };
    assert!(kept.reason.contains("Surprise__c") && kept.raw.contains("Surprise__c"), "{kept:?}");
}
