//! What a transaction tells of itself: as much as it did, by the rights and definitions of that moment, or nothing.

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::client::{Client, http, org, read, typed};
use super::streaming::{Stream, error, topic};
use crate::Org;

async fn capturing(name: &str, objects: &[&str]) -> (Org, Client) {
    let org = Org::builder().name(name).change_data_capture(objects.iter().copied()).start().await.unwrap();
    let client = Client::login(&org).await;
    (org, client)
}

/// A stream of what comes from now on.
async fn listening(client: &Client, channel: &str) -> Stream {
    let (reply, stream) = Stream::open(client, channel, -1).await;
    assert_eq!(reply["successful"], true, "{reply}");
    stream
}

/// Object, kind and changed fields of the next change events.
async fn told(stream: &Stream, n: usize) -> Vec<(Json, Json, Json)> {
    let events = stream.events(n).await;
    let header = |event: &Json| event["data"]["payload"]["ChangeEventHeader"].clone();
    let headers = events.iter().map(header);
    headers
        .map(|mut header| {
            (header["entityName"].take(), header["changeType"].take(), header["changedFields"].take())
        })
        .collect()
}

async fn deny(client: &Client, denial: Json) {
    let url = format!("{}/simulator/permissions", client.url);
    assert_eq!(read(http().post(url).json(&denial).send().await.unwrap()).await.0, 200);
}

#[tokio::test]
async fn records_that_go_alike_share_events_of_a_thousand() {
    let (_org, client) = capturing("thousands", &["Contact"]).await;
    let account = client.create("Account", json!({"Name": "large"})).await;
    for _ in 0..6 {
        let contact = |n| typed("Contact", json!({"LastName": format!("l{n}"), "AccountId": account}));
        let records: Vec<Json> = (0..167).map(contact).collect();
        assert_eq!(client.post("composite/sobjects", json!({"records": records})).await.0, 200);
    }
    let stream = listening(&client, "/data/ContactChangeEvent").await;
    client.delete(&format!("sobjects/Account/{account}")).await;
    let events = stream.events(2).await;
    let ids =
        |event: &Json| event["data"]["payload"]["ChangeEventHeader"]["recordIds"].as_array().unwrap().len();
    assert_eq!(events.iter().map(ids).collect::<Vec<_>>(), [1000, 2]);
}

#[tokio::test]
async fn nobody_is_told_of_a_record_that_only_shows_a_changed_one() {
    let (_org, client) = capturing("followed", &["Case"]).await;
    let contact = client.create("Contact", json!({"LastName": "x", "Phone": "1"})).await;
    let case = client.create("Case", json!({"Subject": "a", "ContactId": contact})).await;
    let stream = listening(&client, "/data/CaseChangeEvent").await;
    client.patch(&format!("sobjects/Contact/{contact}"), json!({"Phone": "2"})).await;
    assert_eq!(client.get(&format!("sobjects/Case/{case}")).await.1["ContactPhone"], "2");
    client.patch(&format!("sobjects/Case/{case}"), json!({"Subject": "b"})).await;
    let first = stream.events(1).await.remove(0);
    assert_eq!(first["data"]["payload"]["Subject"], "b", "{first}");
}

#[tokio::test]
async fn a_look_up_that_a_deletion_emptied_is_told_without_a_stamp() {
    let (_org, client) = capturing("emptied", &["Contact"]).await;
    let boss = client.create("Contact", json!({"LastName": "boss"})).await;
    let other = client.create("Contact", json!({"LastName": "x", "ReportsToId": boss})).await;
    let stream = listening(&client, "/data/ContactChangeEvent").await;
    client.delete(&format!("sobjects/Contact/{boss}")).await;
    let events = stream.events(2).await;
    let payload = &events[1]["data"]["payload"];
    let header = &payload["ChangeEventHeader"];
    assert_eq!((&header["recordIds"], &header["changeType"]), (&json!([other]), &json!("UPDATE")));
    assert_eq!(header["changedFields"], json!(["ReportsToId"]));
    assert_eq!((payload.get("ReportsToId"), payload.get("LastModifiedDate")), (Some(&Json::Null), None));
}

#[tokio::test]
async fn the_first_event_after_a_right_was_taken_goes_by_what_is_left() {
    let (_org, client) = capturing("rights", &["Account", "Contact"]).await;
    let account = client.create("Account", json!({"Name": "x"})).await;
    client.create("Contact", json!({"LastName": "x", "AccountId": account})).await;
    let stream = listening(&client, "/data/ChangeEvents").await;
    deny(&client, json!({"object": "Contact", "denied": ["read"]})).await;
    client.delete(&format!("sobjects/Account/{account}")).await;
    client.create("Account", json!({"Name": "y"})).await;
    let told = told(&stream, 2).await;
    let account = |kind: &str| (json!("Account"), json!(kind), json!([]));
    assert_eq!(told, [account("DELETE"), account("CREATE")]);
}

#[tokio::test]
async fn numbers_of_commits_ascend_over_restarts_whatever_the_pace() {
    let dir = tempfile::tempdir().unwrap();
    let start = || {
        let org = Org::builder().name("commits").seed(1).change_data_capture(["Lead"]);
        org.data_file(dir.path().join("org.jsonl")).start()
    };
    let numbers = async |client: &Client, n: usize| -> Vec<u64> {
        let (_, stream) = Stream::open(client, "/data/LeadChangeEvent", -2).await;
        let events = stream.events(n).await;
        let header =
            |event: &Json| event["data"]["payload"]["ChangeEventHeader"]["commitNumber"].as_u64().unwrap();
        events.iter().map(header).collect()
    };
    let org = start().await.unwrap();
    let client = Client::login(&org).await;
    for _ in 0..20 {
        client.create("Lead", json!({"LastName": "a", "Company": "c"})).await;
    }
    org.stop().await;
    let org = start().await.unwrap();
    let client = Client::login(&org).await;
    client.create("Lead", json!({"LastName": "b", "Company": "c"})).await;
    let numbers = numbers(&client, 21).await;
    assert!(numbers.is_sorted_by(|a, b| a < b), "{numbers:?}");
}

#[tokio::test]
async fn what_an_org_is_born_with_is_no_news() {
    let yaml = "channels: { Sales__chn: [LeadChangeEvent] }";
    let new = Org::builder().name("born").objects(yaml).records(40).first_replay_id(500);
    let org = new.change_data_capture(["Account", "Contact"]).start().await.unwrap();
    assert_eq!(org.last_replay_id(), 499);
    let client = Client::login(&org).await;
    let (_, stream) = Stream::open(&client, "/data/ChangeEvents", -2).await;
    client.create("Account", json!({"Name": "first"})).await;
    assert_eq!(stream.events(1).await[0]["data"]["payload"]["Name"], "first");
}

#[tokio::test]
async fn what_is_pushed_in_a_transaction_that_is_taken_back_is_never_told() {
    let org = org("pushed").await;
    let client = Client::login(&org).await;
    let id = client.create("StreamingChannel", json!({"Name": "/u/notes"})).await;
    let stream = listening(&client, "/u/notes").await;
    let push = |text: &str| {
        json!({"method": "POST", "referenceId": text, "body": {"pushEvents": [{"payload": text}]},
            "url": format!("/services/data/v60.0/sobjects/StreamingChannel/{id}/push")})
    };
    let create = |name: &str| {
        json!({"method": "POST", "referenceId": "account", "body": {"Name": name},
            "url": "/services/data/v60.0/sobjects/Account"})
    };
    for (text, name, status) in [("never", "", 400), ("told", "Acme", 200)] {
        let steps = json!({"allOrNone": true, "compositeRequest": [push(text), create(name)]});
        let (_, answer) = client.post("composite", steps).await;
        assert_eq!(answer["compositeResponse"][0]["httpStatusCode"], status, "{answer}");
    }
    assert_eq!(stream.events(1).await[0]["data"]["payload"], "told");
}

#[tokio::test]
async fn several_channels_in_one_message_are_granted_as_a_whole_or_not_at_all() {
    let org = org("hundred").await;
    let client = Client::login(&org).await;
    let channels: Vec<String> = (0..101).map(|n| format!("/u/c{n}")).collect();
    let mut last = Vec::new();
    for channel in &channels {
        last.push(client.create("StreamingChannel", json!({"Name": channel})).await);
    }
    let (_, stream) = Stream::connect(&client).await;
    let reply = stream.subscribe_to(&json!(channels[..99])).await;
    assert_eq!(reply["successful"], true, "{reply}");
    let reply = stream.subscribe_to(&json!(channels[99..])).await;
    assert_eq!(error(&reply), "403::Subscription limit exceeded for this topic");
    let online = async |nth: usize| {
        let path = format!("sobjects/StreamingChannel/{}/push", last[nth]);
        client.get(&path).await.1["OnlineUserIds"].take()
    };
    assert_eq!(online(99).await, json!([]), "neither of the two");
    let again = json!([channels[0], channels[99], channels[99]]);
    assert_eq!(stream.subscribe_to(&again).await["successful"], true, "one of these is new");
    assert_eq!(online(99).await, json!([org.user_id()]));
    org.advance(Duration::from_mins(5));
    assert_eq!(online(99).await, json!([]), "nobody has heard of the session since");
}

#[tokio::test]
async fn a_push_topic_whose_field_is_deleted_says_so_and_the_others_go_on() {
    let org = org("broken").await;
    let client = Client::login(&org).await;
    let field = json!({"FullName": "Lead.Extra__c",
        "Metadata": {"type": "Text", "label": "Extra", "length": 18, "required": false}});
    let (_, made) = client.post("tooling/sobjects/CustomField", field).await;
    topic(&client, "Broken", "SELECT Id, Extra__c FROM Lead", json!({})).await;
    topic(&client, "Whole", "SELECT Id, LastName FROM Lead", json!({})).await;
    topic(&client, "Rights", "SELECT Id, LastName FROM Lead WHERE Company != 'x'", json!({})).await;
    assert_eq!(Stream::open(&client, "/topic/Broken", -1).await.0["successful"], true);
    let deleted =
        client.delete(&format!("tooling/sobjects/CustomField/{}", made["id"].as_str().unwrap())).await;
    assert_eq!(deleted.0, 204);
    let (reply, _) = Stream::open(&client, "/topic/Broken", -1).await;
    let why = "400::The query of the PushTopic is no longer valid: ";
    assert!(error(&reply).starts_with(why) && error(&reply).contains("Extra__c"), "{reply}");
    deny(&client, json!({"object": "Lead", "field": "Company", "denied": ["read"]})).await;
    topic(&client, "Another", "SELECT Id, LastName FROM Lead", json!({})).await;
    let (reply, _) = Stream::open(&client, "/topic/Rights", -1).await;
    assert!(error(&reply).starts_with("403::Subscriber does not have access to all fields"), "{reply}");
    let stream = listening(&client, "/topic/Whole").await;
    deny(&client, json!({"object": "Lead", "field": "Company", "denied": []})).await;
    client.create("Lead", json!({"LastName": "x", "Company": "c"})).await;
    assert_eq!(stream.events(1).await[0]["data"]["sobject"]["LastName"], "x");
}
