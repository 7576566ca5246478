//! The brokers that are measured.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value as Json;
use tempfile::TempDir;

use super::process::Process;

/// A broker with an address.
pub(super) enum Broker {
    Embedded(Process, #[expect(dead_code, reason = "it is removed when this is dropped")] TempDir),
    Apache(Child, String),
}

impl Broker {
    /// Both kinds, as far as this machine has them.
    pub(super) fn both() -> Vec<(&'static str, Self)> {
        let apache = Self::apache().map(|broker| ("Apache Kafka", broker));
        [("embedded broker", Self::embedded())].into_iter().chain(apache).collect()
    }

    pub(super) fn embedded() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let process = Process::start(dir.path(), &["broker", "--port", "0", "--data", "data"], true);
        Self::Embedded(process, dir)
    }

    /// As `tests/peers/kafka.sh` starts it; `None` where it cannot be installed.
    fn apache() -> Option<Self> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/kafka.sh");
        let mut child = Command::new(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the script starts");
        let mut line = String::new();
        let read = BufReader::new(child.stdout.take().expect("stdout is piped")).read_line(&mut line);
        let said = read.ok().and_then(|_| serde_json::from_str::<Json>(&line).ok()).unwrap_or_default();
        let Some(address) = said["bootstrap_servers"].as_str() else {
            child.wait().ok();
            return None;
        };
        Some(Self::Apache(child, address.to_owned()))
    }

    pub(super) fn address(&self) -> &str {
        match self {
            Self::Embedded(process, _) => process.text("bootstrap_servers"),
            Self::Apache(_, address) => address,
        }
    }

    /// Processor time it has used, in seconds.
    pub(super) fn cpu_seconds(&self) -> Option<f64> {
        match self {
            Self::Embedded(process, _) => Some(process.cpu_seconds()),
            Self::Apache(..) => None,
        }
    }

    /// Its resident memory in MB.
    pub(super) fn memory_mb(&self) -> Option<u64> {
        match self {
            Self::Embedded(process, _) => Some(process.memory_mb("VmRSS")),
            Self::Apache(..) => None,
        }
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        if let Self::Apache(child, _) = self {
            // Closing its standard input asks the script to stop its server.
            drop(child.stdin.take());
            child.wait().ok();
        }
    }
}
