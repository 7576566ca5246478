//! The clients, how each is installed and run, and what it found.

use std::collections::HashMap;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use serde::Deserialize;

use super::org::Judged;

/// A client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Client {
    SimpleSalesforce,
    Jsforce,
    Cometd,
    Aiosfstream,
}

/// How it reaches the org.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Scheme {
    Http,
    Tls,
}

/// One thing a client checked.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Check {
    /// Method and path as the table shows them.
    pub(crate) endpoint: String,
    /// `answer` or `error`.
    kind: String,
    /// What is promised.
    pub(crate) check: String,
    /// Whether it holds.
    pub(crate) ok: bool,
    /// What was found instead.
    pub(crate) detail: Option<String>,
}

impl Check {
    /// Whether the org was to refuse something.
    pub(crate) fn is_about_a_refusal(&self) -> bool {
        self.kind == "error"
    }
}

impl Client {
    /// All of them, as the table orders them.
    pub(crate) const ALL: [Self; 4] =
        [Self::SimpleSalesforce, Self::Jsforce, Self::Cometd, Self::Aiosfstream];

    /// Its name for people.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::SimpleSalesforce => "simple-salesforce",
            Self::Jsforce => "jsforce",
            Self::Cometd => "cometd",
            Self::Aiosfstream => "aiosfstream-ng",
        }
    }

    /// A run of fewer checks is no judgement.
    pub(crate) fn least_checks(self) -> usize {
        match self {
            Self::SimpleSalesforce | Self::Jsforce | Self::Cometd => 40,
            Self::Aiosfstream => 15,
        }
    }

    /// The installer below `tests/peers/salesforce`.
    fn installer(self) -> &'static str {
        match self {
            Self::SimpleSalesforce | Self::Aiosfstream => "python/install.sh",
            Self::Jsforce | Self::Cometd => "node/install.sh",
        }
    }

    /// The program that the installer made available, with the script.
    fn command(self, installed: &str) -> Command {
        let script = |path: &str| peers().join(path);
        match self {
            Self::SimpleSalesforce | Self::Aiosfstream => {
                let mut command = Command::new(installed);
                let folder = if self == Self::Aiosfstream {
                    "python/aiosfstream_judge"
                } else {
                    "python/simple_salesforce_judge"
                };
                command.arg("-B").arg(script(folder));
                command
            }
            Self::Jsforce | Self::Cometd => {
                let mut command = Command::new("node");
                let file =
                    if self == Self::Cometd { "node/cometd/judge.js" } else { "node/jsforce/judge.js" };
                command.arg(script(file)).env("NODE_PATH", installed);
                command
            }
        }
    }
}

type Verdict = Option<Arc<Vec<Check>>>;
type Runs = HashMap<(Client, Scheme), Arc<OnceLock<Verdict>>>;

/// What a client found. A run is made once, whoever asks; `None` when the client cannot be installed here.
pub(crate) fn verdict(client: Client, scheme: Scheme) -> Verdict {
    static RUNS: OnceLock<Mutex<Runs>> = OnceLock::new();
    let mut runs = RUNS.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner);
    let run = Arc::clone(runs.entry((client, scheme)).or_default());
    drop(runs);
    run.get_or_init(|| judged(client, scheme)).clone()
}

fn judged(client: Client, scheme: Scheme) -> Verdict {
    let installed = match installed(client) {
        Ok(installed) => installed,
        Err(reason) => {
            skip(&reason);
            return None;
        }
    };
    let org = Judged::start(scheme);
    let mut command = client.command(&installed);
    command.arg(org.announcement.to_string()).stdin(Stdio::null()).stdout(Stdio::piped());
    // A proxy of this machine must not stand between the client and the loopback interface.
    for proxy in ["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY"] {
        command.env_remove(proxy);
    }
    if let Some(certificate) = org.announcement["ca_certificate"].as_str() {
        for variable in ["REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"] {
            command.env(variable, certificate);
        }
    }
    let output = command.output().expect("the client starts");
    let said = String::from_utf8_lossy(&output.stdout);
    let checks: Vec<Check> = said.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let failed = checks.iter().any(|check| !check.ok);
    assert!(
        output.status.success() || failed,
        "{} ended with {} after {} checks: {}",
        client.name(),
        output.status,
        checks.len(),
        String::from_utf8_lossy(&output.stderr)
    );
    Some(Arc::new(checks))
}

/// Runs the installer and answers what it printed.
fn installed(client: Client) -> Result<String, String> {
    let installer = peers().join(client.installer());
    let output = Command::new(&installer).stdin(Stdio::null()).output().map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
    }
    let reason = String::from_utf8_lossy(&output.stderr).lines().last().unwrap_or_default().to_owned();
    Err(format!("{}: {reason}", installer.display()))
}

/// Notes that a test is skipped, where `tests/run` reports it; fails where peers are required.
fn skip(reason: &str) {
    assert!(std::env::var_os("ORGSTREAM_REQUIRE_PEERS").is_none(), "{reason}");
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    if let Some(path) = std::env::var_os("ORGSTREAM_SKIPPED") {
        let file = OpenOptions::new().append(true).create(true).open(path);
        file.and_then(|mut file| writeln!(file, "{test}: {reason}")).expect("the list can be written");
    }
}

fn peers() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/peers/salesforce"))
}
