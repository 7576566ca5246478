//! The store over HTTP, as its clients meet it.

use serde_json::{Value as Json, json};
use url::Url;

use super::{Options, SchemaStore};
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

    async fn call(&self, method: &str, path: &str, body: Option<Json>) -> (u16, Json) {
        let url = format!("{}{path}", self.url().as_str().trim_end_matches('/'));
        let mut request = self.http.request(method.parse().unwrap(), url);
        if let Some(body) = body {
            request = request.header("Content-Type", REGISTRY_JSON).body(body.to_string());
        }
        let answer = request.send().await.unwrap();
        assert_eq!(answer.headers()["Content-Type"], REGISTRY_JSON);
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    async fn get(&self, path: &str) -> (u16, Json) {
        self.call("GET", path, None).await
    }

    /// Registers an Avro schema and answers its id.
    async fn register(&self, subject: &str, schema: &Json) -> u64 {
        let body = json!({ "schema": schema.to_string() });
        let (status, answer) = self.call("POST", &format!("/subjects/{subject}/versions"), Some(body)).await;
        assert_eq!(status, 200, "{answer}");
        answer["id"].as_u64().unwrap()
    }
}

async fn serve(dir: &tempfile::TempDir) -> SchemaStore {
    let database = Database::open(&dir.path().join("state.db")).unwrap();
    SchemaStore::start(Options { port: 0, database }).await.unwrap()
}

fn record(fields: &[&str]) -> Json {
    let fields: Vec<Json> = fields
        .iter()
        .map(|name| json!({ "name": name, "type": ["null", "string"], "default": null }))
        .collect();
    json!({ "type": "record", "name": "R", "fields": fields })
}

#[tokio::test]
async fn a_text_has_the_same_id_in_every_subject_and_after_a_restart() {
    let store = Store::start().await;
    let id = store.register("a", &record(&["x"])).await;
    assert_eq!(store.register("b", &record(&["x"])).await, id);
    let other = store.register("a", &record(&["x", "y"])).await;
    assert_ne!(other, id);
    let store = store.restart().await;
    assert_eq!(store.register("c", &record(&["x"])).await, id);
    assert_eq!(store.get("/subjects/a/versions").await, (200, json!([1, 2])));
    let (_, places) = store.get(&format!("/schemas/ids/{id}/versions")).await;
    let place = |subject| json!({ "subject": subject, "version": 1 });
    assert_eq!(places, json!([place("a"), place("b"), place("c")]));
}
