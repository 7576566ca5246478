//! No secret is in anything that the program says: its log at its fullest, answers, figures, dead letters, what it keeps.

#![expect(
    clippy::unwrap_used,
    reason = "a test that meets what cannot be has failed, which is all there is to say"
)]

use std::fs;
use std::path::Path;
use std::time::Duration;

use orgstream_salesforce_simulator::{CallKind, Effect, Fault};
use reqwest::{Client, StatusCode};
use serde_json::{Value as Json, json};

use crate::support::{Finished, Rest, Running, SchemaStore, SecuredKafka, TlsProxy, World, eventually};

const KAFKA: &str = "alice-secret";
const REGISTRY: &str = "open-sesame";
const BASIC: &str = "pass-word-1";
const BEARER: &str = "t0ken-1";

/// What was said, with where.
#[derive(Default)]
struct Said(Vec<(String, Vec<u8>)>);

impl Said {
    fn hear(&mut self, place: &str, bytes: impl Into<Vec<u8>>) {
        let bytes = bytes.into();
        assert!(!bytes.is_empty(), "{place} said nothing, so that nothing could be found");
        self.0.push((place.to_owned(), bytes));
    }

    fn hear_program(&mut self, what: &str, finished: &Finished) {
        self.hear(what, format!("{}{}", finished.stdout, finished.stderr));
    }

    /// Every file below a directory.
    fn hear_files(&mut self, dir: &Path) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                self.hear_files(&path);
            } else if let Ok(bytes) = fs::read(&path) {
                self.0.push((path.display().to_string(), bytes));
            }
        }
    }

    fn has(&self, secret: &str) -> Vec<String> {
        let finds = |bytes: &[u8]| bytes.windows(secret.len()).position(|part| part == secret.as_bytes());
        let found = self.0.iter().filter_map(|(place, bytes)| Some((place, bytes, finds(bytes)?)));
        let near = |(place, bytes, at): (&String, &Vec<u8>, usize)| {
            let around = &bytes[at.saturating_sub(200)..(at + 100).min(bytes.len())];
            format!("{place}: …{}…", String::from_utf8_lossy(around))
        };
        found.map(near).collect()
    }
}

/// Brokers, registry, orgs and HTTP server that all ask who is there, and a record that org B refuses.
async fn world(kafka: &SecuredKafka, registry: &str) -> World {
    let world = World::builder().embedded().kafka(kafka.address("login_tls")).build().await.unwrap();
    let secrets = world.dir.path().join("secrets");
    fs::create_dir(&secrets).unwrap();
    let in_b = world.b.credentials().client_secret.clone();
    for (name, secret) in [("kafka", KAFKA), ("registry", REGISTRY), ("b", &in_b)] {
        fs::write(secrets.join(name), secret).unwrap();
    }
    world.edit(&format!("\"{in_b}\""), "'{{secrets.b}}'");
    let pem = kafka.pem("");
    world.edit(
        "kafka:\n",
        &format!(
            "secrets: {{ directory: ./secrets }}
schema_registry: {{ url: '{registry}', ca: '{pem}/ca.pem', basic_auth: {{ username: alice, password: '{{{{secrets.registry}}}}' }} }}
http: {{ listen: '127.0.0.1:0', auth: {{ basic: {{ ann: {BASIC} }}, bearer: {{ p: {BEARER} }} }} }}
kafka:
  security: {{ mechanism: SCRAM-SHA-512, username: alice, password: '{{{{secrets.kafka}}}}', ca: '{pem}/ca.pem' }}
"
        ),
    );
    let refusal = Effect::RecordError { code: "REQUIRED_FIELD_MISSING".to_owned(), message: "No".to_owned() };
    world.b.faults().add(Fault::new(CallKind::Write, refusal).containing("Refused"));
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_in_anything_that_is_said_or_kept() {
    let Some(kafka) = SecuredKafka::shared() else { return };
    let dir = tempfile::tempdir().unwrap();
    let store = SchemaStore::start(&dir.path().join("schemas.db"));
    // "alice:open-sesame" in base64.
    let wanted = ["--authorization", "Basic YWxpY2U6b3Blbi1zZXNhbWU="];
    let proxy = TlsProxy::start(&store.url, &kafka.pem(""), &wanted);
    let mut world = world(kafka, &proxy.url()).await;
    let mut said = Said::default();

    let running = Running::start_saying(world.dir.path(), "trace", &["run", "orgstream.yaml"]);
    world.in_a.create("Account", json!({ "Name": "Acme" })).await;
    world.in_a.create("Account", json!({ "Name": "Refused" })).await;
    eventually("the account arrives", || world.b.count("Account") == 1).await;
    // New sessions, with all that is said about it.
    world.a.expire_tokens();
    world.b.expire_tokens();
    world.in_a = Rest::login(&world.a).await;
    world.in_a.create("Account", json!({ "Name": "Again" })).await;
    eventually("it goes on with new sessions", || world.b.count("Account") == 2).await;
    answers(&world, &mut said).await;
    said.hear_program("the log", &running.terminate().await);

    let shown: &[&[&str]] = &[
        &["check", "orgstream.yaml"],
        &["config", "effective", "orgstream.yaml"],
        &["status", "orgstream.yaml", "--json"],
        &["offsets", "show", "orgstream.yaml"],
        &["verify", "orgstream.yaml"],
    ];
    for arguments in shown {
        let finished = Running::start_saying(world.dir.path(), "trace", arguments).finish().await;
        said.hear_program(&arguments.join(" "), &finished);
    }
    wrong_logins(&world, &mut said).await;
    said.hear_files(&world.dir.path().join("state"));
    world.link_mut().bootstrap_servers = kafka.address("bootstrap_servers");
    for letter in world.read(&orgstream::kafka::topics::dead_letters(&world.pipeline)).await {
        said.hear("a dead letter", format!("{:?}", letter.headers));
        said.hear("a dead letter", letter.value.unwrap_or_default());
    }
    assert!(said.0.iter().any(|(place, _)| place == "a dead letter"), "nothing was refused");

    assert!(!said.has("alice").is_empty(), "a user's name is no secret, and is not found");
    let of_orgs = [&world.a, &world.b].map(|org| org.credentials().client_secret.clone());
    // A session of an org: its id, as org A's and org B's tokens begin.
    let sessions = [&world.a, &world.b].map(|org| format!("{}!AQ", &org.id()[..15]));
    let in_base64 = ["YWxpY2U6b3Blbi1zZXNhbWU", "YW5uOnBhc3Mtd29yZC0x"];
    let secrets = [KAFKA, REGISTRY, BASIC, BEARER, "hunter2", "PRIVATE KEY"].into_iter();
    let secrets = secrets.chain(in_base64).chain(of_orgs.iter().chain(&sessions).map(String::as_str));
    for secret in secrets {
        let places = said.has(secret);
        assert!(places.is_empty(), "`{secret}` is in\n{}", places.join("\n"));
    }
}

/// All that the HTTP server answers.
async fn answers(world: &World, said: &mut Said) {
    let status = world.command(&["status", "orgstream.yaml", "--json"]).finish().await;
    let url: Json = serde_json::from_str(&status.stdout).unwrap();
    let url = url["status"]["http"].as_str().unwrap().to_owned();
    let http = Client::builder().timeout(Duration::from_secs(30)).build().unwrap();
    let mut paths: Vec<String> = [
        "/",
        "/live",
        "/health",
        "/ready",
        "/metrics",
        "/status",
        "/connectors",
        "/connector-plugins",
        "/admin/loggers",
    ]
    .map(str::to_owned)
    .into();
    paths.push("/connectors?expand=info&expand=status".to_owned());
    for half in ["source", "sink"] {
        for part in ["", "/config", "/status", "/tasks", "/topics", "/offsets"] {
            paths.push(format!("/connectors/{}-{half}{part}", world.pipeline));
        }
    }
    for path in paths {
        let request = http.get(format!("{url}{path}"));
        let known = request.try_clone().unwrap().bearer_auth(BEARER).send().await.unwrap();
        // What waits for a new session may be not ready for a moment.
        let is_told = known.status().is_success() || known.status() == StatusCode::SERVICE_UNAVAILABLE;
        assert!(is_told, "{path}: {known:?}");
        said.hear(&path, known.bytes().await.unwrap());
        let unknown = request.basic_auth("ann", Some("hunter2")).send().await.unwrap();
        said.hear(&path, unknown.bytes().await.unwrap());
    }
}

/// What is said of passwords that are wrong, in each place where one is written.
async fn wrong_logins(world: &World, said: &mut Said) {
    let secrets = world.dir.path().join("secrets");
    for name in ["kafka", "registry", "b"] {
        let right = fs::read(secrets.join(name)).unwrap();
        fs::write(secrets.join(name), "hunter2").unwrap();
        let arguments = ["run", "orgstream.yaml", "--until-synced", "--quiet", "1s"];
        let finished = Running::start_saying(world.dir.path(), "trace", &arguments).finish().await;
        assert_ne!(finished.code(), Some(0), "the wrong secret of {name} is taken");
        said.hear_program(&format!("a run with a wrong secret of {name}"), &finished);
        fs::write(secrets.join(name), right).unwrap();
    }
}
