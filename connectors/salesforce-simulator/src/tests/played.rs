//! What a file of the fuzzing corpus means, played to an org. The fuzzing targets and the test that replays the corpus
//! share this.

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::client::{Client, encode};
use crate::Org;

/// An org with something to find, and a client of it.
pub(crate) async fn prepare() -> (Org, Client) {
    let org = Org::builder().name("played").records(300).seed(1).start().await.unwrap();
    let client = Client::login(&org).await;
    (org, client)
}

/// The file is a query. It is answered with rows or refused as a bad request; the next page is there when one is named.
pub(crate) async fn soql(client: &Client, file: &[u8]) {
    let query = encode(&String::from_utf8_lossy(file));
    for resource in ["query", "queryAll"] {
        let (status, answer) = client.get(&format!("{resource}?q={query}")).await;
        if status == 400 {
            assert!(answer[0]["errorCode"].is_string() && answer[0]["message"].is_string(), "{answer}");
            continue;
        }
        assert_eq!(status, 200, "{answer}");
        assert!(answer["totalSize"].is_u64() && answer["records"].is_array(), "{answer}");
        if let Some(next) = answer.get("nextRecordsUrl").and_then(Json::as_str) {
            let locator = next.rsplit('/').next().unwrap();
            assert_eq!(client.get(&format!("query/{locator}")).await.0, 200, "{next}");
        }
    }
}

/// The first byte says what the job is and how its file is written, the rest is the file. The job ends, and gives three
/// files that can be read.
pub(crate) async fn csv(client: &Client, file: &[u8]) {
    let (choice, file) = file.split_first().map_or((0, file), |(first, rest)| (usize::from(*first), rest));
    let operation = ["insert", "update", "upsert", "delete"][choice % 4];
    let key = (operation == "upsert").then_some("OrgA_Id__c");
    let delimiter = ["COMMA", "TAB", "PIPE", "CARET", "SEMICOLON", "BACKQUOTE"][choice / 4 % 6];
    let ending = ["LF", "CRLF"][choice / 24 % 2];
    let job = json!({"object": "Contact", "operation": operation, "externalIdFieldName": key,
        "columnDelimiter": delimiter, "lineEnding": ending});
    let (status, job) = client.post("jobs/ingest", job).await;
    assert_eq!(status, 200, "{job}");
    let path = format!("jobs/ingest/{}", job["id"].as_str().unwrap());
    let url = format!("{}/services/data/v60.0/{path}/batches", client.url);
    let upload = client.http.put(url).bearer_auth(&client.token).body(file.to_vec()).send().await.unwrap();
    assert_eq!(upload.status(), 201);
    assert_eq!(client.patch(&path, json!({"state": "UploadComplete"})).await.0, 200);
    let job = loop {
        let (_, job) = client.get(&path).await;
        match job["state"].as_str() {
            Some("UploadComplete" | "InProgress") => tokio::time::sleep(Duration::from_millis(1)).await,
            _ => break job,
        }
    };
    let number = |key: &str| job[key].as_u64().unwrap();
    assert!(job["state"] == "JobComplete" || job["errorMessage"].is_string(), "{job}");
    assert!(number("numberRecordsFailed") <= number("numberRecordsProcessed"), "{job}");
    for results in ["successfulResults", "failedResults", "unprocessedrecords"] {
        assert_eq!(client.get(&format!("{path}/{results}")).await.0, 200);
    }
    assert_eq!(client.delete(&path).await.0, 204);
}
