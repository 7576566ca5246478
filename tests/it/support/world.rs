//! Two orgs, a broker, a registry and one file, made in one call. Everything in it is the test's own, but for
//! the shared broker and registry, where it has topics, a group and pipelines of its own.

use std::fmt::Write as _;
use std::ops::Deref;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use orgstream_salesforce_simulator::{Org, OrgBuilder};
use serde_json::Value as Json;
use tempfile::TempDir;

use super::embedded::embedded_broker;
use super::peers::shared_peers;
use super::process::{Finished, Running};
use super::rest::Rest;
use super::sandbox::{Sandbox, run_script};

static NEXT: AtomicU32 = AtomicU32::new(0);

/// The objects of a world that names no others.
const OBJECTS: &str = "\
Account: { external_id: OrgA_Id__c }
Contact: { external_id: OrgA_Id__c }
Lead: { external_id: OrgA_Id__c }
";

/// What makes org A another one than the default.
type Settings = Box<dyn FnOnce(OrgBuilder) -> OrgBuilder + Send>;

/// What a world is to be like.
pub(crate) struct WorldBuilder {
    start: &'static str,
    /// More keys of the pipeline's source, as a line of YAML each.
    source: Vec<String>,
    /// The pipeline's objects, as lines of YAML.
    objects: String,
    has_sink: bool,
    org_a: Settings,
    org_b: Settings,
    operation: &'static str,
    retry_for: &'static str,
    partitions: u32,
    kafka: Option<String>,
    embedded: bool,
}

impl Default for WorldBuilder {
    fn default() -> Self {
        Self {
            start: "snapshot",
            source: Vec::new(),
            objects: OBJECTS.to_owned(),
            has_sink: true,
            org_a: Box::new(|builder| builder),
            org_b: Box::new(|builder| builder),
            operation: "sync",
            retry_for: "15m",
            partitions: 3,
            kafka: None,
            embedded: false,
        }
    }
}

impl WorldBuilder {
    pub(crate) fn start_from(mut self, start: &'static str) -> Self {
        self.start = start;
        self
    }

    /// More keys of the source: lines such as `hydrate: false`.
    pub(crate) fn source(mut self, keys: &str) -> Self {
        self.source.extend(keys.lines().map(str::to_owned));
        self
    }

    /// Other objects: lines such as `Lead: { external_id: OrgA_Id__c }`.
    pub(crate) fn objects(mut self, objects: &str) -> Self {
        objects.clone_into(&mut self.objects);
        self
    }

    /// No sink: the pipeline ends on its topics.
    pub(crate) fn source_only(mut self) -> Self {
        self.has_sink = false;
        self
    }

    /// What is special about org A.
    pub(crate) fn org_a(mut self, settings: impl FnOnce(OrgBuilder) -> OrgBuilder + Send + 'static) -> Self {
        let before = self.org_a;
        self.org_a = Box::new(|builder| settings(before(builder)));
        self
    }

    /// What is special about org B.
    pub(crate) fn org_b(mut self, settings: impl FnOnce(OrgBuilder) -> OrgBuilder + Send + 'static) -> Self {
        let before = self.org_b;
        self.org_b = Box::new(|builder| settings(before(builder)));
        self
    }

    /// What happens from time to time happens every two seconds.
    pub(crate) fn fast(self) -> Self {
        self.source("sweep: { every: 2s }").org_a(|builder| builder.poll_hold(Duration::from_secs(2)))
    }

    pub(crate) fn operation(mut self, operation: &'static str) -> Self {
        self.operation = operation;
        self
    }

    pub(crate) fn retry_for(mut self, time: &'static str) -> Self {
        self.retry_for = time;
        self
    }

    pub(crate) fn partitions(mut self, partitions: u32) -> Self {
        self.partitions = partitions;
        self
    }

    /// A broker of the test's own instead of the shared one.
    pub(crate) fn kafka(mut self, bootstrap_servers: String) -> Self {
        self.kafka = Some(bootstrap_servers);
        self
    }

    /// The embedded broker, and the schema store of the program itself.
    pub(crate) fn embedded(mut self) -> Self {
        self.embedded = true;
        self
    }

    /// Makes the world, with orgs in this process; `None` where the peers cannot be had and need not be.
    pub(crate) async fn build(mut self) -> Option<World> {
        if !self.embedded {
            shared_peers()?;
        }
        let name = format!("{}-{}", std::process::id(), NEXT.load(Ordering::Relaxed));
        let settings = std::mem::replace(&mut self.org_a, Box::new(|builder| builder));
        let a = settings(Org::builder().name(format!("a-{name}"))).start().await.expect("org a starts");
        let settings = std::mem::replace(&mut self.org_b, Box::new(|builder| builder));
        let b = settings(Org::builder().name(format!("b-{name}"))).start().await.expect("org b starts");
        let login = |org: &Org| {
            let credentials = org.credentials();
            Login {
                url: org.url().to_owned(),
                client_id: credentials.client_id.clone(),
                client_secret: credentials.client_secret.clone(),
            }
        };
        let link = self.link(&login(&a), &login(&b))?;
        let in_a = Rest::login(&a).await;
        Some(World { a, b, in_a, link })
    }

    /// Only the file between two sandboxes.
    pub(crate) fn between(self, a: &Sandbox, b: &Sandbox) -> Option<Link> {
        let login = |org: &Sandbox| Login {
            url: org.text("login_url"),
            client_id: org.text("client_id"),
            client_secret: org.text("client_secret"),
        };
        self.link(&login(a), &login(b))
    }

    fn link(self, a: &Login, b: &Login) -> Option<Link> {
        let (bootstrap_servers, registry) = if self.embedded {
            (embedded_broker(), None)
        } else {
            let (kafka, registry) = shared_peers()?;
            (kafka.bootstrap_servers(), Some(registry.url()))
        };
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let link = Link {
            pipeline: format!("w{}-{number}", std::process::id()),
            bootstrap_servers: self.kafka.clone().unwrap_or(bootstrap_servers),
            registry,
            dir: tempfile::tempdir().expect("a directory"),
        };
        std::fs::write(link.file(), link.config_text(&self, a, b)).expect("the file is written");
        Some(link)
    }
}

/// How to log in to an org.
struct Login {
    url: String,
    client_id: String,
    client_secret: String,
}

/// Org A, org B and what is between them.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) a: Org,
    pub(crate) b: Org,
    /// Org A's user at work.
    pub(crate) in_a: Rest,
    link: Link,
}

/// What is between two orgs: a file in a directory of its own, a pipeline, a broker, a registry.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) pipeline: String,
    pub(crate) bootstrap_servers: String,
    /// Without one the program's own schema store is used.
    pub(crate) registry: Option<String>,
    pub(crate) dir: TempDir,
}

impl World {
    pub(crate) fn builder() -> WorldBuilder {
        WorldBuilder::default()
    }

    /// What is between the orgs, to be changed.
    pub(crate) fn link_mut(&mut self) -> &mut Link {
        &mut self.link
    }

    /// Has the file mean another org by `a`.
    pub(crate) fn put_in_place_of_a(&self, other: &Org) {
        self.put_in_place_of(&self.a, other);
    }

    /// Has the file mean another org by `b`.
    pub(crate) fn put_in_place_of_b(&self, other: &Org) {
        self.put_in_place_of(&self.b, other);
    }

    fn put_in_place_of(&self, org: &Org, other: &Org) {
        let (old, new) = (org.credentials(), other.credentials());
        self.edit(org.url(), other.url());
        self.edit(&old.client_id, &new.client_id);
        self.edit(&old.client_secret, &new.client_secret);
    }
}

impl Deref for World {
    type Target = Link;

    fn deref(&self) -> &Link {
        &self.link
    }
}

impl Link {
    pub(crate) fn file(&self) -> PathBuf {
        self.dir.path().join("orgstream.yaml")
    }

    /// The topic of an object.
    pub(crate) fn topic(&self, object: &str) -> String {
        format!("{}.{object}", self.pipeline)
    }

    /// Replaces `old` by `new` in the file; it must be there.
    pub(crate) fn edit(&self, old: &str, new: &str) {
        let text = std::fs::read_to_string(self.file()).expect("the file is there");
        assert!(text.contains(old), "no `{old}` in\n{text}");
        std::fs::write(self.file(), text.replace(old, new)).expect("the file is written");
    }

    /// Starts `orgstream run FILE` with more arguments.
    pub(crate) fn run(&self, arguments: &[&str]) -> Running {
        self.command(&[&["run", "orgstream.yaml"], arguments].concat())
    }

    /// `orgstream run FILE --until-synced`, to its end.
    pub(crate) async fn sync(&self) -> Finished {
        self.sync_with(&[]).await
    }

    /// As [`Link::sync`], with more arguments.
    pub(crate) async fn sync_with(&self, arguments: &[&str]) -> Finished {
        self.run(&[&["--until-synced", "--quiet", "1s"], arguments].concat()).finish().await
    }

    /// Runs once before anything is in org A, so that all that follows comes by events.
    pub(crate) async fn prime(&self) {
        self.sync().await.expect_code(0);
    }

    /// `orgstream verify FILE`; panics with the differences unless there are none.
    pub(crate) async fn verify(&self) {
        self.command(&["verify", "orgstream.yaml"]).finish().await.expect_code(0);
    }

    /// The records of a topic, as Confluent's client reads them; `python` is what its peer script installed.
    pub(crate) async fn read_as_confluent(&self, python: &str, topic: &str) -> Vec<Json> {
        let registry = self.registry.as_deref().expect("a registry of its own");
        let arguments = [
            "python/read_topic.py",
            "--bootstrap-servers",
            &self.bootstrap_servers,
            "--registry",
            registry,
            "--topic",
            topic,
        ];
        let lines = run_script(python, &arguments, &[]).await;
        lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Running {
        Running::start(self.dir.path(), arguments)
    }

    fn config_text(&self, builder: &WorldBuilder, a: &Login, b: &Login) -> String {
        let mut text = String::from("orgs:\n");
        for (name, login) in [("a", a), ("b", b)] {
            let Login { url, client_id, client_secret } = login;
            writeln!(
                text,
                "  {name}: {{ url: \"{url}\", auth: {{ flow: client_credentials, client_id: \"{client_id}\", client_secret: \"{client_secret}\" }} }}"
            )
            .expect("text grows");
        }
        let Self { pipeline, bootstrap_servers, .. } = self;
        if let Some(registry) = &self.registry {
            writeln!(text, "schema_registry: {{ url: \"{registry}\" }}").expect("text grows");
        }
        let WorldBuilder { start, operation, retry_for, partitions, .. } = builder;
        write!(
            text,
            "kafka:
  bootstrap_servers: {bootstrap_servers}
  topics: {{ partitions: {partitions}, replication_factor: 1 }}
state: ./state
pipelines:
  {pipeline}:
    source:
      org: a
      topic: \"{pipeline}.${{object}}\"
      start: {start}
"
        )
        .expect("text grows");
        for line in &builder.source {
            writeln!(text, "      {line}").expect("text grows");
        }
        if builder.has_sink {
            writeln!(text, "    sink: {{ org: b, operation: {operation}, retry_for: {retry_for} }}")
                .expect("text grows");
        }
        text.push_str("    objects:\n");
        for line in builder.objects.lines() {
            writeln!(text, "      {line}").expect("text grows");
        }
        text
    }
}

/// Waits until `condition` holds; panics with `what` after a minute.
pub(crate) async fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    for _ in 0..600 {
        if condition() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("never happened: {what}");
}
