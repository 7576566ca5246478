//! Where a member begins in partitions of which its group has committed nothing.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use orgstream_api::TopicPartition;

/// The first offset to be read of each partition without a commit. A partition that has none here is read from its very first
/// record. Clones share it.
///
/// Each holds once, up to the first commit: should that go, the topic was deleted, and what is there is another one's.
#[derive(Debug, Clone, Default)]
pub struct Starts(Arc<Mutex<BTreeMap<TopicPartition, i64>>>);

impl Starts {
    /// These offsets.
    pub fn new(offsets: BTreeMap<TopicPartition, i64>) -> Self {
        Self(Arc::new(Mutex::new(offsets)))
    }

    /// Where `partition` begins.
    pub(super) fn of(&self, partition: &TopicPartition) -> Option<i64> {
        self.lock().get(partition).copied()
    }

    /// The group has a commit for these partitions.
    pub fn are_committed<'a>(&self, partitions: impl IntoIterator<Item = &'a TopicPartition>) {
        let mut starts = self.lock();
        for partition in partitions {
            starts.remove(partition);
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<TopicPartition, i64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
