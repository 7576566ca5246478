//! A broker of a test's own that can be stopped, killed, and started again at the same address with its data.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use super::peers::Kafka;

/// Which broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Apache Kafka.
    Apache,
    /// `orgstream broker`.
    Embedded,
}

/// A broker that runs as a process. It ends when this is dropped.
#[derive(Debug)]
pub(crate) struct OwnBroker {
    kind: Kind,
    dir: TempDir,
    port: u16,
    process: Option<Process>,
}

#[derive(Debug)]
enum Process {
    Apache(Kafka),
    Embedded(Killed),
}

/// A child that is killed when this is dropped.
#[derive(Debug)]
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

impl OwnBroker {
    /// A new broker.
    pub(crate) fn start(kind: Kind) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let mut broker = Self { kind, dir, port: 0, process: None };
        broker.start_again();
        broker
    }

    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self) {
        match self.process.take().expect("it runs") {
            Process::Apache(kafka) => kafka.kill(),
            Process::Embedded(child) => drop(child),
        }
    }

    /// Starts at the same address with what is left.
    pub(crate) fn start_again(&mut self) {
        let (process, address) = match self.kind {
            Kind::Apache => {
                let port = (self.port != 0).then_some(self.port);
                let kafka = Kafka::start_at(self.dir.path(), port).expect("Kafka starts");
                let address = kafka.bootstrap_servers();
                (Process::Apache(kafka), address)
            }
            Kind::Embedded => {
                let (child, address) = start_embedded(&self.dir.path().join("data"), self.port);
                (Process::Embedded(child), address)
            }
        };
        self.process = Some(process);
        self.port = address.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
    }
}

fn start_embedded(data: &Path, port: u16) -> (Killed, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_orgstream"))
        .args(["broker", "--port", &port.to_string(), "--data"])
        .arg(data)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("a first line");
    let said: serde_json::Value = serde_json::from_str(&line).expect("JSON");
    let address = said["bootstrap_servers"].as_str().expect("an address").to_owned();
    (Killed(child), address)
}
