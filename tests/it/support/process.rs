//! The program as a child process.

use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustix::process::Signal;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

use super::eventually;

/// Longer than any test's work; a program that takes longer hangs.
const PATIENCE: Duration = Duration::from_mins(4);

/// What a finished program left.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Finished {
    pub(crate) fn code(&self) -> Option<i32> {
        self.status.code()
    }

    /// Panics with all output unless the program ended with `code`.
    #[track_caller]
    pub(crate) fn expect_code(self, code: i32) -> Self {
        assert_eq!(self.code(), Some(code), "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }
}

/// The program while it runs. Killed when dropped.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    stdout: Output,
    stderr: Output,
}

#[expect(clippy::print_stderr, reason = "the harness shows it with the failed test")]
impl Drop for Running {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the program said:\n{}", self.stderr.text());
        }
    }
}

impl Running {
    /// Starts `orgstream` with these arguments in `dir`.
    pub(crate) fn start(dir: &Path, arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_orgstream"));
        command.args(arguments);
        Self::spawn(dir, command)
    }

    /// As [`Self::start`], with a log of this much.
    pub(crate) fn start_saying(dir: &Path, log: &str, arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_orgstream"));
        command.args(arguments);
        Self::spawn_saying(dir, log, command)
    }

    /// As [`Self::start`], with a disk that takes no more of any file than so many KiB.
    pub(crate) fn start_with_small_files(dir: &Path, kib: u32, arguments: &[&str]) -> Self {
        let mut command = Command::new("sh");
        // In blocks of 512 bytes. What is too much is then an error, and no signal.
        command.args(["-c", &format!("trap '' XFSZ; ulimit -f {}; exec \"$@\"", kib * 2), "sh"]);
        command.arg(env!("CARGO_BIN_EXE_orgstream")).args(arguments);
        Self::spawn(dir, command)
    }

    fn spawn(dir: &Path, command: Command) -> Self {
        let log = std::env::var("ORGSTREAM_TEST_LOG");
        Self::spawn_saying(dir, log.as_deref().unwrap_or("orgstream=info,warn"), command)
    }

    fn spawn_saying(dir: &Path, log: &str, mut command: Command) -> Self {
        let mut child = command
            .current_dir(dir)
            // What it leaves behind there is seen by the test.
            .env("TMPDIR", dir)
            .env("RUST_LOG", log)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the program starts");
        let stdout = Output::of(child.stdout.take().expect("piped"));
        let stderr = Output::of(child.stderr.take().expect("piped"));
        Self { child, stdout, stderr }
    }

    /// Whether it has not ended yet.
    pub(crate) fn alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Its resident memory now, in MB.
    pub(crate) fn memory_mb(&self) -> u64 {
        self.figure_mb("VmRSS")
    }

    /// Its resident memory at most so far, in MB.
    pub(crate) fn peak_memory_mb(&self) -> u64 {
        self.figure_mb("VmHWM")
    }

    fn figure_mb(&self, name: &str) -> u64 {
        let id = self.child.id().expect("it runs");
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).expect("it runs");
        let line = status.lines().find(|line| line.starts_with(name)).expect("the figure is there");
        line.split_whitespace().nth(1).and_then(|kb| kb.parse::<u64>().ok()).expect("a number") / 1_024
    }

    /// SIGKILL: nothing of it gets to run again.
    pub(crate) async fn kill(mut self) -> Finished {
        self.child.start_kill().ok();
        self.finish().await
    }

    /// SIGTERM, as an operator stops it.
    pub(crate) async fn terminate(self) -> Finished {
        self.signal(Signal::TERM).await
    }

    /// Sends `signal` and waits for the end.
    pub(crate) async fn signal(self, signal: Signal) -> Finished {
        self.send(signal);
        self.finish().await
    }

    /// SIGHUP, as a service manager sends it for a reload.
    pub(crate) fn hang_up(&self) {
        self.send(Signal::HUP);
    }

    /// SIGSTOP: it stands still, as in a long suspend, until [`Running::thaw`].
    pub(crate) fn freeze(&self) {
        self.send(Signal::STOP);
    }

    /// SIGCONT.
    pub(crate) fn thaw(&self) {
        self.send(Signal::CONT);
    }

    fn send(&self, signal: Signal) {
        if let Some(id) = self.child.id() {
            let pid = rustix::process::Pid::from_raw(i32::try_from(id).expect("a pid")).expect("not zero");
            rustix::process::kill_process(pid, signal).ok();
        }
    }

    /// Waits until stdout holds `text`.
    pub(crate) async fn says(&self, text: &str) {
        eventually(text, || self.stdout.text().contains(text)).await;
    }

    /// Waits until stderr holds `text`.
    pub(crate) async fn warns(&self, text: &str) {
        eventually(text, || self.stderr.text().contains(text)).await;
    }

    /// Closes stdout, as `head` does when it has seen enough.
    pub(crate) async fn close_stdout(&mut self) {
        self.stdout.close().await;
    }

    /// Waits for its end. A program that does not end is killed and shown.
    pub(crate) async fn finish(mut self) -> Finished {
        let ended = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        let hung = ended.is_err();
        if hung {
            self.child.start_kill().ok();
        }
        let status = self.child.wait().await.expect("a child can be waited for");
        let stdout = self.stdout.rest().await;
        let stderr = self.stderr.rest().await;
        assert!(!hung, "the program hangs; stdout:\n{stdout}\nstderr:\n{stderr}");
        Finished { status, stdout, stderr }
    }
}

/// What a pipe has brought so far.
#[derive(Debug)]
struct Output {
    so_far: Arc<Mutex<Vec<u8>>>,
    reading: Option<JoinHandle<()>>,
}

impl Output {
    fn of(mut pipe: impl AsyncRead + Unpin + Send + 'static) -> Self {
        let so_far = Arc::new(Mutex::new(Vec::new()));
        let into = Arc::clone(&so_far);
        let reading = tokio::spawn(async move {
            let mut bytes = vec![0; 8_192];
            while let Ok(count @ 1..) = pipe.read(&mut bytes).await {
                into.lock().expect("nobody panics").extend_from_slice(&bytes[..count]);
            }
        });
        Self { so_far, reading: Some(reading) }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.so_far.lock().expect("nobody panics")).into_owned()
    }

    /// Reads no more; the pipe's other end is closed.
    async fn close(&mut self) {
        if let Some(reading) = self.reading.take() {
            reading.abort();
            reading.await.ok();
        }
    }

    /// Everything up to the pipe's end.
    async fn rest(&mut self) -> String {
        if let Some(reading) = self.reading.take() {
            reading.await.expect("reading does not panic");
        }
        self.text()
    }
}
