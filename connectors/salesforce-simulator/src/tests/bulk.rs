//! Bulk API 2.0: the states of jobs, the files they take and give, and everything that is refused.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value as Json, json};

use super::client::{Client, org};
use crate::{CallKind, Effect, Fault, Org};

impl Client {
    /// Creates an ingest job; answers its id.
    pub(super) async fn job(&self, body: Json) -> String {
        let (status, job) = self.post("jobs/ingest", body).await;
        assert_eq!((status, job["state"].as_str()), (200, Some("Open")), "{job}");
        job["id"].as_str().unwrap().to_owned()
    }

    pub(super) async fn upload(&self, id: &str, file: &str) -> u16 {
        let url = format!("{}/services/data/v60.0/jobs/ingest/{id}/batches", self.url);
        let request = self.http.put(url).bearer_auth(&self.token).header("content-type", "text/csv");
        request.body(file.to_owned()).send().await.unwrap().status().as_u16()
    }

    pub(super) async fn close(&self, id: &str) {
        let (status, job) =
            self.patch(&format!("jobs/ingest/{id}"), json!({"state": "UploadComplete"})).await;
        assert_eq!((status, job["state"].as_str()), (200, Some("UploadComplete")), "{job}");
    }

    /// The job once it is no longer at work.
    pub(super) async fn ended(&self, path: &str) -> Json {
        loop {
            let (status, job) = self.get(path).await;
            assert_eq!(status, 200, "{job}");
            if !["UploadComplete", "InProgress"].contains(&job["state"].as_str().unwrap()) {
                return job;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// A file and its lines.
    pub(super) async fn file(&self, path: &str) -> Vec<String> {
        let answer = self.send(Method::GET, path, None).await;
        assert_eq!(
            (answer.status().as_u16(), answer.headers()["content-type"].to_str().unwrap()),
            (200, "text/csv")
        );
        answer.text().await.unwrap().lines().map(str::to_owned).collect()
    }

    /// Does a whole job; answers it with its good and its bad rows.
    pub(super) async fn done(&self, body: Json, file: &str) -> (Json, Vec<String>, Vec<String>) {
        let id = self.job(body).await;
        assert_eq!(self.upload(&id, file).await, 201);
        self.close(&id).await;
        let job = self.ended(&format!("jobs/ingest/{id}")).await;
        let good = self.file(&format!("jobs/ingest/{id}/successfulResults/")).await;
        (job, good, self.file(&format!("jobs/ingest/{id}/failedResults")).await)
    }

    /// Status, code and message of a refusal.
    async fn refused(&self, method: Method, path: &str, body: Option<Json>) -> (u16, String, String) {
        let (status, answer) = self.call(method, path, body).await;
        let text = |key: &str| answer[0][key].as_str().unwrap_or_default().to_owned();
        (status, text("errorCode"), text("message"))
    }
}

fn delay(ms: u64) -> Fault {
    Fault::new(CallKind::BulkChunk, Effect::Delay { ms })
}

async fn slow(name: &str) -> (Org, Client) {
    let org = org(name).await;
    org.faults().add(delay(60_000));
    let client = Client::login(&org).await;
    (org, client)
}

#[tokio::test]
async fn an_upsert_job_shows_every_key_and_its_rows_in_two_files() {
    let org = org("bulk").await;
    let client = Client::login(&org).await;
    client.create("Account", json!({"Name": "Old", "OrgA_Id__c": "k1"})).await;
    let body = json!({"object": "account", "operation": "upsert", "externalIdFieldName": "orga_id__c",
        "contentType": "CSV", "lineEnding": "LF", "columnDelimiter": "COMMA"});
    let (status, open) = client.post("jobs/ingest", body).await;
    assert_eq!(status, 200);
    let id = open["id"].as_str().unwrap();
    let keys: Vec<&str> = open.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        [
            "id",
            "operation",
            "object",
            "createdById",
            "createdDate",
            "systemModstamp",
            "state",
            "externalIdFieldName",
            "concurrencyMode",
            "contentType",
            "apiVersion",
            "contentUrl",
            "lineEnding",
            "columnDelimiter"
        ]
    );
    assert_eq!((&open["object"], &open["externalIdFieldName"]), (&json!("Account"), &json!("OrgA_Id__c")));
    assert_eq!(open["contentUrl"], format!("services/data/v60.0/jobs/ingest/{id}/batches"));
    assert!(open["apiVersion"].is_f64() && id.starts_with("750") && id.len() == 18);

    let file = "OrgA_Id__c,Name,Phone\nk1,New,\nk2,\"A \"\"B\"\"\",1\nk3,,2\nk4,x,1\nk4,x,1\n";
    assert_eq!(client.upload(id, file).await, 201);
    client.close(id).await;
    let job = client.ended(&format!("jobs/ingest/{id}/")).await;
    let keys: Vec<&str> = job.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        [
            "id",
            "operation",
            "object",
            "createdById",
            "createdDate",
            "systemModstamp",
            "state",
            "externalIdFieldName",
            "concurrencyMode",
            "contentType",
            "apiVersion",
            "jobType",
            "lineEnding",
            "columnDelimiter",
            "retries",
            "totalProcessingTime",
            "apiActiveProcessingTime",
            "apexProcessingTime",
            "numberRecordsProcessed",
            "numberRecordsFailed"
        ]
    );
    assert_eq!((&job["state"], &job["jobType"]), (&json!("JobComplete"), &json!("V2Ingest")));
    assert_eq!((&job["numberRecordsProcessed"], &job["numberRecordsFailed"]), (&json!(5), &json!(3)));

    let good = client.file(&format!("jobs/ingest/{id}/successfulResults")).await;
    assert_eq!(good[0], "\"sf__Id\",\"sf__Created\",OrgA_Id__c,Name,Phone");
    assert!(
        good[1].ends_with("\",\"false\",\"k1\",\"New\",\"\"") && good[1].starts_with("\"001"),
        "{}",
        good[1]
    );
    assert!(good[2].ends_with("\"true\",\"k2\",\"A \"\"B\"\"\",\"1\""), "{}", good[2]);
    let bad = client.file(&format!("jobs/ingest/{id}/FAILEDRESULTS/")).await;
    assert_eq!(bad[0], "\"sf__Id\",\"sf__Error\",OrgA_Id__c,Name,Phone");
    let missing = "REQUIRED_FIELD_MISSING:Required fields are missing: [Name]:Name --";
    assert_eq!(bad[1], format!("\"\",\"{missing}\",\"k3\",\"\",\"2\""));
    assert_eq!(
        bad[2],
        "\"\",\"DUPLICATE_VALUE:Duplicate external id specified: k4:OrgA_Id__c --\",\"k4\",\"x\",\"1\""
    );
    for spelling in ["unprocessedrecords", "unprocessedRecords/"] {
        let rest = client.file(&format!("jobs/ingest/{id}/{spelling}")).await;
        assert_eq!(rest, ["OrgA_Id__c,Name,Phone"]);
    }
    assert_eq!(client.column("SELECT Name FROM Account ORDER BY Name", "Name").await, ["A \"B\"", "New"]);
}

#[tokio::test]
async fn a_cell_that_is_not_of_its_columns_type_is_told_by_column_and_type() {
    let org = org("bulk-cells").await;
    let client = Client::login(&org).await;
    let insert = json!({"object": "Opportunity", "operation": "insert"});
    let file = "Name,StageName,CloseDate,Amount\na,Closed Won,6/15/19,1\nb,Closed Won,2026-01-31,much\n\
                c,Closed Won,2026-01-31,1.5\nd,Closed Won,2026-02-30,#N/A\n";
    let (_, good, bad) = client.done(insert, file).await;
    assert_eq!(good.len(), 2);
    let error = |col: usize, cell: &str, kind: &str, field: &str| {
        format!(
            "\"\",\"INVALID_FIELD:Failed to deserialize field at col {col}. Due to, '{cell}' is not a valid value for the \
             type xsd:{kind}:{field} --\""
        )
    };
    for (line, error) in bad[1..].iter().zip([
        error(2, "6/15/19", "date", "CloseDate"),
        error(3, "much", "double", "Amount"),
        error(2, "2026-02-30", "date", "CloseDate"),
    ]) {
        assert!(line.starts_with(&error), "{line}: {error}");
    }
}

#[tokio::test]
async fn every_operation_and_every_dialect_works() {
    let org = org("bulk-operations").await;
    let client = Client::login(&org).await;
    let insert =
        json!({"object": "Account", "operation": "insert", "lineEnding": "CRLF", "columnDelimiter": "PIPE"});
    let (job, good, _) =
        client.done(insert, "Name|OrgA_Id__c|Phone\r\nOne|a|1\r\nTwo|b|2\r\nThree|c|3\r\n").await;
    assert_eq!(job["state"], "JobComplete");
    assert_eq!(good[0], "\"sf__Id\"|\"sf__Created\"|Name|OrgA_Id__c|Phone");
    let ids: Vec<&str> = good[1..].iter().map(|line| &line[1..19]).collect();

    let child = json!({"object": "Contact", "operation": "insert"});
    let (_, good, bad) =
        client.done(child, "LastName,Account.OrgA_Id__c,DoNotCall\nx,a,TRUE\ny,nowhere,0\nz,,maybe\n").await;
    assert_eq!((good.len(), bad.len()), (2, 3));
    assert!(bad[1].contains("Foreign key external ID: nowhere not found"), "{}", bad[1]);
    assert!(
        bad[2].contains(
            "INVALID_FIELD:Failed to deserialize field at col 2. Due to, 'maybe' is not a valid value for the type \
             xsd:boolean:DoNotCall --"
        ),
        "{}",
        bad[2]
    );
    let found = client.query("SELECT Account.Name, DoNotCall FROM Contact").await;
    assert_eq!(
        (&found["records"][0]["Account"]["Name"], &found["records"][0]["DoNotCall"]),
        (&json!("One"), &json!(true))
    );

    let update = json!({"object": "Account", "operation": "update"});
    let file =
        format!("Id,Name,Phone\n{},,#N/A\n{},Zwei,\n,x,y\n{},x,y\n", ids[0], ids[1], "001000000000001AAA");
    let (job, good, bad) = client.done(update, &file).await;
    assert_eq!((job["numberRecordsFailed"].as_u64(), good.len()), (Some(2), 3));
    assert!(bad[1].contains("MISSING_ARGUMENT:Id not specified in an update call:--"), "{}", bad[1]);
    assert!(bad[2].starts_with("\"001000000000001AAA\",\"INVALID_CROSS_REFERENCE_KEY"), "{}", bad[2]);
    let found = client.query("SELECT Name, Phone FROM Account ORDER BY Id").await;
    assert_eq!((&found["records"][0]["Name"], &found["records"][0]["Phone"]), (&json!("One"), &Json::Null));
    assert_eq!((&found["records"][1]["Name"], &found["records"][1]["Phone"]), (&json!("Zwei"), &json!("2")));

    let delete = |operation: &str| json!({"object": "Account", "operation": operation});
    let (_, good, _) = client.done(delete("delete"), &format!("Id\n{}\n", ids[0])).await;
    assert_eq!(good.len(), 2);
    let (_, good, _) = client.done(delete("hardDelete"), &format!("Id\n{}\n", ids[1])).await;
    assert_eq!(good.len(), 2);
    assert_eq!(client.undelete(&[ids[0], ids[1]]).await, ["", "UNDELETE_FAILED"]);
    let (job, ..) = client.done(delete("delete"), &format!("Id,Name\n{},x\n", ids[2])).await;
    assert_eq!(job["errorMessage"], "InvalidBatch : Field name not found : Name");
}

#[tokio::test]
async fn a_file_that_cannot_be_meant_fails_its_job_and_writes_nothing() {
    let org = org("bulk-files").await;
    let client = Client::login(&org).await;
    let insert = json!({"object": "Contact", "operation": "insert"});
    for (file, error) in [
        ("LastName,Nonsense\nx,y\n", "InvalidBatch : Field name not found : Nonsense"),
        ("LastName,Account.Nonsense\nx,y\n", "InvalidBatch : Field name not found : Account.Nonsense"),
        (
            "LastName,Account:Account.OrgA_Id__c\nx,y\n",
            "InvalidBatch : Field name not found : Account:Account.OrgA_Id__c",
        ),
        (
            "LastName\r\nx\r\n",
            "ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is LF",
        ),
    ] {
        let (job, good, bad) = client.done(insert.clone(), file).await;
        assert_eq!((job["state"].as_str(), job["errorMessage"].as_str()), (Some("Failed"), Some(error)));
        assert_eq!((good.len(), bad.len(), job["numberRecordsProcessed"].as_u64()), (1, 1, Some(0)));
        let rest =
            client.file(&format!("jobs/ingest/{}/unprocessedrecords", job["id"].as_str().unwrap())).await;
        assert_eq!(rest.len(), 2, "{rest:?}");
    }
    let (job, good, bad) = client.done(insert, "LastName,Title\nx,y\nx\n\"x\", \"y\"\nz,\n").await;
    assert_eq!((job["state"].as_str(), good.len(), bad.len()), (Some("JobComplete"), 3, 3));
    assert_eq!(org.count("Contact"), 2);
}

#[tokio::test]
async fn a_job_passes_its_states_and_refuses_what_does_not_fit_them() {
    let (org, client) = slow("bulk-states").await;
    let insert = json!({"object": "Account", "operation": "insert"});
    let id = client.job(insert.clone()).await;
    let path = format!("jobs/ingest/{id}");
    let state = |state: &str| Some(json!({"state": state}));
    let code = |refusal: (u16, String, String)| (refusal.0, refusal.1);
    let bad_state = (400, "INVALIDJOBSTATE".to_owned());
    let busy = "Error encountered when deleting the job because the job is not terminated";

    assert_eq!(code(client.refused(Method::PATCH, &path, state("UploadComplete")).await), bad_state);
    assert_eq!(
        client.refused(Method::DELETE, &path, None).await,
        (400, "API_ERROR".to_owned(), busy.to_owned())
    );
    assert_eq!(
        code(client.refused(Method::GET, &format!("{path}/successfulResults"), None).await),
        bad_state
    );
    assert_eq!(client.get(&path).await.1.get("numberRecordsProcessed"), None);
    assert_eq!((client.upload(&id, "Name\nx\n").await, client.upload(&id, "Name\nx\n").await), (201, 400));
    client.close(&id).await;
    assert_eq!(client.upload(&id, "Name\nx\n").await, 400);
    while client.get(&path).await.1["state"] != "InProgress" {
        tokio::task::yield_now().await;
    }
    assert_eq!(code(client.refused(Method::DELETE, &path, None).await).1, "API_ERROR");
    let (status, aborted) = client.patch(&path, json!({"state": "Aborted"})).await;
    assert_eq!((status, aborted["state"].as_str()), (200, Some("Aborted")));
    let (_, _, message) = client.refused(Method::PATCH, &path, state("Aborted")).await;
    assert_eq!(message, "Aborting already Aborted Job not allowed");
    assert_eq!(client.file(&format!("{path}/unprocessedRecords")).await, ["Name", "\"x\""]);
    assert_eq!(code(client.refused(Method::PATCH, &path, state("Sleeping")).await).1, "JSON_PARSER_ERROR");

    let answer = client.send(Method::DELETE, &path, None).await;
    assert_eq!((answer.status().as_u16(), answer.text().await.unwrap().len()), (204, 0));
    for gone in [path.as_str(), "jobs/ingest/nonsense", "jobs/query/750000000000001AAA"] {
        assert_eq!(client.refused(Method::GET, gone, None).await.0, 404);
    }
    assert_eq!(
        code(client.refused(Method::PUT, "jobs/ingest", None).await),
        (405, "METHOD_NOT_ALLOWED".to_owned())
    );
    assert_eq!(org.count("Account"), 0);
    org.stop().await;
}

#[tokio::test]
async fn what_no_job_can_do_is_refused_when_it_is_created() {
    let org = org("bulk-refusals").await;
    let client = Client::login(&org).await;
    for (body, code, message) in [
        (
            json!({"object": "Nope", "operation": "insert"}),
            "INVALIDENTITY",
            "Nope is not supported by the Bulk API",
        ),
        (
            json!({"object": "Account", "operation": "upsert"}),
            "INVALIDJOB",
            "InvalidJob : External ID was blank for Account. An External ID must be specified for upsert.",
        ),
        (
            json!({"object": "Account", "operation": "upsert", "externalIdFieldName": "Phone"}),
            "INVALIDJOB",
            "InvalidJob : Field name provided, Phone does not match an External ID, Salesforce Id, or indexed field for Account",
        ),
        (
            json!({"object": "Account", "operation": "frob"}),
            "JSON_PARSER_ERROR",
            "Cannot deserialize enum OperationEnum",
        ),
        (
            json!({"object": "Account", "operation": "insert", "columnDelimiter": "DOT"}),
            "JSON_PARSER_ERROR",
            "ColumnDelimiterEnum",
        ),
        (
            json!({"object": "Account", "operation": "insert", "contentType": "XML"}),
            "JSON_PARSER_ERROR",
            "ContentType",
        ),
        (json!({"object": "Account", "operation": "insert", "nonsense": 1}), "JSON_PARSER_ERROR", "nonsense"),
    ] {
        let refusal = client.refused(Method::POST, "jobs/ingest", Some(body.clone())).await;
        assert_eq!((refusal.0, refusal.1.as_str()), (400, code), "{body}");
        assert!(refusal.2.contains(message), "{body}: {}", refusal.2);
    }
    for (soql, code, message) in [
        ("SELECT COUNT() FROM Account", "API_ERROR", "Aggregate"),
        ("SELECT Name FROM Account GROUP BY Name", "API_ERROR", "Group By not supported in Bulk Query"),
        ("SELECT Id FROM Account OFFSET 3", "API_ERROR", "Offset not supported in Bulk Query"),
        (
            "SELECT BillingAddress FROM Account",
            "API_ERROR",
            "Selecting compound data not supported in Bulk Query",
        ),
        (
            "SELECT Id, (SELECT Id FROM Contacts) FROM Account",
            "API_ERROR",
            "Aggregate Relationships not supported in Bulk Query",
        ),
        ("SELECT Nope FROM Account", "INVALID_FIELD", "Nope"),
        ("SELECT", "MALFORMED_QUERY", ""),
    ] {
        let body = json!({"operation": "query", "query": soql});
        let refusal = client.refused(Method::POST, "jobs/query", Some(body)).await;
        assert_eq!((refusal.0, refusal.1.as_str()), (400, code), "{soql}: {}", refusal.2);
        assert!(refusal.2.contains(message), "{soql}: {}", refusal.2);
    }
}

#[tokio::test]
async fn a_multipart_call_creates_and_uploads_at_once() {
    let org = org("bulk-multipart").await;
    let client = Client::login(&org).await;
    let body = "--B\r\nContent-Type: application/json\r\nContent-Disposition: form-data; name=\"job\"\r\n\r\n\
                {\"object\":\"Account\",\"operation\":\"insert\"}\r\n--B\r\nContent-Type: text/csv\r\n\
                Content-Disposition: form-data; name=\"content\"; filename=\"content\"\r\n\r\nName\nx\ny\n\r\n--B--\r\n";
    let url = format!("{}/services/data/v60.0/jobs/ingest/", client.url);
    let request = client.http.post(url).bearer_auth(&client.token);
    let answer = request
        .header("content-type", "multipart/form-data; boundary=\"B\"")
        .body(body)
        .send()
        .await
        .unwrap();
    let job: Json = answer.json().await.unwrap();
    assert_eq!((job["state"].as_str(), job.get("contentUrl")), (Some("UploadComplete"), None));
    let job = client.ended(&format!("jobs/ingest/{}", job["id"].as_str().unwrap())).await;
    assert_eq!(
        (job["state"].as_str(), job["numberRecordsProcessed"].as_u64()),
        (Some("JobComplete"), Some(2))
    );
    assert_eq!(org.count("Account"), 2);
}

#[tokio::test]
async fn a_query_job_gives_its_rows_in_pages_that_name_the_next() {
    let org = org("bulk-query").await;
    let client = Client::login(&org).await;
    let records: Vec<Json> =
        (0..5).map(|n| json!({"attributes": {"type": "Account"}, "Name": format!("A {n}")})).collect();
    client.post("composite/sobjects", json!({"records": records})).await;
    let body = json!({"operation": "query", "query": "SELECT name, Id, Owner.Name, Phone FROM Account ORDER BY Name"});
    let (status, job) = client.post("jobs/query", body).await;
    assert_eq!(
        (status, job["state"].as_str(), job["object"].as_str()),
        (200, Some("UploadComplete"), Some("Account"))
    );
    let path = format!("jobs/query/{}", job["id"].as_str().unwrap());
    let job = client.ended(&path).await;
    assert_eq!((job["state"].as_str(), job["jobType"].as_str()), (Some("JobComplete"), Some("V2Query")));
    assert_eq!(job["numberRecordsProcessed"], 5);

    let mut locator = String::new();
    let mut sizes = Vec::new();
    while locator != "null" {
        let answer =
            client.send(Method::GET, &format!("{path}/results?maxRecords=2&locator={locator}"), None).await;
        let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
        locator = header("sforce-locator");
        sizes.push(header("sforce-numberofrecords"));
        let text = answer.text().await.unwrap();
        assert!(text.starts_with("\"Name\",\"Id\",\"Owner.Name\",\"Phone\"\n\"A "), "{text}");
        assert!(text.ends_with("\",\"Ops Bot\",\"\"\n"), "{text}");
    }
    assert_eq!(sizes, ["2", "2", "1"]);
    let other = format!("{}/services/data/v59.0/{path}/results", client.url);
    assert_eq!(client.http.get(other).bearer_auth(&client.token).send().await.unwrap().status(), 409);
    let (_, _, message) = client.refused(Method::PATCH, &path, Some(json!({"state": "Aborted"}))).await;
    assert_eq!(message, "Aborting already Completed Job not allowed");
    assert_eq!(
        client.refused(Method::GET, &format!("{path}/results?locator=x"), None).await.1,
        "INVALID_QUERY_LOCATOR"
    );
    assert_eq!((client.delete(&path).await.0, client.get(&path).await.0), (204, 404));
}

#[tokio::test]
async fn jobs_are_listed_by_sort_in_pages_and_counted() {
    let (_org, client) = slow("bulk-list").await;
    for _ in 0..1_001 {
        client.job(json!({"object": "Account", "operation": "insert"})).await;
    }
    client.post("jobs/query", json!({"operation": "queryAll", "query": "SELECT Id FROM Account"})).await;
    let (_, first) = client.get("jobs/ingest?jobType=V2Ingest&isPkChunkingEnabled=false").await;
    assert_eq!((&first["done"], first["records"].as_array().unwrap().len()), (&json!(false), 1_000));
    let next = first["nextRecordsUrl"].as_str().unwrap().strip_prefix("/services/data/v60.0/").unwrap();
    let (_, second) = client.get(next).await;
    assert_eq!((&second["done"], second["records"].as_array().unwrap().len()), (&json!(true), 1));
    assert!(second["nextRecordsUrl"].is_null());
    let (_, queries) = client.get("jobs/query").await;
    assert_eq!(
        (queries["records"].as_array().unwrap().len(), &queries["records"][0]["jobType"]),
        (1, &json!("V2Query"))
    );
    assert_eq!(client.get("limits").await.1["DailyBulkV2QueryJobs"]["Remaining"], 9_999);
}

#[tokio::test]
async fn bulk_changes_raise_no_push_topic_event_and_survive_a_failed_job() {
    let org = org("bulk-events").await;
    let client = Client::login(&org).await;
    let topic = json!({"Name": "All", "Query": "SELECT Id, Name FROM Account", "ApiVersion": 60.0, "NotifyForFields": "All"});
    client.create("PushTopic", topic).await;
    org.faults().add(Fault::new(CallKind::BulkChunk, Effect::Delay { ms: 0 }).times(1));
    let lost =
        Effect::Answer { status: 503, code: "TooManyLockFailure".to_owned(), message: "locked".to_owned() };
    org.faults().add(Fault::new(CallKind::BulkChunk, lost).times(1));
    let before = org.last_replay_id();
    let rows: Vec<String> = (0..300).map(|n| format!("A {n}")).collect();
    let (job, good, bad) = client
        .done(json!({"object": "Account", "operation": "insert"}), &format!("Name\n{}", rows.join("\n")))
        .await;
    assert_eq!(
        (job["state"].as_str(), job["errorMessage"].as_str()),
        (Some("Failed"), Some("TooManyLockFailure : locked"))
    );
    assert_eq!((good.len(), bad.len(), org.count("Account")), (201, 1, 200));
    let rest = client.file(&format!("jobs/ingest/{}/unprocessedrecords", job["id"].as_str().unwrap())).await;
    assert_eq!((rest.len(), rest[1].as_str()), (101, "\"A 200\""));
    assert_eq!(org.last_replay_id(), before);
    client.create("Account", json!({"Name": "by hand"})).await;
    assert!(org.last_replay_id() > before);
}
