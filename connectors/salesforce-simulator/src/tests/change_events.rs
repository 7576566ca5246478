//! Change Data Capture: which events come, and what they show.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value as Json, json};

use super::client::{Client, http, read, typed};
use super::streaming::{Stream, error, topic};
use crate::{GapKind, Org, OrgBuilder};

fn builder(name: &str) -> OrgBuilder {
    Org::builder().name(name).change_data_capture(["Account", "Contact"])
}

async fn started(name: &str) -> (Org, Client) {
    let org = builder(name).start().await.unwrap();
    let client = Client::login(&org).await;
    (org, client)
}

/// The first events of a channel: header and body.
pub(super) async fn first(client: &Client, channel: &str, n: usize) -> Vec<(Json, Json)> {
    let (reply, stream) = Stream::open(client, channel, -2).await;
    assert_eq!(reply["successful"], true, "{reply}");
    let events = stream.events(n).await;
    assert_eq!(events.len(), n, "{events:?}");
    events
        .into_iter()
        .map(|mut event| {
            let mut payload = event["data"]["payload"].take();
            let header = payload.as_object_mut().unwrap().shift_remove("ChangeEventHeader").unwrap();
            (header, payload)
        })
        .collect()
}

pub(super) fn kinds(events: &[(Json, Json)]) -> Vec<&str> {
    events.iter().map(|(header, _)| header["changeType"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_record_is_told_whole_when_it_comes_by_its_changes_then_and_by_its_id_when_it_goes() {
    let (org, client) = started("shapes").await;
    let id = client.create("Account", json!({"Name": "Acme", "BillingCity": "Roma", "Phone": "1"})).await;
    let url = format!("{}/services/data/v59.0/sobjects/Account/{id}", client.url);
    let request = http().request(Method::PATCH, url).bearer_auth(&client.token);
    let request = request.header("Sforce-Call-Options", "client=mirror-tool");
    let change = json!({"Industry": "Apparel", "Phone": null, "BillingCity": "Milano"});
    assert_eq!(request.json(&change).send().await.unwrap().status(), 204);
    client.delete(&format!("sobjects/Account/{id}")).await;
    client.undelete(&[&id]).await;

    let (_, stream) = Stream::open(&client, "/data/ChangeEvents", -2).await;
    let raw = stream.events(4).await;
    let members: Vec<&String> = raw[0]["data"].as_object().unwrap().keys().collect();
    assert_eq!(members, ["schema", "payload", "event"]);
    assert_eq!(raw[0]["data"]["schema"].as_str().unwrap().len(), 22);
    assert!(raw[0]["data"]["event"]["replayId"].is_u64());
    let events = first(&client, "/data/AccountChangeEvent", 4).await;
    assert_eq!(kinds(&events), ["CREATE", "UPDATE", "DELETE", "UNDELETE"]);

    let (header, body) = &events[0];
    let keys: Vec<&String> = header.as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        [
            "commitNumber",
            "commitUser",
            "sequenceNumber",
            "entityName",
            "changeType",
            "changedFields",
            "changeOrigin",
            "transactionKey",
            "commitTimestamp",
            "recordIds"
        ]
    );
    assert_eq!(
        (&header["entityName"], &header["recordIds"], &header["changedFields"], &header["commitUser"]),
        (&json!("Account"), &json!([id]), &json!([]), &json!(org.user_id()))
    );
    assert_eq!(
        (&header["sequenceNumber"], &header["changeOrigin"]),
        (&json!(1), &json!("com/salesforce/api/rest/60.0"))
    );
    assert_eq!((&body["Name"], &body["BillingAddress"]), (&json!("Acme"), &json!({"City": "Roma"})));
    assert!(body.get("Industry").is_none() && body.get("Id").is_none() && body.get("IsDeleted").is_none());
    assert!(body["CreatedDate"].as_str().unwrap().get(19..) == Some(".000Z") && body["OwnerId"].is_string());

    let (header, body) = &events[1];
    assert_eq!(header["changeOrigin"], "com/salesforce/api/rest/59.0;client=mirror-tool");
    let mut changed: Vec<&str> =
        header["changedFields"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    changed.sort_unstable();
    assert_eq!(changed, ["BillingAddress.City", "Industry", "LastModifiedDate", "Phone"]);
    let mut shown: Vec<&String> = body.as_object().unwrap().keys().collect();
    shown.sort_unstable();
    assert_eq!(shown, ["BillingAddress", "Industry", "LastModifiedDate", "Phone"]);
    assert_eq!((&body["Phone"], &body["BillingAddress"]), (&Json::Null, &json!({"City": "Milano"})));

    assert_eq!((&events[2].1, &events[2].0["recordIds"]), (&json!({}), &json!([id])));
    assert_eq!((&events[3].1["Name"], &events[3].1["Industry"]), (&json!("Acme"), &json!("Apparel")));
    assert!(events[3].0["changeOrigin"].as_str().unwrap().starts_with("com/salesforce/api/soap/60.0"));
    let keys: Vec<&Json> = events.iter().map(|(header, _)| &header["transactionKey"]).collect();
    assert!(keys[0] != keys[1] && keys[0].as_str().unwrap().len() == 36);
}

#[tokio::test]
async fn names_of_persons_are_nested_and_their_parts_are_told() {
    let (_org, client) = started("persons").await;
    let id =
        client.create("Contact", json!({"Salutation": "Ms.", "FirstName": "Ada", "LastName": "Low"})).await;
    client.patch(&format!("sobjects/Contact/{id}"), json!({"LastName": "Lovelace"})).await;
    let events = first(&client, "/data/ContactChangeEvent", 2).await;
    assert_eq!(events[0].1["Name"], json!({"LastName": "Low", "FirstName": "Ada", "Salutation": "Ms."}));
    assert_eq!(events[1].1["Name"], json!({"LastName": "Lovelace"}));
    assert!(events[1].0["changedFields"].as_array().unwrap().contains(&json!("Name.LastName")));
}

#[tokio::test]
async fn records_that_change_alike_in_one_call_share_an_event_and_the_others_follow_in_sequence() {
    let (_org, client) = started("merged").await;
    let mut ids = Vec::new();
    for name in ["a", "b", "c"] {
        ids.push(client.create("Account", json!({"Name": name})).await);
    }
    let record = |at: usize, industry: &str| typed("Account", json!({"Id": ids[at], "Industry": industry}));
    let records = json!({"records": [record(0, "Apparel"), record(1, "Energy"), record(2, "Apparel")]});
    client.patch("composite/sobjects", records).await;
    client.delete(&format!("composite/sobjects?ids={}", ids.join(","))).await;
    let events = first(&client, "/data/ChangeEvents", 6).await;
    assert_eq!(kinds(&events), ["CREATE", "CREATE", "CREATE", "UPDATE", "UPDATE", "DELETE"]);
    assert_eq!(events[3].0["recordIds"], json!([ids[0], ids[2]]));
    assert_eq!((&events[4].0["recordIds"], &events[4].0["sequenceNumber"]), (&json!([ids[1]]), &json!(2)));
    assert_eq!(events[3].0["transactionKey"], events[4].0["transactionKey"]);
    assert_eq!(events[3].0["commitNumber"], events[4].0["commitNumber"]);
    assert_eq!(events[5].0["recordIds"], json!(ids));
}

#[tokio::test]
async fn children_that_go_and_come_back_with_their_parent_are_told() {
    let (_org, client) = started("cascade").await;
    let account = client.create("Account", json!({"Name": "x"})).await;
    let contact = client.create("Contact", json!({"LastName": "x", "AccountId": account})).await;
    client.delete(&format!("sobjects/Account/{account}")).await;
    client.undelete(&[&account]).await;
    let events = first(&client, "/data/ContactChangeEvent", 3).await;
    assert_eq!(kinds(&events), ["CREATE", "DELETE", "UNDELETE"]);
    assert_eq!((&events[1].0["recordIds"], &events[1].0["sequenceNumber"]), (&json!([contact]), &json!(2)));
    assert_eq!(events[2].1["AccountId"], json!(account));
}

#[tokio::test]
async fn more_changes_than_the_threshold_are_one_overflow_for_each_object() {
    let org = builder("overflow").change_event_threshold(2).start().await.unwrap();
    let client = Client::login(&org).await;
    let records: Vec<Json> = (0..4).map(|n| typed("Account", json!({"Name": format!("n{n}")}))).collect();
    client.post("composite/sobjects", json!({"records": records})).await;
    let events = first(&client, "/data/AccountChangeEvent", 3).await;
    assert_eq!(kinds(&events), ["CREATE", "CREATE", "GAP_OVERFLOW"]);
    assert_eq!((&events[2].0["recordIds"], &events[2].1), (&json!(["000000000000000AAA"]), &json!({})));
    assert_eq!(events[2].0["sequenceNumber"], 3);
}

#[tokio::test]
async fn gap_events_have_a_header_only_and_can_be_ordered_and_raised() {
    let (org, client) = started("gaps").await;
    org.order_gaps("Account", 1).unwrap();
    let id = client.create("Account", json!({"Name": "lost"})).await;
    client.patch(&format!("sobjects/Account/{id}"), json!({"Name": "seen"})).await;
    org.raise_gap("Account", GapKind::Update, std::slice::from_ref(&id)).unwrap();
    let post = async |body: Json| {
        let url = format!("{}/simulator/events/gap", client.url);
        read(http().post(url).json(&body).send().await.unwrap()).await
    };
    assert_eq!(post(json!({"object": "Account", "change": "OVERFLOW"})).await, (200, json!({})));
    assert_eq!(post(json!({"object": "Account", "times": 1})).await, (200, json!({})));
    assert_eq!(post(json!({"object": "Lead", "change": "UPDATE"})).await.0, 400);
    client.delete(&format!("sobjects/Account/{id}")).await;
    let events = first(&client, "/data/AccountChangeEvent", 5).await;
    assert_eq!(kinds(&events), ["GAP_CREATE", "UPDATE", "GAP_UPDATE", "GAP_OVERFLOW", "GAP_DELETE"]);
    assert!([0, 2, 3, 4].iter().all(|at| events[*at].1 == json!({})), "{events:?}");
    assert_eq!((&events[2].0["recordIds"], &events[2].0["changeOrigin"]), (&json!([id]), &json!("")));
    assert!(org.raise_gap("Lead", GapKind::Update, &[id]).is_err());
}

#[tokio::test]
async fn channels_are_there_for_what_is_captured_and_for_nothing_else() {
    let yaml = "objects: { Bill__c: { label: Bill, plural: Bills } }\nchannels: { Sales__chn: [Bill__ChangeEvent, LeadChangeEvent] }";
    let org = builder("channels").objects(yaml).start().await.unwrap();
    let client = Client::login(&org).await;
    for channel in [
        "/data/OpportunityChangeEvent",
        "/data/accountchangeevent",
        "/data/Other__chn",
        "/data/NopeChangeEvent",
    ] {
        let (reply, _) = Stream::open(&client, channel, -1).await;
        assert_eq!(error(&reply), "403:denied_by_security_policy:create_denied", "{channel}");
    }
    org.capture("Opportunity").unwrap();
    assert!(org.capture("PushTopic").is_err() && org.capture("Nope").is_err());
    let (reply, _) = Stream::open(&client, "/data/OpportunityChangeEvent", -1).await;
    assert_eq!(reply["successful"], true);
    client.create("Bill__c", json!({"Name": "b"})).await;
    client.create("Lead", json!({"LastName": "l", "Company": "c"})).await;
    client.create("Account", json!({"Name": "a"})).await;
    let entities = async |channel: &str, n: usize| -> Vec<Json> {
        first(&client, channel, n)
            .await
            .into_iter()
            .map(|(mut header, _)| header["entityName"].take())
            .collect()
    };
    assert_eq!(entities("/data/Sales__chn", 2).await, ["Bill__c", "Lead"]);
    assert_eq!(entities("/data/Bill__ChangeEvent", 1).await, ["Bill__c"]);
    assert_eq!(entities("/data/ChangeEvents", 1).await, ["Account"], "a custom channel selects for itself");
}

#[tokio::test]
async fn change_events_are_kept_three_days_and_over_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let start = || builder("kept").data_file(dir.path().join("org.jsonl")).start();
    let org = start().await.unwrap();
    let client = Client::login(&org).await;
    topic(&client, "Accounts", "SELECT Id, Name FROM Account", json!({})).await;
    client.create("Account", json!({"Name": "a"})).await;
    let (_, stream) = Stream::open(&client, "/data/ChangeEvents", -2).await;
    let id = stream.events(1).await[0]["data"]["event"]["replayId"].as_i64().unwrap();
    let (_, stream) = Stream::open(&client, "/topic/Accounts", -2).await;
    let topic_id = stream.events(1).await[0]["data"]["event"]["replayId"].as_i64().unwrap();
    org.stop().await;
    let org = start().await.unwrap();
    org.advance(Duration::from_hours(48));
    let client = Client::login(&org).await;
    let accepted =
        async |channel: &str, id: i64| Stream::open(&client, channel, id).await.0["successful"] == true;
    assert!(accepted("/data/ChangeEvents", id).await && !accepted("/topic/Accounts", topic_id).await);
    org.advance(Duration::from_hours(25));
    let client = Client::login(&org).await;
    let (reply, _) = Stream::open(&client, "/data/ChangeEvents", id).await;
    assert!(error(&reply).starts_with("400::The replayId"), "{reply}");
}
