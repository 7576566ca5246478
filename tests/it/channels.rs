//! Channels beside PushTopics, on real Kafka: change events, platform events, pushed texts.

use orgstream_salesforce_simulator::OrgBuilder;
use serde_json::{Value as Json, json};

use crate::support::{World, peer_install};

const OBJECTS: [&str; 3] = ["Account", "Contact", "Lead"];

/// Platform events, and a channel that brings both.
const EVENTS: &str = "objects:
  Order__e:
    label: Order
    plural: Orders
    fields:
      - { name: Number__c, type: string, label: Number, length: 20 }
      - { name: Amount__c, type: double, label: Amount, precision: 10, scale: 2 }
  Parcel__e:
    label: Parcel
    plural: Parcels
    fields:
      - { name: Weight__c, type: double, label: Weight, precision: 10, scale: 2 }
channels: { Sales__chn: [AccountChangeEvent, ContactChangeEvent, LeadChangeEvent], Orders__chn: [Order__e, Parcel__e] }
";

fn captured(builder: OrgBuilder) -> OrgBuilder {
    builder.objects(EVENTS).change_data_capture(OBJECTS)
}

async fn world(source: &str) -> Option<World> {
    World::builder().source(source).org_a(captured).build().await
}

/// What happens to accounts, contacts and leads in the life of an org, step by step with what comes of each.
async fn live(world: &World) {
    let in_a = &world.in_a;
    let names = |count: usize| (0..count).map(|nth| json!({ "Name": format!("Account {nth}") })).collect();
    let accounts = in_a.create_many("Account", names(30)).await;
    let contact = json!({ "LastName": "Verdi", "FirstName": "Ada", "AccountId": accounts[0] });
    let contact = in_a.create("Contact", contact).await;
    let text = "a line\n".repeat(400);
    in_a.update("Account", &accounts[1], json!({ "Description": text, "BillingCity": "Bremen" })).await;
    world.sync().await.expect_code(0);

    let other = format!("another\n{text}");
    in_a.update("Account", &accounts[1], json!({ "Description": other, "Phone": "1" })).await;
    in_a.update("Account", &accounts[1], json!({ "Phone": null, "BillingStreet": "Am Kai 7" })).await;
    in_a.update("Contact", &contact, json!({ "FirstName": "Eva" })).await;
    in_a.delete("Account", &accounts[2]).await;
    in_a.delete("Account", &accounts[3]).await;
    in_a.undelete(&accounts[3]).await;
    world.a.order_gaps("Account", 2).expect("it is captured");
    in_a.update("Account", &accounts[4], json!({ "Phone": "4" })).await;
    in_a.delete("Account", &accounts[5]).await;
    in_a.create("Lead", json!({ "LastName": "Kant", "Company": "Acme" })).await;
    world.sync().await.expect_code(0);
    world.verify().await;
    assert_eq!((world.b.count("Account"), world.b.count("Contact"), world.b.count("Lead")), (28, 1, 1));
    assert_eq!(world.dead_letters().await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn change_events_of_single_channels_bring_one_org_to_where_the_other_is() {
    let Some(world) = world("channel: cdc").await else { return };
    live(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn change_events_alone_bring_one_org_to_where_the_other_is() {
    let Some(world) = world("channel: cdc\ncdc: { channel: ChangeEvents }\nhydrate: false").await else {
        return;
    };
    live(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn change_events_of_a_custom_channel_bring_one_org_to_where_the_other_is() {
    let Some(world) = world("channel: cdc\ncdc: { channel: Sales__chn }\nhydrate: false").await else {
        return;
    };
    live(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_of_push_topics_alone_bring_one_org_to_where_the_other_is() {
    let Some(world) = world("hydrate: false").await else { return };
    world.prime().await;
    let account = world.in_a.create("Account", json!({ "Name": "Nordwind", "BillingCity": "Bremen" })).await;
    let gone = world.in_a.create("Account", json!({ "Name": "Gone" })).await;
    world.sync().await.expect_code(0);
    world.in_a.update("Account", &account, json!({ "Phone": "1", "BillingCity": null })).await;
    world.in_a.delete("Account", &gone).await;
    world.sync().await.expect_code(0);
    world.verify().await;
    assert_eq!(world.b.count("Account"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn change_events_are_read_with_their_headers_by_confluents_client() {
    let Some(python) = peer_install("python/install.sh") else { return };
    let source =
        "channel: cdc\nrecords: event\nconvert_changed_fields: true\nsweep: { every: off }\non_gap: latest";
    let builder = World::builder().start_from("latest").source(source).org_a(captured).source_only();
    let builder = builder.objects("Contact:").partitions(1);
    let Some(world) = builder.build().await else { return };
    world.prime().await;
    let contact = world.in_a.create("Contact", json!({ "LastName": "Verdi", "FirstName": "Ada" })).await;
    world.in_a.update("Contact", &contact, json!({ "FirstName": "Eva", "MailingCity": "Bremen" })).await;
    world.sync().await.expect_code(0);

    let records = world.read_as_confluent(&python, &world.topic("Contact")).await;
    let kinds: Vec<&Json> =
        records.iter().map(|record| &record["value"]["ChangeEventHeader"]["changeType"]).collect();
    assert_eq!(kinds, ["CREATE", "UPDATE"]);
    let schema: Json =
        serde_json::from_str(records[1]["value_schema"].as_str().expect("text")).expect("JSON");
    assert_eq!(schema["connect.name"], "io.confluent.salesforce.ContactChangeEvent");
    let names: Vec<&str> = schema["fields"]
        .as_array()
        .expect("fields")
        .iter()
        .filter_map(|field| field["name"].as_str())
        .collect();
    assert_eq!(names[..3], ["Id", "ReplayId", "ChangeEventHeader"]);
    assert_eq!(names[names.len() - 2..], ["_ObjectType", "_EventType"]);
    let value = &records[1]["value"];
    assert_eq!((&value["Id"], &value["_ObjectType"]), (&json!(contact), &json!("ContactChangeEvent")));
    assert_eq!((&value["FirstName"], &value["MailingCity"]), (&json!("Eva"), &json!("Bremen")));
    assert_eq!(value["LastName"], Json::Null, "it did not change");
    let header = &value["ChangeEventHeader"];
    assert_eq!(header["recordIds"], json!([contact]));
    let changed = header["changedFields"].as_array().expect("a list");
    assert!(changed.contains(&json!("FirstName")) && changed.contains(&json!("MailingCity")), "{changed:?}");
    assert!(header["commitTimestamp"].is_i64() && header["commitNumber"].is_i64());
    assert_eq!(value["_EventType"].as_str().map(str::len), Some(22), "the id of the schema");
}

#[tokio::test(flavor = "multi_thread")]
async fn platform_events_and_pushed_texts_are_read_by_confluents_client() {
    let Some(python) = peer_install("python/install.sh") else { return };
    let name = format!("orders-{}", std::process::id());
    let source = format!(
        "events: {{ Order__e: {{ topic: \"{name}.order\" }}, \
         Orders__chn: {{ topic: \"{name}.${{_ObjectType}}\", entities: [Parcel__e] }}, \
         /u/notes: {{ topic: \"{name}.notes\" }} }}"
    );
    let builder = World::builder().start_from("latest").source(&source).org_a(captured).source_only();
    let Some(world) = builder.objects("Lead:").build().await else { return };
    world.in_a.create("StreamingChannel", json!({ "Name": "/u/notes" })).await;
    world.prime().await;
    for number in 1..=5 {
        world
            .in_a
            .publish("Order__e", json!({ "Number__c": format!("SO-{number}"), "Amount__c": 12.5 }))
            .await;
    }
    world.in_a.publish("Parcel__e", json!({ "Weight__c": 3.25 })).await;
    let text = json!({ "event": { "createdDate": "2099-01-01T10:20:30.456Z" }, "payload": "free text" });
    world.a.raise("/u/notes", text);
    world.sync().await.expect_code(0);

    let orders = world.read_as_confluent(&python, &format!("{name}.order")).await;
    let numbers: Vec<&Json> = orders.iter().map(|record| &record["value"]["Number__c"]).collect();
    assert_eq!(numbers, ["SO-1", "SO-2", "SO-3", "SO-4", "SO-5"], "each once, in the order of the channel");
    assert!(orders.iter().all(|record| record["key"] == Json::Null));
    let schema: Json = serde_json::from_str(orders[0]["value_schema"].as_str().expect("text")).expect("JSON");
    assert_eq!(schema["connect.name"], "io.confluent.salesforce.Order__e");
    assert_eq!(orders[0]["value"]["_ObjectType"], "Order__e");
    assert_eq!(orders[0]["value"]["Amount__c"], 12.5);
    let parcels = world.read_as_confluent(&python, &format!("{name}.Parcel__e")).await;
    assert_eq!((parcels.len(), &parcels[0]["value"]["Weight__c"]), (1, &json!(3.25)));
    let notes = world.read_as_confluent(&python, &format!("{name}.notes")).await;
    assert_eq!((notes.len(), &notes[0]["value"]["Payload"]), (1, &json!("free text")));
}
