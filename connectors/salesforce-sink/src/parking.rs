//! How long records wait, and where: what the user's file says of parked records.

use std::time::Duration;

/// The largest record that is parked where nobody says what Kafka takes: an entry fits into a message that brokers take by
/// default.
const LARGEST: usize = 900_000;

/// The most bytes of parked records that a task reads on with.
const MOST: usize = 128 << 20;

/// The longest time between two looks for a parent of which no link tells.
const LONGEST_WAIT: Duration = Duration::from_hours(1);

/// The first of these times.
const FIRST_WAIT: Duration = Duration::from_secs(2);

/// When records are parked, and what becomes of those whose parents never come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parking {
    /// How long a record in passing trouble is tried again with its partition waiting behind it. Then it is parked.
    pub after: Duration,
    /// How long a record waits for a parent.
    pub expire_after: Duration,
    /// What becomes of it then.
    pub then: Expired,
    /// With so many parked records the partitions that they came from are read no further.
    pub max: usize,
    /// The same, in bytes: they are kept in memory too.
    pub max_bytes: usize,
    /// The largest record that Kafka keeps for the sink, in bytes of key, value and headers.
    pub largest: usize,
}

/// What becomes of a record whose parent did not come in time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Expired {
    /// It is rejected.
    #[default]
    Reject,
    /// It is written without the reference where org B takes it so, else rejected.
    WriteWithout,
}

impl Default for Parking {
    fn default() -> Self {
        Self {
            after: Duration::from_secs(30),
            expire_after: Duration::from_hours(24),
            then: Expired::Reject,
            max: 10_000,
            max_bytes: MOST,
            largest: LARGEST,
        }
    }
}

impl Parking {
    /// When a record that misses a parent for the `waits`th time is tried again though no link of the parent came; `None`
    /// where it has waited long enough.
    pub(crate) fn next_look(&self, waits: u32, waited: Duration) -> Option<Duration> {
        let left = self.expire_after.checked_sub(waited).filter(|left| !left.is_zero())?;
        Some(FIRST_WAIT.saturating_mul(2_u32.saturating_pow(waits)).min(LONGEST_WAIT).min(left))
    }

    /// Whether a record that has waited so long is to be written without the parents that it does not need.
    pub(crate) fn does_without(&self, waited: Option<Duration>) -> bool {
        self.then == Expired::WriteWithout && waited.is_some_and(|waited| waited >= self.expire_after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_grow_rare_and_the_last_falls_on_the_end() {
        let parking = Parking { expire_after: Duration::from_hours(3), ..Parking::default() };
        let (mut waited, mut looks) = (Duration::ZERO, Vec::new());
        while let Some(next) = parking.next_look(u32::try_from(looks.len()).unwrap(), waited) {
            waited += next;
            looks.push(next.as_secs());
        }
        assert_eq!(waited, parking.expire_after);
        assert_eq!(looks, [2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024, 2_048, 3_600, 3_106]);
    }

    #[test]
    fn only_who_has_waited_to_the_end_goes_without_a_parent_and_only_where_the_file_says_so() {
        let without = Parking { then: Expired::WriteWithout, ..Parking::default() };
        assert!(without.does_without(Some(without.expire_after)));
        assert!(!without.does_without(None));
        assert!(!without.does_without(Some(without.expire_after / 2)));
        assert!(!Parking::default().does_without(Some(without.expire_after)));
    }
}
