//! Records whose parents are at work.
//!
//! Those that cannot be written without a parent which is on its way by a bulk job are not tried again until the job is over, and
//! no clock of theirs runs: a job may take longer than a record is tried for. Only a record that was found to wait is held back;
//! others may have their parents long since. Those that are refused as if a parent were deleted are tried again on their clock
//! while that is deleted or fetched back.

use orgstream_api::Value;
use orgstream_salesforce::SalesforceId;
use tokio::time::Instant;

use super::{SalesforceSink, Way};
use crate::lanes::LaneKey;
use crate::work::{Task, Verdict, Work};

/// The code of a record whose parent is not there yet.
const MISSING: &str = "REQUIRED_PARENT_MISSING";

/// The codes of a record one of whose parents may be gone.
const MAY_BE_GONE: [&str; 2] = ["ENTITY_IS_DELETED", "INVALID_CROSS_REFERENCE_KEY"];

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

    /// The verdict, with what a refusal means that may only say that two calls met.
    pub(super) fn with_parents_at_work(&self, work: &mut Work, verdict: Verdict) -> Verdict {
        let Verdict::Race(rejection) = verdict else { return verdict };
        let may_be_gone = MAY_BE_GONE.contains(&rejection.code.as_str());
        if may_be_gone && self.has_parent_at_work(work) || work.papers.attempts.race() {
            return Verdict::Retry(rejection);
        }
        Verdict::rejected(rejection)
    }

    /// Whether a record that an item points at is in a call, or waits for one.
    fn has_parent_at_work(&self, work: &Work) -> bool {
        let own = &work.papers.key;
        let is_at_work = |id: &str| {
            let id = SalesforceId::parse(id).map_or_else(|_| id.to_owned(), |id| id.as_str().to_owned());
            let key = LaneKey::new(own.org.clone(), id);
            key != *own && (self.flying.contains_key(&key) || self.lanes.queued(&key).next().is_some())
        };
        match &work.task {
            Task::Change(change) => {
                let mut references = change.target.references.iter();
                references.any(|reference| {
                    change.carried(&reference.field.name).and_then(Value::as_str).is_some_and(is_at_work)
                })
            }
            Task::Owed(owed) => is_at_work(&owed.parent_id),
            Task::Straighten(_) | Task::Known(_) => false,
        }
    }

    fn has_parent_in_job(&self, work: &Work, now: Instant) -> bool {
        let Task::Change(change) = &work.task else { return false };
        let waited_for = change.target.references.iter().filter(|reference| reference.is_waited_for());
        waited_for.filter_map(|reference| change.carried(&reference.field.name)?.as_str()).any(|id| {
            let key = LaneKey::new(change.key.org.clone(), id.to_owned());
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
