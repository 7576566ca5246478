//! Which calls start: what may be written next leaves its lane and goes to a call or a bulk job.

use std::sync::Arc;

use orgstream_salesforce::COLLECTION;
use tokio::time::Instant;

use super::{Flying, Over, SalesforceSink, Way};
use crate::change::Change;
use crate::lanes::LaneKey;
use crate::plan::{Candidate, Group, Kind, Limits, plan};
use crate::room::Seat;
use crate::work::{Papers, Task, Work};

/// Calls in flight at most. Their bytes are bounded by the sink's room.
const CALLS: usize = 10;

impl SalesforceSink {
    /// Starts what may start, and says when to look again if nothing else happens.
    pub(super) fn launch(&mut self) -> Option<Instant> {
        let now = Instant::now();
        if self.halted().is_some() {
            return None;
        }
        self.lanes.wake(now);
        self.settle_known(now);
        if self.halted().is_some() {
            return None;
        }
        if let Some((org, reason)) = self.delivery.away() {
            self.health.degraded(format!(
                "org `{}` cannot be called: {reason}; writing goes on when it answers again",
                org.name()
            ));
            return None;
        }
        while self.adopted.try_join_next().is_some() {}
        if !self.adopted.is_empty() {
            let still = || {
                let org = self.delivery.wire.org.name();
                format!(
                    "bulk jobs of an earlier run are still at work in org `{org}`; writing goes on when they are over"
                )
            };
            self.health.degraded(self.book.trouble().unwrap_or_else(still));
            return None;
        }
        let trouble = self.book.trouble().or_else(|| self.bulk.trouble(now).map(str::to_owned));
        match trouble.or_else(|| self.too_many_parked()) {
            Some(trouble) => self.health.degraded(trouble),
            None => self.say_what_is_unanswered(),
        }
        let limits = Limits {
            slots: CALLS.saturating_sub(self.calls.len()),
            records: COLLECTION * self.delivery.wire.pace.collections(),
        };
        let free = self.free_heads();
        // The rows of a job have their links one after the other, and what is owed to them is to go together.
        let is_reading = self.reads();
        let ready = free.iter().filter(|head| {
            let waits = is_reading && matches!(head.item.task, Task::Owed(_));
            !waits && !self.waits_for_job(head.item, now)
        });
        let candidates = ready.filter_map(|head| {
            Some(Candidate {
                key: head.key,
                group: self.group(&head.item.task)?,
                most: head.item.papers.attempts.company(),
                parent: head.item.task.parent(),
                since: head.since,
                size: head.item.papers.seat.as_ref().map_or(0, Seat::size),
                bulk: self.may_be_bulk(head.item, now),
            })
        });
        let candidates: Vec<Candidate<'_>> = candidates.collect();
        let (begins, bulk) = self.choose_bulk(&candidates, now);
        let others = candidates.into_iter().filter(|candidate| !bulk.takes(candidate));
        let plan = plan(others, limits, &self.traffic, now);
        let wake =
            [plan.wake, bulk.wake, self.bulk.wake(now), self.lanes.next_wake()].into_iter().flatten().min();
        match begins {
            Some(group) => self.begin_bulk(group, bulk, now),
            None => self.run_bulk(bulk, now),
        }
        for (group, keys) in plan.calls {
            self.traffic.begins(group, now);
            self.start_call(group, keys);
        }
        // A job that begins to be filled takes what is there at once.
        if begins.is_some() { Some(now) } else { wake }
    }

    /// Inserts without an answer may be waited for, and what lies behind them with them: that is said.
    fn say_what_is_unanswered(&self) {
        match self.unanswered.len() {
            0 => self.health.running(),
            count => self.health.degraded(format!(
                "org `{}` did not answer {count} insert(s), and until it cannot be at work on them any more (12 minutes at most) it is \
                 asked whether it made them; what lies behind them in their partitions waits",
                self.delivery.wire.org.name()
            )),
        }
    }

    /// Settles what needs no call, since its outcome is known. Owed references that a later record of their lane decides wait for
    /// that: it ends them if it is written, and not if it is refused.
    fn settle_known(&mut self, now: Instant) {
        loop {
            let (mut decided, mut known) = (Vec::new(), Vec::new());
            for head in self.lanes.heads() {
                match &head.item.task {
                    Task::Known(_) => known.push(head.key.clone()),
                    Task::Owed(owed) if self.lanes.queued(head.key).any(|work| work.task.decides(owed)) => {
                        decided.push(head.key.clone());
                    }
                    Task::Owed(_) | Task::Change(_) | Task::Straighten(_) => {}
                }
            }
            if decided.is_empty() && known.is_empty() {
                return;
            }
            for key in decided {
                self.lanes.lower(
                    &key,
                    |other, first| matches!(&first.task, Task::Owed(owed) if other.task.decides(owed)),
                );
            }
            for key in known {
                if let Some(Work { papers, task: Task::Known(outcome) }) = self.lanes.take(&key) {
                    self.settle(papers, *outcome, None, now);
                }
            }
        }
    }

    pub(super) fn group(&self, task: &Task) -> Option<Group> {
        let (target, kind) = match task {
            Task::Change(change) => (&change.target, change.kind),
            Task::Owed(owed) => (self.delivery.targets.named(&owed.object)?, Kind::Pay),
            Task::Straighten(parent) => {
                (self.delivery.targets.at(*parent.objects.first()?), Kind::Straighten)
            }
            Task::Known(_) => return None,
        };
        Some(Group { rank: target.rank, object: target.index, kind })
    }

    fn start_call(&mut self, group: Group, keys: Vec<LaneKey>) {
        let (mut changes, mut owed, mut parents) = (Vec::new(), Vec::new(), Vec::new());
        for key in keys {
            let Some(Work { papers, task }) = self.lanes.take(&key) else { continue };
            let tenure = papers.tenure.clone();
            let mut flying = Flying { tenure, decides: None, standing: papers.standing, way: Way::Call };
            match task {
                Task::Change(change) => {
                    flying.decides = Some(change.decision());
                    changes.push((papers, change));
                }
                Task::Owed(debt) => owed.push((papers, debt)),
                Task::Straighten(parent) => parents.push((papers, parent)),
                Task::Known(outcome) => {
                    self.settle(papers, *outcome, None, Instant::now());
                    continue;
                }
            }
            self.flying.insert(key, flying);
        }
        let delivery = Arc::clone(&self.delivery);
        self.calls.spawn(async move {
            let done = match group.kind {
                Kind::Pay => delivery.pay(delivery.targets.at(group.object), owed).await,
                Kind::Straighten => delivery.straighten(parents).await,
                kind => delivery.write(kind, changes).await,
            };
            (group, done.map(Over::Wrote))
        });
    }

    /// Takes changes out of their lanes to prepare them for a bulk job.
    pub(super) fn take_changes(&mut self, keys: Vec<LaneKey>) -> Vec<(Papers, Box<Change>)> {
        let mut changes = Vec::with_capacity(keys.len());
        for key in keys {
            match self.lanes.take(&key) {
                Some(Work { papers, task: Task::Change(change) }) => {
                    let flying = Flying {
                        tenure: papers.tenure.clone(),
                        decides: Some(change.decision()),
                        standing: papers.standing,
                        way: Way::Filling,
                    };
                    self.flying.insert(key, flying);
                    changes.push((papers, change));
                }
                Some(other) => self.lanes.put_back(key, other, None, Instant::now()),
                None => {}
            }
        }
        changes
    }
}
