//! Connectors that are told to rest and to go on: over REST as Kafka Connect's users do, and by command.

#![expect(
    clippy::unwrap_used,
    reason = "a test that meets what cannot be has failed, which is all there is to say"
)]

use std::collections::HashSet;
use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value as Json, json};

use crate::support::{Link, World, eventually};

const LEADS: &str = "Lead: { external_id: OrgA_Id__c }";

/// The HTTP server of a process.
struct Server {
    http: Client,
    url: String,
}

impl Server {
    /// That of the process that runs on the file, as soon as all its tasks run or rest.
    async fn of(world: &Link) -> Self {
        for _ in 0..600 {
            let said = status(world).await;
            let tasks = said["pipelines"]
                .as_array()
                .into_iter()
                .flatten()
                .flat_map(|one| one["tasks"].as_array().unwrap());
            let is_there = |task: &Json| task["state"] == "running" || task.get("rests").is_some();
            if said["running"] == true && tasks.clone().count() > 0 && tasks.clone().all(is_there) {
                let http = Client::builder().timeout(Duration::from_mins(1)).build().unwrap();
                return Self { http, url: said["http"].as_str().unwrap().to_owned() };
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("the process never runs: {}", status(world).await);
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url))
    }

    /// The status code and the body, as text where it is not JSON.
    async fn answer(request: RequestBuilder) -> (u16, Json) {
        let response = request.send().await.unwrap();
        let code = response.status().as_u16();
        let text = response.text().await.unwrap();
        (code, serde_json::from_str(&text).unwrap_or(Json::String(text)))
    }

    async fn get(&self, path: &str) -> Json {
        Self::answer(self.request(Method::GET, path)).await.1
    }

    /// As curl sends it: without a body.
    async fn put(&self, path: &str) -> (u16, Json) {
        Self::answer(self.request(Method::PUT, path)).await
    }

    async fn post(&self, path: &str) -> (u16, Json) {
        Self::answer(self.request(Method::POST, path)).await
    }

    /// The states of a connector and of its tasks.
    async fn states(&self, connector: &str) -> (Json, Vec<Json>) {
        let said = self.get(&format!("/connectors/{connector}/status")).await;
        let tasks = said["tasks"].as_array().unwrap().iter().map(|task| task["state"].clone());
        (said["connector"]["state"].clone(), tasks.collect())
    }

    async fn until_healthy(&self, word: &str) -> Json {
        let mut said = Json::Null;
        for _ in 0..300 {
            said = self.get("/health").await;
            if said["status"] == word {
                return said;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("/health never says {word}: {said}");
    }
}

/// The status, with `running` in it.
async fn status(world: &Link) -> Json {
    let finished = world.command(&["status", "--state", "state", "--json"]).finish().await;
    let mut said: Json = serde_json::from_str(&finished.stdout).unwrap_or_default();
    let running = said["running"].clone();
    let mut status = said["status"].take();
    if status.is_object() {
        status["running"] = running;
    }
    status
}

async fn leads(world: &World, name: &str, count: usize) {
    let rows = (0..count).map(|n| json!({ "LastName": format!("{name} {n}"), "Company": "Acme" }));
    world.in_a.create_many("Lead", rows.collect()).await;
}

fn add_http(world: &Link) {
    world.edit("state: ./state", "state: ./state\nhttp: { listen: '127.0.0.1:0' }");
}

fn assert_each_once(world: &World, count: usize) {
    let rows = world.b.rows("Lead");
    let external: HashSet<&Json> = rows.iter().map(|row| &row["OrgA_Id__c"]).collect();
    assert_eq!((rows.len(), external.len()), (count, count));
    let sent: usize = world.b.writes().iter().map(|call| call.records).sum();
    assert_eq!(sent, count, "records that were sent to org b");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_sink_writes_nothing_until_it_is_resumed_also_after_a_kill() {
    let Some(world) = World::builder().embedded().objects(LEADS).build().await else { return };
    add_http(&world);
    world.prime().await;
    world.b.reset_calls();
    let process = world.run(&[]);
    let server = Server::of(&world).await;
    let (source, sink) = (format!("{}-source", world.pipeline), format!("{}-sink", world.pipeline));
    leads(&world, "Before", 100).await;
    eventually("some leads arrive", || world.b.count("Lead") > 0).await;
    assert_eq!(server.put(&format!("/connectors/{sink}/pause")).await, (202, json!("")));
    let arrived = world.b.count("Lead");
    assert_eq!(server.states(&sink).await, (json!("PAUSED"), vec![json!("PAUSED")]));
    assert_eq!(server.states(&source).await, (json!("RUNNING"), vec![json!("RUNNING")]));
    // Once more is the same.
    assert_eq!(server.put(&format!("/connectors/{sink}/pause")).await.0, 202);
    leads(&world, "Meanwhile", 50).await;
    let said = server.until_healthy("paused").await;
    assert!(said["message"].as_str().unwrap().contains(&format!("{sink}-0")), "{said}");
    let page = reqwest::get(format!("{}/metrics", server.url)).await.unwrap().text().await.unwrap();
    let labels = format!("pipeline=\"{}\",task=\"{sink}-0\",kind=\"sink\",state=\"paused\"", world.pipeline);
    assert!(page.contains(&format!("orgstream_task_state{{{labels}}} 1")), "{page}");
    process.kill().await;

    let refused = world.sync().await.expect_code(78);
    assert!(refused.stderr.contains(&sink) && refused.stderr.contains("resume"), "{}", refused.stderr);
    let process = world.run(&[]);
    process.warns("A connector rests").await;
    let server = Server::of(&world).await;
    assert_eq!(server.states(&sink).await.0, "PAUSED");
    let topic = world.topic("Lead");
    let mut left = 300;
    while world.read(&topic).await.len() < 150 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        left -= 1;
        assert!(left > 0, "the source never brings all");
    }
    assert_eq!(world.b.count("Lead"), arrived, "a sink that rests writes nothing");
    assert_eq!(server.put(&format!("/connectors/{sink}/resume")).await, (202, json!("")));
    eventually("all leads arrive", || world.b.count("Lead") == 150).await;
    assert_eq!(server.states(&sink).await, (json!("RUNNING"), vec![json!("RUNNING")]));
    server.until_healthy("healthy").await;
    process.terminate().await.expect_code(0);
    assert_each_once(&world, 150);
    world.every_event_stands_once("Lead").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connectors_are_stopped_and_started_again_in_kafka_connects_words() {
    let Some(world) = World::builder().embedded().objects(LEADS).build().await else { return };
    add_http(&world);
    world.edit("sink: { org: b", "sink: { org: b, tasks: 2");
    let process = world.run(&[]);
    let server = Server::of(&world).await;
    let (source, sink) = (format!("{}-source", world.pipeline), format!("{}-sink", world.pipeline));
    for connector in [&source, &sink] {
        assert_eq!(server.put(&format!("/connectors/{connector}/stop")).await, (204, json!("")));
        assert_eq!(server.states(connector).await, (json!("STOPPED"), vec![]));
        assert_eq!(server.get(&format!("/connectors/{connector}/tasks")).await, json!([]));
        assert_eq!(server.get(&format!("/connectors/{connector}")).await["tasks"], json!([]));
    }
    // A process of which all rests goes on, and is no process that ends.
    server.until_healthy("paused").await;
    leads(&world, "Meanwhile", 3).await;
    // What rests is not started by a restart.
    assert_eq!(server.post(&format!("/connectors/{sink}/restart")).await, (204, json!("")));
    assert_eq!(server.states(&sink).await.0, "STOPPED");
    assert_eq!(server.put(&format!("/connectors/{sink}/pause")).await.0, 202);
    assert_eq!(server.states(&sink).await, (json!("PAUSED"), vec![json!("PAUSED"), json!("PAUSED")]));
    for connector in [&source, &sink] {
        assert_eq!(server.put(&format!("/connectors/{connector}/resume")).await, (202, json!("")));
    }
    eventually("the leads arrive", || world.b.count("Lead") == 3).await;

    let since = async |server: &Server| {
        let said = server.get("/status").await;
        said["pipelines"][0]["tasks"]
            .as_array()
            .unwrap()
            .iter()
            .map(|task| task["since"].clone())
            .collect::<Vec<_>>()
    };
    let before = since(&server).await;
    assert_eq!(server.post(&format!("/connectors/{sink}/restart?onlyFailed=true")).await.0, 202);
    assert_eq!(since(&server).await, before, "nothing has failed");
    let (code, said) = server.post(&format!("/connectors/{sink}/restart?includeTasks=true")).await;
    assert_eq!((code, &said["name"]), (202, &json!(sink)), "{said}");
    let after = since(&server).await;
    assert!(after[0] == before[0] && after[1] != before[1] && after[2] != before[2], "{before:?} {after:?}");
    assert_eq!(server.post(&format!("/connectors/{source}/tasks/0/restart")).await, (204, json!("")));
    assert_ne!(since(&server).await[0], before[0]);

    for (answer, message) in [
        (server.put("/connectors/x/pause").await, "Unknown connector x".to_owned()),
        (server.put("/connectors/x/resume").await, "Unknown connector x".to_owned()),
        (server.put("/connectors/x/stop").await, "Unknown connector x".to_owned()),
        (server.post("/connectors/x/restart").await, "Connector x not found".to_owned()),
        (server.post("/connectors/x/restart?includeTasks=true").await, "Unknown connector: x".to_owned()),
        (server.post("/connectors/x/tasks/0/restart").await, "Connector x not found".to_owned()),
        (
            server.post(&format!("/connectors/{sink}/tasks/7/restart")).await,
            format!("Task {sink}-7 not found"),
        ),
    ] {
        assert_eq!(answer, (404, json!({ "error_code": 404, "message": message })));
    }
    // A page in somebody's browser.
    let foreign = server
        .request(Method::POST, &format!("/connectors/{sink}/restart"))
        .header("origin", "http://evil.example");
    assert_eq!(Server::answer(foreign).await.0, 403);
    let form = server.request(Method::POST, &format!("/connectors/{sink}/restart")).form(&[("a", "b")]);
    assert_eq!(Server::answer(form).await.0, 415);
    leads(&world, "After", 3).await;
    eventually("the leads arrive", || world.b.count("Lead") == 6).await;
    process.terminate().await.expect_code(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_have_a_pipeline_rest_and_a_file_that_is_applied_leaves_it_so() {
    let Some(world) = World::builder().embedded().objects(LEADS).build().await else { return };
    add_http(&world);
    let none = world.command(&["pause", "orgstream.yaml", &world.pipeline]).finish().await.expect_code(1);
    assert!(none.stderr.contains("nothing runs"), "{}", none.stderr);
    let process = world.run(&[]);
    let server = Server::of(&world).await;
    let (source, sink) = (format!("{}-source", world.pipeline), format!("{}-sink", world.pipeline));
    let said = world.command(&["pause", "orgstream.yaml", &world.pipeline]).finish().await.expect_code(0);
    assert_eq!(said.stdout, format!("{source}: paused\n{sink}: paused\n"));
    let unknown = world.command(&["pause", "orgstream.yaml", "x"]).finish().await.expect_code(2);
    assert!(unknown.stderr.contains(&sink), "{}", unknown.stderr);

    world.edit("retry_for: 15m", "retry_for: 7m");
    let applied = world.command(&["apply", "orgstream.yaml"]).finish().await.expect_code(0);
    assert!(applied.stdout.contains("restarted"), "{}", applied.stdout);
    for connector in [&source, &sink] {
        assert_eq!(server.states(connector).await.0, "PAUSED");
    }
    leads(&world, "New", 3).await;
    world.command(&["resume", "orgstream.yaml", &source]).finish().await.expect_code(0);
    assert_eq!(server.states(&source).await.0, "RUNNING");
    assert_eq!(server.states(&sink).await.0, "PAUSED");
    world.command(&["resume", "orgstream.yaml", &world.pipeline]).finish().await.expect_code(0);
    eventually("the leads arrive", || world.b.count("Lead") == 3).await;
    world.command(&["stop", "orgstream.yaml", &sink]).finish().await.expect_code(0);
    assert_eq!(server.states(&sink).await.0, "STOPPED");
    process.terminate().await.expect_code(0);
}
