//! Platform events and generic channels: published, told, described.

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::client::{Client, http, org, read, typed};
use super::streaming::{Stream, error};
use crate::Org;

const YAML: &str = "objects:
  Order__e:
    label: Order
    plural: Orders
    fields:
      - { name: Order_Number__c, type: string, label: Number, length: 20 }
      - { name: Amount__c, type: double, label: Amount, precision: 10, scale: 2 }
      - { name: Shipped__c, type: boolean, label: Shipped }
channels: { Orders__chn: [Order__e] }
";

async fn with_orders(name: &str) -> (Org, Client) {
    let org = Org::builder().name(name).objects(YAML).start().await.unwrap();
    let client = Client::login(&org).await;
    (org, client)
}

#[tokio::test]
async fn a_published_event_is_enqueued_and_told_on_its_own_and_on_custom_channels() {
    let (org, client) = with_orders("orders").await;
    let (status, done) =
        client.post("sobjects/Order__e", json!({"Order_Number__c": "SO-1", "Amount__c": 12.5})).await;
    assert_eq!((status, &done["success"]), (201, &json!(true)));
    let uuid = done["errors"][0]["message"].as_str().unwrap();
    assert_eq!(done["errors"], json!([{"statusCode": "OPERATION_ENQUEUED", "message": uuid, "fields": []}]));
    for channel in ["/event/Order__e", "/event/Orders__chn"] {
        let (_, stream) = Stream::open(&client, channel, -2).await;
        let event = stream.events(1).await.remove(0);
        let data = &event["data"];
        assert_eq!((&event["channel"], &data["event"]["EventUuid"]), (&json!(channel), &json!(uuid)));
        let payload = data["payload"].as_object().unwrap();
        assert_eq!(
            payload.keys().collect::<Vec<_>>(),
            ["CreatedDate", "CreatedById", "Order_Number__c", "Amount__c", "Shipped__c"]
        );
        assert_eq!(
            (
                &payload["CreatedById"],
                &payload["Order_Number__c"],
                &payload["Amount__c"],
                &payload["Shipped__c"]
            ),
            (&json!(org.user_id()), &json!("SO-1"), &json!(12.5), &json!(false))
        );
        assert!(payload["CreatedDate"].as_str().unwrap().ends_with('Z'));
    }
    assert_eq!(org.count("Order__e"), 0);
}

#[tokio::test]
async fn events_name_themselves_from_version_52_on() {
    let (_org, client) = with_orders("named").await;
    client.post("sobjects/Order__e", json!({"Order_Number__c": "SO-1", "Amount__c": 0.1})).await;
    let mut told = Vec::new();
    for version in ["37.0", "51.0", "52.0", "67.0"] {
        let (_, stream) = Stream::open_at(&client, version, "/event/Order__e", -2).await;
        told.push(stream.events(1).await.remove(0)["data"].take());
    }
    let named: Vec<bool> = told.iter().map(|data| data["event"].get("EventUuid").is_some()).collect();
    assert_eq!(named, [false, false, true, true]);
    let text = |data: &Json| data.to_string();
    let uuid = told[2]["event"]["EventUuid"].as_str().unwrap();
    assert_eq!(text(&told[0]), text(&told[2]).replace(&format!("\"EventUuid\":\"{uuid}\","), ""));
}

#[tokio::test]
async fn events_beyond_the_hourly_allocation_are_refused_until_an_hour_has_passed() {
    let (org, client) = with_orders("hourly").await;
    let url = format!("{}/simulator/limits/published_events", client.url);
    assert_eq!(read(http().post(url).json(&json!({"max": 3})).send().await.unwrap()).await.0, 200);
    let publish = async |numbers: &[&str]| {
        let records: Vec<Json> =
            numbers.iter().map(|number| typed("Order__e", json!({"Order_Number__c": number}))).collect();
        let (_, results) = client.post("composite/sobjects", json!({"records": records})).await;
        let code = |result: &Json| result["errors"][0]["statusCode"].as_str().unwrap().to_owned();
        results.as_array().unwrap().iter().map(code).collect::<Vec<_>>()
    };
    assert_eq!(publish(&["1", "2"]).await, ["OPERATION_ENQUEUED", "OPERATION_ENQUEUED"]);
    assert_eq!(publish(&["3", "4"]).await, ["OPERATION_ENQUEUED", "LIMIT_EXCEEDED"]);
    let (status, refused) = client.post("sobjects/Order__e", json!({"Order_Number__c": "5"})).await;
    assert_eq!((status, &refused[0]["errorCode"]), (400, &json!("LIMIT_EXCEEDED")));
    org.advance(Duration::from_mins(61));
    assert_eq!(publish(&["6"]).await, ["OPERATION_ENQUEUED"]);
    let (_, stream) = Stream::open(&client, "/event/Order__e", -2).await;
    let numbers: Vec<Json> =
        stream.events(4).await.iter().map(|e| e["data"]["payload"]["Order_Number__c"].clone()).collect();
    assert_eq!(numbers, ["1", "2", "3", "6"], "what was refused was not published");
}

#[tokio::test]
async fn a_wrong_event_is_refused_and_a_refused_collection_publishes_none() {
    let (_org, client) = with_orders("refused").await;
    let (status, refused) = client.post("sobjects/Order__e", json!({"Nope__c": 1})).await;
    assert_eq!((status, &refused[0]["errorCode"]), (400, &json!("INVALID_FIELD")));
    let long = typed("Order__e", json!({"Order_Number__c": "x".repeat(21)}));
    let good = |n: &str| typed("Order__e", json!({"Order_Number__c": n}));
    let records = json!({"allOrNone": true, "records": [good("1"), long]});
    client.post("composite/sobjects", records).await;
    let (_, results) = client.post("composite/sobjects", json!({"records": [good("2"), good("3")]})).await;
    assert_eq!(results[1]["errors"][0]["statusCode"], "OPERATION_ENQUEUED", "{results}");
    let (_, stream) = Stream::open(&client, "/event/Order__e", -2).await;
    let events = stream.events(2).await;
    let numbers: Vec<&Json> =
        events.iter().map(|event| &event["data"]["payload"]["Order_Number__c"]).collect();
    assert_eq!(numbers, ["2", "3"]);
    let (reply, _) = Stream::open(&client, "/event/Nope__e", -1).await;
    assert_eq!(error(&reply), "403:denied_by_security_policy:create_denied");
}

#[tokio::test]
async fn schemas_are_found_by_name_and_by_the_id_that_events_carry() {
    let (_org, client) = with_orders("schemas").await;
    client.post("sobjects/Order__e", json!({"Order_Number__c": "SO-1"})).await;
    let (_, stream) = Stream::open(&client, "/event/Order__e", -2).await;
    let id = stream.events(1).await[0]["data"]["schema"].as_str().unwrap().to_owned();
    let (status, compact) = client.get(&format!("event/eventSchema/{id}?payloadFormat=COMPACT")).await;
    assert_eq!((status, &compact["uuid"], &compact["name"]), (200, &json!(id), &json!("Order__e")));
    assert_eq!(
        compact["fields"][0],
        json!({"name": "CreatedDate", "type": "long", "doc": "CreatedDate:DateTime"})
    );
    assert_eq!(compact["fields"][3]["type"], json!(["null", "double"]));
    let (_, by_name) = client.get("sobjects/Order__e/eventSchema?payloadFormat=COMPACT").await;
    assert_eq!(by_name, compact);
    let (_, expanded) = client.get("sobjects/Order__e/eventSchema").await;
    assert_eq!(
        (&expanded["type"], &expanded["fields"][1]["name"]),
        (&json!("expanded-record"), &json!("channel"))
    );
    let (_, changes) = client.get("sobjects/AccountChangeEvent/eventSchema?payloadFormat=COMPACT").await;
    assert_eq!(changes["fields"][0]["name"], "ChangeEventHeader");
    assert_eq!(client.get("sobjects/Order__e/eventSchema?payloadFormat=AVRO").await.0, 400);
    assert_eq!(client.get("event/eventSchema/unknown").await.0, 404);
    let older = format!("{}/services/data/v42.0/sobjects/Order__e/eventSchema", client.url);
    let older = read(http().get(older).bearer_auth(&client.token).send().await.unwrap()).await;
    assert_eq!(older, (200, compact));
}

#[tokio::test]
async fn what_is_pushed_through_a_generic_channel_is_told_for_a_day() {
    let org = org("generic").await;
    let client = Client::login(&org).await;
    let id = client.create("StreamingChannel", json!({"Name": "/u/notes"})).await;
    let (reply, stream) = Stream::open(&client, "/u/notes", -1).await;
    assert_eq!(reply["successful"], true, "{reply}");
    let path = format!("sobjects/StreamingChannel/{id}/push");
    let user = org.user_id();
    let (status, results) = client
        .post(&path, json!({"pushEvents": [{"payload": "hello", "userIds": []}, {"payload": "you", "userIds": [user]}]}))
        .await;
    assert_eq!(status, 200);
    assert_eq!(
        results,
        json!([{"fanoutCount": -1, "userOnlineStatus": {}}, {"fanoutCount": 1, "userOnlineStatus": {user: true}}])
    );
    let events = stream.events(2).await;
    let data = events[0]["data"].as_object().unwrap();
    assert_eq!(
        (data.keys().collect::<Vec<_>>(), &data["payload"]),
        (vec![&"event".to_owned(), &"payload".to_owned()], &json!("hello"))
    );
    assert_eq!(client.get(&path).await, (200, json!({"OnlineUserIds": [user], "ChannelName": "/u/notes"})));
    let (reply, _) = Stream::open(&client, "/u/Notes", -1).await;
    assert_eq!(error(&reply), "404::channel names may not vary only by case");
    let (reply, _) = Stream::open(&client, "/u/other", -1).await;
    assert_eq!(error(&reply), "404::Unknown channel");
    let (status, refused) = client.post(&path, json!({"pushEvents": [{"payload": "x".repeat(3001)}]})).await;
    assert_eq!((status, &refused[0]["errorCode"]), (400, &json!("STRING_TOO_LONG")));
    let replay_id = events[1]["data"]["event"]["replayId"].as_i64().unwrap();
    org.advance(Duration::from_hours(25));
    let client = Client::login(&org).await;
    let (reply, _) = Stream::open(&client, "/u/notes", replay_id).await;
    assert!(error(&reply).starts_with("400::The replayId"), "{reply}");
}
