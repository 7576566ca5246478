//! Records that wait: an index of the entries of kind `record` in `<pipeline>.parked`.
//!
//! The topic is the truth (D3); this book is built from it whenever a partition is assigned, before the first write. The
//! records of one history wait together behind the first of them and go back to the sink together, in the order of their
//! places, so that none passes another one (D5).

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};

use orgstream_api::{History, InputOffset, TopicPartition};

use super::owed::Parent;
use crate::kafka::Consumed;

pub mod entry;

use entry::{ParkedRecord, Until};

/// The parked records of the assigned partitions.
#[derive(Debug, Default)]
pub struct ParkedBook {
    lanes: HashMap<History, Lane>,
    places: HashMap<InputOffset, History>,
    by_parent: HashMap<Parent, HashSet<History>>,
    due: BTreeSet<(i64, History)>,
    /// Histories that are to go back to the sink, in turn.
    ready: VecDeque<History>,
    /// Records that are over, and that the input will deliver again all the same.
    over: HashSet<InputOffset>,
}

/// The parked records of one history, in order.
#[derive(Debug, Default)]
struct Lane {
    slots: BTreeMap<InputOffset, Slot>,
    /// What the first of them waits for, as it stands in the indexes.
    awaited: Option<Awaited>,
    /// Whether they are to go back to the sink.
    is_ready: bool,
}

/// What wakes a history.
#[derive(Debug)]
struct Awaited {
    parents: Vec<Parent>,
    due: i64,
}

/// One parked record.
#[derive(Debug)]
struct Slot {
    /// It, unless it is with the sink.
    record: Option<Box<ParkedRecord>>,
    since: i64,
    /// Tells it from another record at its place, of a topic that was made anew.
    print: (i64, usize),
    comes_again: bool,
}

/// Whether the input will deliver a parked record once more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Again {
    /// Its offset was committed, or it was consumed just now.
    No,
    /// A process ended before it committed the record's offset.
    Yes,
}

impl ParkedBook {
    /// Adds a record, or puts back one that was with the sink.
    pub fn add(&mut self, record: ParkedRecord, again: Again) {
        let (whose, at) = (record.whose.clone(), record.consumed.at.clone());
        let lane = self.lanes.entry(whose.clone()).or_default();
        let comes_again = again == Again::Yes || lane.slots.get(&at).is_some_and(|slot| slot.comes_again);
        let slot = Slot {
            since: record.since,
            print: print(&record.consumed),
            comes_again,
            record: Some(Box::new(record)),
        };
        lane.slots.insert(at.clone(), slot);
        self.places.insert(at, whose.clone());
        self.arrange(&whose);
    }

    /// Whether a consumed record is parked already, or was and is over.
    pub fn knows(&mut self, consumed: &Consumed) -> bool {
        if self.over.remove(&consumed.at) {
            return true;
        }
        let slot =
            self.places.get(&consumed.at).and_then(|whose| self.lanes.get(whose)?.slots.get(&consumed.at));
        slot.is_some_and(|slot| slot.print == print(consumed))
    }

    /// Whether something is parked that lies at `at`.
    pub fn has(&self, at: &InputOffset) -> bool {
        self.places.contains_key(at)
    }

    /// A record of which somebody waits for has a link now, or never will.
    pub fn wake(&mut self, parent: &Parent) {
        let histories: Vec<History> = self.by_parent.get(parent).into_iter().flatten().cloned().collect();
        self.get_ready(histories);
    }

    /// Wakes what is due.
    pub fn wake_due(&mut self, now: i64) {
        let due =
            self.due.iter().take_while(|(due, _)| *due <= now).map(|(_, whose)| whose.clone()).collect();
        self.get_ready(due);
    }

    fn get_ready(&mut self, histories: Vec<History>) {
        for whose in histories {
            self.unlist(&whose);
            if let Some(lane) = self.lanes.get_mut(&whose) {
                lane.is_ready = true;
                self.ready.push_back(whose);
            }
        }
    }

    /// Takes the records of the next history that is to go back to the sink, in order.
    pub fn take_ready(&mut self) -> Option<Vec<ParkedRecord>> {
        loop {
            let whose = self.ready.pop_front()?;
            let Some(lane) = self.lanes.get_mut(&whose).filter(|lane| lane.is_ready) else { continue };
            lane.is_ready = false;
            let records = lane.slots.values_mut().filter_map(|slot| slot.record.take());
            return Some(records.map(|record| *record).collect());
        }
    }

    /// A record is over: its tombstone is on its way.
    pub fn end(&mut self, whose: &History, at: &InputOffset) {
        let Some(lane) = self.lanes.get_mut(whose) else { return };
        let Some(slot) = lane.slots.remove(at) else { return };
        self.places.remove(at);
        if slot.comes_again {
            self.over.insert(at.clone());
        }
        self.arrange(whose);
    }

    /// Forgets the records of a revoked partition; its next owner reads them from the topic.
    pub fn revoke(&mut self, partition: &TopicPartition) {
        self.over.retain(|at| at.partition != *partition);
        let gone = self.places.iter().filter(|(at, _)| at.partition == *partition);
        let gone: Vec<(InputOffset, History)> = gone.map(|(at, whose)| (at.clone(), whose.clone())).collect();
        for (at, whose) in gone {
            self.places.remove(&at);
            if let Some(lane) = self.lanes.get_mut(&whose) {
                lane.slots.remove(&at);
            }
            self.arrange(&whose);
        }
    }

    /// All parents that records wait for.
    pub fn parents(&self) -> Vec<Parent> {
        self.by_parent.keys().cloned().collect()
    }

    /// Parked records, those that are with the sink included.
    pub fn count(&self) -> usize {
        self.places.len()
    }

    /// Since when the record has been waiting that waits longest, and what is known of it.
    pub fn oldest(&self) -> Option<(i64, String)> {
        let lanes = self.lanes.iter().filter_map(|(whose, lane)| {
            let (at, first) = lane.slots.first_key_value()?;
            let why = first.record.as_ref().and_then(|record| record.until.cause());
            Some((first.since, whose, at, why))
        });
        let (since, whose, at, why) = lanes.min_by_key(|(since, whose, ..)| (*since, *whose))?;
        let why = why.map_or_else(|| "is tried again now".to_owned(), ToString::to_string);
        Some((since, format!("{} at {at}: {why}", whose.id)))
    }

    /// Sees to it that a history whose records are all here is woken by what the first of them waits for.
    fn arrange(&mut self, whose: &History) {
        self.unlist(whose);
        let Some(lane) = self.lanes.get_mut(whose) else { return };
        if lane.slots.is_empty() {
            self.lanes.remove(whose);
            return;
        }
        if lane.is_out() || lane.is_ready {
            return;
        }
        let first = lane.slots.values().next().and_then(|slot| slot.record.as_ref());
        match first.map(|record| &record.until) {
            Some(Until::For { parents, next_attempt, .. }) => {
                let parents: Vec<Parent> = parents
                    .iter()
                    .map(|parent| (parent.org.clone(), parent.object.clone(), parent.id.clone()))
                    .collect();
                for parent in &parents {
                    self.by_parent.entry(parent.clone()).or_default().insert(whose.clone());
                }
                self.due.insert((*next_attempt, whose.clone()));
                lane.awaited = Some(Awaited { parents, due: *next_attempt });
            }
            // All before it are over.
            Some(Until::Turn) | None => {
                lane.is_ready = true;
                self.ready.push_back(whose.clone());
            }
        }
    }

    /// Takes a history out of the indexes.
    fn unlist(&mut self, whose: &History) {
        let Some(awaited) = self.lanes.get_mut(whose).and_then(|lane| lane.awaited.take()) else { return };
        self.due.remove(&(awaited.due, whose.clone()));
        for parent in awaited.parents {
            if let Some(histories) = self.by_parent.get_mut(&parent) {
                histories.remove(whose);
                if histories.is_empty() {
                    self.by_parent.remove(&parent);
                }
            }
        }
    }
}

impl Lane {
    /// Whether any of its records is with the sink.
    fn is_out(&self) -> bool {
        self.slots.values().any(|slot| slot.record.is_none())
    }
}

fn print(consumed: &Consumed) -> (i64, usize) {
    (consumed.timestamp, consumed.size())
}

#[cfg(test)]
mod tests;
