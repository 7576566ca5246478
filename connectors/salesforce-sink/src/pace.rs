//! How fast org B writes, and with that how many records go into one call, and when a bulk job is looked at.
//!
//! An org with triggers and flows may take seconds for 200 records, and carries the collections of a composite call out
//! one after the other. A call that is to be answered before its time is over, and a lease that is to be kept, need calls
//! that fit the org.

use std::sync::Mutex;
use std::time::Duration;

use orgstream_salesforce::{COLLECTION, COLLECTIONS};

/// How long a call should take at most.
const TARGET: Duration = Duration::from_secs(5);

/// What a row of a bulk job is hoped to take, in seconds, before the first one.
const HOPED: f64 = 0.000_1;

/// The part of the expected time after which a job is looked at. It may have become faster, and a look is all that tells.
const EARLY: f64 = 0.8;

/// How much the latest call counts.
const WEIGHT: f64 = 0.3;

/// The pace of one org.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    /// What a collection took lately, in seconds; `None` before the first call.
    collection: Mutex<Option<f64>>,
    /// What a row of a bulk job took lately, in seconds; `None` before the first job.
    row: Mutex<Option<f64>>,
}

impl Pace {
    /// Notes what a call with so many records took.
    pub(crate) fn took(&self, time: Duration, records: usize) {
        let collections = u32::try_from(records.div_ceil(COLLECTION)).unwrap_or(u32::MAX);
        // A call of a few records says nothing of what many would take.
        if records < COLLECTION / 2 {
            return;
        }
        let seconds = time.as_secs_f64() / f64::from(collections.max(1));
        let mut collection = self.collection.lock().expect("no holder of this lock panics");
        *collection = Some(collection.map_or(seconds, |before| before + (seconds - before) * WEIGHT));
    }

    /// Notes what a job with so many rows took until it was seen to be over.
    pub(crate) fn job_took(&self, time: Duration, rows: usize) {
        let rows = u32::try_from(rows.max(1)).unwrap_or(u32::MAX);
        *self.row.lock().expect("no holder of this lock panics") = Some(time.as_secs_f64() / f64::from(rows));
    }

    /// After what time a job with so many rows is worth a look.
    pub(crate) fn job_time(&self, rows: usize) -> Duration {
        let row = *self.row.lock().expect("no holder of this lock panics");
        let rows = u32::try_from(rows).unwrap_or(u32::MAX);
        Duration::from_secs_f64(row.map_or(HOPED, |row| row * EARLY) * f64::from(rows))
    }

    /// Collections that one call is to have.
    pub(crate) fn collections(&self) -> usize {
        let collection = *self.collection.lock().expect("no holder of this lock panics");
        let Some(seconds) = collection else { return COLLECTIONS };
        (1..=COLLECTIONS)
            .rev()
            .find(|count| {
                let count = u32::try_from(*count).unwrap_or(u32::MAX);
                f64::from(count) * seconds <= TARGET.as_secs_f64()
            })
            .unwrap_or(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_is_looked_at_when_the_one_before_would_nearly_have_been_over() {
        let pace = Pace::default();
        assert_eq!(pace.job_time(10_000), Duration::from_secs(1));
        pace.job_took(Duration::from_secs(10), 1_000);
        assert_eq!(pace.job_time(2_000), Duration::from_secs(16));
    }

    #[test]
    fn a_slow_org_gets_smaller_calls_and_a_fast_one_full_ones_again() {
        let pace = Pace::default();
        assert_eq!(pace.collections(), COLLECTIONS);
        pace.took(Duration::from_secs(20), 1_000);
        assert_eq!(pace.collections(), 1);
        (0..10).for_each(|_| pace.took(Duration::from_millis(400), 200));
        assert_eq!(pace.collections(), COLLECTIONS);
        (0..10).for_each(|_| pace.took(Duration::from_secs(30), 1));
        assert_eq!(pace.collections(), COLLECTIONS, "one record says nothing");
    }
}
