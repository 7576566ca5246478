//! What a restart keeps beside records and events: bulk jobs, and what was set up while the org ran.

use std::path::Path;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value as Json, json};

use super::client::{Client, http, read};
use super::streaming::{Stream, error};
use crate::{CallKind, Effect, Fault, Org};

async fn start(dir: &Path) -> (Org, Client) {
    let org = Org::builder().name("kept").data_file(dir.join("org.jsonl")).start().await.unwrap();
    let client = Client::login(&org).await;
    (org, client)
}

/// The org as it would be had its process been killed at this moment.
async fn killed(dir: &Path) -> (Org, Client) {
    std::fs::copy(dir.join("org.jsonl"), dir.join("copy.jsonl")).unwrap();
    let org = Org::builder().name("kept").data_file(dir.join("copy.jsonl")).start().await.unwrap();
    let client = Client::login(&org).await;
    (org, client)
}

fn insert() -> Json {
    json!({"object": "Account", "operation": "insert"})
}

/// A file of so many accounts, every fiftieth of them without a name.
fn accounts(many: usize) -> String {
    let row = |n: usize| if n % 50 == 49 { format!(",{n}\n") } else { format!("a{n},{n}\n") };
    std::iter::once("Name,Phone\n".to_owned()).chain((0..many).map(row)).collect()
}

async fn closed(client: &Client, body: Json, file: &str) -> String {
    let id = client.job(body).await;
    assert_eq!(client.upload(&id, file).await, 201);
    client.close(&id).await;
    id
}

#[tokio::test]
async fn a_job_that_was_at_work_goes_on_after_a_stop_or_a_kill_and_writes_no_row_twice() {
    let dir = tempfile::tempdir().unwrap();
    let (org, client) = start(dir.path()).await;
    let id = client.job(insert()).await;
    assert_eq!(client.upload(&id, &accounts(1000)).await, 201);
    // Two chunks of 200 rows are written, the third waits.
    org.faults().add(Fault::new(CallKind::BulkChunk, Effect::Delay { ms: 0 }).times(2));
    org.faults().add(Fault::new(CallKind::BulkChunk, Effect::Delay { ms: 600_000 }).times(1));
    client.close(&id).await;
    let path = format!("jobs/ingest/{id}");
    let half = async {
        while client.get(&path).await.1["numberRecordsProcessed"] != 400 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), half).await.expect("two chunks are written");
    let whole = async |(org, client): (Org, Client)| {
        let job = client.ended(&path).await;
        assert_eq!(
            (&job["state"], &job["numberRecordsProcessed"], &job["numberRecordsFailed"]),
            (&json!("JobComplete"), &json!(1000), &json!(20))
        );
        assert_eq!(org.count("Account"), 980);
        assert_eq!(client.file(&format!("{path}/successfulResults")).await.len(), 981);
        assert_eq!(client.file(&format!("{path}/failedResults")).await.len(), 21);
        assert_eq!(client.file(&format!("{path}/unprocessedRecords")).await, ["Name,Phone"]);
    };
    whole(killed(dir.path()).await).await;
    assert_eq!(org.count("Account"), 392);
    org.stop().await;
    whole(start(dir.path()).await).await;
}

#[tokio::test]
async fn jobs_are_as_they_were_in_every_state() {
    let dir = tempfile::tempdir().unwrap();
    let (org, client) = start(dir.path()).await;
    let (done, good, bad) = client.done(insert(), &accounts(50)).await;
    let done = format!("jobs/ingest/{}", done["id"].as_str().unwrap());
    let open = client.job(insert()).await;
    let uploaded = client.job(insert()).await;
    assert_eq!(client.upload(&uploaded, "Name\nlater\n").await, 201);
    let aborted = client.job(insert()).await;
    client.patch(&format!("jobs/ingest/{aborted}"), json!({"state": "Aborted"})).await;
    let failed = closed(&client, insert(), "Nope\nx\n").await;
    client.ended(&format!("jobs/ingest/{failed}")).await;
    let deleted = client.job(insert()).await;
    client.patch(&format!("jobs/ingest/{deleted}"), json!({"state": "Aborted"})).await;
    client.delete(&format!("jobs/ingest/{deleted}")).await;
    let query = json!({"operation": "query", "query": "SELECT Name FROM Account WHERE Name = 'a7'"});
    let (_, found) = client.post("jobs/query", query).await;
    let found = format!("jobs/query/{}", found["id"].as_str().unwrap());
    client.ended(&found).await;
    let shown = async |client: &Client| {
        let (_, ingest) = client.get("jobs/ingest").await;
        let mut jobs = vec![ingest, client.get("jobs/query").await.1];
        for path in [&done, &found, &format!("jobs/ingest/{failed}")] {
            jobs.push(client.get(path).await.1);
        }
        jobs
    };
    let before = shown(&client).await;
    assert_eq!(before[0]["records"].as_array().unwrap().len(), 5, "the deleted one is gone");
    org.stop().await;
    // The second start reads what the first has rewritten.
    start(dir.path()).await.0.stop().await;

    let (org, client) = start(dir.path()).await;
    assert_eq!(shown(&client).await, before);
    assert_eq!(client.file(&format!("{done}/successfulResults")).await, good);
    assert_eq!(client.file(&format!("{done}/failedResults")).await, bad);
    assert_eq!(client.file(&format!("{found}/results")).await, ["\"Name\"", "\"a7\""]);
    assert_eq!(client.upload(&open, "Name\nopened\n").await, 201);
    let again = client.call(Method::PUT, &format!("jobs/ingest/{uploaded}/batches"), None).await;
    assert_eq!(again.0, 400, "its file is there");
    for id in [&open, &uploaded] {
        client.close(id).await;
        assert_eq!(client.ended(&format!("jobs/ingest/{id}")).await["numberRecordsFailed"], 0);
    }
    assert_eq!(org.count("Account"), 51);
    assert!(client.job(insert()).await > failed, "ids go on where they were");
}

#[tokio::test]
async fn what_was_set_up_is_kept_and_what_was_ordered_for_a_test_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let (org, client) = start(dir.path()).await;
    let simulator = async |client: &Client, method: Method, route: &str, body: Json| {
        let url = format!("{}/simulator/{route}", client.url);
        read(http().request(method, url).json(&body).send().await.unwrap()).await
    };
    let set = async |route: &str, body: Json| {
        let (status, answer) = simulator(&client, Method::POST, route, body).await;
        assert_eq!(status, 200, "{answer}");
    };
    let locked = client.create("Account", json!({"Name": "locked"})).await;
    let unlocked = client.create("Account", json!({"Name": "unlocked"})).await;
    set("events/capture", json!({"objects": ["Account"]})).await;
    set("permissions", json!({"object": "Lead", "denied": ["create"]})).await;
    set("permissions", json!({"object": "Contact", "field": "Phone", "denied": ["edit"]})).await;
    set("permissions", json!({"object": "Contact", "field": "Phone", "denied": []})).await;
    set("locks", json!({"id": locked})).await;
    set("locks", json!({"id": unlocked})).await;
    assert_eq!(simulator(&client, Method::DELETE, &format!("locks/{unlocked}"), json!({})).await.0, 204);
    set("maintenance", json!({"on": true})).await;
    set("faults", json!({"kind": "query", "effect": "cut"})).await;
    org.stop().await;
    start(dir.path()).await.0.stop().await;

    let (_org, client) = start(dir.path()).await;
    let shown = async |route: &str| simulator(&client, Method::GET, route, json!({})).await.1;
    assert_eq!(shown("permissions").await, json!([{"object": "Lead", "denied": ["create"]}]));
    assert_eq!((shown("locks").await, shown("faults").await), (json!([locked]), json!([])));
    assert_eq!(client.patch(&format!("sobjects/Account/{unlocked}"), json!({"Name": "new"})).await.0, 204);
    assert_eq!(client.patch(&format!("sobjects/Account/{locked}"), json!({"Name": "new"})).await.0, 400);
    let (reply, stream) = Stream::open(&client, "/data/AccountChangeEvent", -2).await;
    assert_eq!((&reply["successful"], error(&reply)), (&json!(true), ""));
    assert_eq!(stream.events(1).await[0]["data"]["payload"]["Name"], "new");
}

#[tokio::test]
async fn a_setting_of_an_object_that_is_gone_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let builder = || Org::builder().name("gone").data_file(dir.path().join("org.jsonl"));
    let org =
        builder().objects("objects: { Bill__c: { label: Bill, plural: Bills } }").start().await.unwrap();
    org.capture("Bill__c").unwrap();
    org.stop().await;
    let refused = builder().start().await.unwrap_err().to_string();
    assert!(refused.contains("no object Bill__c") && refused.contains("data file"), "{refused}");
}
