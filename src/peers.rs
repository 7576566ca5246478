//! Real servers for unit tests, started by the scripts in `tests/peers` and ended with the test process.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value as Json;
use url::Url;

use crate::kafka::KafkaConfig;

/// An Apache Kafka broker that all tests of this process share; every test has topics and groups of its own.
/// `None` means that there is none here and none is required; the reason was printed.
pub(crate) fn kafka() -> Option<KafkaConfig> {
    static KAFKA: OnceLock<Option<Peer>> = OnceLock::new();
    let peer = KAFKA.get_or_init(|| Peer::start("kafka.sh", &[])).as_ref()?;
    let bootstrap_servers = peer.address("bootstrap_servers");
    Some(KafkaConfig {
        bootstrap_servers,
        partitions: Some(3),
        replication_factor: Some(-1),
        ..KafkaConfig::default()
    })
}

/// A broker of a test's own, which it may stop and start again at the same address with the same data.
pub(crate) struct OwnKafka {
    data: tempfile::TempDir,
    port: String,
    peer: Option<Peer>,
}

impl OwnKafka {
    /// `None` as [`kafka`].
    pub(crate) fn start() -> Option<Self> {
        let data = tempfile::tempdir().unwrap();
        let peer = Peer::start("kafka.sh", &["--data", data.path().to_str().unwrap()])?;
        let port = peer.address("bootstrap_servers").rsplit_once(':').unwrap().1.to_owned();
        Some(Self { data, port, peer: Some(peer) })
    }

    pub(crate) fn config(&self) -> KafkaConfig {
        let bootstrap_servers = format!("127.0.0.1:{}", self.port);
        KafkaConfig {
            bootstrap_servers,
            partitions: Some(1),
            replication_factor: Some(-1),
            ..KafkaConfig::default()
        }
    }

    /// Stops the broker in order.
    pub(crate) fn stop(&mut self) {
        self.peer = None;
    }

    /// Starts it again.
    pub(crate) fn start_again(&mut self) {
        let data = self.data.path().to_str().unwrap();
        self.peer = Peer::start("kafka.sh", &["--data", data, "--port", &self.port]);
        assert!(self.peer.is_some());
    }
}

/// A schema registry, shared and absent as [`kafka`].
pub(crate) fn registry() -> Option<Url> {
    static REGISTRY: OnceLock<Option<Peer>> = OnceLock::new();
    let peer = REGISTRY.get_or_init(|| Peer::start("registry.sh", &[])).as_ref()?;
    Some(Url::parse(&peer.address("url")).unwrap())
}

/// A name that no other test and no other run uses.
pub(crate) fn unique(name: &str) -> String {
    format!("{name}.{}", uuid::Uuid::new_v4().simple())
}

struct Peer {
    ready: Json,
    /// The peer ends when its standard input closes: at the latest with this process.
    child: Child,
}

impl Drop for Peer {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        self.child.wait().ok();
    }
}

impl Peer {
    fn start(script: &str, arguments: &[&str]) -> Option<Self> {
        let path = format!("{}/tests/peers/{script}", env!("CARGO_MANIFEST_DIR"));
        let mut child =
            Command::new(path).args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        if let Ok(ready) = serde_json::from_str(&line) {
            return Some(Self { ready, child });
        }
        let ended = child.wait().unwrap();
        let required = std::env::var_os("ORGSTREAM_REQUIRE_PEERS").is_some();
        assert!(!required, "{script} did not start: {ended}");
        println!("skipped: {script} did not start: {ended}");
        None
    }

    fn address(&self, key: &str) -> String {
        self.ready[key].as_str().unwrap().to_owned()
    }
}
