//! Apache Kafka and the schema registry, started by their scripts under `tests/peers`.
//!
//! A peer ends with its script, and the script with this process: it reads our end of its standard input.

use std::io::{BufRead, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value as Json;

/// A running peer. Dropping it ends it.
#[derive(Debug)]
struct Peer {
    child: Child,
    ready: Json,
}

impl Peer {
    fn start(script: &str, arguments: &[&str]) -> Result<Self, String> {
        Self::start_program(&peers_dir().join(script), arguments)
    }

    fn start_program(path: &Path, arguments: &[&str]) -> Result<Self, String> {
        let mut child = Command::new(path)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{} does not start: {error}", path.display()))?;
        let stdout = child.stdout.take().expect("stdout is piped");
        let mut line = String::new();
        let read = BufReader::new(stdout).read_line(&mut line);
        let ready = read.ok().and_then(|_| serde_json::from_str(&line).ok());
        let Some(ready) = ready else {
            child.kill().ok();
            child.wait().ok();
            return Err(format!("{} said `{}` instead of its addresses", path.display(), line.trim()));
        };
        Ok(Self { child, ready })
    }

    fn text(&self, key: &str) -> String {
        self.ready[key].as_str().unwrap_or_else(|| panic!("{} has no {key}", self.ready)).to_owned()
    }
}

impl Peer {
    #[expect(clippy::disallowed_methods, reason = "nobody else waits on this thread")]
    /// SIGKILL: the server has no time to put anything in order.
    fn kill(mut self) {
        // The server dies with its script.
        self.child.kill().expect("the script can be killed");
        self.child.wait().expect("the script has ended");
        let server = format!("/proc/{}", self.ready["pid"]);
        while Path::new(&server).exists() {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // Closing its standard input asks the script to stop its server and to clean up.
        drop(self.child.stdin.take());
        self.child.wait().ok();
    }
}

/// An Apache Kafka broker.
#[derive(Debug)]
pub(crate) struct Kafka(Peer);

impl Kafka {
    /// A broker of the test's own, on `port` with its data in `data`, so that it can be started again there.
    pub(crate) fn start_at(data: &Path, port: Option<u16>) -> Result<Self, String> {
        let data = data.to_str().expect("temporary paths are UTF-8");
        let port = port.map(|port| port.to_string());
        let mut arguments = vec!["--data", data];
        if let Some(port) = &port {
            arguments.extend(["--port", port]);
        }
        Peer::start("kafka.sh", &arguments).map(Self)
    }

    pub(crate) fn bootstrap_servers(&self) -> String {
        self.0.text("bootstrap_servers")
    }

    /// SIGKILL: the broker has no time to put anything in order.
    pub(crate) fn kill(self) {
        self.0.kill();
    }
}

/// A broker with listeners that ask for certificates and passwords, which tests share.
#[derive(Debug)]
pub(crate) struct SecuredKafka(Peer);

impl SecuredKafka {
    /// `None` where it cannot be had and need not be.
    pub(crate) fn shared() -> Option<&'static Self> {
        static PEER: OnceLock<Result<SecuredKafka, String>> = OnceLock::new();
        let peer = PEER.get_or_init(|| Peer::start("kafka.sh", &["--secured"]).map(Self));
        peer.as_ref().map_err(|reason| skip(reason)).ok()
    }

    /// The address of a listener: `tls`, `mtls`, `login`, `login_tls`, or `bootstrap_servers` without any of it.
    pub(crate) fn address(&self, listener: &str) -> String {
        self.0.text(listener)
    }

    /// A PEM file of the broker or its clients.
    pub(crate) fn pem(&self, name: &str) -> String {
        format!("{}/{name}", self.0.text("certificates"))
    }
}

/// A TLS server in front of an HTTP server. It ends when this is dropped.
#[derive(Debug)]
pub(crate) struct TlsProxy(Peer);

impl TlsProxy {
    /// In front of `upstream`, with certificates of [`SecuredKafka::pem`]; `arguments` as the script says.
    pub(crate) fn start(upstream: &str, certificates: &str, arguments: &[&str]) -> Self {
        let own = ["--upstream", upstream, "--certificates", certificates];
        let path = peers_dir().join("python/tls_proxy.py");
        let path = path.to_str().expect("the path is UTF-8");
        let all = [&[path], &own[..], arguments].concat();
        Self(Peer::start_program(Path::new("python3"), &all).expect("the proxy starts"))
    }

    pub(crate) fn url(&self) -> String {
        self.0.text("url")
    }
}

/// A Bayeux server in front of a simulated org.
#[derive(Debug)]
pub(crate) struct Bayeux(Peer);

impl Bayeux {
    /// A server that offers these transports, on `port` with its data in `data`, so that it can be started again there;
    /// `None` where it cannot be had and need not be.
    pub(crate) fn start_at(upstream: &str, data: &Path, port: Option<u16>, transports: &str) -> Option<Self> {
        let data = data.to_str().expect("temporary paths are UTF-8");
        let port = port.map(|port| port.to_string());
        let mut arguments = vec!["--upstream", upstream, "--data", data, "--transports", transports];
        if let Some(port) = &port {
            arguments.extend(["--port", port]);
        }
        Peer::start("bayeux.sh", &arguments).map(Self).map_err(|reason| skip(&reason)).ok()
    }

    pub(crate) fn url(&self) -> String {
        self.0.text("url")
    }

    /// The file that keeps its events.
    pub(crate) fn store(&self) -> PathBuf {
        self.0.text("store").into()
    }

    /// The process of the server.
    pub(crate) fn pid(&self) -> i32 {
        self.0.ready["pid"].as_i64().and_then(|pid| pid.try_into().ok()).expect("a pid")
    }

    /// SIGKILL: the server has no time to put anything in order.
    pub(crate) fn kill(self) {
        self.0.kill();
    }
}

/// A schema registry.
#[derive(Debug)]
pub(crate) struct Registry(Peer);

impl Registry {
    pub(crate) fn url(&self) -> String {
        self.0.text("url")
    }
}

/// A Kafka Connect worker with the connectors for files.
#[derive(Debug)]
pub(crate) struct ConnectWorker(Peer);

impl ConnectWorker {
    /// A worker of the test's own, on these brokers.
    pub(crate) fn start(bootstrap_servers: &str) -> Option<Self> {
        match Peer::start("connect.sh", &["--bootstrap", bootstrap_servers]) {
            Ok(peer) => Some(Self(peer)),
            Err(reason) => {
                skip(&reason);
                None
            }
        }
    }

    pub(crate) fn url(&self) -> String {
        self.0.text("url")
    }
}

/// The broker and registry that tests share; each test has topics, groups and pipelines of its own.
///
/// `None` means that they cannot be had and need not be.
pub(crate) fn shared_peers() -> Option<&'static (Kafka, Registry)> {
    static PEERS: OnceLock<Result<(Kafka, Registry), String>> = OnceLock::new();
    let peers = PEERS.get_or_init(|| {
        let kafka = Peer::start("kafka.sh", &[])?;
        let registry = Peer::start("registry.sh", &[])?;
        Ok((Kafka(kafka), Registry(registry)))
    });
    match peers {
        Ok(peers) => Some(peers),
        Err(reason) => {
            skip(reason);
            None
        }
    }
}

/// Notes that this test is skipped for want of a peer, where `tests/run` reports it; fails where peers are required.
pub(crate) fn skip(reason: &str) {
    assert!(std::env::var_os("ORGSTREAM_REQUIRE_PEERS").is_none(), "{reason}");
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    if let Some(path) = std::env::var_os("ORGSTREAM_SKIPPED") {
        let file = std::fs::OpenOptions::new().append(true).create(true).open(path);
        file.and_then(|mut file| writeln!(file, "{test}: {reason}"))
            .expect("the list of skipped tests is written");
    }
}

fn peers_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers")
}
