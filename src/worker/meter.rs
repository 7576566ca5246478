//! Counts records and says how many passed per second lately.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::SystemTime;

use tokio::time::{Duration, Instant};

use crate::clock;

/// The time over which the rate is taken.
const WINDOW: Duration = Duration::from_secs(10);

/// A counter with a rate.
#[derive(Debug, Default)]
pub struct Meter(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    total: u64,
    /// When the last ones passed.
    last: Option<SystemTime>,
    /// When records passed within the window, and how many; merged by second.
    recent: VecDeque<(Instant, u64)>,
}

impl Meter {
    /// Counts `records`.
    pub fn add(&self, records: usize) {
        let records = records as u64;
        let mut counts = self.0.lock().expect("no holder of this lock panics");
        counts.total += records;
        if records > 0 {
            counts.last = Some(clock::now());
        }
        let now = Instant::now();
        match counts.recent.back_mut() {
            Some((since, sum)) if now.duration_since(*since) < Duration::from_secs(1) => *sum += records,
            _ => counts.recent.push_back((now, records)),
        }
        counts.forget(now);
    }

    /// Records since the task's start.
    pub fn total(&self) -> u64 {
        self.0.lock().expect("no holder of this lock panics").total
    }

    /// When the last record passed; `None` before the first.
    pub fn last(&self) -> Option<SystemTime> {
        self.0.lock().expect("no holder of this lock panics").last
    }

    /// Records per second over the last ten seconds.
    pub fn rate(&self) -> f64 {
        let mut counts = self.0.lock().expect("no holder of this lock panics");
        counts.forget(Instant::now());
        let sum: u64 = counts.recent.iter().map(|(_, records)| records).sum();
        // Counts of ten seconds are far below 2^32.
        f64::from(u32::try_from(sum).unwrap_or(u32::MAX)) / WINDOW.as_secs_f64()
    }
}

impl Counts {
    fn forget(&mut self, now: Instant) {
        while self.recent.front().is_some_and(|(since, _)| now.duration_since(*since) > WINDOW) {
            self.recent.pop_front();
        }
    }
}
