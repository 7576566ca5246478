//! orgstream as a process of its own, and what the system says of it.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value as Json;

/// A process that is killed when this is dropped.
pub(super) struct Process {
    child: Child,
    /// Its first line, for commands that say where they are.
    pub(super) said: Json,
}

impl Process {
    /// Starts `orgstream` in `dir`; with `announces` waits for its first line.
    pub(super) fn start(dir: &Path, arguments: &[&str], announces: bool) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_orgstream"))
            .args(arguments)
            .current_dir(dir)
            .env("RUST_LOG", "error")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut line = String::new();
        if announces {
            let stdout = child.stdout.take().expect("stdout is piped");
            BufReader::new(stdout).read_line(&mut line).expect("a first line");
        }
        Self { child, said: serde_json::from_str(&line).unwrap_or_default() }
    }

    /// A text of the first line.
    pub(super) fn text(&self, key: &str) -> &str {
        self.said[key].as_str().unwrap_or_else(|| panic!("no {key} in {}", self.said))
    }

    /// A sandbox as an org of a file.
    pub(super) fn as_org(&self) -> String {
        format!(
            "{{ url: '{}', auth: {{ flow: client_credentials, client_id: '{}', client_secret: '{}' }} }}",
            self.text("login_url"),
            self.text("client_id"),
            self.text("client_secret")
        )
    }

    /// A line of its memory figures, in MB: `VmRSS` now, `VmHWM` at most.
    pub(super) fn memory_mb(&self, key: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("it runs");
        let line = status.lines().find(|line| line.starts_with(key)).expect("the figure is there");
        line.split_whitespace().nth(1).and_then(|kb| kb.parse::<u64>().ok()).expect("a number") / 1_024
    }
}

impl Process {
    /// Processor time it has used, in seconds.
    pub(super) fn cpu_seconds(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).expect("it runs");
        let behind_name = stat.rsplit(')').next().unwrap_or_default();
        let field = |at: usize| {
            let ticks = behind_name.split_whitespace().nth(at).and_then(|ticks| ticks.parse::<u32>().ok());
            // Linux counts in hundredths.
            f64::from(ticks.unwrap_or(0)) / 100.0
        };
        field(11) + field(12)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Asks a simulated org; `path` is behind `/sandbox`.
pub(super) fn sandbox(url: &str, path: &str) -> Json {
    let output =
        Command::new("curl").args(["-s", &format!("{url}/simulator/{path}")]).output().expect("curl runs");
    serde_json::from_slice(&output.stdout).unwrap_or_default()
}

/// Tells a simulated org something; `path` is behind `/simulator`.
pub(super) fn order(url: &str, path: &str, body: &str) {
    let arguments = ["-sf", &format!("{url}/simulator/{path}"), "-d", body];
    let done = Command::new("curl").args(arguments).output().expect("curl runs");
    assert!(done.status.success(), "{path} {body}: {}", String::from_utf8_lossy(&done.stdout));
}

/// Waits until `done` answers.
#[expect(clippy::disallowed_methods, reason = "nobody else waits on this thread")]
pub(super) fn until<T>(what: &str, mut done: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(answer) = done() {
            return answer;
        }
        assert!(began.elapsed() < Duration::from_mins(5), "never happened: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Time on the wall for `work`.
#[expect(clippy::disallowed_methods, reason = "a stop-watch")]
pub(super) fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let began = Instant::now();
    let done = work();
    (done, began.elapsed())
}

/// So many a second.
#[expect(clippy::cast_precision_loss, reason = "counts of records")]
pub(super) fn rate(count: u64, time: Duration) -> String {
    format!("{:.0}/s", count as f64 / time.as_secs_f64())
}
