//! The same requests to a real Kafka Connect worker and to this program: what they answer is the same, but for the table of
//! docs/CONNECT_ANSWERS.md.

#![expect(
    clippy::unwrap_used,
    reason = "a test that meets what cannot be has failed, which is all there is to say"
)]

mod script;
mod shape;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use orgstream::kafka::{Admin, Cleanup, KafkaConfig, TopicSpec};
use reqwest::{Client, Method};
use serde_json::{Value as Json, json};

use self::script::{Request, Step, script};
use self::shape::difference;
use crate::support::{ConnectWorker, Running, World};

/// What one of the two answers.
#[derive(Debug)]
struct Answer {
    status: u16,
    has_location: bool,
    body: Json,
}

/// One of the two.
struct Side {
    http: Client,
    url: String,
    /// The properties of a sink.
    config: Json,
    /// The name of its class, in short.
    class: &'static str,
}

impl Side {
    fn new(url: String, config: Json, class: &'static str) -> Self {
        let http = Client::builder().timeout(Duration::from_mins(2)).build().unwrap();
        Self { http, url, config, class }
    }

    async fn answer(&self, request: &Request) -> Answer {
        let path = request.path.replace("CLASS", self.class);
        let method = Method::from_bytes(request.method.as_bytes()).unwrap();
        let mut sent = self.http.request(method, format!("{}{path}", self.url));
        if let Some(body) = &request.body {
            sent = sent.header("content-type", request.content_type).body(body(&self.config));
        }
        let answered = sent.send().await.unwrap();
        let (status, has_location) =
            (answered.status().as_u16(), answered.headers().contains_key("location"));
        let text = answered.text().await.unwrap();
        let body = match serde_json::from_str(&text) {
            Ok(body) => body,
            Err(_) if text.is_empty() => Json::Null,
            Err(_) => json!("a page for people"),
        };
        Answer { status, has_location, body }
    }

    /// Waits until a connector and its tasks have this state.
    async fn until(&self, name: &str, state: &str) {
        let mut said = Json::Null;
        for _ in 0..600 {
            let answered = self.http.get(format!("{}/connectors/{name}/status", self.url)).send().await;
            said = answered.unwrap().json().await.unwrap();
            let tasks = said["tasks"].as_array().into_iter().flatten();
            if said["connector"]["state"] == state && tasks.clone().all(|task| task["state"] == state) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("{name} at {} is never {state}: {said}", self.url);
    }
}

/// Where this program answers, as soon as it takes connectors.
async fn serving(world: &World) -> String {
    let http = Client::builder().timeout(Duration::from_mins(2)).build().unwrap();
    for _ in 0..600 {
        let asked =
            world.command(&["status", "--state", "connect.offsets.orgstream", "--json"]).finish().await;
        let said: Json = serde_json::from_str(&asked.stdout).unwrap_or_default();
        if let Some(url) = said["status"]["http"].as_str().filter(|_| said["running"] == true) {
            let none = json!({ "name": "none", "config": { "connector.class": "SalesforceSObjectSink" } });
            let asked = http.post(format!("{url}/connectors")).json(&none).send().await;
            if asked.is_ok_and(|answer| answer.status().as_u16() == 400) {
                return url.to_owned();
            }
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the program never takes connectors");
}

fn start(world: &World) -> Running {
    let registry = world.registry.as_deref().unwrap();
    let converter = "io.confluent.connect.avro.AvroConverter";
    let worker = format!(
        "bootstrap.servers={}\nkey.converter={converter}\nkey.converter.schema.registry.url={registry}\nvalue.converter={converter}\n\
         value.converter.schema.registry.url={registry}\noffset.storage.file.filename={}/connect.offsets\n\
         listeners=http://127.0.0.1:0\n",
        world.bootstrap_servers,
        world.dir.path().display(),
    );
    std::fs::write(world.dir.path().join("worker.properties"), worker).unwrap();
    world.command(&["connect-standalone", "worker.properties"])
}

fn sink(world: &World, topic: &str) -> Json {
    let credentials = world.b.credentials();
    json!({
        "connector.class": "SalesforceSObjectSink",
        "tasks.max": "1",
        "topics": topic,
        "salesforce.instance": world.b.url(),
        "salesforce.consumer.key": credentials.client_id,
        "salesforce.consumer.secret": credentials.client_secret,
        "salesforce.username": credentials.username,
        "salesforce.password": credentials.password,
        "salesforce.password.token": credentials.security_token,
        "salesforce.object": "Lead",
        "override.event.type": "true",
        "salesforce.sink.object.operation": "insert",
        "reporter.bootstrap.servers": world.bootstrap_servers,
        "confluent.topic.bootstrap.servers": "localhost:9092",
        "confluent.topic.replication.factor": "1",
    })
}

/// The rows of the page, by request: what the worker answers, and what this program does.
fn listed() -> BTreeMap<String, (String, String)> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/CONNECT_ANSWERS.md");
    let page = std::fs::read_to_string(page).unwrap();
    let mut rows = BTreeMap::new();
    for row in page.lines().filter(|row| row.starts_with("| `")) {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        assert_eq!(cells.len(), 4, "request, worker, program and reason: {row}");
        assert!(!cells[3].is_empty(), "why: {row}");
        let request = cells[0].trim_matches('`').to_owned();
        let twice = rows.insert(request, (cells[1].to_owned(), cells[2].to_owned()));
        assert!(twice.is_none(), "twice: {row}");
    }
    rows
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_worker_answers_the_same_but_for_the_differences_that_are_listed_with_their_reasons() {
    let Some(world) = World::builder().build().await else { return };
    let servers = world.bootstrap_servers.clone();
    let Some(worker) = tokio::task::spawn_blocking(move || ConnectWorker::start(&servers)).await.unwrap()
    else {
        return;
    };
    let topic = format!("{}-leads", world.pipeline);
    let kafka = KafkaConfig { bootstrap_servers: world.bootstrap_servers.clone(), ..KafkaConfig::default() };
    let admin = Admin::connect(&kafka).await.unwrap();
    let spec = TopicSpec { name: topic.clone(), partitions: Some(1), cleanup: Cleanup::Delete };
    admin.ensure_topics(&[spec]).await.unwrap();
    let process = start(&world);
    let file = world.dir.path().join("out.txt").display().to_string();
    let files =
        json!({ "connector.class": "FileStreamSink", "tasks.max": "1", "topics": topic, "file": file });
    let theirs = Side::new(worker.url(), files, "FileStreamSink");
    let ours = Side::new(serving(&world).await, sink(&world, &topic), "SalesforceSObjectSink");
    let listed = listed();
    let mut wrong = Vec::new();
    let mut asked = Vec::new();
    for step in script() {
        let request = match step {
            Step::Until(name, state) => {
                theirs.until(name, state).await;
                ours.until(name, state).await;
                continue;
            }
            Step::Ask(request) => request,
        };
        let (there, here) = (theirs.answer(&request).await, ours.answer(&request).await);
        let found = difference(&there, &here);
        if found.as_ref() != listed.get(&request.label) {
            wrong.push(match found {
                Some((there, here)) => format!("| `{}` | {there} | {here} | |", request.label),
                None => format!("no difference any more: `{}`", request.label),
            });
            wrong.push(format!(
                "    there {} {}\n    here  {} {}",
                there.status, there.body, here.status, here.body
            ));
        }
        assert!(!asked.contains(&request.label), "asked twice: {}", request.label);
        asked.push(request.label);
    }
    let gone = listed.keys().filter(|request| !asked.contains(request));
    wrong.extend(gone.map(|request| format!("never asked: `{request}`")));
    process.terminate().await.expect_code(0);
    assert!(wrong.is_empty(), "docs/CONNECT_ANSWERS.md is not true:\n{}", wrong.join("\n"));
}
