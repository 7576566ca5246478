//! The sink: lanes in front, calls behind, outcomes out.
//!
//! Calls run as tasks of their own, so dropping the future of [`Sink::settled`] loses nothing. Everything else happens
//! inside it: finished calls are taken in, lanes give out what may be written, calls start.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use orgstream_api::{
    Capacity, HealthReporter, Item, Mark, OpenJobs, Outcome, Rejection, Sink, Skip, StoreError, TaskError,
    Ticket, TopicPartition, Tracked,
};
use orgstream_salesforce::COLLECTION;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::attempts::{Next, Pauses};
use crate::bulk::adopt::outlive;
use crate::bulk::book::Book;
use crate::bulk::job::Reading;
use crate::change::{Change, Decision};
use crate::config::SinkConfig;
use crate::counters::SinkCounters;
use crate::deliver::{Delivery, Done};
use crate::holds::{Holds, Standing};
use crate::lanes::{LaneKey, Lanes};
use crate::left_out::Remarks;
use crate::plan::{Candidate, Group, Kind, Limits, Traffic, plan};
use crate::put::Prepared;
use crate::refusals::Refusals;
use crate::room::{Room, Seat};
use crate::tally::Tally;
use crate::tenure::{Tenure, Tenures};
use crate::work::{Papers, Task, Verdict, Work};
use halt::{Halt, Subject};

mod bulk;
mod halt;
mod intake;
mod order;

/// Calls in flight at most. Their bytes are bounded by the sink's room.
const CALLS: usize = 10;

/// The bytes an owed reference is counted as.
const OWED_SIZE: usize = 512;

/// Writes records to org B.
pub struct SalesforceSink {
    config: SinkConfig,
    health: HealthReporter,
    delivery: Arc<Delivery>,
    lanes: Lanes<Work>,
    /// What is out of its lane, by lane: at most one item each (D5).
    flying: HashMap<LaneKey, Flying>,
    calls: JoinSet<(Group, Result<Over, StoreError>)>,
    traffic: Traffic,
    bulk: bulk::Lane,
    spool: PathBuf,
    /// The bulk jobs of this sink.
    book: Book,
    /// Waits for those of former owners.
    adopted: JoinSet<()>,
    /// Outcomes that were not handed out yet.
    closed: Vec<Closed>,
    tenures: Tenures,
    pauses: Pauses,
    room: Room,
    holds: Holds,
    tally: Arc<Tally>,
    halt: Halt,
    /// Why what was learnt of org B at the start holds no more. The task has to start again.
    outdated: Option<String>,
    remarks: Remarks,
}

/// What a call was for, and what became of it.
enum Over {
    /// Records were written.
    Wrote(Done),
    /// Records were prepared for a bulk job.
    Prepared(Done, Vec<Prepared>),
    /// A bulk job is over.
    Job(Box<Reading>),
}

/// An item in a call.
struct Flying {
    tenure: Tenure,
    /// What it decides; `None` for an owed reference.
    decides: Option<Decision>,
    /// What it is to deletions, if it is a change.
    standing: Option<Standing>,
    /// Whether it is a row of a bulk job, which goes on without this sink.
    in_job: bool,
}

/// An outcome with its ticket.
struct Closed {
    ticket: Ticket,
    outcome: Outcome,
    /// The record's lane and what it decides.
    decides: Option<(LaneKey, Decision)>,
}

impl SalesforceSink {
    pub(crate) fn new(
        config: SinkConfig,
        health: HealthReporter,
        delivery: Delivery,
        spool: PathBuf,
    ) -> Self {
        Self {
            tally: Arc::new(Tally::new(config.failures.stop_after)),
            config,
            health,
            delivery: Arc::new(delivery),
            lanes: Lanes::default(),
            flying: HashMap::new(),
            calls: JoinSet::new(),
            traffic: Traffic::default(),
            bulk: bulk::Lane::default(),
            spool,
            book: Book::default(),
            adopted: JoinSet::new(),
            closed: Vec::new(),
            tenures: Tenures::default(),
            pauses: Pauses::default(),
            room: Room::default(),
            holds: Holds::default(),
            halt: Halt::default(),
            outdated: None,
            remarks: Remarks::default(),
        }
    }

    /// What the sink has done; readable while it runs.
    pub fn counters(&self) -> Arc<SinkCounters> {
        Arc::clone(&self.delivery.counters)
    }

    /// For whoever refuses records before the sink sees them.
    pub fn refusals(&self) -> Refusals {
        Refusals {
            on_error: self.config.failures.on_error.clone(),
            tally: Arc::clone(&self.tally),
            counters: self.counters(),
        }
    }

    /// Starts what may start, and says when to look again if nothing else happens.
    fn launch(&mut self) -> Option<Instant> {
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
            self.health.degraded(format!(
                "bulk jobs of an earlier run are still at work in org `{}`; writing goes on when they are over",
                self.delivery.wire.org.name()
            ));
            return None;
        }
        self.health.running();
        let limits = Limits {
            slots: CALLS.saturating_sub(self.calls.len()),
            records: COLLECTION * self.delivery.wire.pace.collections(),
        };
        let free = self.free_heads();
        let candidates = free.iter().filter_map(|head| {
            Some(Candidate {
                key: head.key,
                group: self.group(&head.item.task)?,
                alone: head.item.papers.attempts.is_suspect(),
                since: head.since,
                size: head.item.papers.seat.as_ref().map_or(0, Seat::size),
                bulk: self.may_be_bulk(head.item),
            })
        });
        let candidates: Vec<Candidate<'_>> = candidates.collect();
        let (begins, bulk) = self.choose_bulk(&candidates, now);
        let others = candidates.into_iter().filter(|candidate| !bulk.takes(candidate));
        let plan = plan(others, limits, &self.traffic, now);
        let wake = [plan.wake, bulk.wake, self.lanes.next_wake()].into_iter().flatten().min();
        match begins {
            Some(group) => self.begin_bulk(group),
            None => self.run_bulk(bulk, now),
        }
        for (group, keys) in plan.calls {
            self.traffic.begins(group, now);
            self.start_call(group, keys);
        }
        // A job that begins to be filled takes what is there at once.
        if begins.is_some() { Some(now) } else { wake }
    }

    /// Settles what needs no call: known outcomes, and owed references that a later record of their lane decides.
    fn settle_known(&mut self, now: Instant) {
        loop {
            let known: Vec<LaneKey> = self
                .lanes
                .heads()
                .filter(|head| match &head.item.task {
                    Task::Known(_) => true,
                    Task::Owed(owed) => self.lanes.queued(head.key).any(|work| work.task.decides(owed)),
                    Task::Change(_) | Task::FetchBack(_) => false,
                })
                .map(|head| head.key.clone())
                .collect();
            if known.is_empty() {
                return;
            }
            for key in known {
                let Some(Work { papers, task }) = self.lanes.take(&key) else { continue };
                let outcome = match task {
                    Task::Known(outcome) => *outcome,
                    Task::Owed(_) | Task::FetchBack(_) | Task::Change(_) => {
                        Outcome::Skipped(Skip::NoLongerOwed)
                    }
                };
                self.settle(papers, outcome, None, now);
            }
        }
    }

    fn group(&self, task: &Task) -> Option<Group> {
        let (target, kind) = match task {
            Task::Change(change) => (&change.target, change.kind),
            Task::Owed(owed) => (self.delivery.targets.named(&owed.object)?, Kind::Pay),
            Task::FetchBack(parent) => (self.delivery.targets.at(*parent.objects.first()?), Kind::FetchBack),
            Task::Known(_) => return None,
        };
        Some(Group { rank: target.rank, object: target.index, kind })
    }

    fn start_call(&mut self, group: Group, keys: Vec<LaneKey>) {
        let (mut changes, mut owed, mut parents) = (Vec::new(), Vec::new(), Vec::new());
        for key in keys {
            let Some(Work { papers, task }) = self.lanes.take(&key) else { continue };
            let tenure = papers.tenure.clone();
            let mut flying = Flying { tenure, decides: None, standing: papers.standing, in_job: false };
            match task {
                Task::Change(change) => {
                    flying.decides = Some(change.decision());
                    changes.push((papers, change));
                }
                Task::Owed(debt) => owed.push((papers, debt)),
                Task::FetchBack(parent) => parents.push((papers, parent)),
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
                Kind::FetchBack => delivery.fetch_parents(parents).await,
                kind => delivery.write(kind, changes).await,
            };
            (group, done.map(Over::Wrote))
        });
    }

    /// Takes changes out of their lanes.
    fn take_changes(&mut self, keys: Vec<LaneKey>) -> Vec<(Papers, Box<Change>)> {
        let mut changes = Vec::with_capacity(keys.len());
        for key in keys {
            match self.lanes.take(&key) {
                Some(Work { papers, task: Task::Change(change) }) => {
                    let flying = Flying {
                        tenure: papers.tenure.clone(),
                        decides: Some(change.decision()),
                        standing: papers.standing,
                        in_job: false,
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

    /// Takes in what became of a call.
    fn absorb(
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
                self.fill(group, prepared, now)?;
            }
            Over::Job(reading) => self.read_bulk(reading, now),
        }
        Ok(())
    }

    fn take_in(&mut self, done: Done) {
        let now = Instant::now();
        for (work, verdict) in done.over {
            self.absorb_one(work, verdict, now);
        }
        for (parent, tenure) in done.parents {
            self.look_after(parent, tenure, now);
        }
    }

    fn absorb_one(&mut self, mut work: Work, verdict: Verdict, now: Instant) {
        let key = work.papers.key.clone();
        let flying = self.flying.remove(&key);
        let lasts = !work.papers.tenure.is_over();
        let verdict = self.with_deletions_to_come(&work, verdict);
        let until = match self.by_policy(verdict) {
            Verdict::Settled(settled) => {
                if lasts && let Some(link) = settled.link() {
                    self.delivery.links.wrote(link.clone(), settled.stored.clone());
                }
                let decides = flying.and_then(|flying| Some((key, flying.decides?)));
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
            Verdict::Retry(rejection) => match self.next_attempt(&mut work) {
                Next::After(pause) => Some(now + pause),
                Next::Over => return self.give_up(work, rejection, now),
            },
            Verdict::Suspect(rejection) => {
                work.papers.attempts.suspect();
                match self.next_attempt(&mut work) {
                    Next::After(pause) => Some(now + pause),
                    Next::Over => return self.give_up(work, rejection, now),
                }
            }
        };
        self.stand_anew(&mut work);
        // D5: at the front, so that nothing later of the record passes it.
        self.lanes.put_back(key, work, until, now);
    }

    /// Counts a failed attempt on the record's clock, which runs only while the org can be called.
    fn next_attempt(&mut self, work: &mut Work) -> Next {
        let clock = self.delivery.wire.org.breaker().closed_time();
        let next = work.papers.attempts.fail(clock, self.config.retry_for, rand::random());
        if let Next::After(_) = next {
            self.delivery.counters.retried();
            self.pause_behind(work);
        }
        next
    }

    /// Has no more read of the partition of an item that waits.
    fn pause_behind(&mut self, work: &mut Work) {
        match &work.task {
            Task::Change(change) => {
                work.papers.attempts.pause(&mut self.pauses, &change.version.at.partition);
            }
            Task::Owed(owed) => work.papers.attempts.pause(&mut self.pauses, &owed.at.partition),
            Task::FetchBack(_) | Task::Known(_) => {}
        }
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
    fn settle(
        &mut self,
        papers: Papers,
        outcome: Outcome,
        decides: Option<(LaneKey, Decision)>,
        now: Instant,
    ) {
        let subject = Subject::of(&papers);
        let Papers { key, ticket, seat, .. } = papers;
        drop(seat);
        if let Some(ticket) = ticket {
            self.close(ticket, &subject, outcome, decides);
        }
        self.lanes.settle(&key, now);
    }

    fn close(
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

    fn hand_out(&mut self) -> Vec<(Ticket, Outcome)> {
        self.closed.drain(..).map(|closed| (closed.ticket, closed.outcome)).collect()
    }

    /// Waits for a call to end, the org to answer again, or `wake`.
    async fn wait(&mut self, wake: Option<Instant>) -> Result<(), TaskError> {
        let away = self.delivery.away();
        let back = async {
            match &away {
                Some((org, _)) => org.breaker().closed().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            Some(joined) = self.calls.join_next() => self.absorb(joined),
            Some(_) = self.adopted.join_next() => Ok(()),
            () = back => Ok(()),
            () = until(wake) => Ok(()),
        }
    }

    fn end(&mut self, partitions: &[TopicPartition]) {
        self.tenures.end(partitions);
        self.empty_bulk();
        self.lanes.retain(|work| !work.papers.tenure.is_over());
        self.pauses.forget(partitions);
        self.delivery.links.forget(partitions);
    }
}

#[async_trait]
impl Sink for SalesforceSink {
    fn capacity(&self) -> Capacity {
        self.room.capacity()
    }

    fn submit(&mut self, items: Vec<Tracked<Item>>) -> Vec<Tracked<Item>> {
        let now = Instant::now();
        let mut items = items.into_iter();
        while let Some(next) = items.next() {
            let size = match &next.item {
                Item::Record(record) => record.size,
                Item::Owed(_) => OWED_SIZE,
            };
            match self.room.seat(size) {
                Some(seat) => self.accept(next, seat, now),
                None => return std::iter::once(next).chain(items).collect(),
            }
        }
        Vec::new()
    }

    async fn settled(&mut self) -> Result<Vec<(Ticket, Outcome)>, TaskError> {
        loop {
            while let Some(joined) = self.calls.try_join_next() {
                self.absorb(joined)?;
            }
            if self.outdated.is_some() && self.closed.is_empty() {
                return Err(TaskError::restart(self.outdated.take().unwrap_or_default()));
            }
            if self.closed.is_empty() {
                self.read_on()?;
            }
            // Before outcomes are handed out, so that the next calls run while the runtime deals with them.
            let wake = if self.outdated.is_none() { self.launch() } else { None };
            if !self.closed.is_empty() {
                return Ok(self.hand_out());
            }
            if let Some(end) = self.end_of_task() {
                return Err(end);
            }
            if !self.reads() {
                self.wait(wake).await?;
            }
        }
    }

    fn open_jobs(&self) -> OpenJobs {
        self.book.open()
    }

    fn jobs_kept(&mut self, jobs: &OpenJobs) {
        self.book.kept(jobs);
    }

    fn adopt_jobs(&mut self, jobs: OpenJobs) {
        let (org, book) = (self.delivery.wire.org.clone(), self.book.clone());
        let jobs = book.adopt(jobs);
        self.adopted.spawn(async move { outlive(&org, &book, jobs).await });
    }

    fn paused(&self) -> Vec<TopicPartition> {
        self.pauses.partitions()
    }

    fn rank(&self, topic: &str) -> u32 {
        self.delivery.targets.rank(topic)
    }

    fn asks_for_mark(&mut self) -> Option<Mark> {
        self.holds.ask()
    }

    fn reached(&mut self, mark: Mark) {
        self.holds.reached(mark);
    }

    fn held(&self) -> HashMap<TopicPartition, usize> {
        self.held_records()
    }

    fn revoke(&mut self, partitions: &[TopicPartition]) {
        self.end(partitions);
    }

    async fn drain(
        &mut self,
        partitions: &[TopicPartition],
        deadline: Instant,
    ) -> Result<Vec<(Ticket, Outcome)>, TaskError> {
        self.end(partitions);
        while self.read_on()? {}
        // A job is not waited for: the partitions' next owner does that.
        while self.flying.values().any(|flying| flying.tenure.is_over() && !flying.in_job) {
            match timeout_at(deadline, self.calls.join_next()).await {
                Ok(Some(joined)) => self.absorb(joined)?,
                Ok(None) | Err(_) => break,
            }
            while self.read_on()? {}
        }
        Ok(self.hand_out())
    }
}

async fn until(wake: Option<Instant>) {
    match wake {
        Some(wake) => sleep_until(wake).await,
        None => std::future::pending().await,
    }
}

fn seconds(time: Duration) -> String {
    format!("{} s", time.as_secs_f64())
}
