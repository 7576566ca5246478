//! One topic with its logs.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use tokio::sync::Notify;
use uuid::Uuid;

use super::settings::Settings;
use super::waiters::Waiters;
use crate::log::PartitionLog;

/// A topic. What changes has a lock of its own.
#[derive(Debug)]
pub(crate) struct Topic {
    pub(crate) name: String,
    pub(crate) id: Uuid,
    /// Where it lies; no other topic ever does.
    pub(super) dir: PathBuf,
    pub(super) settings: RwLock<Settings>,
    pub(super) partitions: RwLock<Vec<Arc<Partition>>>,
}

/// One partition.
#[derive(Debug)]
pub(crate) struct Partition {
    log: Mutex<PartitionLog>,
    waiters: Waiters,
}

impl Topic {
    /// The settings as they are now.
    pub(crate) fn settings(&self) -> Settings {
        self.settings.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many partitions there are.
    pub(crate) fn width(&self) -> i32 {
        let partitions = self.partitions.read().unwrap_or_else(PoisonError::into_inner);
        i32::try_from(partitions.len()).unwrap_or(i32::MAX)
    }

    /// A partition by number.
    pub(crate) fn partition(&self, number: i32) -> Option<Arc<Partition>> {
        let at = usize::try_from(number).ok()?;
        self.partitions.read().unwrap_or_else(PoisonError::into_inner).get(at).cloned()
    }

    /// All partitions.
    pub(crate) fn partitions(&self) -> Vec<Arc<Partition>> {
        self.partitions.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Partition {
    pub(super) fn new(log: PartitionLog) -> Arc<Self> {
        Arc::new(Self { log: Mutex::new(log), waiters: Waiters::default() })
    }

    /// The log, for as short as it takes: never across a wait.
    pub(crate) fn log(&self) -> MutexGuard<'_, PartitionLog> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells `waiter` when a reader may find more than now. To be called before the look that finds too little.
    pub(crate) fn wake_when_grown(&self, waiter: &Arc<Notify>) {
        self.waiters.add(waiter);
    }

    /// A reader may find more than before, or that the partition is gone.
    pub(crate) fn grown(&self) {
        self.waiters.wake();
    }
}
