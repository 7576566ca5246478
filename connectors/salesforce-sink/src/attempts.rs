//! The retry clock of a record in passing trouble.
//!
//! The clock counts only the time in which org B can be called: an outage of the org, however long, costs no record
//! its attempts. While a record is in retry its partition is paused.

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use orgstream_api::{TopicPartition, Tried};
use orgstream_salesforce::COLLECTION;

/// The first pause of a record.
const FIRST: Duration = Duration::from_millis(250);

/// The longest pause of a record.
const LONGEST: Duration = Duration::from_secs(30);

/// How often a refusal that may only say that two calls met is tried again before it is believed.
const RACES: u32 = 3;

/// The attempts of one record so far; empty for one that has met no trouble.
#[derive(Debug, Default)]
pub(crate) struct Attempts {
    failed: u32,
    /// The reading of the org's clock at the first failure, or when the record came back with failures behind it.
    since: Duration,
    /// The time of the failures before that.
    before: Duration,
    /// How often a parent was missing.
    waits: u32,
    /// How often the record was refused as if two calls had met.
    races: u32,
    /// Whether the record makes a call fail that succeeds without it.
    suspect: bool,
    /// Whether org B refused the record as it was written.
    refused: bool,
    jobs: Jobs,
    /// How often a call with the record got no answer though the org served others.
    lost: u32,
    /// How often the record came back from a call to its lane.
    returns: u32,
    pause: Option<Arc<()>>,
}

/// What a record has to do with bulk jobs.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Jobs {
    /// It may go by one.
    #[default]
    May,
    /// One did not write it: it goes by other calls.
    KeptOut,
    /// A parent that it cannot be without was not there, and came by one.
    BringParent,
}

/// What follows a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// Another attempt after this pause.
    After(Duration),
    /// None: the time is over.
    Over,
}

impl Attempts {
    /// Notes a failure at `clock`, the time for which the org could be called so far. `jitter` lies between 0 and 1.
    pub(crate) fn fail(&mut self, clock: Duration, retry_for: Duration, jitter: f64) -> Next {
        if self.failed == 0 {
            (self.since, self.before) = (clock, Duration::ZERO);
        }
        let left = retry_for.saturating_sub(self.spent(clock));
        if left.is_zero() {
            return Next::Over;
        }
        let pause = FIRST.saturating_mul(2_u32.saturating_pow(self.failed)).min(LONGEST);
        self.failed = self.failed.saturating_add(1);
        // Half of the pause is chance, so that records that failed together do not meet again. The last attempt
        // falls on the end of the time.
        Next::After(pause.mul_f64(0.5 + jitter.clamp(0.0, 1.0) / 2.0).min(left))
    }

    /// The attempts of a record that was parked for `aside` and is back at `clock`.
    pub(crate) fn resumed(tried: &Tried, aside: Duration, clock: Duration) -> Self {
        let before = if tried.failed > 0 { tried.spent + aside } else { Duration::ZERO };
        Self {
            failed: tried.failed,
            since: clock,
            before,
            waits: tried.waits,
            races: tried.races,
            suspect: tried.alone,
            refused: tried.refused,
            lost: tried.lost,
            ..Self::default()
        }
    }

    /// What is kept of the attempts of a record that is parked at `clock`.
    pub(crate) fn tried(&self, clock: Duration) -> Tried {
        Tried {
            failed: self.failed,
            spent: self.spent(clock),
            waits: self.waits,
            races: self.races,
            lost: self.lost,
            alone: self.suspect,
            refused: self.refused,
        }
    }

    /// The time of the record's trouble, by the org's clock.
    pub(crate) fn spent(&self, clock: Duration) -> Duration {
        if self.failed == 0 { Duration::ZERO } else { self.before + clock.saturating_sub(self.since) }
    }

    /// A parent is missing: how often one was before.
    pub(crate) fn wait(&mut self) -> u32 {
        let before = self.waits;
        self.waits = before.saturating_add(1);
        before
    }

    /// The record was refused as if two calls had met: whether that is not to be believed yet.
    pub(crate) fn race(&mut self) -> bool {
        let before = self.races;
        self.races = before.saturating_add(1);
        before < RACES
    }

    /// How often the record failed.
    pub(crate) fn failed(&self) -> u32 {
        self.failed
    }

    /// Whether the record was tried before, and what was known then did not do.
    pub(crate) fn were_in_vain(&self) -> bool {
        self.failed > 0 || self.waits > 0 || self.refused
    }

    /// From now on the record travels alone.
    pub(crate) fn suspect(&mut self) {
        self.suspect = true;
    }

    /// A call with the record got no answer.
    pub(crate) fn lose(&mut self) {
        self.lost = self.lost.saturating_add(1);
    }

    /// How often a call with the record got no answer though the org served others.
    pub(crate) fn lost(&self) -> u32 {
        self.lost
    }

    /// Org B refused the record as it was written.
    pub(crate) fn refuse(&mut self) {
        self.refused = true;
    }

    /// Whether org B ever refused the record as it was written.
    pub(crate) fn was_refused(&self) -> bool {
        self.refused
    }

    /// The most records that a call with this one has. Who meets a lock is tried again among all others, then among fewer, so
    /// that the call holds its own locks for less time and meets fewer of others; who fails a call goes alone at once.
    pub(crate) fn company(&self) -> usize {
        match self.failed {
            _ if self.suspect => 1,
            0 | 1 => usize::MAX,
            2 => COLLECTION,
            3 => COLLECTION / 10,
            _ => 1,
        }
    }

    /// Whether the record travels alone.
    pub(crate) fn is_suspect(&self) -> bool {
        self.suspect
    }

    /// From now on the record goes by no bulk job.
    pub(crate) fn keep_from_bulk(&mut self) {
        self.jobs = Jobs::KeptOut;
    }

    /// Whether the record goes by no bulk job.
    pub(crate) fn is_kept_from_bulk(&self) -> bool {
        self.jobs == Jobs::KeptOut
    }

    /// The record waits for a parent that a bulk job brings. Its clock begins anew behind the job.
    pub(crate) fn wait_for_parent(&mut self) {
        self.jobs = Jobs::BringParent;
        self.failed = 0;
    }

    /// Whether the record waited for a parent that a bulk job brings.
    pub(crate) fn waits_for_parent(&self) -> bool {
        self.jobs == Jobs::BringParent
    }

    /// The record comes back from a call to its lane.
    pub(crate) fn come_back(&mut self) {
        self.returns = self.returns.saturating_add(1);
    }

    /// Whether the record was in a call.
    pub(crate) fn have_begun(&self) -> bool {
        self.returns > 0
    }

    /// Lets the record's partition be read again.
    pub(crate) fn let_read(&mut self) {
        self.pause = None;
    }

    /// Keeps `partition` paused until the record is settled or dropped.
    pub(crate) fn pause(&mut self, pauses: &mut Pauses, partition: &TopicPartition) {
        if self.pause.is_none() {
            self.pause = Some(pauses.pause(partition));
        }
    }
}

/// The partitions that hold a record in retry.
#[derive(Debug, Default)]
pub(crate) struct Pauses {
    held: HashMap<TopicPartition, Weak<()>>,
}

impl Pauses {
    /// The partitions, in no order.
    pub(crate) fn partitions(&self) -> Vec<TopicPartition> {
        let held = self.held.iter().filter(|(_, pause)| pause.strong_count() > 0);
        held.map(|(partition, _)| partition.clone()).collect()
    }

    /// Forgets partitions that were taken away.
    pub(crate) fn forget(&mut self, partitions: &[TopicPartition]) {
        for partition in partitions {
            self.held.remove(partition);
        }
    }

    fn pause(&mut self, partition: &TopicPartition) -> Arc<()> {
        if let Some(pause) = self.held.get(partition).and_then(Weak::upgrade) {
            return pause;
        }
        let pause = Arc::new(());
        self.held.insert(partition.clone(), Arc::downgrade(&pause));
        pause
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);

    #[test]
    fn pauses_grow_to_their_limit_and_the_last_attempt_falls_on_the_end() {
        let mut attempts = Attempts::default();
        let mut clock = Duration::from_secs(1_000);
        let mut pauses = Vec::new();
        while let Next::After(pause) = attempts.fail(clock, MINUTE, 1.0) {
            pauses.push(pause.as_millis());
            clock += pause;
        }
        assert_eq!(pauses, [250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 28_250]);
        assert_eq!(clock, Duration::from_secs(1_000) + MINUTE);
    }

    #[test]
    fn time_that_the_orgs_clock_does_not_count_costs_nothing() {
        let mut attempts = Attempts::default();
        for _ in 0..100 {
            assert!(matches!(attempts.fail(Duration::from_secs(5), MINUTE, 0.5), Next::After(_)));
        }
    }

    #[test]
    fn a_partition_is_paused_until_its_last_record_in_retry_is_gone() {
        let partition = TopicPartition { topic: "a.Account".into(), partition: 0 };
        let mut pauses = Pauses::default();
        let (mut first, mut second) = (Attempts::default(), Attempts::default());
        first.pause(&mut pauses, &partition);
        second.pause(&mut pauses, &partition);
        drop(first);
        assert_eq!(pauses.partitions(), std::slice::from_ref(&partition));
        drop(second);
        assert!(pauses.partitions().is_empty());
    }
}
