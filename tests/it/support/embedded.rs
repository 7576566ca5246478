//! The embedded broker that tests share. It ends with this process.

use std::path::Path;
use std::sync::OnceLock;

use orgstream_kafka_simulator::Broker;
use rustix::process::{Pid, getpid, test_kill_process};
use tokio::runtime::Runtime;

/// Its address.
pub(crate) fn embedded_broker() -> String {
    static EMBEDDED: OnceLock<Broker> = OnceLock::new();
    let start = || {
        // Not a temporary directory: nobody is left to remove it but the next process.
        let all = Path::new(env!("CARGO_TARGET_TMPDIR")).join("embedded-broker");
        remove_left(&all);
        let dir = all.join(std::process::id().to_string());
        // Off whatever runtime the caller is on.
        let started = std::thread::spawn(move || runtime().block_on(Broker::builder().data(dir).start()));
        started.join().expect("the thread ends").expect("the embedded broker starts")
    };
    EMBEDDED.get_or_init(start).bootstrap_servers()
}

/// Removes what processes that are gone have left. Others may be at work beside this one.
fn remove_left(all: &Path) {
    for left in std::fs::read_dir(all).into_iter().flatten().flatten() {
        let process = left.file_name().to_str().and_then(|name| name.parse().ok()).and_then(Pid::from_raw);
        if process.is_none_or(|process| process == getpid() || test_kill_process(process).is_err()) {
            let path = left.path();
            std::fs::remove_dir_all(&path).or_else(|_| std::fs::remove_file(&path)).ok();
        }
    }
}

/// A runtime that lives as long as this process.
pub(crate) fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| Runtime::new().expect("a runtime"))
}
