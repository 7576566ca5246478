//! Connectors that are made, changed and taken away over Kafka Connect's REST API.

#![expect(
    clippy::unwrap_used,
    reason = "a test that meets what cannot be has failed, which is all there is to say"
)]

use std::time::Duration;

use orgstream::kafka::{Admin, GroupCommit, KafkaConfig};
use orgstream_salesforce_simulator::Org;
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value as Json, json};

use crate::support::{Running, SchemaStore, World, eventually};

const OBJECTS: &str = "
objects:
  Lead:
    - { name: OrgA_Id__c, type: string, label: Org A Id, length: 18, flags: [create, update, nillable, external_id, unique, case_sensitive] }
";

/// What stands for a value that is not shown.
pub(crate) const HIDDEN: &str = "[hidden]";

/// Two orgs, a broker, a registry, and a worker's file without connectors.
pub(crate) struct Place {
    pub(crate) world: World,
    _registry: SchemaStore,
}

/// A process with its REST API.
pub(crate) struct Worker {
    pub(crate) process: Running,
    http: Client,
    url: String,
}

impl Place {
    pub(crate) async fn start() -> Option<Self> {
        let world = World::builder()
            .embedded()
            .objects("Lead: { external_id: OrgA_Id__c }")
            .org_b(|org| org.objects(OBJECTS))
            .build()
            .await?;
        let registry = SchemaStore::start(&world.dir.path().join("schemas.db"));
        let url = registry.url.trim_end_matches('/');
        let converter = "io.confluent.connect.avro.AvroConverter";
        let worker = format!(
            "bootstrap.servers={}\nkey.converter={converter}\nkey.converter.schema.registry.url={url}\nvalue.converter={converter}\n\
             value.converter.schema.registry.url={url}\noffset.storage.file.filename={}/connect.offsets\nlisteners=http://127.0.0.1:0\n",
            world.bootstrap_servers,
            world.dir.path().display(),
        );
        std::fs::write(world.dir.path().join("worker.properties"), worker).unwrap();
        Some(Self { world, _registry: registry })
    }

    /// A worker, as soon as it takes connectors.
    pub(crate) async fn worker(&self, files: &[&str]) -> Worker {
        let process = self.world.command(&[&["connect-standalone", "worker.properties"], files].concat());
        Worker::of(process, &self.world, "connect.offsets.orgstream").await
    }

    fn state(&self) -> std::path::PathBuf {
        self.world.dir.path().join("connect.offsets.orgstream")
    }

    pub(crate) fn topic(&self) -> String {
        format!("{}-leads", self.world.pipeline)
    }

    fn login(org: &Org) -> Json {
        let credentials = org.credentials();
        json!({
            "salesforce.instance": org.url(),
            "salesforce.consumer.key": credentials.client_id,
            "salesforce.consumer.secret": credentials.client_secret,
            "salesforce.username": credentials.username,
            "salesforce.password": credentials.password,
            "salesforce.password.token": credentials.security_token,
        })
    }

    pub(crate) fn source(&self) -> Json {
        with(
            Self::login(&self.world.a),
            json!({
                "connector.class": "io.confluent.salesforce.SalesforcePushTopicSourceConnector",
                "tasks.max": "1",
                "kafka.topic": self.topic(),
                "salesforce.object": "Lead",
                "salesforce.push.topic.name": "LeadsPushTopic",
                "salesforce.initial.start": "all",
                "confluent.topic.bootstrap.servers": "localhost:9092",
                "confluent.topic.replication.factor": "1",
                "confluent.license": " Omit to enable trial mode ",
            }),
        )
    }

    pub(crate) fn sink(&self) -> Json {
        with(
            Self::login(&self.world.b),
            json!({
                "connector.class": "io.confluent.salesforce.SalesforceSObjectSinkConnector",
                "tasks.max": "1",
                "topics": self.topic(),
                "salesforce.object": "Lead",
                "salesforce.use.custom.id.field": "true",
                "salesforce.custom.id.field.name": "OrgA_Id__c",
                "override.event.type": "true",
                "salesforce.sink.object.operation": "upsert",
                "salesforce.ignore.reference.fields": "true",
                "reporter.bootstrap.servers": self.world.bootstrap_servers,
                "confluent.topic.bootstrap.servers": "localhost:9092",
                "confluent.topic.replication.factor": "1",
            }),
        )
    }

    pub(crate) async fn lead(&self, name: &str) {
        self.world.in_a.create("Lead", json!({ "LastName": name, "Company": "Acme" })).await;
    }

    pub(crate) async fn arrives(&self, name: &str) {
        eventually(name, || self.world.b.rows("Lead").iter().any(|row| row["LastName"] == name)).await;
    }

    pub(crate) fn secrets(&self) -> [String; 4] {
        let (a, b) = (self.world.a.credentials(), self.world.b.credentials());
        [&a.client_secret, &a.password, &b.client_secret, &b.password].map(ToString::to_string)
    }
}

/// `one` with the keys of `other`.
pub(crate) fn with(mut one: Json, other: Json) -> Json {
    let (Json::Object(own), Json::Object(more)) = (&mut one, other) else { panic!("objects") };
    own.extend(more);
    one
}

impl Worker {
    async fn of(process: Running, world: &World, state: &str) -> Self {
        for _ in 0..600 {
            let asked = world.command(&["status", "--state", state, "--json"]).finish().await;
            let said: Json = serde_json::from_str(&asked.stdout).unwrap_or_default();
            if let Some(url) = said["status"]["http"].as_str().filter(|_| said["running"] == true) {
                let http = Client::builder().timeout(Duration::from_mins(2)).build().unwrap();
                // A faulty one is refused otherwise while the process starts.
                let class = "io.confluent.salesforce.SalesforceSObjectSinkConnector";
                let none = json!({ "name": "none", "config": { "connector.class": class } });
                let asked = http.post(format!("{url}/connectors")).json(&none).send().await;
                if asked.is_ok_and(|answer| answer.status().as_u16() == 400) {
                    return Self { process, http, url: url.to_owned() };
                }
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("the worker never takes connectors");
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url))
    }

    pub(crate) async fn answer(request: RequestBuilder) -> (u16, Json) {
        let response = request.send().await.unwrap();
        let code = response.status().as_u16();
        let text = response.text().await.unwrap();
        (code, serde_json::from_str(&text).unwrap_or(Json::String(text)))
    }

    pub(crate) async fn get(&self, path: &str) -> (u16, Json) {
        Self::answer(self.request(Method::GET, path)).await
    }

    pub(crate) async fn create(&self, name: &str, config: &Json) -> (u16, Json) {
        let body = json!({ "name": name, "config": config });
        Self::answer(self.request(Method::POST, "/connectors").json(&body)).await
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: &Json) -> (u16, Json) {
        Self::answer(self.request(method, path).json(body)).await
    }

    pub(crate) async fn delete(&self, name: &str) -> (u16, Json) {
        Self::answer(self.request(Method::DELETE, &format!("/connectors/{name}"))).await
    }

    async fn until_health(&self, code: u16) {
        let mut said = (0, Json::Null);
        for _ in 0..300 {
            said = self.get("/health").await;
            if said.0 == code {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("/health never answers {code}: {said:?}");
    }

    pub(crate) async fn until(&self, name: &str, state: &str) -> Json {
        let mut said = Json::Null;
        for _ in 0..600 {
            said = self.get(&format!("/connectors/{name}/status")).await.1;
            let tasks = said["tasks"].as_array().into_iter().flatten();
            if said["connector"]["state"] == state && tasks.clone().all(|task| task["state"] == state) {
                return said;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("{name} is never {state}: {said}");
    }
}

pub(crate) fn assert_refused(answer: &(u16, Json), code: u16, part: &str) {
    let (said, body) = answer;
    assert_eq!((*said, &body["error_code"]), (code, &json!(code)), "{body}");
    let message = body["message"].as_str().unwrap();
    assert!(message.contains(part), "no {part} in {message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn connectors_that_are_made_over_rest_run_and_come_back_after_a_kill_until_they_are_deleted() {
    let Some(place) = Place::start().await else { return };
    let (a, b) = (format!("{}-from", place.world.pipeline), format!("{}-into", place.world.pipeline));
    let worker = place.worker(&[]).await;
    assert_eq!(worker.get("/connectors").await, (200, json!([])));
    let response = worker
        .request(Method::POST, "/connectors")
        .json(&json!({ "name": a, "config": place.source() }))
        .send()
        .await
        .unwrap();
    assert_eq!(response.status().as_u16(), 201);
    assert_eq!(response.headers()["location"].to_str().unwrap(), format!("{}/connectors/{a}", worker.url));
    let said: Json = response.json().await.unwrap();
    assert_eq!((&said["name"], &said["type"]), (&json!(a), &json!("source")));
    assert_eq!(said["config"]["salesforce.password"], HIDDEN);
    assert_eq!(said["config"]["salesforce.push.topic.name"], "LeadsPushTopic");
    // The name in the config as well, as the documentation has it.
    let (code, said) = worker.create(&b, &with(place.sink(), json!({ "name": b }))).await;
    assert_eq!((code, &said["type"]), (201, &json!("sink")), "{said}");
    worker.until(&a, "RUNNING").await;
    worker.until(&b, "RUNNING").await;
    place.lead("First").await;
    place.arrives("First").await;
    assert_refused(&worker.create(&b, &place.sink()).await, 409, &format!("Connector {b} already exists"));
    assert_eq!(worker.get("/connectors").await.1, json!([a, b]));
    assert_eq!(
        worker.get(&format!("/connectors/{b}/tasks")).await.1[0]["id"],
        json!({ "connector": b, "task": 0 })
    );

    // A pause is one of the connector, by its own name.
    let paused = worker.request(Method::PUT, &format!("/connectors/{b}/pause"));
    assert_eq!(Worker::answer(paused).await.0, 202);
    worker.until(&b, "PAUSED").await;
    worker.process.kill().await;
    let worker = place.worker(&[]).await;
    assert_eq!(worker.get("/connectors").await.1, json!([a, b]));
    worker.until(&b, "PAUSED").await;
    worker.until(&a, "RUNNING").await;
    place.lead("Second").await;
    assert_eq!(Worker::answer(worker.request(Method::PUT, &format!("/connectors/{b}/resume"))).await.0, 202);
    place.arrives("Second").await;

    // What is shown can be sent back: the secrets that are kept stay.
    let (_, mut config) = worker.get(&format!("/connectors/{b}/config")).await;
    assert_eq!(config["salesforce.consumer.secret"], HIDDEN);
    config["tasks.max"] = json!("2");
    let (code, said) = worker.send(Method::PUT, &format!("/connectors/{b}/config"), &config).await;
    assert_eq!((code, &said["config"]["tasks.max"]), (200, &json!("2")), "{said}");
    let path = format!("/connectors/{b}/config");
    let (code, said) = worker
        .send(Method::PATCH, &path, &json!({ "tasks.max": "1", "confluent.topic.replication.factor": null }))
        .await;
    assert_eq!((code, &said["config"]["tasks.max"]), (200, &json!("1")), "{said}");
    assert!(said["config"].get("confluent.topic.replication.factor").is_none(), "{said}");
    worker.until(&b, "RUNNING").await;
    place.lead("Third").await;
    place.arrives("Third").await;

    assert_eq!(worker.delete(&b).await.0, 204);
    assert_refused(&worker.delete(&b).await, 404, &format!("Connector {b} not found"));
    assert_refused(&worker.get(&format!("/connectors/{b}")).await, 404, "not found");
    assert_refused(&worker.get(&format!("/connectors/{b}/status")).await, 404, "No status found");
    place.lead("Fourth").await;
    let topic = place.topic();
    let mut left = 600;
    while place.world.read(&topic).await.len() < 4 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        left -= 1;
        assert!(left > 0, "the source never brings it");
    }
    let finished = worker.process.terminate().await.expect_code(0);
    assert_eq!(place.world.b.count("Lead"), 3, "a connector that is gone writes nothing");
    for secret in place.secrets() {
        assert!(!finished.stderr.contains(&secret), "a secret is in the log");
    }
    let worker = place.worker(&[]).await;
    assert_eq!(worker.get("/connectors").await.1, json!([a]));
    worker.process.terminate().await.expect_code(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_run_is_refused_in_kafka_connects_words_and_nothing_is_kept() {
    let Some(place) = Place::start().await else { return };
    let worker = place.worker(&[]).await;
    for (body, code, part) in [
        (json!({ "name": "x", "config": { "topics": "t" } }), 400, "contains no connector type"),
        (
            json!({ "name": "x", "config": { "connector.class": "Nope" } }),
            400,
            "Failed to find any class that implements Connector",
        ),
        (
            json!({ "name": "x", "config": with(place.sink(), json!({ "name": "y" })) }),
            400,
            "Connector name configuration (y) doesn't match",
        ),
        (json!({ "name": " ", "config": place.sink() }), 400, "String may not be empty"),
        (
            json!({ "name": "x", "config": with(place.sink(), json!({ "tasks.max": "no", "topics.regex": "a" })) }),
            400,
            "contains the following 2 error(s):\n",
        ),
        (
            json!({ "name": "x", "config": with(place.sink(), json!({ "salesforce.password": HIDDEN })) }),
            400,
            "none is",
        ),
        (
            json!({ "name": "x", "config": with(place.sink(), json!({ "salesforce.password": "${env:HOME}" })) }),
            400,
            "config provider",
        ),
        (
            json!({ "name": "x", "config": with(place.sink(), json!({ "topics": "{{secrets.HOME}}" })) }),
            400,
            "not had over REST",
        ),
        (
            json!({ "name": "x", "config": with(place.source(), json!({ "topic.creation.default.partitions": "7" })) }),
            400,
            "kafka.topics.partitions",
        ),
        (
            json!({ "name": "x", "config": { "a": { "b": 1 } } }),
            500,
            "Cannot deserialize value of type `java.lang.String` from Object value",
        ),
        (json!({ "name": "x" }), 400, "no `config`"),
        (json!([]), 500, "Cannot deserialize"),
    ] {
        let answer = worker.send(Method::POST, "/connectors", &body).await;
        assert_refused(&answer, code, part);
        for secret in place.secrets() {
            assert!(!answer.1.to_string().contains(&secret), "{}", answer.1);
        }
    }
    // The second command of the documentation sends the whole file to where its inner object belongs.
    let whole = json!({ "name": "x", "config": place.sink() });
    assert_refused(
        &worker.send(Method::PUT, "/connectors/x/config", &whole).await,
        500,
        "Cannot deserialize value of type `java.lang.String` from Object value (token `JsonToken.START_OBJECT`)",
    );
    for (body, code) in [("{", 500), ("", 400), ("null", 400), ("\u{0}", 500)] {
        let request = worker.request(Method::POST, "/connectors").header("content-type", "application/json");
        assert_eq!(Worker::answer(request.body(body)).await.0, code, "{body:?}");
    }
    let huge = format!("{{\"name\": \"{}\"}}", "x".repeat(5_000_000));
    let request = worker.request(Method::POST, "/connectors").header("content-type", "application/json");
    let request = request.body(huge).build().unwrap();
    // The connection ends with the answer.
    assert_eq!(
        Client::builder()
            .timeout(Duration::from_secs(30))
            .build()
            .unwrap()
            .execute(request)
            .await
            .unwrap()
            .status()
            .as_u16(),
        413
    );
    assert_refused(
        &worker.send(Method::PATCH, "/connectors/none/config", &json!({ "a": "b" })).await,
        404,
        "Connector none not found",
    );
    // What cannot be kept is not said to be there.
    std::fs::create_dir(place.state().join("connectors.json.new")).unwrap();
    assert_refused(&worker.create("x", &place.sink()).await, 500, "nothing has changed");
    std::fs::remove_dir(place.state().join("connectors.json.new")).unwrap();
    assert_eq!(worker.get("/connectors").await.1, json!([]));
    // Two at once: one of them makes it.
    let config = place.sink();
    let answers = futures_util::future::join_all((0..5).map(|_| worker.create("x", &config))).await;
    let mut codes: Vec<u16> = answers.iter().map(|answer| answer.0).collect();
    codes.sort_unstable();
    assert_eq!(codes, [201, 409, 409, 409, 409]);
    let finished = worker.process.terminate().await.expect_code(0);
    for secret in place.secrets() {
        assert!(!finished.stderr.contains(&secret), "a secret is in the log");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connector_whose_org_refuses_the_login_fails_alone_and_runs_once_it_is_mended() {
    let Some(place) = Place::start().await else { return };
    let worker = place.worker(&[]).await;
    let name = format!("{} ü/%", place.world.pipeline);
    let path = format!("/connectors/{}%20%C3%BC%2F%25", place.world.pipeline);
    let from = format!("{}-from", place.world.pipeline);
    assert_eq!(worker.create(&from, &place.source()).await.0, 201);
    worker.until(&from, "RUNNING").await;
    let wrong = with(place.sink(), json!({ "salesforce.password": "wr0ng-s3cr3t" }));
    assert_eq!(worker.create(&name, &wrong).await.0, 201);
    let mut said = Json::Null;
    for _ in 0..300 {
        said = worker.get(&format!("{path}/status")).await.1;
        if said["connector"]["state"] == "FAILED" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!((&said["connector"]["state"], &said["tasks"]), (&json!("FAILED"), &json!([])), "{said}");
    assert!(said["connector"]["trace"].as_str().unwrap().contains("invalid_grant"), "{said}");
    assert_eq!(said["name"], json!(name));
    worker.until_health(503).await;
    place.lead("First").await;
    worker.until(&from, "RUNNING").await;
    // It is as it was after a restart of the process, which goes on without it.
    worker.process.kill().await;
    let worker = place.worker(&[]).await;
    worker.until(&from, "RUNNING").await;
    assert_eq!(worker.get("/connectors").await.1, json!([name, from]));
    let restarted = Worker::answer(worker.request(Method::POST, &format!("{path}/restart"))).await;
    assert_refused(&restarted, 500, "invalid_grant");
    let right = json!({ "salesforce.password": place.world.b.credentials().password });
    assert_eq!(worker.send(Method::PATCH, &format!("{path}/config"), &right).await.0, 200);
    place.arrives("First").await;
    worker.until_health(200).await;
    assert_eq!(Worker::answer(worker.request(Method::DELETE, &path)).await.0, 204);
    let finished = worker.process.terminate().await.expect_code(0);
    assert!(!finished.stderr.contains("wr0ng-s3cr3t"), "{}", finished.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_connector_that_was_answered_to_be_made_is_there_after_a_kill_in_the_middle() {
    let Some(place) = Place::start().await else { return };
    let mut made = Vec::new();
    for round in 0..3_u64 {
        let worker = place.worker(&[]).await;
        let all = worker.get("/connectors").await.1;
        for name in &made {
            assert!(all.as_array().unwrap().contains(&json!(name)), "{name} is not in {all}");
        }
        let (http, url, config) = (worker.http.clone(), worker.url.clone(), place.sink());
        let making = tokio::spawn(async move {
            let mut made = Vec::new();
            for number in 0..100 {
                let name = format!("made-{round}-{number}");
                let body = json!({ "name": name, "config": config, "initial_state": "STOPPED" });
                match http.post(format!("{url}/connectors")).json(&body).send().await {
                    Ok(answer) => {
                        assert_eq!(answer.status().as_u16(), 201);
                        made.push(name);
                    }
                    Err(_) => break,
                }
            }
            made
        });
        tokio::time::sleep(Duration::from_millis(300 + 170 * round)).await;
        worker.process.kill().await;
        made.extend(making.await.unwrap());
    }
    assert!(!made.is_empty());
    let worker = place.worker(&[]).await;
    let all = worker.get("/connectors").await.1;
    for name in &made {
        assert!(all.as_array().unwrap().contains(&json!(name)), "{name} is not in {all}");
        worker.until(name, "STOPPED").await;
    }
    worker.process.terminate().await.expect_code(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn beside_a_file_connectors_are_kept_and_what_the_file_says_is_changed_there() {
    let Some(place) = Place::start().await else { return };
    let world = &place.world;
    world.edit("state: ./state", "state: ./state\nhttp: { listen: '127.0.0.1:0' }");
    world.prime().await;
    let worker = Worker::of(world.run(&[]), world, "state").await;
    let half = format!("{}-sink", world.pipeline);
    for (method, path) in [
        (Method::PUT, format!("/connectors/{half}/config")),
        (Method::PATCH, format!("/connectors/{half}/config")),
    ] {
        assert_refused(&worker.send(method, &path, &place.sink()).await, 409, "change the file and apply it");
    }
    assert_refused(&worker.delete(&half).await, 409, "change the file and apply it");
    assert_refused(&worker.create(&half, &place.sink()).await, 409, "already exists");
    // The file's topic, for org b as the file logs in to it.
    let name = format!("{}-beside", world.pipeline);
    let sink = with(
        place.sink(),
        json!({ "salesforce.grant.type": "CLIENT_CREDENTIALS", "topics": world.topic("Lead"), "salesforce.sink.object.operation": "upsert" }),
    );
    let (code, said) = worker.create(&name, &sink).await;
    assert_eq!(code, 201, "{said}");
    worker.until(&name, "RUNNING").await;
    let applied = world.command(&["apply", "orgstream.yaml", "--json"]).finish().await.expect_code(0);
    let said: Json = serde_json::from_str(&applied.stdout).unwrap();
    assert_eq!(said["unchanged"].as_array().unwrap().len(), 2, "{said}");
    world.edit("retry_for: 15m", "retry_for: 7m");
    let applied = world.command(&["apply", "orgstream.yaml", "--json"]).finish().await.expect_code(0);
    let said: Json = serde_json::from_str(&applied.stdout).unwrap();
    assert_eq!(
        (&said["restarted"], &said["unchanged"]),
        (&json!([world.pipeline]), &json!([name])),
        "{said}"
    );
    worker.process.kill().await;
    let worker = Worker::of(world.run(&[]), world, "state").await;
    worker.until(&name, "RUNNING").await;
    place.lead("First").await;
    place.arrives("First").await;
    assert_eq!(worker.delete(&name).await.0, 204);
    worker.until(&half, "RUNNING").await;
    worker.process.terminate().await.expect_code(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sink_that_is_made_goes_on_where_the_connector_of_its_name_has_committed() {
    let Some(place) = Place::start().await else { return };
    let worker = place.worker(&[]).await;
    let (from, into) = (format!("{}-from", place.world.pipeline), format!("{}-into", place.world.pipeline));
    assert_eq!(worker.create(&from, &place.source()).await.0, 201);
    worker.until(&from, "RUNNING").await;
    for name in ["Written before", "New"] {
        place.lead(name).await;
    }
    let topic = place.topic();
    let mut left = 600;
    while place.world.read(&topic).await.len() < 2 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        left -= 1;
        assert!(left > 0, "the source never brings them");
    }
    let first = place.world.read(&topic).await[0].at.clone();
    let kafka = KafkaConfig {
        bootstrap_servers: place.world.bootstrap_servers.clone(),
        partitions: None,
        replication_factor: None,
        ..KafkaConfig::default()
    };
    let admin = Admin::connect(&kafka).await.unwrap();
    let commit = GroupCommit { offset: first.offset + 1, ..GroupCommit::default() };
    admin.commit(&format!("connect-{into}"), [(first.partition, commit)].into()).await.unwrap();
    let sink = with(place.sink(), json!({ "salesforce.sink.object.operation": "insert" }));
    let (code, said) = worker.create(&into, &sink).await;
    assert_eq!(code, 201, "{said}");
    place.arrives("New").await;
    worker.process.kill().await;
    let worker = place.worker(&[]).await;
    place.lead("Later").await;
    place.arrives("Later").await;
    let mut names: Vec<Json> = place.world.b.rows("Lead").iter().map(|row| row["LastName"].clone()).collect();
    names.sort_by_key(ToString::to_string);
    assert_eq!(names, ["Later", "New"]);
    worker.process.terminate().await.expect_code(0);
}
