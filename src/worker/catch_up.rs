//! Which partitions wait while a sink catches up: children's, while a parent object has lag.
//!
//! A snapshot's children that overtake their parents would each become two writes: one without the reference,
//! one that sets it. The rule holds until every partition has reached the end it had when it was assigned;
//! after that order across objects is left to owed references. The tasks of a sink in one process wait for each other's parents.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard};

use orgstream_api::TopicPartition;

/// Which parents the tasks of a sink still have to catch up with. Clones are the same.
#[derive(Debug, Clone, Default)]
pub struct Front(Arc<Mutex<BTreeMap<u32, u32>>>);

impl Front {
    /// The lowest rank of a partition with lag, whichever task holds it.
    fn lowest(&self) -> Option<u32> {
        self.lock().values().min().copied()
    }

    fn set(&self, task: u32, lowest: Option<u32>) {
        match lowest {
            Some(lowest) => self.lock().insert(task, lowest),
            None => self.lock().remove(&task),
        };
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<u32, u32>> {
        self.0.lock().expect("no holder of this lock panics")
    }
}

/// The partitions of a task, by rank, and the ends they still have to reach.
#[derive(Debug)]
pub struct CatchUp {
    front: Front,
    task: u32,
    ranks: HashMap<TopicPartition, u32>,
    open: HashMap<TopicPartition, i64>,
}

impl Drop for CatchUp {
    /// Nobody waits for a task that ended.
    fn drop(&mut self) {
        self.front.set(self.task, None);
    }
}

impl CatchUp {
    /// A task without partitions, one of those that share `front`.
    pub fn new(front: Front, task: u32) -> Self {
        Self { front, task, ranks: HashMap::new(), open: HashMap::new() }
    }

    /// Adds an assigned partition of rank `rank` whose next record is `next` and whose end is `end`.
    pub fn assign(&mut self, partition: TopicPartition, rank: u32, next: i64, end: i64) {
        if next < end {
            self.open.insert(partition.clone(), end);
        }
        self.ranks.insert(partition, rank);
        self.tell();
    }

    /// Forgets a partition that was taken away.
    pub fn revoke(&mut self, partition: &TopicPartition) {
        self.ranks.remove(partition);
        self.open.remove(partition);
        self.tell();
    }

    /// Everything of `partition` before `settled` is settled.
    pub fn reached(&mut self, partition: &TopicPartition, settled: i64) {
        if self.open.get(partition).is_some_and(|end| settled >= *end) {
            self.open.remove(partition);
            self.tell();
        }
    }

    /// The partitions that have not reached their ends.
    pub fn open(&self) -> impl Iterator<Item = (&TopicPartition, i64)> {
        self.open.iter().map(|(partition, end)| (partition, *end))
    }

    /// The partitions that wait: those whose rank is above the lowest that has lag.
    pub fn waiting(&self) -> impl Iterator<Item = &TopicPartition> {
        let lowest = self.front.lowest();
        self.ranks
            .iter()
            .filter(move |(_, rank)| lowest.is_some_and(|lowest| **rank > lowest))
            .map(|(partition, _)| partition)
    }

    fn tell(&self) {
        let lowest = self.open.keys().filter_map(|partition| self.ranks.get(partition)).min().copied();
        self.front.set(self.task, lowest);
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
        let mut catch_up = CatchUp::new(Front::default(), 0);
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
        let mut catch_up = CatchUp::new(Front::default(), 0);
        catch_up.assign(partition("Account"), 0, 0, 100);
        catch_up.assign(partition("Contact"), 1, 0, 50);
        catch_up.revoke(&partition("Account"));
        assert!(waiting(&catch_up).is_empty());
    }

    #[test]
    fn children_of_one_task_wait_for_the_parents_of_another_as_long_as_it_lives() {
        let front = Front::default();
        let mut children = CatchUp::new(front.clone(), 0);
        children.assign(partition("Contact"), 1, 0, 50);
        let mut parents = CatchUp::new(front.clone(), 1);
        parents.assign(partition("Account"), 0, 0, 100);
        assert_eq!(waiting(&children), ["Contact"]);
        parents.reached(&partition("Account"), 100);
        assert!(waiting(&children).is_empty());
        parents.assign(partition("Lead"), 0, 0, 100);
        assert_eq!(waiting(&children), ["Contact"]);
        drop(parents);
        assert!(waiting(&children).is_empty());
    }
}
