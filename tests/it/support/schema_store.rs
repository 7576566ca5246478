//! `orgstream schema-store` as a process of its own, and a plain client of registries.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value as Json;

/// A schema store in its own process. Killed when dropped.
#[derive(Debug)]
pub(crate) struct SchemaStore {
    child: Child,
    /// Its address, as its first line says it.
    pub(crate) url: String,
}

impl SchemaStore {
    /// A store that keeps what it knows in `data`.
    pub(crate) fn start(data: &Path) -> Self {
        Self::start_on(data, 0)
    }

    /// A store on a port where another one was.
    pub(crate) fn start_on(data: &Path, port: u16) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_orgstream"))
            .args(["schema-store", "--port", &port.to_string(), "--data"])
            .arg(data)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("stdout is piped");
        BufReader::new(stdout).read_line(&mut line).expect("the store prints a line");
        let line: Json = serde_json::from_str(&line).expect("the line is JSON");
        let url = line["url"].as_str().unwrap_or_else(|| panic!("no url in {line}")).to_owned();
        Self { child, url }
    }

    /// Its port.
    pub(crate) fn port(&self) -> u16 {
        let port = self.url.trim_end_matches('/').rsplit(':').next().and_then(|port| port.parse().ok());
        port.unwrap_or_else(|| panic!("no port in {}", self.url))
    }

    /// SIGKILL: nothing of it gets to run again.
    pub(crate) fn kill(mut self) {
        self.end();
    }

    fn end(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Drop for SchemaStore {
    fn drop(&mut self) {
        self.end();
    }
}

/// Sends requests to a registry and reads answers, whatever they are.
#[derive(Debug, Clone)]
pub(crate) struct RegistryClient {
    http: reqwest::Client,
    url: String,
}

impl RegistryClient {
    pub(crate) fn new(url: &str) -> Self {
        let http = reqwest::Client::builder().timeout(Duration::from_mins(1)).build().expect("a client");
        Self { http, url: url.to_owned() }
    }

    /// The status and the body; `None` when nobody answers.
    pub(crate) async fn call(&self, method: &str, path: &str, body: Option<&Json>) -> Option<(u16, Json)> {
        let method = method.parse().expect("a method");
        let mut request = self.http.request(method, format!("{}{path}", self.url));
        if let Some(body) = body {
            request = request
                .header("Content-Type", "application/vnd.schemaregistry.v1+json")
                .body(body.to_string());
        }
        let answer = request.send().await.ok()?;
        let status = answer.status().as_u16();
        let text = answer.text().await.ok()?;
        Some((status, serde_json::from_str(&text).unwrap_or(Json::String(text))))
    }
}
