//! Which partitions wait while a sink catches up: children's, while a parent object has lag.
//!
//! A snapshot's children that overtake their parents would each become two writes: one without the reference,
//! one that sets it. The rule holds until every partition has reached the end it had when it was assigned;
//! after that order across objects is left to owed references.

use std::collections::HashMap;

use orgstream_api::TopicPartition;

/// The partitions of a task, by rank, and the ends they still have to reach.
#[derive(Debug, Default)]
pub struct CatchUp {
    ranks: HashMap<TopicPartition, u32>,
    open: HashMap<TopicPartition, i64>,
}

impl CatchUp {
    /// Adds an assigned partition of rank `rank` whose next record is `next` and whose end is `end`.
    pub fn assign(&mut self, partition: TopicPartition, rank: u32, next: i64, end: i64) {
        if next < end {
            self.open.insert(partition.clone(), end);
        }
        self.ranks.insert(partition, rank);
    }

    /// Forgets a partition that was taken away.
    pub fn revoke(&mut self, partition: &TopicPartition) {
        self.ranks.remove(partition);
        self.open.remove(partition);
    }

    /// Everything of `partition` before `settled` is settled.
    pub fn reached(&mut self, partition: &TopicPartition, settled: i64) {
        if self.open.get(partition).is_some_and(|end| settled >= *end) {
            self.open.remove(partition);
        }
    }

    /// The partitions that have not reached their ends.
    pub fn open(&self) -> impl Iterator<Item = (&TopicPartition, i64)> {
        self.open.iter().map(|(partition, end)| (partition, *end))
    }

    /// The partitions that wait: those whose rank is above the lowest that has lag.
    pub fn waiting(&self) -> impl Iterator<Item = &TopicPartition> {
        let lowest = self.open.keys().filter_map(|partition| self.ranks.get(partition)).min().copied();
        self.ranks
            .iter()
            .filter(move |(_, rank)| lowest.is_some_and(|lowest| **rank > lowest))
            .map(|(partition, _)| partition)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn partition(topic: &str) -> TopicPartition {
        TopicPartition { topic: topic.into(), partition: 0 }
    }

    fn waiting(catch_up: &CatchUp) -> Vec<String> {
        let mut topics: Vec<String> = catch_up.waiting().map(|partition| partition.topic.clone()).collect();
        topics.sort();
        topics
    }

    #[test]
    fn children_wait_until_their_parents_are_settled_to_the_end() {
        let mut catch_up = CatchUp::default();
        catch_up.assign(partition("Account"), 0, 0, 100);
        catch_up.assign(partition("Contact"), 1, 0, 50);
        catch_up.assign(partition("Lead"), 0, 0, 0);
        assert_eq!(waiting(&catch_up), ["Contact"]);
        catch_up.reached(&partition("Account"), 99);
        assert_eq!(waiting(&catch_up), ["Contact"]);
        catch_up.reached(&partition("Account"), 100);
        assert!(waiting(&catch_up).is_empty());
    }

    #[test]
    fn parents_that_were_taken_away_hold_nobody_back() {
        let mut catch_up = CatchUp::default();
        catch_up.assign(partition("Account"), 0, 0, 100);
        catch_up.assign(partition("Contact"), 1, 0, 50);
        catch_up.revoke(&partition("Account"));
        assert!(waiting(&catch_up).is_empty());
    }
}
