//! What the file says of bulk jobs.

use std::time::Duration;

use crate::room;

/// So many records of one object that a full sink holds tell that more of them wait behind.
const MANY: usize = room::RECORDS / 3;

/// From how many rows on a job costs no more calls than composite calls do, which carry a thousand records each.
const PAYS: usize = 7_000;

/// When records are written by bulk jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BulkRules {
    /// When a job begins.
    pub from: BulkFrom,
    /// How long a job may be at work before it is stopped and the rows that it did not write go by other calls.
    pub give_up_after: Duration,
}

/// When a job begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BulkFrom {
    /// Never.
    Never,
    /// When so many records of one object and operation wait.
    Waiting(usize),
    /// When 7,000 records are known to wait, in the sink and in the topic; or when the sink is full, so that more wait behind them, and
    /// 1,000 of what it holds are of one object and operation. A job takes about seven calls, so for fewer than 7,000 records other calls
    /// are as few, and each record is there sooner.
    Deep,
}

/// How many records of one object and operation there are for a job.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Depth {
    /// Those that wait.
    pub(crate) waiting: usize,
    /// Those that other calls carry now.
    pub(crate) in_calls: usize,
    /// Whether the sink takes no more records, so that others wait behind these.
    pub(crate) is_full: bool,
    /// Those that are known to lie in the topic.
    pub(crate) behind: usize,
}

impl BulkRules {
    /// The most records that can wait, which is what a sink holds at once.
    pub const MOST: usize = room::RECORDS;

    /// The longest time that a job is at work unless the file says otherwise.
    pub const GIVE_UP_AFTER: Duration = Duration::from_hours(1);

    /// The fewest rows that are worth a job; `None` where there are no jobs.
    pub(crate) fn least(&self) -> Option<usize> {
        match self.from {
            BulkFrom::Never => None,
            BulkFrom::Waiting(count) => Some(count.max(1)),
            BulkFrom::Deep => Some(PAYS),
        }
    }

    /// Whether there is enough for a job. What is in calls counts where the sink is full: as many wait behind it.
    pub(crate) fn is_enough(&self, depth: Depth) -> bool {
        let Depth { waiting, in_calls, is_full, behind } = depth;
        if waiting == 0 {
            return false;
        }
        let deep = if is_full { waiting + in_calls } else { 0 };
        match self.from {
            BulkFrom::Never => false,
            BulkFrom::Waiting(count) => waiting + behind >= count.max(1) || deep >= count.clamp(1, MANY),
            BulkFrom::Deep => deep >= MANY || (behind > 0 && waiting + behind >= PAYS),
        }
    }
}

impl Default for BulkRules {
    fn default() -> Self {
        Self { from: BulkFrom::Deep, give_up_after: Self::GIVE_UP_AFTER }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_begins_when_it_pays_or_when_the_file_says_so() {
        let is_enough = |from, waiting, in_calls, is_full, behind| {
            let rules = BulkRules { from, ..BulkRules::default() };
            rules.is_enough(Depth { waiting, in_calls, is_full, behind })
        };
        assert!(!is_enough(BulkFrom::Never, 8_000, 0, true, 9_000));
        assert!(is_enough(BulkFrom::Waiting(10), 10, 0, false, 0));
        assert!(!is_enough(BulkFrom::Waiting(10), 9, 5, false, 0), "what is in calls waits no more");
        assert!(is_enough(BulkFrom::Waiting(10), 9, 5, true, 0), "as many wait behind it");
        assert!(is_enough(BulkFrom::Waiting(10), 9, 0, false, 1), "it is about to come");
        assert!(
            is_enough(BulkFrom::Waiting(2_000), 1_000, 0, true, 0),
            "those of others leave it no more room"
        );
        assert!(
            !is_enough(BulkFrom::Waiting(2_000), 1_999, 0, false, 0),
            "what is there does not fill the sink"
        );
        assert!(!is_enough(BulkFrom::Waiting(10), 0, 0, false, 10), "nothing is there yet");
        assert!(is_enough(BulkFrom::Deep, 1, 999, true, 0));
        assert!(!is_enough(BulkFrom::Deep, 999, 0, true, 0));
        assert!(!is_enough(BulkFrom::Deep, 7_999, 0, false, 0), "other calls are as few");
        assert!(is_enough(BulkFrom::Deep, 1, 0, false, 6_999));
        assert!(!is_enough(BulkFrom::Deep, 0, 8_000, true, 0));
    }
}
