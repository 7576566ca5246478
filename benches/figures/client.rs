//! A client of a simulated org, independent of the program's own: it writes records as fast as the org takes them.

use std::time::Duration;

use reqwest::{Method, Response};
use serde_json::{Value as Json, json};
use tokio::task::JoinSet;

use super::process::Process;

/// Records of one collection call.
pub(super) const CALL: usize = 200;
/// Calls under way at once.
const CONNECTIONS: usize = 4;

/// A client with a token, and connections that stay open.
pub(super) struct Client {
    http: reqwest::Client,
    url: String,
    token: String,
}

impl Client {
    pub(super) async fn login(org: &Process) -> Self {
        let http = reqwest::Client::builder().timeout(Duration::from_mins(2)).build().expect("a client");
        let url = org.text("login_url").to_owned();
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", org.text("client_id")),
            ("client_secret", org.text("client_secret")),
        ];
        let answer = http.post(format!("{url}/services/oauth2/token")).form(&form).send().await;
        let answer: Json = answer.expect("an answer").json().await.expect("JSON");
        let token = answer["access_token"].as_str().expect("a token").to_owned();
        Self { http, url, token }
    }

    pub(super) fn call(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url)).bearer_auth(&self.token)
    }

    /// Sends collections; answers the ids in order.
    pub(super) async fn write(&self, target: &str, bodies: Vec<String>) -> Vec<String> {
        let method = if target.is_empty() { Method::POST } else { Method::PATCH };
        let path = format!("/services/data/v62.0/composite/sobjects{target}");
        let mut bodies = bodies.into_iter().enumerate();
        let mut under_way = JoinSet::new();
        let mut ids = Vec::new();
        loop {
            while under_way.len() < CONNECTIONS
                && let Some((nth, body)) = bodies.next()
            {
                let request = self.call(method.clone(), &path).header("content-type", "application/json");
                under_way.spawn(async move { (nth, written(request.body(body).send().await).await) });
            }
            match under_way.join_next().await {
                Some(done) => ids.push(done.expect("no panic")),
                None => break,
            }
        }
        ids.sort_by_key(|(nth, _)| *nth);
        ids.into_iter().flat_map(|(_, ids)| ids).collect()
    }
}

/// The ids of a collection that was written without a refusal.
async fn written(answer: reqwest::Result<Response>) -> Vec<String> {
    let results: Vec<Json> = answer.expect("an answer").json().await.expect("JSON");
    let id = |result: &Json| {
        assert_eq!(result["success"], true, "{result}");
        result["id"].as_str().expect("an id").to_owned()
    };
    results.iter().map(id).collect()
}

/// The bodies of collection calls.
pub(super) fn calls(records: usize, record: &dyn Fn(usize) -> Json) -> Vec<String> {
    let numbers: Vec<usize> = (0..records).collect();
    let chunks = numbers.chunks(CALL);
    chunks
        .map(|chunk| json!({"records": chunk.iter().map(|n| record(*n)).collect::<Vec<_>>()}).to_string())
        .collect()
}
