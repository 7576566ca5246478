//! The embedded broker that tests share. It ends with this process.

use std::sync::OnceLock;

use orgstream_kafka_simulator::Broker;
use tokio::runtime::Runtime;

/// Its address.
pub(crate) fn embedded_broker() -> String {
    static EMBEDDED: OnceLock<Broker> = OnceLock::new();
    let start = || {
        // Not a temporary directory: nobody is left to remove it.
        let dir = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("embedded-broker");
        std::fs::remove_dir_all(&dir).ok();
        // Off whatever runtime the caller is on.
        let started = std::thread::spawn(move || runtime().block_on(Broker::builder().data(dir).start()));
        started.join().expect("the thread ends").expect("the embedded broker starts")
    };
    EMBEDDED.get_or_init(start).bootstrap_servers()
}

/// A runtime that lives as long as this process.
pub(crate) fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| Runtime::new().expect("a runtime"))
}
