//! The data file when a start overlaps an end, when the disk is full, over several restarts, and in a long run.

use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value as Json, json};

use super::client::{Client, typed};
use super::streaming::{Stream, topic};
use crate::{Org, SimulatorError};

const OBJECTS: &str = "
objects:
  Account:
    fields:
      - { name: Size__c, type: string, label: Size, length: 20 }
  Invoice__c:
    label: Invoice
    plural: Invoices
    name_field: { label: Invoice Number, auto_number: 'INV-{0000}' }
";

/// Starts an org on this file.
async fn start(file: &Path) -> (Org, Client) {
    let org = Org::builder().name("file").data_file(file).objects(OBJECTS).start().await.unwrap();
    let client = Client::login(&org).await;
    (org, client)
}

/// The next page of a query over more accounts than fit one.
async fn next_page(client: &Client) -> String {
    let url = client.query("SELECT Id FROM Account").await["nextRecordsUrl"].as_str().unwrap().to_owned();
    url.strip_prefix("/services/data/v60.0/").unwrap().to_owned()
}

#[tokio::test]
async fn a_file_is_not_even_read_before_the_org_that_had_it_is_gone() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("org.jsonl");
    let (org, _) = start(&file).await;
    std::fs::write(&file, "whatever a running org is about to write\n").unwrap();
    let refused = Org::builder().data_file(&file).start().await.unwrap_err();
    assert!(matches!(refused, SimulatorError::InUse { .. }), "{refused}");
    org.stop().await;
    let refused = Org::builder().data_file(&file).start().await.unwrap_err();
    assert!(matches!(refused, SimulatorError::Damaged { line: 1, .. }), "{refused}");
}

#[tokio::test]
async fn what_the_disk_has_no_room_for_is_refused_taken_back_and_told_nobody() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("org.jsonl");
    let (org, client) = start(&file).await;
    topic(&client, "Accounts", "SELECT Id, Name FROM Account", json!({"NotifyForFields": "All"})).await;
    let kept = client.create("Account", json!({"Name": "kept"})).await;
    let (rows, topics) = (org.rows("Account"), org.count("PushTopic"));

    org.fill_disk(true);
    let (status, error) = client.post("sobjects/Account", json!({"Name": "lost"})).await;
    assert_eq!((status, &error[0]["errorCode"]), (500, &json!("UNKNOWN_EXCEPTION")), "{error}");
    assert!(error[0]["message"].as_str().unwrap().contains(file.to_str().unwrap()), "{error}");
    assert_eq!(client.patch(&format!("sobjects/Account/{kept}"), json!({"Name": "lost"})).await.0, 500);
    assert_eq!(client.delete(&format!("sobjects/Account/{kept}")).await.0, 500);
    topic(&client, "Lost", "SELECT Id FROM Account", json!({})).await;
    let parts = json!({"allOrNone": true, "compositeRequest": [
        {"method": "POST", "url": "/services/data/v60.0/sobjects/Account", "referenceId": "a", "body": {"Name": "lost"}},
    ]});
    assert_eq!(client.post("composite", parts).await.0, 500);
    let field =
        json!({"FullName": "Account.Lost__c", "Metadata": {"type": "Text", "label": "Lost", "length": 9}});
    assert_eq!(client.post("tooling/sobjects/CustomField", field).await.0, 500);
    assert_eq!(org.forget_events(org.last_replay_id()), 0);
    assert_eq!((org.rows("Account"), org.count("PushTopic")), (rows, topics));

    org.fill_disk(false);
    client.patch(&format!("sobjects/Account/{kept}"), json!({"Phone": "1"})).await;
    let (_, stream) = Stream::open(&client, "/topic/Accounts", -2).await;
    let names: Vec<Json> =
        stream.events(2).await.iter().map(|event| event["data"]["sobject"]["Name"].clone()).collect();
    assert_eq!(names, [json!("kept"), json!("kept")]);
    let rows = org.rows("Account");
    org.stop().await;
    let (org, client) = start(&file).await;
    assert_eq!((org.rows("Account"), org.count("PushTopic")), (rows, topics));
    assert!(
        client.query("SELECT FIELDS(ALL) FROM Account LIMIT 1").await["records"][0].get("Lost__c").is_none()
    );
}

#[tokio::test]
async fn what_was_set_up_or_done_with_a_job_is_not_in_force_when_the_disk_had_no_room_for_it() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("org.jsonl");
    let (org, client) = start(&file).await;
    let account = client.create("Account", json!({"Name": "free"})).await;
    let job = client.job(json!({"object": "Account", "operation": "insert"})).await;
    let path = format!("jobs/ingest/{job}");
    let set_up = async |route: &str, body: Json| {
        let url = format!("{}/simulator/{route}", client.url);
        client.http.post(url).json(&body).send().await.unwrap().status().as_u16()
    };

    org.fill_disk(true);
    assert_eq!(client.upload(&job, "Name\nlost\n").await, 500);
    assert_eq!(client.patch(&path, json!({"state": "Aborted"})).await.0, 500);
    assert_eq!(set_up("locks", json!({"id": account})).await, 400);
    let denied = json!({"object": "Account", "field": "Phone", "denied": ["edit"]});
    assert_eq!(set_up("permissions", denied).await, 400);

    org.fill_disk(false);
    assert_eq!(client.get(&path).await.1["state"], "Open");
    assert_eq!(client.patch(&format!("sobjects/Account/{account}"), json!({"Phone": "1"})).await.0, 204);
    assert_eq!(client.upload(&job, "Name\ncame\n").await, 201);
    assert_eq!(client.patch(&path, json!({"state": "UploadComplete"})).await.0, 200);
}

#[tokio::test]
async fn two_names_of_a_file_are_one_org_and_two_files_of_one_stem_are_two() {
    let dir = tempfile::tempdir().unwrap();
    let (one, two, link) = (dir.path().join("org.one"), dir.path().join("org.two"), dir.path().join("link"));
    let (_first, _) = start(&one).await;
    let (_second, _) = start(&two).await;
    std::os::unix::fs::symlink(&one, &link).unwrap();
    let refused = Org::builder().data_file(&link).start().await.unwrap_err();
    assert!(matches!(refused, SimulatorError::InUse { .. }), "{refused}");
    let lock = dir.path().join("org.one.lock");
    let refused = Org::builder().data_file(&lock).start().await.unwrap_err();
    let is_a_lock = |error: &std::io::Error| error.kind() == std::io::ErrorKind::InvalidInput;
    assert!(matches!(&refused, SimulatorError::Data { source, .. } if is_a_lock(source)), "{refused}");
}

#[tokio::test]
async fn a_field_that_the_objects_lack_does_not_take_its_values_along() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("org.jsonl");
    let (org, client) = start(&file).await;
    client.create("Account", json!({"Name": "Sized", "Size__c": "large"})).await;
    org.stop().await;
    let less = OBJECTS.replace("Size__c", "Weight__c");
    let refused = Org::builder().data_file(&file).objects(&less).start().await.unwrap_err();
    assert!(matches!(refused, SimulatorError::Misfit { .. }), "{refused}");
    assert!(refused.to_string().contains("there is no field Account.Size__c"), "{refused}");
    let (_org, client) = start(&file).await;
    assert_eq!(client.column("SELECT Size__c FROM Account", "Size__c").await, ["large"]);
}

#[tokio::test]
async fn what_was_set_up_of_a_field_goes_with_it() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("org.jsonl");
    let (org, client) = start(&file).await;
    let field =
        json!({"FullName": "Account.Gone__c", "Metadata": {"type": "Text", "label": "Gone", "length": 9}});
    let (_, made) = client.post("tooling/sobjects/CustomField", field).await;
    let denied = json!({"object": "Account", "field": "Gone__c", "denied": ["edit"]});
    let set_up = client.http.post(format!("{}/simulator/permissions", client.url)).json(&denied).send().await;
    assert_eq!(set_up.unwrap().status(), 200);
    let id = made["id"].as_str().unwrap();
    assert_eq!(client.delete(&format!("tooling/sobjects/CustomField/{id}")).await.0, 204);
    org.stop().await;
    let (org, _) = start(&file).await;
    org.stop().await;
    start(&file).await;
}

#[tokio::test]
async fn what_a_failed_write_left_behind_is_written_over() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("org.jsonl");
    let (org, client) = start(&file).await;
    let whole = std::fs::read(&file).unwrap();
    let half = &whole[..300];
    std::fs::OpenOptions::new().append(true).open(&file).unwrap().write_all(half).unwrap();
    for n in 0..3 {
        client.create("Account", json!({"Name": format!("after {n}")})).await;
    }
    org.stop().await;
    assert_eq!(start(&file).await.0.count("Account"), 3);
}

#[tokio::test]
async fn places_and_jobs_from_before_a_restart_are_nobody_elses_after_it() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("org.jsonl");
    let job = json!({"object": "Account", "operation": "insert"});
    let (org, client) = start(&file).await;
    let accounts: Vec<Json> = (0..200).map(|n| typed("Account", json!({"Name": n.to_string()}))).collect();
    for _ in 0..11 {
        client.post("composite/sobjects", json!({"records": accounts})).await;
    }
    let mut pages = vec![next_page(&client).await];
    let mut jobs = vec![client.post("jobs/ingest", job.clone()).await.1["id"].as_str().unwrap().to_owned()];
    org.stop().await;
    for _ in 0..2 {
        let (org, client) = start(&file).await;
        for page in &pages {
            assert_eq!(client.get(page).await.1[0]["errorCode"], "INVALID_QUERY_LOCATOR");
        }
        pages.push(next_page(&client).await);
        jobs.push(client.post("jobs/ingest", job.clone()).await.1["id"].as_str().unwrap().to_owned());
        assert_eq!(client.get(&pages[0]).await.0, 400);
        org.stop().await;
    }
    let different = |ids: &[String]| ids.iter().collect::<std::collections::BTreeSet<_>>().len() == ids.len();
    assert!(different(&pages) && different(&jobs), "{pages:?} {jobs:?}");
    assert!(jobs.is_sorted() && jobs.iter().all(|id| id.starts_with("750") && id.len() == 18), "{jobs:?}");
}

#[tokio::test]
async fn an_id_or_number_whose_record_is_long_gone_is_not_given_out_again() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("org.jsonl");
    let (org, client) = start(&file).await;
    client.create("Invoice__c", json!({})).await;
    let gone = client.create("Invoice__c", json!({})).await;
    client.delete(&format!("sobjects/Invoice__c/{gone}")).await;
    org.advance(Duration::from_hours(16 * 24));
    assert_eq!(org.count("Invoice__c"), 1);
    org.stop().await;
    for _ in 0..2 {
        start(&file).await.0.stop().await;
    }
    let (_org, client) = start(&file).await;
    assert!(client.create("Invoice__c", json!({})).await > gone);
    assert_eq!(client.column("SELECT Name FROM Invoice__c", "Name").await, ["INV-0001", "INV-0003"]);
}

#[tokio::test]
async fn a_file_holds_no_long_lines_however_many_records_there_are() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("org.jsonl");
    let org = Org::builder().name("long").data_file(&file).records(6_000).start().await.unwrap();
    let rows = [org.rows("Account"), org.rows("Contact"), org.rows("Task")];
    org.stop().await;
    let text = std::fs::read_to_string(&file).unwrap();
    let longest = text.lines().map(str::len).max().unwrap();
    assert!(text.len() > 2_000_000 && longest < 1_000_000, "{} {longest}", text.len());
    let org = Org::builder().data_file(&file).start().await.unwrap();
    assert_eq!([org.rows("Account"), org.rows("Contact"), org.rows("Task")], rows);
}

#[tokio::test]
async fn a_file_does_not_grow_for_ever_with_a_record_that_changes() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("org.jsonl");
    let length = || std::fs::metadata(&file).unwrap().len();
    let (org, client) = start(&file).await;
    let id = client.create("Account", json!({"Name": "busy"})).await;
    let mut longest = 0;
    for n in 0..100 {
        let fields = json!({"Description": "x".repeat(30_000), "NumberOfEmployees": n});
        assert_eq!(client.patch(&format!("sobjects/Account/{id}"), fields).await.0, 204);
        longest = longest.max(length());
    }
    assert!((1_000_000..1_500_000).contains(&longest), "{longest}");
    let rows = org.rows("Account");
    org.stop().await;
    let (org, client) = start(&file).await;
    assert_eq!(org.rows("Account"), rows);
    client.create("Account", json!({"Name": "goes on"})).await;
}

#[tokio::test]
async fn a_record_changed_several_times_at_once_is_written_once() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("org.jsonl");
    let (_org, client) = start(&file).await;
    let id = client.create("Account", json!({"Name": "often"})).await;
    let part = |n: usize| {
        let url = format!("/services/data/v60.0/sobjects/Account/{id}");
        json!({"method": "PATCH", "url": url, "referenceId": format!("p{n}"), "body": {"Phone": n.to_string()}})
    };
    let parts: Vec<Json> = (0..5).map(part).collect();
    client.post("composite", json!({"allOrNone": true, "compositeRequest": parts})).await;
    let text = std::fs::read_to_string(&file).unwrap();
    let last: Json = serde_json::from_str(text.lines().last().unwrap().split_once(' ').unwrap().1).unwrap();
    let rows = last["commit"]["rows"].as_array().unwrap();
    assert_eq!((rows.len(), &rows[0]["fields"]["Phone"]), (1, &json!("4")));
}

#[tokio::test]
async fn a_field_of_the_files_that_a_client_made_anew_stays_the_clients() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("org.jsonl");
    let (org, client) = start(&file).await;
    let found = client.get("tooling/query?q=SELECT+Id+FROM+CustomField+WHERE+DeveloperName='Size'").await.1;
    let field = found["records"][0]["Id"].as_str().unwrap();
    assert_eq!(client.delete(&format!("tooling/sobjects/CustomField/{field}")).await.0, 204);
    let metadata = json!({"type": "Number", "label": "Size", "precision": 9, "scale": 0});
    let made = json!({"FullName": "Account.Size__c", "Metadata": metadata});
    assert_eq!(client.post("tooling/sobjects/CustomField", made).await.0, 201);
    client.create("Account", json!({"Name": "a", "Size__c": 7})).await;
    org.stop().await;
    for _ in 0..3 {
        let (org, client) = start(&file).await;
        assert_eq!(client.query("SELECT Size__c FROM Account").await["records"][0]["Size__c"], 7.0);
        org.stop().await;
    }
}

#[tokio::test]
async fn records_that_the_objects_have_no_place_for_are_told_from_damage() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("org.jsonl");
    let (org, client) = start(&file).await;
    client.create("Account", json!({"Name": "a", "Size__c": "large"})).await;
    org.stop().await;
    let number = OBJECTS.replace(
        "type: string, label: Size, length: 20",
        "type: double, label: Size, precision: 9, scale: 0",
    );
    let Err(refused) = Org::builder().data_file(&file).objects(number).start().await else {
        panic!("it started")
    };
    assert!(matches!(refused, SimulatorError::Misfit { .. }), "{refused}");
    let parts = ["Account.Size__c is not a double", "change the objects file back"];
    assert!(parts.iter().all(|part| refused.to_string().contains(part)), "{refused}");
    assert_eq!(start(&file).await.0.count("Account"), 1);
}
