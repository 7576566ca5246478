//! How fast org B writes, and with that how many records go into one call.
//!
//! An org with triggers and flows may take seconds for 200 records, and carries the collections of a composite call out
//! one after the other. A call that is to be answered before its time is over, and a lease that is to be kept, need calls
//! that fit the org.

use std::sync::Mutex;
use std::time::Duration;

use orgstream_salesforce::{COLLECTION, COLLECTIONS};

/// How long a call should take at most.
const TARGET: Duration = Duration::from_secs(5);

/// How much the latest call counts.
const WEIGHT: f64 = 0.3;

/// The pace of one org.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    /// What a collection took lately, in seconds; `None` before the first call.
    collection: Mutex<Option<f64>>,
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
