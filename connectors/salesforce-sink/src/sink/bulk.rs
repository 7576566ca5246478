//! Which waiting records become rows of a bulk job, and when the job begins.
//!
//! One job at a time: it is filled while records of its object keep coming, then it is at work, then its results are taken in. What
//! comes meanwhile goes by other calls, unless it is enough for a job of its own, or the job before took no more: then it waits
//! for its turn, and its topics are read no further, so that the room is for others. It does not wait behind a job that is slow.

use std::collections::{BTreeSet, HashMap};

use orgstream_api::TaskError;
use tokio::time::Instant;

use super::{Over, SalesforceSink, Way, travels};
use crate::bulk::filling::{Filling, Unfit};
use crate::bulk::reading::{Left, Reading};
use crate::bulk::rests::Rests;
use crate::change::Change;
use crate::plan::{Group, Kind};
use crate::put::Prepared;
use crate::work::{Task, Work};

mod choice;
pub(super) use choice::Choice;

/// Bulk jobs of a sink.
#[derive(Default)]
pub(super) struct Lane {
    stage: Stage,
    /// Parts on their way into the job that is being filled.
    preparing: usize,
    /// When the job that is being filled was begun.
    opened: Option<Instant>,
    /// When a part came last.
    latest: Option<Instant>,
    /// Whether the job took in as much as one can, so that there is more.
    was_full: bool,
    /// The groups that were left to jobs when it was decided last.
    keeps: BTreeSet<Group>,
    /// Topics of such groups that are read no further for now.
    later: BTreeSet<String>,
    /// The group of the latest job. The next one is of another, if others wait.
    last: Option<Group>,
    rests: Rests,
    /// Records that are known to lie in the topics, by topic.
    behind: HashMap<String, usize>,
}

#[derive(Default)]
enum Stage {
    #[default]
    Idle,
    Filling(Box<Filling>),
    Running(Group),
    Reading(Box<Reading>),
}

impl Lane {
    /// Whether waiting records of a group are left to jobs.
    pub(super) fn keeps(&self, group: Group) -> bool {
        self.keeps.contains(&group)
    }

    /// Topics that are read no further, as enough of them waits for a job.
    pub(super) fn later(&self) -> Vec<String> {
        self.later.iter().cloned().collect()
    }

    /// What the status says of jobs that cannot be.
    pub(super) fn trouble(&self, now: Instant) -> Option<&str> {
        self.rests.trouble(now)
    }

    /// So many records lie in the topics.
    pub(super) fn lie_behind(&mut self, records: HashMap<String, usize>) {
        self.behind = records;
    }

    /// When the status changes by itself.
    pub(super) fn wake(&self, now: Instant) -> Option<Instant> {
        self.rests.wake(now)
    }
}

impl SalesforceSink {
    /// Whether an item may become a row of a job.
    pub(super) fn may_be_bulk(&self, work: &Work, now: Instant) -> bool {
        let attempts = &work.papers.attempts;
        let may = |change: &Change| {
            matches!(change.kind, Kind::Upsert | Kind::Update)
                && self.config.writing.allow_jobs(&change.target.object)
                && !self.bulk.rests.has(change.target.index, now)
        };
        self.config.bulk.least().is_some()
            && matches!(&work.task, Task::Change(change) if may(change))
            && attempts.failed() == 0
            && !attempts.is_suspect()
            && !attempts.is_kept_from_bulk()
    }

    /// Begins to fill a job.
    pub(super) fn begin_bulk(&mut self, group: Group, choice: Choice, now: Instant) {
        self.bulk.keeps.clear();
        self.bulk.later.clear();
        let target = self.delivery.targets.at(group.object).clone();
        match Filling::of(group, target, &self.spool) {
            Ok(filling) => {
                self.bulk.stage = Stage::Filling(Box::new(filling));
                (self.bulk.keeps, self.bulk.later) = (choice.keeps, choice.later);
                self.bulk.last = Some(group);
                (self.bulk.opened, self.bulk.latest) = (Some(now), None);
            }
            Err(Unfit::Disk(reason)) => self.rest_from_bulk(&reason, now),
            Err(Unfit::Header(characters)) => {
                let object = &self.delivery.targets.at(group.object).object;
                tracing::warn!(
                    pipeline = %self.config.pipeline, object, characters,
                    "The fields of the object have too many names for a bulk job; its records are written by other calls."
                );
                self.bulk.rests.exclude(group.object);
            }
        }
    }

    /// No job is tried for some time, since the disk takes no rows.
    fn rest_from_bulk(&mut self, reason: &str, now: Instant) {
        let reason = format!(
            "no bulk job can be filled in {}: {reason}; records go by other calls, which cost more of them. Make room on that \
             disk, which is tried again every ten minutes, or write without jobs (`sink.bulk.from: off`)",
            self.spool.display()
        );
        tracing::warn!(pipeline = %self.config.pipeline, "{reason}");
        self.bulk.rests.rest_all(reason, now);
    }

    /// Carries out what was chosen.
    pub(super) fn run_bulk(&mut self, choice: Choice, now: Instant) {
        (self.bulk.keeps, self.bulk.later) = (choice.keeps, choice.later);
        let Some(group) = choice.fills else { return };
        for keys in choice.fill {
            let changes = self.take_changes(keys);
            self.bulk.preparing += 1;
            let delivery = self.delivery.clone();
            self.calls.spawn(async move {
                let prepared = delivery.prepare_changes(changes).await;
                (group, prepared.map(|(done, prepared)| Over::Prepared(done, prepared)))
            });
            self.traffic.begins(group, now);
        }
        if choice.closes {
            self.close_bulk(group, now);
        }
    }

    fn close_bulk(&mut self, group: Group, now: Instant) {
        let Stage::Filling(filling) = std::mem::take(&mut self.bulk.stage) else { return };
        self.bulk.was_full = filling.is_full();
        let trouble = filling.trouble().map(str::to_owned);
        if let Some(reason) = &trouble {
            self.rest_from_bulk(reason, now);
        }
        // Not worth a job where most of what waited needed no write or another one: it goes by other calls.
        if trouble.is_some() || self.config.bulk.least().is_none_or(|least| filling.rows() < least) {
            self.bulk.was_full = false;
            self.bulk.stage = Stage::Reading(Box::new(Reading::nothing(*filling, Left::ByRest)));
            return;
        }
        self.bulk.stage = Stage::Running(group);
        let (delivery, book) = (self.delivery.clone(), self.book.clone());
        let give_up_after = self.config.bulk.give_up_after;
        self.calls.spawn(async move {
            let reading = delivery.run_job(*filling, &book, give_up_after).await;
            (group, reading.map(|reading| Over::Job(Box::new(reading))))
        });
        self.traffic.begins(group, now);
    }

    /// Puts prepared records into the job; what cannot be one of its rows is written by other calls.
    pub(super) fn fill(&mut self, group: Group, prepared: Vec<Prepared>, now: Instant) {
        self.bulk.preparing = self.bulk.preparing.saturating_sub(1);
        self.bulk.latest = Some(now);
        let mut others = Vec::new();
        match &mut self.bulk.stage {
            Stage::Filling(filling) if filling.group == group => {
                filling.decide(&prepared);
                for prepared in prepared {
                    if prepared.item.papers.tenure.is_over() {
                        others.push(prepared);
                        continue;
                    }
                    let key = prepared.item.papers.key.clone();
                    match filling.push(prepared) {
                        Some(other) => others.push(other),
                        None => travels(&mut self.flying, &key, Way::Job),
                    }
                }
            }
            _ => others = prepared,
        }
        if !others.is_empty() {
            for other in &others {
                travels(&mut self.flying, &other.item.papers.key, Way::Call);
            }
            let delivery = self.delivery.clone();
            self.traffic.begins(group, now);
            self.calls.spawn(async move {
                let done = delivery.write_prepared(others).await;
                (group, Ok(Over::Wrote(done)))
            });
        }
    }

    /// The job is over: its rows are settled as outcomes are taken.
    pub(super) fn read_bulk(&mut self, reading: Box<Reading>, now: Instant) {
        if reading.left() == Left::ByRestForNow {
            self.bulk.rests.rest(reading.group().object, now);
        }
        self.bulk.stage = Stage::Reading(reading);
    }

    /// Whether there are results to be taken in.
    pub(super) fn reads(&self) -> bool {
        matches!(self.bulk.stage, Stage::Reading(_))
    }

    /// Takes in the next rows of a job that is over; false when there are none.
    pub(super) fn read_on(&mut self) -> Result<bool, TaskError> {
        let Stage::Reading(reading) = &mut self.bulk.stage else { return Ok(false) };
        let next = reading.next(&self.delivery).map_err(TaskError::restart)?;
        if next.is_none() {
            self.bulk.stage = Stage::Idle;
        }
        let Some(done) = next else { return Ok(false) };
        self.take_in(done);
        Ok(true)
    }

    /// Partitions were taken away: the job that is being filled may have rows of them, so it is emptied, and filled anew with
    /// what is left.
    pub(super) fn empty_bulk(&mut self) {
        if matches!(self.bulk.stage, Stage::Filling(_))
            && let Stage::Filling(filling) = std::mem::take(&mut self.bulk.stage)
        {
            self.bulk.was_full = false;
            self.bulk.stage = Stage::Reading(Box::new(Reading::nothing(*filling, Left::AsBefore)));
        }
    }
}
