//! `orgstream sandbox` as a process of its own, and other people's programs.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value as Json;

/// A sandbox org in its own process. Killed when dropped.
#[derive(Debug)]
pub(crate) struct Sandbox {
    child: Child,
    /// The line it prints: addresses and credentials as JSON.
    pub(crate) line: String,
}

impl Sandbox {
    pub(crate) fn start(name: &str) -> Self {
        Self::start_with(name, &[])
    }

    /// The same with more arguments.
    pub(crate) fn start_with(name: &str, arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_orgstream"))
            .args(["sandbox", "--port", "0"])
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("sandbox {name} does not start: {error}"));
        let mut line = String::new();
        let stdout = child.stdout.take().expect("stdout is piped");
        BufReader::new(stdout).read_line(&mut line).expect("the sandbox prints a line");
        Self { child, line: line.trim().to_owned() }
    }

    /// A member of the line.
    pub(crate) fn text(&self, name: &str) -> String {
        let line: Json = serde_json::from_str(&self.line).expect("the line is JSON");
        line[name].as_str().unwrap_or_else(|| panic!("no {name} in {line}")).to_owned()
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Installs a peer and answers what its script prints; `None` where this machine cannot have it and need not.
pub(crate) fn peer_install(script: &str) -> Option<String> {
    let path = peers_dir().join(script);
    let output = Command::new(&path).stderr(Stdio::piped()).output().expect("the script starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() {
        return Some(text(&output.stdout));
    }
    super::peers::skip(&format!("{}: {}", path.display(), text(&output.stderr)));
    None
}

/// Runs a script of `tests/peers` to its end and answers what it prints.
pub(crate) async fn run_script(program: &str, arguments: &[&str], environment: &[(&str, &str)]) -> String {
    let output = tokio::process::Command::new(program)
        .args(arguments)
        .envs(environment.iter().copied())
        .current_dir(peers_dir())
        .kill_on_drop(true)
        .output()
        .await
        .expect("the program starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    assert!(output.status.success(), "{program} {arguments:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

fn peers_dir() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers")
}
