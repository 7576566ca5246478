//! The store over HTTP, as its clients meet it.

mod clients;

mod compatibility;

mod deletions;

mod hostile;

mod registering;

mod settings;

use serde_json::{Value as Json, json};
use url::Url;

use super::{Given, Options, SchemaStore};
use crate::store::Database;

const REGISTRY_JSON: &str = "application/vnd.schemaregistry.v1+json";

/// A store with a database of its own.
struct Store {
    store: SchemaStore,
    dir: tempfile::TempDir,
    http: reqwest::Client,
}

impl Store {
    async fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = serve(&dir).await;
        let http = reqwest::Client::builder().build().unwrap();
        Self { store, dir, http }
    }

    async fn restart(self) -> Self {
        let Self { store, dir, http } = self;
        store.stop().await;
        let store = serve(&dir).await;
        Self { store, dir, http }
    }

    fn url(&self) -> &Url {
        self.store.url()
    }

    /// The status and the body; an error's `error_code` in place of its body.
    async fn call(&self, method: &str, path: &str, body: Option<Json>) -> (u16, Json) {
        let body = body.map(|body| body.to_string().into_bytes());
        let (status, answer) = self.send(method, path, REGISTRY_JSON, body).await;
        match answer.get("error_code") {
            Some(code) => (status, code.clone()),
            None => (status, answer),
        }
    }

    async fn get(&self, path: &str) -> (u16, Json) {
        self.call("GET", path, None).await
    }

    async fn post(&self, path: &str, body: Json) -> (u16, Json) {
        self.call("POST", path, Some(body)).await
    }

    async fn put(&self, path: &str, body: Json) -> (u16, Json) {
        self.call("PUT", path, Some(body)).await
    }

    async fn delete(&self, path: &str) -> (u16, Json) {
        self.call("DELETE", path, None).await
    }

    /// Whatever comes back is JSON of the registry's type, for errors too.
    async fn send(&self, method: &str, path: &str, content_type: &str, body: Option<Vec<u8>>) -> (u16, Json) {
        let url = format!("{}{path}", self.url().as_str().trim_end_matches('/'));
        let mut request = self.http.request(method.parse().unwrap(), url);
        if let Some(body) = body {
            request = request.header("Content-Type", content_type).body(body);
        }
        let answer = request.send().await.unwrap();
        assert_eq!(answer.headers()["Content-Type"], REGISTRY_JSON, "{method} {path}");
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    /// Registers a schema and answers its id.
    async fn register(&self, subject: &str, body: Json) -> u64 {
        let (status, answer) = self.post(&format!("/subjects/{subject}/versions"), body.clone()).await;
        assert_eq!(status, 200, "{body}: {answer}");
        answer["id"].as_u64().unwrap()
    }
}

async fn serve(dir: &tempfile::TempDir) -> SchemaStore {
    let database = Database::open(&dir.path().join("state.db")).unwrap();
    let given = Given::kept_in(dir.path().join("given")).unwrap();
    SchemaStore::start(Options { port: 0, database, given }).await.unwrap()
}

fn avro(schema: &Json) -> Json {
    json!({ "schema": schema.to_string() })
}

fn json_schema(schema: &Json) -> Json {
    json!({ "schema": schema.to_string(), "schemaType": "JSON" })
}

fn protobuf(text: &str) -> Json {
    json!({ "schema": text, "schemaType": "PROTOBUF" })
}

/// An Avro record of optional texts.
fn record(fields: &[&str]) -> Json {
    let optional = |name: &&str| json!({ "name": name, "type": ["null", "string"], "default": null });
    record_of(&fields.iter().map(optional).collect::<Vec<_>>())
}

fn record_of(fields: &[Json]) -> Json {
    json!({ "type": "record", "name": "R", "fields": fields })
}
