//! The order among the records of several lanes: which of those that are first in theirs may be written.

use std::collections::{HashMap, HashSet};

use orgstream_api::{Outcome, Rejection, TopicPartition};

use super::SalesforceSink;
use crate::holds::{Oldest, Until};
use crate::lanes::{Head, LaneKey};
use crate::plan::Kind;
use crate::work::{Task, Verdict, Work};

/// Deletions that wait at once. More of them wait only for what came before them: they would take the room of what they
/// wait for.
const HELD: usize = 1_000;

impl SalesforceSink {
    /// The first items of the ready lanes without the deletions that wait for others.
    pub(super) fn free_heads(&self) -> Vec<Head<'_, Work>> {
        let heads: Vec<Head<'_, Work>> = self.lanes.heads().collect();
        let mut held = self.waiting(&heads, Until::Marks);
        // A sink that is full of deletions takes in nothing that they could wait for.
        let stuck = held.len() == heads.len() && self.calls.is_empty() && self.room.is_full();
        if stuck || held.len() >= HELD {
            held = self.waiting(&heads, Until::Now);
        }
        heads.into_iter().filter(|head| !held.contains(head.key)).collect()
    }

    /// How many records of each partition wait for others, or behind one that does.
    pub(super) fn held_records(&self) -> HashMap<TopicPartition, usize> {
        let heads: Vec<Head<'_, Work>> = self.lanes.heads().collect();
        let mut held = HashMap::new();
        for work in self.waiting(&heads, Until::Marks).into_iter().flat_map(|key| self.lanes.queued(key)) {
            if let Some(at) = &work.papers.keeps {
                *held.entry(at.partition.clone()).or_default() += work.papers.records();
            }
        }
        held
    }

    /// A change that turned out to be a deletion waits like those that came as one.
    pub(super) fn stand_anew(&mut self, work: &mut Work) {
        let Task::Change(change) = &work.task else { return };
        if change.kind == Kind::Delete
            && work.papers.standing.is_some_and(|standing| standing.kind != Kind::Delete)
        {
            let target = &change.target;
            work.papers.standing = Some(self.holds.arrive(target.index, change.kind, &target.referrers));
        }
    }

    fn waiting<'a>(&'a self, heads: &[Head<'a, Work>], until: Until) -> HashSet<&'a LaneKey> {
        let waits = |head: &&Head<'_, Work>| head.item.papers.standing.is_some_and(|it| it.after.is_some());
        if !heads.iter().any(|head| waits(&head)) {
            return HashSet::new();
        }
        let oldest = self.oldest();
        let held = heads.iter().filter(|head| {
            let standing = head.item.papers.standing.as_ref();
            standing.is_some_and(|standing| {
                let targets = &self.delivery.targets;
                let own = targets.at(standing.object);
                let is_below = |object: usize| targets.at(object).rank > own.rank;
                !self.holds.lets_go(standing, until, &oldest, &own.referrers, is_below)
            })
        });
        held.map(|head| head.key).collect()
    }

    /// A value that a record of the same object has to itself, while deletions of such records are still to be written,
    /// may be free afterwards: the refusal is passing trouble.
    pub(super) fn with_deletions_to_come(&self, work: &Work, verdict: Verdict) -> Verdict {
        match taken(&verdict) {
            Some(rejection) if self.has_deletion_like(work) => Verdict::Retry(rejection.clone()),
            _ => verdict,
        }
    }

    fn has_deletion_like(&self, work: &Work) -> bool {
        let object = work.papers.standing.map(|standing| standing.object);
        let queued = self.lanes.moving().flat_map(|(_, queued)| queued);
        let queued = queued.filter_map(|work| work.papers.standing);
        let mut standings = queued.chain(self.flying.values().filter_map(|flying| flying.standing));
        standings.any(|standing| standing.after.is_some() && Some(standing.object) == object)
    }

    fn oldest(&self) -> Oldest {
        let mut oldest = Oldest::default();
        for flying in self.flying.values() {
            oldest.lane(flying.standing.iter());
        }
        for (key, queued) in self.lanes.moving() {
            let in_call = self.flying.get(key).and_then(|flying| flying.standing.as_ref());
            // What lies behind a deletion that is being written may itself wait for others.
            if in_call.is_none_or(|standing| standing.after.is_none()) {
                oldest.lane(queued.filter_map(|work| work.papers.standing.as_ref()));
            }
        }
        oldest
    }
}

fn taken(verdict: &Verdict) -> Option<&Rejection> {
    let Verdict::Settled(settled) = verdict else { return None };
    match &settled.outcome {
        Outcome::Rejected(rejection) if rejection.code == "DUPLICATE_VALUE" => Some(rejection),
        _ => None,
    }
}
