//! How much is read ahead of the worker, and waiting for it to become less.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, Thread};
use std::time::Duration;

use orgstream_api::Capacity;

use crate::kafka::Consumed;

/// What was read ahead and not taken yet.
#[derive(Debug)]
pub(super) struct Gauge {
    limit: Capacity,
    records: AtomicUsize,
    bytes: AtomicUsize,
    /// The thread that waits for room.
    poller: OnceLock<Thread>,
}

impl Gauge {
    /// Nothing is read ahead yet, and `limit` is enough.
    pub(super) fn new(limit: Capacity) -> Self {
        Self { limit, records: AtomicUsize::new(0), bytes: AtomicUsize::new(0), poller: OnceLock::new() }
    }

    /// How much that is.
    pub(super) fn level(&self) -> Capacity {
        Capacity { records: self.records.load(Ordering::Relaxed), bytes: self.bytes.load(Ordering::Relaxed) }
    }

    /// Whether enough is read ahead.
    pub(super) fn is_full(&self) -> bool {
        let level = self.level();
        level.records >= self.limit.records || level.bytes >= self.limit.bytes
    }

    /// Whether there is room for more than a few records.
    fn has_room(&self) -> bool {
        let level = self.level();
        let low = |limit: usize| limit - limit.div_ceil(8);
        level.records <= low(self.limit.records) && level.bytes <= low(self.limit.bytes)
    }

    /// Waits until there is room, on the one thread that polls; at most for `most`, or a little less.
    pub(super) fn wait_for_room(&self, most: Duration) {
        self.poller.get_or_init(thread::current);
        if !self.has_room() {
            thread::park_timeout(most);
        }
    }

    /// A record is read ahead.
    pub(super) fn put(&self, record: &Consumed) {
        self.records.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(record.size(), Ordering::Relaxed);
    }

    /// The front took a record, or dropped it.
    pub(super) fn took(&self, record: &Consumed) {
        let had_room = self.has_room();
        self.records.fetch_sub(1, Ordering::Relaxed);
        self.bytes.fetch_sub(record.size(), Ordering::Relaxed);
        if !had_room && self.has_room() {
            // A poller that does not wait finds the room by itself.
            self.poller.get().inspect(|poller| poller.unpark());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use orgstream_api::{Headers, InputOffset, TopicPartition};

    use super::*;

    fn record() -> Consumed {
        let partition = TopicPartition { topic: "t".to_owned(), partition: 0 };
        Consumed {
            at: InputOffset { partition, offset: 0 },
            timestamp: 0,
            key: None,
            value: Some(vec![0; 10]),
            headers: Headers::default(),
        }
    }

    #[test]
    fn a_full_gauge_wakes_the_poller_once_an_eighth_is_taken() {
        for limit in [
            Capacity { records: 16, bytes: 1 << 20 },
            Capacity { records: 1 << 20, bytes: 16 * record().size() },
        ] {
            let gauge = Arc::new(Gauge::new(limit));
            let fill = |gauge: &Gauge| {
                while !gauge.is_full() {
                    gauge.put(&record());
                }
            };
            fill(&gauge);
            assert_eq!(gauge.level().records, 16);
            gauge.took(&record());
            assert!(!gauge.is_full() && !gauge.has_room(), "one is too little to go on for");
            let waiting = thread::spawn({
                let gauge = Arc::clone(&gauge);
                move || {
                    while !gauge.has_room() {
                        // Nobody else wakes it, so that a missing word shows as a test that does not end.
                        gauge.wait_for_room(Duration::MAX);
                    }
                }
            });
            while gauge.poller.get().is_none() {
                thread::yield_now();
            }
            gauge.took(&record());
            waiting.join().unwrap();
        }
    }

    #[test]
    fn a_gauge_for_a_single_record_has_room_when_that_is_taken() {
        let gauge = Gauge::new(Capacity { records: 1, bytes: 1 << 20 });
        gauge.put(&record());
        assert!(gauge.is_full());
        gauge.took(&record());
        assert!(gauge.has_room());
    }
}
