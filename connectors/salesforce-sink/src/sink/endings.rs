//! What becomes of the items of a call that is over: settled, or put back into their lanes.

use std::time::Duration;

use orgstream_api::{Outcome, Rejection, Skip, StoreError, TaskError, Ticket, Wait};
use tokio::task::JoinError;
use tokio::time::Instant;

use super::halt::Subject;
use super::parking::NextLook;
use super::{Closed, Over, SalesforceSink};
use crate::attempts::Next;
use crate::change::Decision;
use crate::deliver::Done;
use crate::fold;
use crate::lanes::LaneKey;
use crate::plan::{Group, Kind};
use crate::work::{Papers, Task, Verdict, Work};

/// The longest pause of a deletion that other records stand against.
const IN_USE: Duration = Duration::from_secs(5);

impl SalesforceSink {
    /// Takes in what became of a call.
    pub(super) fn absorb(
        &mut self,
        joined: Result<(Group, Result<Over, StoreError>), JoinError>,
    ) -> Result<(), TaskError> {
        let (group, over) = joined.map_err(TaskError::restart)?;
        self.traffic.ends(group);
        let now = Instant::now();
        match over.map_err(TaskError::restart)? {
            Over::Wrote(done) => self.take_in(done),
            Over::Prepared(done, prepared) => {
                self.take_in(done);
                self.fill(group, prepared, now);
            }
            Over::Job(reading) => self.read_bulk(reading, now),
        }
        Ok(())
    }

    pub(super) fn take_in(&mut self, done: Done) {
        let now = Instant::now();
        for (work, verdict) in done.over {
            self.absorb_one(work, verdict, now);
        }
        for (record, tenure) in done.crooked {
            self.look_after(record, tenure, now);
        }
    }

    fn absorb_one(&mut self, mut work: Work, verdict: Verdict, now: Instant) {
        let key = work.papers.key.clone();
        let flying = self.flying.remove(&key);
        let lasts = !work.papers.tenure.is_over();
        let verdict = self.with_parents_at_work(&mut work, verdict);
        let verdict = self.with_deletions_to_come(&work, verdict);
        let verdict = self.with_parents_to_come(&mut work, verdict, now);
        if matches!(verdict, Verdict::Later(_)) && lasts {
            self.unanswered.insert(key.clone());
        } else {
            self.unanswered.remove(&key);
        }
        let verdict = match self.by_policy(verdict) {
            Verdict::Suspect(rejection) => {
                work.papers.attempts.suspect();
                Verdict::Retry(rejection)
            }
            verdict => verdict,
        };
        let until = match verdict {
            Verdict::Settled(settled) => {
                if lasts && let Some(link) = settled.link() {
                    self.delivery.links.wrote(link.clone(), settled.stored.clone());
                }
                let decides = flying.and_then(|flying| Some((key, flying.decides?)));
                if lasts && let (Outcome::Delivered(_), Some((key, decision))) = (&settled.outcome, &decides)
                {
                    self.end_debts(key, decision);
                }
                return self.settle(work.papers, settled.outcome, decides, now);
            }
            // The ticket is dropped with the item; its lane at the ledger went with the partition.
            _ if !lasts => return self.lanes.settle(&key, now),
            Verdict::Dropped | Verdict::Again => None,
            Verdict::Outdated(reason) => {
                self.outdated = Some(reason);
                None
            }
            Verdict::Later(pause) => {
                self.pause_behind(&mut work);
                Some(now + pause)
            }
            Verdict::Waits(cause, parents) if self.can_park(&work) => match self.next_look(&mut work) {
                NextLook::After(pause) => Some(now + pause),
                NextLook::Park(again_in) => {
                    return self.park(work, Wait::For { cause, parents, again_in }, now);
                }
                NextLook::Expired => return self.expire(work, cause, now),
            },
            // What points at the record may be a state from after its return, so the deletion would be waited out in a circle.
            Verdict::InUse(_) if self.comes_back(&key) => {
                return self.settle(work.papers, Outcome::Skipped(Skip::ComesBack), None, now);
            }
            Verdict::InUse(rejection) => match self.count_attempt(&mut work) {
                Next::After(pause) => Some(now + pause.min(IN_USE)),
                Next::Over => return self.give_up(work, rejection, now),
            },
            Verdict::Waits(cause, _)
            | Verdict::Retry(cause)
            | Verdict::Race(cause)
            | Verdict::Suspect(cause) => match self.next_attempt(&mut work) {
                Next::After(pause) if self.outlasts(&work, pause) => {
                    let wait = Wait::For { cause, parents: Vec::new(), again_in: pause };
                    return self.park(work, wait, now);
                }
                Next::After(pause) => Some(now + pause),
                Next::Over => return self.give_up(work, cause, now),
            },
        };
        work.papers.attempts.come_back();
        self.stand_anew(&mut work);
        // D5: at the front, so that nothing later of the record passes it.
        self.lanes.put_back(key, work, until, now);
    }

    /// Ends the owed references of a lane that a change which was written decides.
    fn end_debts(&mut self, key: &LaneKey, decision: &Decision) {
        for work in self.lanes.queued_mut(key) {
            if matches!(&work.task, Task::Owed(owed) if decision.is_about(owed)) {
                work.task = Task::Known(Box::new(Outcome::Skipped(Skip::NoLongerOwed)));
            }
        }
    }

    /// Whether a later change of a lane says that its record lives.
    fn comes_back(&self, key: &LaneKey) -> bool {
        let lives = |kind: Kind| !matches!(kind, Kind::Delete | Kind::Leave);
        self.lanes.queued(key).any(|later| matches!(&later.task, Task::Change(change) if lives(change.kind)))
    }

    /// Counts a failed attempt, and reads no more of the record's partition.
    fn next_attempt(&mut self, work: &mut Work) -> Next {
        let next = self.count_attempt(work);
        if let Next::After(_) = next {
            self.pause_behind(work);
            // It has an entry in Kafka, and no offset waits for it.
            if matches!(work.task, Task::Owed(_)) && self.is_overdue(work, Duration::ZERO) {
                work.papers.attempts.let_read();
            }
        }
        next
    }

    /// Counts a failed attempt on the record's clock, which runs only while the org can be called.
    fn count_attempt(&mut self, work: &mut Work) -> Next {
        let clock = self.delivery.wire.org.breaker().closed_time();
        let next = work.papers.attempts.fail(clock, self.config.retry_for, rand::random());
        if let Next::After(_) = next {
            self.delivery.counters.retried();
        }
        next
    }

    /// Has no more read of the partition of an item that waits.
    pub(super) fn pause_behind(&mut self, work: &mut Work) {
        match &work.task {
            Task::Change(change) => {
                work.papers.attempts.pause(&mut self.pauses, &change.version.at.partition);
            }
            Task::Owed(owed) => work.papers.attempts.pause(&mut self.pauses, &owed.at.partition),
            Task::Straighten(_) | Task::Known(_) => {}
        }
    }

    fn expire(&mut self, work: Work, mut rejection: Rejection, now: Instant) {
        let waited = seconds(self.config.parking.expire_after);
        rejection.message = format!("{} (waited for {waited}, as `sink.parked` says)", rejection.message);
        self.settle(work.papers, Outcome::Rejected(rejection), None, now);
    }

    fn give_up(&mut self, work: Work, mut rejection: Rejection, now: Instant) {
        rejection.message = format!(
            "{} (given up after {} attempts in {})",
            rejection.message,
            work.papers.attempts.failed() + 1,
            seconds(self.config.retry_for)
        );
        self.settle(work.papers, Outcome::Rejected(rejection), None, now);
    }

    /// Ends an item that was taken out of its lane: the lane's next item has its turn, the seat is free.
    pub(super) fn settle(
        &mut self,
        papers: Papers,
        outcome: Outcome,
        decides: Option<(LaneKey, Decision)>,
        now: Instant,
    ) {
        let subject = Subject::of(&papers);
        let Papers { key, ticket, seat, earlier, .. } = papers;
        drop(seat);
        let outcome = match outcome {
            Outcome::Rejected(rejection) => Outcome::Rejected(fold::refused(&earlier, rejection)),
            outcome => outcome,
        };
        for member in earlier {
            let outcome = member.outcome(&outcome);
            let subject = Subject { id: subject.id.clone(), at: Some(member.version.at) };
            self.close(member.ticket, &subject, outcome, None);
        }
        if let Some(ticket) = ticket {
            self.close(ticket, &subject, outcome, decides);
        }
        self.lanes.settle(&key, now);
    }

    pub(super) fn close(
        &mut self,
        ticket: Ticket,
        subject: &Subject,
        outcome: Outcome,
        decides: Option<(LaneKey, Decision)>,
    ) {
        let Some((ticket, outcome)) = self.end_of_record(ticket, subject, outcome) else { return };
        self.delivery.counters.settled(&outcome);
        self.closed.push(Closed { ticket, outcome, decides });
    }
}

fn seconds(time: Duration) -> String {
    format!("{} s", time.as_secs_f64())
}
