//! How long something takes, as quantiles and as a histogram since the start.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Buckets a factor of two is divided into: quantiles are exact to a sixteenth.
const STEPS: u32 = 16;
/// From a microsecond to twelve days.
const BUCKETS: usize = 640;
/// The powers of two, in microseconds, that a histogram is shown with.
const SHOWN: std::ops::RangeInclusive<u32> = 10..=30;

/// A histogram of durations.
#[derive(Debug)]
pub struct Latency {
    buckets: [AtomicU64; BUCKETS],
    /// Of all of them, in microseconds.
    sum: AtomicU64,
}

/// A histogram at one moment, in steps of a factor of two.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Histogram {
    /// Bounds in seconds, rising, and how many took less; each counts those of the bounds before it too.
    pub buckets: Vec<(f64, u64)>,
    /// How many there are in all.
    pub count: u64,
    /// What they took together, in seconds.
    pub sum: f64,
}

impl Default for Latency {
    fn default() -> Self {
        Self { buckets: [const { AtomicU64::new(0) }; BUCKETS], sum: AtomicU64::new(0) }
    }
}

impl Latency {
    /// Counts `records` that took `time` each.
    pub fn add(&self, time: Duration, records: usize) {
        let records = records as u64;
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self.sum.fetch_add(micros.saturating_mul(records), Ordering::Relaxed);
        self.buckets[bucket(time)].fetch_add(records, Ordering::Relaxed);
    }

    /// The time within which the share `part` of `of` was done; `None` when nothing was.
    pub fn quantile(&self, part: u64, of: u64) -> Option<Duration> {
        let counts = self.counts();
        let total: u64 = counts.iter().sum();
        let wanted = (total * part).div_ceil(of).max(1);
        let mut sum = 0;
        let at = counts.iter().position(|count| {
            sum += count;
            sum >= wanted
        })?;
        (total > 0).then(|| upper_bound(at))
    }

    /// The counts now, from a millisecond to eighteen minutes.
    pub fn histogram(&self) -> Histogram {
        let counts = self.counts();
        let below = |power: u32| -> u64 { counts.iter().take((power * STEPS) as usize).sum() };
        let bound = |power: u32| (Duration::from_micros(1 << power).as_secs_f64(), below(power));
        Histogram {
            buckets: SHOWN.map(bound).collect(),
            count: counts.iter().sum(),
            sum: Duration::from_micros(self.sum.load(Ordering::Relaxed)).as_secs_f64(),
        }
    }

    fn counts(&self) -> Vec<u64> {
        self.buckets.iter().map(|count| count.load(Ordering::Relaxed)).collect()
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

    proptest! {
        #[test]
        fn a_histogram_counts_what_took_less_than_each_bound(
            micros in prop::collection::vec(0u64..5_000_000_000, 0..50),
        ) {
            let latency = Latency::default();
            for micros in &micros {
                latency.add(Duration::from_micros(*micros), 1);
            }
            let histogram = latency.histogram();
            prop_assert_eq!(histogram.count, micros.len() as u64);
            for (bound, count) in histogram.buckets {
                let less = |micros: &&u64| Duration::from_micros(**micros).as_secs_f64() < bound;
                prop_assert_eq!(count, micros.iter().filter(less).count() as u64, "{}", bound);
            }
            let sum = Duration::from_micros(micros.iter().sum()).as_secs_f64();
            prop_assert!((histogram.sum - sum).abs() < 0.001, "{} {}", histogram.sum, sum);
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
