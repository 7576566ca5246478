//! Which records of this sink's partitions are parked, so that nothing of their histories passes them (D5).
//!
//! A record is aside from the moment in which it is given back as parked until it is submitted again.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use orgstream_api::{InputOffset, TopicPartition};

use crate::lanes::LaneKey;

/// The parked records, by lane and place.
#[derive(Debug, Default)]
pub(crate) struct Aside {
    lanes: HashMap<LaneKey, BTreeMap<InputOffset, Entry>>,
    loads: BTreeMap<TopicPartition, Load>,
}

/// A parked record.
#[derive(Debug)]
struct Entry {
    /// The reading of the org's clock when it was put aside.
    clock: Duration,
    size: usize,
}

/// How much is parked.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Load {
    /// Records.
    pub(crate) records: usize,
    /// Their bytes.
    pub(crate) bytes: usize,
}

impl Aside {
    /// A record of `size` bytes is parked at `clock`.
    pub(crate) fn put(&mut self, key: LaneKey, at: InputOffset, size: usize, clock: Duration) {
        let partition = at.partition.clone();
        if self.lanes.entry(key).or_default().insert(at, Entry { clock, size }).is_none() {
            let load = self.loads.entry(partition).or_default();
            load.records += 1;
            load.bytes += size;
        }
    }

    /// A parked record is back: the reading of the clock when it was put aside; `None` where it was not.
    pub(crate) fn take(&mut self, key: &LaneKey, at: &InputOffset) -> Option<Duration> {
        let lane = self.lanes.get_mut(key)?;
        let Entry { clock, size } = lane.remove(at)?;
        if lane.is_empty() {
            self.lanes.remove(key);
        }
        self.discount(at, size);
        Some(clock)
    }

    /// As [`Aside::take`], of a record that is no longer said to be of the lane that it was parked under.
    pub(crate) fn lose(&mut self, at: &InputOffset) -> Option<Duration> {
        self.loads.get(&at.partition)?;
        let key = self.lanes.iter().find(|(_, lane)| lane.contains_key(at)).map(|(key, _)| key.clone())?;
        self.take(&key, at)
    }

    fn discount(&mut self, at: &InputOffset, size: usize) {
        if let Some(load) = self.loads.get_mut(&at.partition) {
            load.records -= 1;
            load.bytes -= size;
            if load.records == 0 {
                self.loads.remove(&at.partition);
            }
        }
    }

    /// Whether anything of a lane is parked.
    pub(crate) fn has(&self, key: &LaneKey) -> bool {
        self.lanes.contains_key(key)
    }

    /// Whether anything of a lane is parked that comes before `at`.
    pub(crate) fn has_before(&self, key: &LaneKey, at: &InputOffset) -> bool {
        let first = self.lanes.get(key).and_then(|lane| lane.keys().next());
        first.is_some_and(|first| first < at)
    }

    /// How much is parked.
    pub(crate) fn load(&self) -> Load {
        self.loads.values().fold(Load::default(), |sum, load| Load {
            records: sum.records + load.records,
            bytes: sum.bytes + load.bytes,
        })
    }

    /// The partitions of parked records.
    pub(crate) fn partitions(&self) -> impl Iterator<Item = &TopicPartition> {
        self.loads.keys()
    }

    /// Forgets partitions that were taken away.
    pub(crate) fn forget(&mut self, partitions: &[TopicPartition]) {
        if !partitions.iter().any(|partition| self.loads.contains_key(partition)) {
            return;
        }
        self.loads.retain(|partition, _| !partitions.contains(partition));
        self.lanes.retain(|_, lane| {
            lane.retain(|at, _| !partitions.contains(&at.partition));
            !lane.is_empty()
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(partition: i32, offset: i64) -> InputOffset {
        InputOffset { partition: TopicPartition { topic: "a.Lead".into(), partition }, offset }
    }

    fn key(id: &str) -> LaneKey {
        LaneKey::new("00D", id)
    }

    #[test]
    fn a_history_is_aside_until_its_last_record_is_back() {
        let mut aside = Aside::default();
        for offset in [5, 7] {
            aside.put(key("1"), at(0, offset), 10, Duration::from_secs(9));
        }
        assert_eq!(aside.load(), Load { records: 2, bytes: 20 });
        assert!(aside.has_before(&key("1"), &at(0, 6)) && !aside.has_before(&key("1"), &at(0, 5)));
        assert_eq!(aside.take(&key("1"), &at(0, 5)), Some(Duration::from_secs(9)));
        assert_eq!(aside.take(&key("1"), &at(0, 5)), None);
        assert!(aside.has(&key("1")));
        aside.take(&key("1"), &at(0, 7));
        assert!(!aside.has(&key("1")));
        assert_eq!((aside.load(), aside.partitions().count()), (Load::default(), 0));
    }

    #[test]
    fn a_partition_that_was_taken_away_leaves_nothing_behind() {
        let mut aside = Aside::default();
        aside.put(key("1"), at(0, 5), 10, Duration::ZERO);
        aside.put(key("2"), at(1, 5), 20, Duration::ZERO);
        aside.forget(&[at(0, 0).partition]);
        assert!(!aside.has(&key("1")) && aside.has(&key("2")));
        assert_eq!(aside.load(), Load { records: 1, bytes: 20 });
    }
}
