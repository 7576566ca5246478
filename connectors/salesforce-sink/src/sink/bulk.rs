//! Which waiting records become rows of a bulk job, and when the job begins.
//!
//! One job at a time: it is filled while records of its object keep coming, then it is at work, then its results are taken in. What
//! comes meanwhile goes by other calls, unless it is enough for a job of its own: then it waits for its turn.

use std::collections::BTreeMap;
use std::time::Duration;

use orgstream_api::TaskError;
use tokio::time::Instant;

use super::{Over, SalesforceSink};
use crate::bulk::filling::{Filling, ROWS};
use crate::bulk::job::{Left, Reading};
use crate::change::Change;
use crate::cut::CALL;
use crate::lanes::LaneKey;
use crate::plan::{Candidate, Group, Kind};
use crate::put::Prepared;
use crate::work::{Task, Work};

/// How long a job that is not full waits for more rows.
const LINGER: Duration = Duration::from_millis(500);

/// How long a job is filled at most, however steadily rows come.
const LINGER_AT_MOST: Duration = Duration::from_secs(15);

/// How long no job is tried after one that could not do it.
const REST: Duration = Duration::from_mins(10);

/// Parts of a job that are prepared at once.
const PREPARING: usize = 2;

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
    rests_until: Option<Instant>,
}

#[derive(Default)]
enum Stage {
    #[default]
    Idle,
    Filling(Box<Filling>),
    Running(Group),
    Reading(Box<Reading>),
}

/// What is to be done for bulk jobs now.
#[derive(Default)]
pub(super) struct Choice {
    /// The group of which no record may go another way.
    keeps: Option<Group>,
    /// What is to be prepared.
    fill: Vec<Vec<LaneKey>>,
    /// Whether the job may begin.
    closes: bool,
    /// When to look again.
    pub(super) wake: Option<Instant>,
}

impl Choice {
    /// Whether a record is left to the job.
    pub(super) fn takes(&self, candidate: &Candidate<'_>) -> bool {
        candidate.bulk && self.keeps == Some(candidate.group)
    }
}

impl Lane {
    /// What is to be done with the records that wait.
    fn choose(&self, from: usize, candidates: &[Candidate<'_>], now: Instant) -> Choice {
        let waiting = |group: Group| {
            candidates.iter().filter(move |candidate| candidate.bulk && candidate.group == group)
        };
        // Enough for a job of its own waits for its turn.
        let waits =
            |group: Group| Choice { keeps: waiting(group).nth(from - 1).map(|_| group), ..Choice::default() };
        match &self.stage {
            Stage::Filling(filling) => {
                let mut choice = Choice { keeps: Some(filling.group), ..Choice::default() };
                let room = ROWS.saturating_sub(filling.rows() + self.preparing * CALL);
                let is_old = self.opened.is_some_and(|opened| now >= opened + LINGER_AT_MOST);
                let room = if filling.is_full() || is_old { 0 } else { room };
                let most = room.min(CALL * PREPARING.saturating_sub(self.preparing));
                let keys: Vec<LaneKey> =
                    waiting(filling.group).take(most).map(|candidate| candidate.key.clone()).collect();
                choice.fill = keys.chunks(CALL).map(<[LaneKey]>::to_vec).collect();
                let due = self.latest.map_or(now, |latest| latest + LINGER);
                let idle = choice.fill.is_empty() && self.preparing == 0;
                choice.closes = idle && (room == 0 || due <= now);
                choice.wake = (idle && !choice.closes).then_some(due);
                choice
            }
            Stage::Running(group) => waits(*group),
            Stage::Reading(reading) => waits(reading.group()),
            Stage::Idle => Choice::default(),
        }
    }

    /// The first group, parents before children, of which enough waits for a job.
    fn enough(from: usize, candidates: &[Candidate<'_>]) -> Option<Group> {
        let mut counts: BTreeMap<Group, usize> = BTreeMap::new();
        for candidate in candidates.iter().filter(|candidate| candidate.bulk) {
            *counts.entry(candidate.group).or_default() += 1;
        }
        counts.into_iter().find(|(_, count)| *count >= from).map(|(group, _)| group)
    }
}

impl SalesforceSink {
    /// Whether an item may become a row of a job.
    pub(super) fn may_be_bulk(&self, work: &Work) -> bool {
        let attempts = &work.papers.attempts;
        let may = |change: &Change| {
            matches!(change.kind, Kind::Upsert | Kind::Update)
                && self.config.writing.allow_jobs(&change.target.object)
        };
        self.config.bulk_from.is_some()
            && matches!(&work.task, Task::Change(change) if may(change))
            && attempts.failed() == 0
            && !attempts.is_suspect()
            && !attempts.is_kept_from_bulk()
    }

    /// What is to be done for bulk jobs with the records that wait.
    pub(super) fn choose_bulk(&self, candidates: &[Candidate<'_>], now: Instant) -> (Option<Group>, Choice) {
        let Some(from) = self.config.bulk_from else { return (None, Choice::default()) };
        let from = from.max(1);
        let rests = self.bulk.rests_until.is_some_and(|until| now < until);
        if matches!(self.bulk.stage, Stage::Idle) && !rests {
            let begins = Lane::enough(from, candidates);
            return (begins, Choice { keeps: begins, ..Choice::default() });
        }
        (None, self.bulk.choose(from, candidates, now))
    }

    /// Begins to fill a job.
    pub(super) fn begin_bulk(&mut self, group: Group) {
        let target = self.delivery.targets.at(group.object).clone();
        match Filling::of(group, target, &self.spool) {
            Ok(filling) => {
                self.bulk.stage = Stage::Filling(Box::new(filling));
                (self.bulk.opened, self.bulk.latest) = (Some(Instant::now()), None);
            }
            Err(error) => {
                tracing::warn!(pipeline = %self.config.pipeline, %error, "Records are written without bulk jobs.");
                self.bulk.rests_until = Some(Instant::now() + REST);
            }
        }
    }

    /// Carries out what was chosen.
    pub(super) fn run_bulk(&mut self, choice: Choice, now: Instant) {
        let Some(group) = choice.keeps else { return };
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
        let from = self.config.bulk_from.unwrap_or(usize::MAX);
        // Not worth a job, since most of what waited needed no write or another one. Below the number it goes by other calls.
        if filling.rows() < from {
            self.bulk.stage = Stage::Reading(Box::new(Reading::nothing(*filling, Left::ByRest)));
            return;
        }
        self.bulk.stage = Stage::Running(group);
        let (delivery, book) = (self.delivery.clone(), self.book.clone());
        self.calls.spawn(async move {
            let reading = delivery.run_job(*filling, &book).await;
            (group, reading.map(|reading| Over::Job(Box::new(reading))))
        });
        self.traffic.begins(group, now);
    }

    /// Puts prepared records into the job; what cannot be one of its rows is written by other calls.
    pub(super) fn fill(
        &mut self,
        group: Group,
        prepared: Vec<Prepared>,
        now: Instant,
    ) -> Result<(), TaskError> {
        self.bulk.preparing = self.bulk.preparing.saturating_sub(1);
        self.bulk.latest = Some(now);
        let mut others = Vec::new();
        match &mut self.bulk.stage {
            Stage::Filling(filling) if filling.group == group => {
                filling.decide(&prepared).map_err(TaskError::restart)?;
                for prepared in prepared {
                    if prepared.item.papers.tenure.is_over() {
                        others.push(prepared);
                        continue;
                    }
                    let key = prepared.item.papers.key.clone();
                    match filling.push(prepared).map_err(TaskError::restart)? {
                        Some(other) => others.push(other),
                        None => {
                            if let Some(flying) = self.flying.get_mut(&key) {
                                flying.in_job = true;
                            }
                        }
                    }
                }
            }
            _ => others = prepared,
        }
        if !others.is_empty() {
            let delivery = self.delivery.clone();
            self.traffic.begins(group, now);
            self.calls.spawn(async move {
                let done = delivery.write_prepared(others).await;
                (group, Ok(Over::Wrote(done)))
            });
        }
        Ok(())
    }

    /// The job is over: its rows are settled as outcomes are taken.
    pub(super) fn read_bulk(&mut self, reading: Box<Reading>, now: Instant) {
        if reading.left() == Left::ByRestForNow {
            self.bulk.rests_until = Some(now + REST);
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
            self.bulk.stage = Stage::Reading(Box::new(Reading::nothing(*filling, Left::AsBefore)));
        }
    }
}
