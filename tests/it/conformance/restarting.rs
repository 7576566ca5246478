//! A broker of a check's own that can be killed and started again with its data.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use super::broker::Broker;
use crate::support::Kafka;

/// A broker that runs as a process.
pub(super) struct Restarting {
    dir: TempDir,
    kind: Process,
    /// At the same address all the time.
    pub(super) broker: Broker,
}

enum Process {
    Apache(Option<Kafka>),
    Embedded(Child),
}

impl Restarting {
    /// A new broker of the same kind as `like`.
    pub(super) fn start(like: &Broker) -> Self {
        if std::ptr::eq(like, super::broker::embedded()) { Self::embedded() } else { Self::apache() }
    }

    /// The embedded broker, as `orgstream broker`.
    pub(super) fn embedded() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let (child, address) = start_embedded(dir.path().join("data"), 0);
        Self { dir, kind: Process::Embedded(child), broker: Broker::at(address) }
    }

    fn apache() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let kafka = Kafka::start_at(dir.path(), None).expect("another Kafka starts");
        let broker = Broker::at(kafka.bootstrap_servers());
        Self { dir, kind: Process::Apache(Some(kafka)), broker }
    }

    /// SIGKILL, and a start with what is left.
    pub(super) fn kill_and_start(&mut self) {
        let address = self.broker.bootstrap_servers().to_owned();
        let port = address.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
        match &mut self.kind {
            Process::Embedded(child) => {
                child.kill().expect("it can be killed");
                child.wait().expect("it has ended");
                (*child, _) = start_embedded(self.dir.path().join("data"), port);
            }
            Process::Apache(kafka) => {
                kafka.take().expect("it runs").kill();
                *kafka = Some(Kafka::start_at(self.dir.path(), Some(port)).expect("it starts again"));
            }
        }
    }
}

impl Drop for Restarting {
    fn drop(&mut self) {
        if let Process::Embedded(child) = &mut self.kind {
            child.kill().ok();
            child.wait().ok();
        }
    }
}

fn start_embedded(data: PathBuf, port: u16) -> (Child, String) {
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
    (child, address)
}
