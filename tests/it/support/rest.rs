//! A small REST client for the orgs, independent of the program's own.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use orgstream_salesforce_simulator::Org;
use reqwest::{Method, StatusCode};
use serde_json::{Value as Json, json};

/// Calls one org as its user; logs in again when its token has expired.
#[derive(Debug, Clone)]
pub(crate) struct Rest {
    http: reqwest::Client,
    url: String,
    client_id: String,
    client_secret: String,
    token: Arc<Mutex<String>>,
}

impl Rest {
    pub(crate) async fn login(org: &Org) -> Self {
        let credentials = org.credentials();
        let rest = Self {
            http: reqwest::Client::builder().timeout(Duration::from_mins(1)).build().expect("a client"),
            url: org.url().to_owned(),
            client_id: credentials.client_id.clone(),
            client_secret: credentials.client_secret.clone(),
            token: Arc::default(),
        };
        rest.renew().await;
        rest
    }

    async fn renew(&self) {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", &self.client_id),
            ("client_secret", &self.client_secret),
        ];
        let url = format!("{}/services/oauth2/token", self.url);
        let answer = self.http.post(url).form(&form).send().await.expect("the org answers");
        let reply: Json = answer.json().await.expect("JSON");
        let token = reply["access_token"].as_str().unwrap_or_else(|| panic!("no token: {reply}"));
        token.clone_into(&mut self.token.lock().expect("nobody panics"));
    }

    fn token(&self) -> String {
        self.token.lock().expect("nobody panics").clone()
    }

    async fn call(&self, method: Method, path: &str, body: Option<&Json>) -> Json {
        let (status, text) = self.send_again(method, path, body).await;
        assert!(status.is_success(), "{path}: {status} {text}");
        if text.is_empty() { Json::Null } else { serde_json::from_str(&text).expect("JSON") }
    }

    /// As [`Rest::send`], with a new token where the old one has expired.
    async fn send_again(&self, method: Method, path: &str, body: Option<&Json>) -> (StatusCode, String) {
        let answer = self.send(method.clone(), path, body).await;
        if answer.0 != StatusCode::UNAUTHORIZED {
            return answer;
        }
        self.renew().await;
        self.send(method, path, body).await
    }

    /// Changes a row if the org allows it, or says with which code it does not.
    pub(crate) async fn try_update(&self, object: &str, id: &str, fields: &Json) -> Result<(), String> {
        self.attempt(Method::PATCH, &format!("/sobjects/{object}/{id}"), Some(fields)).await.map(|_| ())
    }

    /// Creates a row if the org allows it.
    pub(crate) async fn try_create(&self, object: &str, fields: &Json) -> Result<String, String> {
        let reply = self.attempt(Method::POST, &format!("/sobjects/{object}"), Some(fields)).await?;
        Ok(reply["id"].as_str().expect("an id").to_owned())
    }

    /// Deletes a row if the org allows it.
    pub(crate) async fn try_delete(&self, object: &str, id: &str) -> Result<(), String> {
        self.attempt(Method::DELETE, &format!("/sobjects/{object}/{id}"), None).await.map(|_| ())
    }

    /// The answer, or the code that the org refuses the call with.
    async fn attempt(&self, method: Method, path: &str, body: Option<&Json>) -> Result<Json, String> {
        let (status, text) = self.send_again(method, path, body).await;
        let reply = if text.is_empty() { Json::Null } else { serde_json::from_str(&text).expect("JSON") };
        if status.is_success() {
            return Ok(reply);
        }
        Err(reply[0]["errorCode"].as_str().unwrap_or_else(|| panic!("{path}: {status} {reply}")).to_owned())
    }

    async fn send(&self, method: Method, path: &str, body: Option<&Json>) -> (StatusCode, String) {
        let url = format!("{}/services/data/v62.0{path}", self.url);
        let mut request = self.http.request(method, url).bearer_auth(self.token());
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await.expect("the org answers");
        (answer.status(), answer.text().await.expect("a body"))
    }

    /// Creates a row and answers its id.
    pub(crate) async fn create(&self, object: &str, fields: Json) -> String {
        let reply = self.call(Method::POST, &format!("/sobjects/{object}"), Some(&fields)).await;
        reply["id"].as_str().expect("an id").to_owned()
    }

    /// Publishes a platform event.
    pub(crate) async fn publish(&self, event: &str, fields: Json) {
        self.call(Method::POST, &format!("/sobjects/{event}"), Some(&fields)).await;
    }

    pub(crate) async fn update(&self, object: &str, id: &str, fields: Json) {
        self.call(Method::PATCH, &format!("/sobjects/{object}/{id}"), Some(&fields)).await;
    }

    pub(crate) async fn delete(&self, object: &str, id: &str) {
        self.call(Method::DELETE, &format!("/sobjects/{object}/{id}"), None).await;
    }

    /// Makes a custom field, such as `Lead.Size__c`, and answers its id.
    pub(crate) async fn create_field(&self, name: &str, metadata: Json) -> String {
        let body = json!({ "FullName": name, "Metadata": metadata });
        let reply = self.call(Method::POST, "/tooling/sobjects/CustomField", Some(&body)).await;
        reply["id"].as_str().expect("an id").to_owned()
    }

    pub(crate) async fn delete_field(&self, id: &str) {
        self.call(Method::DELETE, &format!("/tooling/sobjects/CustomField/{id}"), None).await;
    }

    /// Undelete exists only in SOAP.
    pub(crate) async fn undelete(&self, id: &str) {
        assert!(self.try_undelete(id).await, "{id} does not come back");
    }

    /// Brings a row back if the org allows it.
    pub(crate) async fn try_undelete(&self, id: &str) -> bool {
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\
             <soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns:urn=\"urn:partner.soap.sforce.com\">\
             <soapenv:Header><urn:SessionHeader><urn:sessionId>{}</urn:sessionId></urn:SessionHeader></soapenv:Header>\
             <soapenv:Body><urn:undelete><urn:ids>{id}</urn:ids></urn:undelete></soapenv:Body></soapenv:Envelope>",
            self.token()
        );
        let url = format!("{}/services/Soap/u/62.0", self.url);
        let request =
            self.http.post(url).header("Content-Type", "text/xml").header("SOAPAction", "\"\"").body(body);
        let text = request.send().await.expect("the org answers").text().await.expect("a body");
        text.contains("<success>true</success>")
    }

    /// The ids of the rows of a query's first page.
    pub(crate) async fn ids(&self, soql: &str) -> Vec<String> {
        let query: String = url::form_urlencoded::byte_serialize(soql.as_bytes()).collect();
        let reply = self.call(Method::GET, &format!("/query?q={query}"), None).await;
        let rows = reply["records"].as_array().expect("records");
        rows.iter().map(|row| row["Id"].as_str().expect("an id").to_owned()).collect()
    }

    /// All rows of a query, those in the recycle bin too.
    pub(crate) async fn query_all(&self, soql: &str) -> Vec<Json> {
        let query: String = url::form_urlencoded::byte_serialize(soql.as_bytes()).collect();
        let mut path = format!("/queryAll?q={query}");
        let mut rows = Vec::new();
        loop {
            let mut reply = self.call(Method::GET, &path, None).await;
            rows.append(reply["records"].as_array_mut().expect("records"));
            match reply["nextRecordsUrl"].as_str().and_then(|url| url.split_once("/v62.0")) {
                Some((_, next)) => next.clone_into(&mut path),
                None => return rows,
            }
        }
    }

    /// Creates up to 200 rows a call and answers their ids.
    pub(crate) async fn create_many(&self, object: &str, rows: Vec<Json>) -> Vec<String> {
        let mut ids = Vec::with_capacity(rows.len());
        for chunk in rows.chunks(200) {
            let typed = |row: &Json| {
                let mut row = row.clone();
                row["attributes"] = json!({ "type": object });
                row
            };
            let body = json!({ "allOrNone": true, "records": chunk.iter().map(typed).collect::<Vec<_>>() });
            let reply = self.call(Method::POST, "/composite/sobjects", Some(&body)).await;
            for result in reply.as_array().expect("results") {
                ids.push(result["id"].as_str().unwrap_or_else(|| panic!("refused: {result}")).to_owned());
            }
        }
        ids
    }

    /// Loads a CSV file by the Bulk API, which raises no event of a PushTopic, and answers with the count of its rows.
    pub(crate) async fn bulk_load(&self, object: &str, csv: String) -> u64 {
        let job =
            json!({ "object": object, "operation": "insert", "contentType": "CSV", "lineEnding": "LF" });
        let job = self.call(Method::POST, "/jobs/ingest", Some(&job)).await;
        let path = format!("/jobs/ingest/{}", job["id"].as_str().expect("an id"));
        let url = format!("{}/services/data/v62.0{path}/batches", self.url);
        let file =
            self.http.put(url).bearer_auth(self.token()).header("Content-Type", "text/csv").body(csv).send();
        let uploaded = file.await.expect("the org answers").status();
        assert_eq!(uploaded, StatusCode::CREATED, "the file is taken");
        self.call(Method::PATCH, &path, Some(&json!({ "state": "UploadComplete" }))).await;
        loop {
            let job = self.call(Method::GET, &path, None).await;
            match job["state"].as_str() {
                Some("UploadComplete" | "InProgress") => {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                Some("JobComplete") if job["numberRecordsFailed"] == 0 => {
                    return job["numberRecordsProcessed"].as_u64().expect("a count");
                }
                _ => panic!("the load failed: {job}"),
            }
        }
    }
}
