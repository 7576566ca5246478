//! The order among the records of several lanes: which of those that are first in theirs may be written.

use std::collections::{HashMap, HashSet};

use orgstream_api::TopicPartition;

use super::SalesforceSink;
use crate::holds::Oldest;
use crate::lanes::{Head, LaneKey};
use crate::work::{Task, Work};

impl SalesforceSink {
    /// The first items of the ready lanes without the deletions that wait for others.
    pub(super) fn free_heads(&self) -> Vec<Head<'_, Work>> {
        let heads: Vec<Head<'_, Work>> = self.lanes.heads().collect();
        let held = self.waiting(&heads);
        if held.is_empty() {
            return heads;
        }
        // A sink that is full of deletions takes in nothing that they could wait for.
        if held.len() == heads.len() && self.calls.is_empty() && self.room.is_full() {
            return heads;
        }
        heads.into_iter().filter(|head| !held.contains(head.key)).collect()
    }

    /// How many records of each partition wait for others, or behind one that does.
    pub(super) fn held_records(&self) -> HashMap<TopicPartition, usize> {
        let heads: Vec<Head<'_, Work>> = self.lanes.heads().collect();
        let mut held = HashMap::new();
        for work in self.waiting(&heads).into_iter().flat_map(|key| self.lanes.queued(key)) {
            if let Task::Change(change) = &work.task {
                *held.entry(change.version.at.partition.clone()).or_default() += 1;
            }
        }
        held
    }

    fn waiting<'a>(&'a self, heads: &[Head<'a, Work>]) -> HashSet<&'a LaneKey> {
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
                !self.holds.lets_go(standing, &oldest, &own.referrers, is_below)
            })
        });
        held.map(|head| head.key).collect()
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
