//! Bringing the state in line with topics and logs: when the broker opens, and when a topic is deleted.

use std::collections::HashMap;
use std::io;

use super::coordinator::TransactionCoordinator;
use super::transaction::{State, Transaction};
use crate::groups::{Committed, TopicPartition};
use crate::producer::ProducerId;

/// Ids from here on are no broker's: whoever writes with one has made it up.
const MADE_UP: i64 = i64::MAX / 2;

impl TransactionCoordinator {
    /// Asks for every commit that waits for the end of its transaction what becomes of it; `None` forgets it.
    pub(crate) fn revise_commits(
        &self,
        revised: impl Fn(&str, &TopicPartition, &Committed) -> Option<Committed>,
    ) -> io::Result<()> {
        let mut state = self.lock();
        let mut changed = Vec::new();
        for transaction in state.by_id.values() {
            let mut offsets = transaction.offsets.clone();
            for (group, commits) in &mut offsets {
                let revise = |(at, committed): &(TopicPartition, Committed)| {
                    Some((at.clone(), revised(group, at, committed)?))
                };
                *commits = commits.iter().filter_map(revise).collect();
            }
            if offsets != transaction.offsets {
                changed.push(Transaction { offsets, ..transaction.clone() });
            }
        }
        changed.into_iter().try_for_each(|transaction| state.put(transaction))
    }

    /// A topic was deleted; what open transactions were going to commit for it counts no more, also when another topic
    /// is called so before they end.
    pub(crate) fn forget_topic(&self, topic: &str) -> io::Result<()> {
        self.revise_commits(|_, at, committed| (at.topic != topic).then(|| committed.clone()))
    }

    /// Whether this producer has a transaction that it is going to end in this partition.
    pub(crate) fn is_open(&self, producer: ProducerId, at: &TopicPartition) -> bool {
        self.lock().by_id.values().any(|transaction| {
            matches!(transaction.state, State::Ongoing { .. })
                && transaction.producer.id == producer.id
                && transaction.partitions.contains(at)
        })
    }

    /// Hands out no id and no epoch that is among `seen`, the producers that the logs know.
    pub(crate) fn outrun(&self, seen: &[ProducerId]) -> io::Result<()> {
        let mut state = self.lock();
        let mut epochs: HashMap<i64, i16> = HashMap::new();
        for producer in seen.iter().filter(|producer| producer.id < MADE_UP) {
            let newest = epochs.entry(producer.id).or_insert(producer.epoch);
            *newest = producer.epoch.max(*newest);
        }
        if let Some(last) = epochs.keys().max() {
            state.begin_after(*last);
        }
        let is_behind =
            |producer: ProducerId| epochs.get(&producer.id).filter(|seen| **seen > producer.epoch);
        let behind = state.by_id.values().filter_map(|transaction| {
            let epoch = *is_behind(transaction.producer)?;
            let mut transaction = transaction.clone();
            transaction.producer.epoch = epoch;
            // Whose answer got lost has gone with the machine.
            transaction.previous = None;
            Some(transaction)
        });
        for transaction in behind.collect::<Vec<_>>() {
            tracing::error!(
                transactional_id = transaction.id,
                epoch = transaction.producer.epoch,
                "The logs know a newer epoch of a transactional id than the coordinator, as after a power cut; it is taken over.",
            );
            state.put(transaction)?;
        }
        Ok(())
    }
}
