//! Two orgs, a broker, a registry and one file, made in one call. Everything in it is the test's own, but for
//! the shared broker and registry, where it has topics, a group and pipelines of its own.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use orgstream_salesforce_simulator::Org;
use tempfile::TempDir;

use super::peers::shared_peers;
use super::process::{Finished, Running};
use super::rest::Rest;

static NEXT: AtomicU32 = AtomicU32::new(0);

/// What a world is to be like.
#[derive(Debug)]
pub(crate) struct WorldBuilder {
    start: &'static str,
    operation: &'static str,
    retry_for: &'static str,
    partitions: u32,
    kafka: Option<String>,
}

impl WorldBuilder {
    pub(crate) fn start_from(mut self, start: &'static str) -> Self {
        self.start = start;
        self
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

    /// Makes the world; `None` where the peers cannot be had and need not be.
    pub(crate) async fn build(self) -> Option<World> {
        let (kafka, registry) = shared_peers()?;
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let pipeline = format!("w{}-{number}", std::process::id());
        let dir = tempfile::tempdir().expect("a directory");
        let a = Org::builder().name(format!("{pipeline}-a")).start().await.expect("org a starts");
        let b = Org::builder().name(format!("{pipeline}-b")).start().await.expect("org b starts");
        let in_a = Rest::login(&a).await;
        let bootstrap_servers = self.kafka.clone().unwrap_or_else(|| kafka.bootstrap_servers());
        let world = World { a, b, in_a, pipeline, bootstrap_servers, registry: registry.url(), dir };
        let text = world.config_text(&self);
        std::fs::write(world.file(), text).expect("the file is written");
        Some(world)
    }
}

/// Org A, org B and what is between them.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) a: Org,
    pub(crate) b: Org,
    /// Org A's user at work.
    pub(crate) in_a: Rest,
    pub(crate) pipeline: String,
    pub(crate) bootstrap_servers: String,
    pub(crate) registry: String,
    pub(crate) dir: TempDir,
}

impl World {
    pub(crate) fn builder() -> WorldBuilder {
        WorldBuilder { start: "earliest", operation: "sync", retry_for: "15m", partitions: 3, kafka: None }
    }

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
        self.run(&["--until-synced", "--quiet", "1s"]).finish().await
    }

    /// `orgstream verify FILE`; panics with the differences unless there are none.
    pub(crate) async fn verify(&self) {
        self.command(&["verify", "orgstream.yaml"]).finish().await.expect_code(0);
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Running {
        Running::start(self.dir.path(), arguments)
    }

    fn config_text(&self, builder: &WorldBuilder) -> String {
        let mut text = String::from("orgs:\n");
        for (name, org) in [("a", &self.a), ("b", &self.b)] {
            let credentials = org.credentials();
            writeln!(
                text,
                "  {name}: {{ url: \"{}\", auth: {{ flow: client_credentials, client_id: \"{}\", client_secret: \"{}\" }} }}",
                org.url(),
                credentials.client_id,
                credentials.client_secret
            )
            .expect("text grows");
        }
        let Self { pipeline, bootstrap_servers, registry, .. } = self;
        let WorldBuilder { start, operation, retry_for, partitions, .. } = builder;
        write!(
            text,
            "kafka:
  bootstrap_servers: {bootstrap_servers}
  topics: {{ partitions: {partitions}, replication_factor: 1 }}
schema_registry: {{ url: \"{registry}\" }}
state: ./state
pipelines:
  {pipeline}:
    source: {{ org: a, topic: \"{pipeline}.${{object}}\", start: {start} }}
    sink: {{ org: b, operation: {operation}, retry_for: {retry_for} }}
    objects:
      Account: {{ external_id: OrgA_Id__c }}
      Contact: {{ external_id: OrgA_Id__c }}
      Lead: {{ external_id: OrgA_Id__c }}
"
        )
        .expect("text grows");
        text
    }
}

/// Waits until `condition` holds; panics with `what` after a minute.
#[track_caller]
pub(crate) fn eventually(what: &str, mut condition: impl FnMut() -> bool) -> impl Future<Output = ()> {
    let what = what.to_owned();
    async move {
        for _ in 0..600 {
            if condition() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("never happened: {what}");
    }
}
