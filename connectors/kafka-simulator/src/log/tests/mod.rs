//! What a log promises, through its front door and on real files.
//!
//! - `wire`: batches as producers send them, records as consumers see them
//! - `appending`, `transactions`, `reading`, `times`: what clients ask
//! - `opening`, `retaining`, `compacting`: what happens by itself
//! - `hostile`: bytes that nobody should send
//! - `model`: everything at random against a list in memory

mod wire;

mod appending;

mod transactions;

mod reading;

mod times;

mod opening;

mod retaining;

mod compacting;

mod hostile;

mod model;

use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::config::{Cleanup, LogConfig};
use super::partition_log::PartitionLog;

/// The time of everything that has no other, milliseconds since 1970.
const NOW: i64 = 1_700_000_000_000;

/// A log in a directory of its own.
struct Fixture {
    dir: TempDir,
    config: LogConfig,
    log: PartitionLog,
}

impl Fixture {
    fn new(config: LogConfig) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let log = PartitionLog::open(dir.path().to_owned(), config.clone(), NOW).unwrap();
        Self { dir, config, log }
    }

    /// As after a kill: nothing is closed in any order.
    fn reopen(&mut self) {
        self.log = PartitionLog::open(self.dir.path().to_owned(), self.config.clone(), NOW).unwrap();
    }

    /// Everything the cleaner does.
    fn clean(&mut self, now_ms: i64) {
        if let Some(compaction) = self.log.clean(now_ms).unwrap() {
            let compacted = compaction.run(&CancellationToken::new()).unwrap();
            self.log.install(compacted).unwrap();
        }
    }

    /// The names of the files.
    fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.dir.path()).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

/// Compaction as soon as there is anything to compact.
fn compact() -> LogConfig {
    LogConfig {
        cleanup: Cleanup { delete: false, compact: true },
        min_cleanable_dirty_ratio: 0.0,
        delete_retention_ms: 1_000,
        ..LogConfig::default()
    }
}
