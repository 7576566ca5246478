//! What others may see of a sink worker. What became of records is counted by the connector.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard};

use orgstream_api::{Latency, TopicPartition};

use crate::worker::meter::Meter;

/// What has been waiting longest: since when, milliseconds since the epoch, and what it is.
#[derive(Debug, Clone, Default)]
pub struct Oldest {
    /// Of the references that are owed.
    pub owed: Option<(i64, String)>,
    /// Of the parked records.
    pub parked: Option<(i64, String)>,
}

/// Counters of one sink task.
#[derive(Debug, Default)]
pub struct SinkView {
    /// Records read from Kafka.
    pub consumed: Meter,
    /// Bytes of them, keys and headers included.
    pub bytes: AtomicU64,
    /// Writes that org B acknowledged.
    pub delivered: Meter,
    /// From a record's arrival to its outcome, the org's own time included.
    pub latency: Latency,
    /// Dead letters that Kafka acknowledged.
    pub dead_letters: Meter,
    in_flight: AtomicUsize,
    owed: AtomicUsize,
    partitions: Mutex<BTreeSet<TopicPartition>>,
    parked: AtomicUsize,
    oldest: Mutex<Oldest>,
}

impl SinkView {
    pub(super) fn show(&self, in_flight: usize, owed: usize, parked: usize) {
        self.in_flight.store(in_flight, Ordering::Relaxed);
        self.owed.store(owed, Ordering::Relaxed);
        self.parked.store(parked, Ordering::Relaxed);
    }

    pub(super) fn hold(&self, partitions: impl IntoIterator<Item = TopicPartition>) {
        *self.lock() = partitions.into_iter().collect();
    }

    /// Records and references that are with the sink now.
    pub fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// References still owed in the assigned partitions.
    pub fn owed(&self) -> usize {
        self.owed.load(Ordering::Relaxed)
    }

    /// Parked records of the assigned partitions.
    pub fn parked(&self) -> usize {
        self.parked.load(Ordering::Relaxed)
    }

    pub(super) fn show_oldest(&self, oldest: Oldest) {
        *self.oldest.lock().expect("no holder of this lock panics") = oldest;
    }

    /// What has been waiting longest.
    pub fn oldest(&self) -> Oldest {
        self.oldest.lock().expect("no holder of this lock panics").clone()
    }

    /// The assigned partitions.
    pub fn partitions(&self) -> BTreeSet<TopicPartition> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeSet<TopicPartition>> {
        self.partitions.lock().expect("no holder of this lock panics")
    }
}
