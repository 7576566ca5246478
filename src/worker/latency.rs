//! How long something takes, as quantiles since the task's start.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Buckets a factor of two is divided into: quantiles are exact to a sixteenth.
const STEPS: u32 = 16;
/// From a microsecond to twelve days.
const BUCKETS: usize = 640;

/// A histogram of durations.
#[derive(Debug)]
pub struct Latency([AtomicU64; BUCKETS]);

impl Default for Latency {
    fn default() -> Self {
        Self([const { AtomicU64::new(0) }; BUCKETS])
    }
}

impl Latency {
    /// Counts `records` that took `time` each.
    pub fn add(&self, time: Duration, records: usize) {
        self.0[bucket(time)].fetch_add(records as u64, Ordering::Relaxed);
    }

    /// The time within which the share `part` of `of` was done; `None` when nothing was.
    pub fn quantile(&self, part: u64, of: u64) -> Option<Duration> {
        let counts: Vec<u64> = self.0.iter().map(|count| count.load(Ordering::Relaxed)).collect();
        let total: u64 = counts.iter().sum();
        let wanted = (total * part).div_ceil(of).max(1);
        let mut sum = 0;
        let at = counts.iter().position(|count| {
            sum += count;
            sum >= wanted
        })?;
        (total > 0).then(|| upper_bound(at))
    }
}

fn bucket(time: Duration) -> usize {
    let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX).max(1);
    let power = micros.ilog2();
    // What is left of the number behind its highest bit, in steps.
    let step = ((micros - (1 << power)) * u64::from(STEPS)) >> power;
    let at = u64::from(power * STEPS) + step;
    usize::try_from(at).unwrap_or(BUCKETS - 1).min(BUCKETS - 1)
}

fn upper_bound(bucket: usize) -> Duration {
    let (power, step) = (bucket / STEPS as usize, bucket as u64 % u64::from(STEPS));
    Duration::from_micros((1 << power) + (((step + 1) << power) / u64::from(STEPS)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_quantile_is_exact_to_a_sixteenth(micros in 4u64..1_000_000_000_000) {
            let time = Duration::from_micros(micros);
            let latency = Latency::default();
            latency.add(time, 1);
            let found = latency.quantile(1, 2).unwrap();
            prop_assert!(found >= time && found <= time + time / 16 + Duration::from_micros(1), "{time:?} as {found:?}");
        }
    }

    #[test]
    fn quantiles_count_records() {
        let latency = Latency::default();
        assert_eq!(latency.quantile(1, 2), None);
        latency.add(Duration::from_millis(1), 98);
        latency.add(Duration::from_secs(1), 2);
        assert!(latency.quantile(1, 2).unwrap() < Duration::from_millis(2));
        assert!(latency.quantile(99, 100).unwrap() >= Duration::from_secs(1));
    }
}
