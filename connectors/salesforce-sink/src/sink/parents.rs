//! Records that cannot be written without a parent which is on its way by a bulk job: until the job is over they are not tried
//! again, and no clock of theirs runs.
//!
//! A job may take longer than a record is tried for. Only a record that was found to wait is held back; others may have
//! their parents long since.

use tokio::time::Instant;

use super::{SalesforceSink, Way};
use crate::lanes::LaneKey;
use crate::work::{Task, Verdict, Work};

/// The code of a record whose parent is not there yet.
const MISSING: &str = "REQUIRED_PARENT_MISSING";

impl SalesforceSink {
    /// Whether an item was found to wait for a parent, and the parent is on its way by a job.
    pub(super) fn waits_for_job(&self, work: &Work, now: Instant) -> bool {
        work.papers.attempts.waits_for_parent() && self.has_parent_in_job(work, now)
    }

    /// The verdict, without a failed attempt for whoever waits for a job.
    pub(super) fn with_parents_to_come(
        &mut self,
        work: &mut Work,
        verdict: Verdict,
        now: Instant,
    ) -> Verdict {
        let waits = match &verdict {
            Verdict::Retry(rejection) | Verdict::Waits(rejection, _) => {
                rejection.code == MISSING && self.has_parent_in_job(work, now)
            }
            _ => false,
        };
        if !waits {
            return verdict;
        }
        work.papers.attempts.wait_for_parent();
        self.pause_behind(work);
        Verdict::Again
    }

    fn has_parent_in_job(&self, work: &Work, now: Instant) -> bool {
        let Task::Change(change) = &work.task else { return false };
        let waited_for = change.target.references.iter().filter(|reference| reference.is_waited_for());
        waited_for.filter_map(|reference| change.carried(&reference.field.name)?.as_str()).any(|id| {
            let key = LaneKey { org: change.key.org.clone(), id: id.to_owned() };
            self.goes_by_job(&key, now)
        })
    }

    /// Whether the first change of a lane is part of the present job, or waits to be part of one.
    fn goes_by_job(&self, key: &LaneKey, now: Instant) -> bool {
        match self.flying.get(key) {
            Some(flying) => flying.way != Way::Call,
            None => self.lanes.queued(key).next().is_some_and(|work| {
                self.group(&work.task).is_some_and(|group| self.bulk.keeps(group))
                    && self.may_be_bulk(work, now)
            }),
        }
    }
}
