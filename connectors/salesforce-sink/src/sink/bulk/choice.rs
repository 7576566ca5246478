//! What is to be done for bulk jobs: who waits for one, who becomes a row of it now, whether it may begin.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::time::Instant;

use super::{Lane, Stage};
use crate::bulk::filling::{Filling, ROWS};
use crate::bulk::rules::Depth;
use crate::cut::CALL;
use crate::lanes::LaneKey;
use crate::plan::{Candidate, Group};
use crate::room::RECORDS;
use crate::sink::{SalesforceSink, Way};

/// How long a job that is not full waits for more rows.
const LINGER: Duration = Duration::from_millis(500);

/// How long it waits for rows that are known to lie in the topic.
const LINGER_FOR_KNOWN: Duration = Duration::from_secs(2);

/// How long a job is filled at most, however steadily rows come.
const LINGER_AT_MOST: Duration = Duration::from_secs(15);

/// Parts of a job that are prepared at once.
const PREPARING: usize = 2;

/// Records of other groups than the one of the job being filled that wait for a turn at most: a part of it needs the rest of the room.
const CROWD: usize = RECORDS - CALL;

/// So many records that wait are enough to begin a job with, so that their topics need not be read further before.
const ENOUGH_TO_BEGIN: usize = 2 * CALL;

/// What is to be done for bulk jobs now.
#[derive(Default)]
pub(in crate::sink) struct Choice {
    /// The groups of which no record may go another way.
    pub(super) keeps: BTreeSet<Group>,
    /// The topics that are read no further.
    pub(super) later: BTreeSet<String>,
    /// The group of the job that is being filled.
    pub(super) fills: Option<Group>,
    /// What is to be prepared.
    pub(super) fill: Vec<Vec<LaneKey>>,
    /// Whether the job may begin.
    pub(super) closes: bool,
    /// When to look again.
    pub(in crate::sink) wake: Option<Instant>,
}

impl Choice {
    /// Whether a record is left to jobs.
    pub(in crate::sink) fn takes(&self, candidate: &Candidate<'_>) -> bool {
        candidate.bulk && self.keeps.contains(&candidate.group)
    }
}

impl Lane {
    /// What is to be done for the job that is being filled. `comes` says of which groups more records are known to come.
    fn fill_on(
        &self,
        filling: &Filling,
        comes: impl Fn(Group) -> bool,
        candidates: &[Candidate<'_>],
        now: Instant,
    ) -> Choice {
        let group = filling.group;
        let waiting = candidates.iter().filter(|candidate| candidate.bulk && candidate.group == group);
        let mut choice = Choice { fills: Some(group), ..Choice::default() };
        let room = ROWS.saturating_sub(filling.rows() + self.preparing * CALL);
        let is_old = self.opened.is_some_and(|opened| now >= opened + LINGER_AT_MOST);
        let room = if filling.is_full() || is_old { 0 } else { room };
        let most = room.min(CALL * PREPARING.saturating_sub(self.preparing));
        let keys: Vec<LaneKey> = waiting.take(most).map(|candidate| candidate.key.clone()).collect();
        choice.fill = keys.chunks(CALL).map(<[LaneKey]>::to_vec).collect();
        let linger = if comes(group) { LINGER_FOR_KNOWN } else { LINGER };
        let due = self.latest.map_or(now, |latest| latest + linger);
        let idle = choice.fill.is_empty() && self.preparing == 0;
        choice.closes = idle && (room == 0 || due <= now);
        choice.wake = (idle && !choice.closes).then_some(due);
        choice
    }

    /// The group whose turn it is among those that are enough for a job, in their order: parents before children, and none twice
    /// while another waits.
    fn turn(&self, enough: &BTreeSet<Group>) -> Option<Group> {
        let next = self.last.and_then(|last| enough.iter().find(|group| **group > last));
        next.or(enough.first()).copied()
    }

    /// The group of the present job.
    fn present(&self) -> Option<Group> {
        match &self.stage {
            Stage::Idle => None,
            Stage::Filling(filling) => Some(filling.group),
            Stage::Running(group) => Some(*group),
            Stage::Reading(reading) => Some(reading.group()),
        }
    }
}

impl SalesforceSink {
    /// What is to be done for bulk jobs with the records that wait.
    pub(in crate::sink) fn choose_bulk(
        &self,
        candidates: &[Candidate<'_>],
        now: Instant,
    ) -> (Option<Group>, Choice) {
        let is_slow = matches!(self.bulk.stage, Stage::Running(_)) && self.book.trouble().is_some();
        if self.config.bulk.least().is_none() || is_slow {
            return (None, Choice::default());
        }
        let depths = self.depths(candidates);
        let is_enough = |depth: &Depth| self.config.bulk.is_enough(*depth);
        let enough = depths.iter().filter(|(_, depth)| is_enough(depth)).map(|(group, _)| *group);
        let enough: BTreeSet<Group> = enough.collect();
        match &self.bulk.stage {
            Stage::Idle => {
                let begins = self.bulk.turn(&enough);
                let others = if begins.is_some() { enough } else { BTreeSet::new() };
                (begins, self.with_turns(Choice::default(), begins, others, &depths))
            }
            Stage::Filling(filling) => {
                let choice = self.bulk.fill_on(filling, |group| self.behind(group) > 0, candidates, now);
                (None, self.with_turns(choice, Some(filling.group), enough, &depths))
            }
            Stage::Running(_) | Stage::Reading(_) => {
                let more = self.bulk.present().filter(|_| self.bulk.was_full);
                let others = enough.into_iter().chain(more).collect();
                (None, self.with_turns(Choice::default(), None, others, &depths))
            }
        }
    }

    /// The choice, with the groups that wait for a turn: those that are enough for one, and those that wait already. `fills` is the
    /// group whose job takes records now.
    fn with_turns(
        &self,
        mut choice: Choice,
        fills: Option<Group>,
        enough: BTreeSet<Group>,
        depths: &BTreeMap<Group, Depth>,
    ) -> Choice {
        let waits = |group: &Group| depths.get(group).map_or(0, |depth| depth.waiting);
        let is_idle = matches!(self.bulk.stage, Stage::Idle);
        let already = self.bulk.keeps.iter().copied().filter(|group| !is_idle && waits(group) > 0);
        let mut others: BTreeSet<Group> = enough.into_iter().chain(already).collect();
        others.retain(|group| Some(*group) != fills);
        if fills.is_some() {
            let mut room = CROWD;
            others.retain(|group| match room.checked_sub(waits(group)) {
                Some(rest) => {
                    room = rest;
                    true
                }
                None => false,
            });
        }
        let topic = |group: &Group| &self.delivery.targets.at(group.object).topic;
        let read_on = fills.as_ref().map(topic);
        let later =
            others.iter().filter(|group| waits(group) >= ENOUGH_TO_BEGIN || fills.is_some()).map(topic);
        choice.later = later.filter(|topic| Some(*topic) != read_on).cloned().collect();
        choice.keeps = others.into_iter().chain(fills).collect();
        choice
    }

    /// How many records of a group's object lie in its topic, as far as is known.
    fn behind(&self, group: Group) -> usize {
        self.bulk.behind.get(&self.delivery.targets.at(group.object).topic).copied().unwrap_or_default()
    }

    /// How many records there are for jobs, by group.
    fn depths(&self, candidates: &[Candidate<'_>]) -> BTreeMap<Group, Depth> {
        let mut depths: BTreeMap<Group, Depth> = BTreeMap::new();
        for candidate in candidates.iter().filter(|candidate| candidate.bulk) {
            depths.entry(candidate.group).or_default().waiting += 1;
        }
        for (group, depth) in &mut depths {
            depth.behind = self.behind(*group);
        }
        if depths.is_empty() || !self.room.is_full() {
            return depths;
        }
        for depth in depths.values_mut() {
            depth.is_full = true;
        }
        for flying in self.flying.values().filter(|flying| flying.way == Way::Call) {
            let Some(standing) = flying.standing else { continue };
            let rank = self.delivery.targets.at(standing.object).rank;
            let group = Group { rank, object: standing.object, kind: standing.kind };
            if let Some(depth) = depths.get_mut(&group) {
                depth.in_calls += 1;
            }
        }
        depths
    }
}
