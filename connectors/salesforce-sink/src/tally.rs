//! How many of the last records were rejected, and whether that is too many.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard};

use crate::failures::StopAfter;

/// The last outcomes of a sink. Shared by its tasks and by whoever rejects records before they see them.
#[derive(Debug, Default)]
pub struct Tally {
    stop_after: Option<StopAfter>,
    last: Mutex<Last>,
}

#[derive(Debug, Default)]
struct Last {
    /// The code of each rejection, `None` for every other outcome; oldest first.
    outcomes: VecDeque<Option<String>>,
    rejected: usize,
    tripped: Option<String>,
}

impl Tally {
    /// A tally without outcomes. Without `stop_after` nothing is ever too much.
    pub fn new(stop_after: Option<StopAfter>) -> Self {
        Self { stop_after, last: Mutex::default() }
    }

    /// A task starts again: its records may come, and be counted, a second time, so what was counted of them is forgotten.
    pub(crate) fn begin_anew(&self) {
        let mut last = self.lock();
        last.outcomes.clear();
        last.rejected = 0;
    }

    /// A record has its outcome: `rejected` with this code, or another one.
    pub(crate) fn note(&self, rejected: Option<&str>) {
        let Some(StopAfter { rejected: most, of }) = self.stop_after else { return };
        let mut last = self.lock();
        if last.outcomes.len() == of.get() && last.outcomes.pop_front().flatten().is_some() {
            last.rejected -= 1;
        }
        last.rejected += usize::from(rejected.is_some());
        last.outcomes.push_back(rejected.map(str::to_owned));
        if last.rejected >= most.get() && last.tripped.is_none() {
            last.tripped = Some(last.reason(of.get()));
        }
    }

    /// Why the task must stop, once it must.
    pub(crate) fn tripped(&self) -> Option<String> {
        self.lock().tripped.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Last> {
        self.last.lock().expect("no holder of this lock panics")
    }
}

impl Last {
    fn reason(&self, of: usize) -> String {
        let mut codes: BTreeMap<&str, usize> = BTreeMap::new();
        for code in self.outcomes.iter().flatten() {
            *codes.entry(code).or_default() += 1;
        }
        let codes: Vec<String> = codes.into_iter().map(|(code, count)| format!("{code} {count}")).collect();
        format!(
            "{} of the last {} records were rejected ({}), which `stop_after` does not let pass (of: {of}); nothing more is \
             written. They are dead letters with their reasons; mend the cause and start again: the run goes on behind them",
            self.rejected,
            self.outcomes.len(),
            codes.join(", ")
        )
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use proptest::prelude::*;

    use super::*;

    fn tally(rejected: usize, of: usize) -> Tally {
        let number = |number| NonZeroUsize::new(number).unwrap();
        Tally::new(Some(StopAfter { rejected: number(rejected), of: number(of) }))
    }

    #[test]
    fn the_reason_names_the_codes() {
        let tally = tally(3, 10);
        for code in [Some("A"), None, Some("B"), Some("A")] {
            assert_eq!(tally.tripped(), None);
            tally.note(code);
        }
        let reason = tally.tripped().unwrap();
        assert!(reason.starts_with("3 of the last 4 records were rejected (A 2, B 1)"), "{reason}");
        tally.note(None);
        assert_eq!(tally.tripped(), Some(reason), "it does not change any more");
    }

    proptest! {
        #[test]
        fn it_trips_exactly_when_a_window_has_too_many(
            outcomes in prop::collection::vec(any::<bool>(), 0..60),
            rejected in 1_usize..6,
            more in 0_usize..6,
        ) {
            let of = rejected + more;
            let tally = tally(rejected, of);
            for outcome in &outcomes {
                tally.note(outcome.then_some("CODE"));
            }
            let many = |window: &[bool]| window.iter().filter(|rejected| **rejected).count() >= rejected;
            let expected = many(&outcomes) && (outcomes.len() <= of || outcomes.windows(of).any(many));
            prop_assert_eq!(tally.tripped().is_some(), expected);
        }
    }
}
