//! What is to be done for bulk jobs: who waits for one, who becomes a row of it now, whether it may begin.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use super::{Lane, Stage};
use crate::bulk::filling::ROWS;
use crate::bulk::rules::Depth;
use crate::cut::CALL;
use crate::lanes::LaneKey;
use crate::plan::{Candidate, Group};
use crate::sink::{SalesforceSink, Way};

/// How long a job that is not full waits for more rows.
const LINGER: Duration = Duration::from_millis(500);

/// How long it waits for rows that are known to lie in the topic.
const LINGER_FOR_KNOWN: Duration = Duration::from_secs(2);

/// How long a job is filled at most, however steadily rows come.
const LINGER_AT_MOST: Duration = Duration::from_secs(15);

/// Parts of a job that are prepared at once.
const PREPARING: usize = 2;

/// What is to be done for bulk jobs now.
#[derive(Default)]
pub(in crate::sink) struct Choice {
    /// The group of which no record may go another way.
    pub(super) keeps: Option<Group>,
    /// What is to be prepared.
    pub(super) fill: Vec<Vec<LaneKey>>,
    /// Whether the job may begin.
    pub(super) closes: bool,
    /// When to look again.
    pub(in crate::sink) wake: Option<Instant>,
}

impl Choice {
    /// Whether a record is left to the job.
    pub(in crate::sink) fn takes(&self, candidate: &Candidate<'_>) -> bool {
        candidate.bulk && self.keeps == Some(candidate.group)
    }
}

impl Lane {
    /// What is to be done with the records that wait. `is_enough` says of which groups a job of their own can be made, `comes`
    /// of which more records are known to come.
    fn choose(
        &self,
        is_enough: impl Fn(Group) -> bool,
        comes: impl Fn(Group) -> bool,
        candidates: &[Candidate<'_>],
        now: Instant,
    ) -> Choice {
        let waiting = |group: Group| {
            candidates.iter().filter(move |candidate| candidate.bulk && candidate.group == group)
        };
        let waits = |group: Group| Choice {
            keeps: (self.was_full || is_enough(group)).then_some(group),
            ..Choice::default()
        };
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
                let linger = if comes(filling.group) { LINGER_FOR_KNOWN } else { LINGER };
                let due = self.latest.map_or(now, |latest| latest + linger);
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
}

impl SalesforceSink {
    /// What is to be done for bulk jobs with the records that wait.
    pub(in crate::sink) fn choose_bulk(
        &self,
        candidates: &[Candidate<'_>],
        now: Instant,
    ) -> (Option<Group>, Choice) {
        if self.config.bulk.least().is_none() {
            return (None, Choice::default());
        }
        let depths = self.depths(candidates);
        let is_enough =
            |group: Group| depths.get(&group).is_some_and(|depth| self.config.bulk.is_enough(*depth));
        match self.bulk.stage {
            Stage::Idle => {
                // Parents before children.
                let begins = depths.keys().copied().find(|group| is_enough(*group));
                (begins, Choice { keeps: begins, ..Choice::default() })
            }
            Stage::Running(_) if self.book.trouble().is_some() => (None, Choice::default()),
            Stage::Filling(_) | Stage::Running(_) | Stage::Reading(_) => {
                (None, self.bulk.choose(is_enough, |group| self.behind(group) > 0, candidates, now))
            }
        }
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
