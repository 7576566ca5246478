//! Which partitions a member reads, and which of them are paused.
//!
//! A partition is paused when the worker wishes it or when enough is read ahead. librdkafka is told only of
//! changes: every pause throws away what it had fetched.

use std::collections::{BTreeMap, BTreeSet};

use orgstream_api::{Capacity, TopicPartition};

/// Whether there is room for more records ahead of the worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Room {
    Free,
    /// Until half is taken, so that a reader at the limit does not pause and resume with every record.
    Full,
}

/// What to tell librdkafka.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Change {
    /// To be paused.
    pub(super) pause: Vec<TopicPartition>,
    /// To be resumed.
    pub(super) resume: Vec<TopicPartition>,
}

/// The assignment of one member.
#[derive(Debug)]
pub(super) struct Assignment {
    limit: Capacity,
    room: Room,
    /// With the position last told to the front.
    assigned: BTreeMap<TopicPartition, i64>,
    wished: BTreeSet<TopicPartition>,
    paused: BTreeSet<TopicPartition>,
}

impl Assignment {
    /// Nothing is assigned; `limit` is what may be read ahead.
    pub(super) fn new(limit: Capacity) -> Self {
        Self {
            limit,
            room: Room::Free,
            assigned: BTreeMap::new(),
            wished: BTreeSet::new(),
            paused: BTreeSet::new(),
        }
    }

    /// These partitions are read from these offsets. They are not paused, whatever they were before.
    pub(super) fn add(&mut self, starts: impl IntoIterator<Item = (TopicPartition, i64)>) {
        for (partition, start) in starts {
            self.paused.remove(&partition);
            self.assigned.insert(partition, start);
        }
    }

    /// These partitions are gone.
    pub(super) fn remove(&mut self, partitions: &[TopicPartition]) {
        for partition in partitions {
            self.paused.remove(partition);
            self.assigned.remove(partition);
        }
    }

    /// Whether `partition` is assigned.
    pub(super) fn contains(&self, partition: &TopicPartition) -> bool {
        self.assigned.contains_key(partition)
    }

    /// The partitions with the positions last told to the front.
    pub(super) fn positions(&self) -> BTreeMap<TopicPartition, i64> {
        self.assigned.clone()
    }

    /// Notes that the front knows of `position`: records up to it went there, or it was set back to it.
    pub(super) fn read(&mut self, partition: &TopicPartition, position: i64) {
        if let Some(known) = self.assigned.get_mut(partition) {
            *known = position;
        }
    }

    /// Notes positions as librdkafka has them, and returns those that are news to the front.
    pub(super) fn advance(
        &mut self,
        positions: impl IntoIterator<Item = (TopicPartition, i64)>,
    ) -> Vec<(TopicPartition, i64)> {
        positions
            .into_iter()
            .filter(|(partition, position)| match self.assigned.get_mut(partition) {
                Some(known) if *known < *position => {
                    *known = *position;
                    true
                }
                _ => false,
            })
            .collect()
    }

    /// The worker wishes exactly these partitions to be paused.
    pub(super) fn wish(&mut self, partitions: BTreeSet<TopicPartition>) {
        self.wished = partitions;
    }

    /// What has to change now that `level` is read ahead.
    pub(super) fn settle(&mut self, level: Capacity) -> Change {
        let full = level.records >= self.limit.records || level.bytes >= self.limit.bytes;
        let half = level.records <= self.limit.records / 2 && level.bytes <= self.limit.bytes / 2;
        self.room = match self.room {
            Room::Free if full => Room::Full,
            Room::Full if half => Room::Free,
            same => same,
        };
        let mut change = Change::default();
        for partition in self.assigned.keys() {
            let wanted = self.room == Room::Full || self.wished.contains(partition);
            if wanted && self.paused.insert(partition.clone()) {
                change.pause.push(partition.clone());
            } else if !wanted && self.paused.remove(partition) {
                change.resume.push(partition.clone());
            }
        }
        change
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(partition: i32) -> TopicPartition {
        TopicPartition { topic: "t".to_owned(), partition }
    }

    fn level(records: usize) -> Capacity {
        Capacity { records, bytes: 0 }
    }

    fn assignment() -> Assignment {
        let mut assignment = Assignment::new(Capacity { records: 10, bytes: 1000 });
        assignment.add([(place(0), 0), (place(1), 0)]);
        assignment
    }

    #[test]
    fn a_full_read_ahead_pauses_everything_until_half_is_taken() {
        let mut assignment = assignment();
        assert_eq!(assignment.settle(level(9)), Change::default());
        assert_eq!(assignment.settle(level(10)).pause, [place(0), place(1)]);
        assert_eq!(assignment.settle(level(6)), Change::default());
        assert_eq!(assignment.settle(level(5)).resume, [place(0), place(1)]);
    }

    #[test]
    fn a_wish_outlives_back_pressure() {
        let mut assignment = assignment();
        assignment.wish(BTreeSet::from([place(1)]));
        assert_eq!(assignment.settle(level(0)).pause, [place(1)]);
        assert_eq!(assignment.settle(level(10)).pause, [place(0)]);
        assert_eq!(assignment.settle(level(0)).resume, [place(0)]);
        assignment.wish(BTreeSet::new());
        assert_eq!(assignment.settle(level(0)).resume, [place(1)]);
    }

    #[test]
    fn a_partition_that_comes_back_is_paused_again() {
        let mut assignment = assignment();
        assignment.wish(BTreeSet::from([place(1)]));
        assignment.settle(level(0));
        assignment.remove(&[place(1)]);
        assignment.add([(place(1), 7)]);
        assert_eq!(assignment.settle(level(0)).pause, [place(1)]);
    }

    #[test]
    fn only_positions_beyond_the_records_are_news() {
        let mut assignment = assignment();
        assignment.read(&place(0), 5);
        let news = assignment.advance([(place(0), 5), (place(1), 1), (place(2), 9)]);
        assert_eq!(news, [(place(1), 1)]);
        assert_eq!(assignment.advance([(place(0), 6)]), [(place(0), 6)]);
    }
}
