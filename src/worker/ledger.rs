//! Tracks records in flight and says how far it is safe to commit.
//!
//! Records enter in order and settle in any order. Only the settled prefix of a partition may be committed
//! (D1), and a ticket that is dropped never settles (D2), so every mistake ends in redelivery and none in
//! loss. Each assignment of a partition opens a new lane; tickets of an older lane are inert.

use std::collections::{HashMap, HashSet, VecDeque};

use orgstream_api::{Ticket, TicketId, TopicPartition};
use tokio::sync::mpsc;

/// One record of a lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Slot {
    /// In flight.
    Open(i64),
    /// Answered.
    Settled(i64),
}

/// One assignment of one partition.
#[derive(Debug)]
struct Lane {
    id: u64,
    /// Sequence of the first slot.
    first: u64,
    slots: VecDeque<Slot>,
    /// Tickets that hold no offset back: owed references.
    aside: HashSet<u64>,
    next_aside: u64,
    /// The offset after the settled prefix.
    settled_to: i64,
    /// The offset after the last one the consumer passed, delivered or not (commit markers are not).
    passed_to: i64,
    /// What Kafka last acknowledged.
    committed: i64,
}

/// Sequences from here on belong to tickets that hold no offset back.
const ASIDE: u64 = 1 << 63;

/// A ticket was dropped although its partition is still assigned: a bug in the sink, and D4 says the task fails.
#[derive(Debug, thiserror::Error)]
#[error(
    "the sink dropped the ticket of a record of {partition} without an outcome; it will be delivered again"
)]
pub struct LostTicket {
    /// The record's partition.
    pub partition: TopicPartition,
}

/// What a returned ticket stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Redeemed {
    /// Its partition is still assigned.
    Live,
    /// Its partition was revoked since; the outcome changes nothing.
    Inert,
}

/// All records in flight of one sink task.
#[derive(Debug)]
pub struct Ledger {
    lanes: HashMap<TopicPartition, Lane>,
    partitions: HashMap<u64, TopicPartition>,
    next_lane: u64,
    drops: mpsc::UnboundedSender<TicketId>,
    dropped: mpsc::UnboundedReceiver<TicketId>,
}

impl Default for Ledger {
    fn default() -> Self {
        let (drops, dropped) = mpsc::unbounded_channel();
        Self { lanes: HashMap::new(), partitions: HashMap::new(), next_lane: 0, drops, dropped }
    }
}

impl Ledger {
    /// Opens a lane for `partition`, whose next record to be consumed is `next`.
    pub fn assign(&mut self, partition: TopicPartition, next: i64) {
        self.revoke(&partition);
        let id = self.next_lane;
        self.next_lane += 1;
        let lane = Lane {
            id,
            first: 0,
            slots: VecDeque::new(),
            aside: HashSet::new(),
            next_aside: ASIDE,
            settled_to: next,
            passed_to: next,
            committed: next,
        };
        self.partitions.insert(id, partition.clone());
        self.lanes.insert(partition, lane);
    }

    /// Closes the lane of `partition`: its tickets become inert, nothing of it is committable.
    pub fn revoke(&mut self, partition: &TopicPartition) {
        if let Some(lane) = self.lanes.remove(partition) {
            self.partitions.remove(&lane.id);
        }
    }

    /// Whether `partition` is assigned.
    pub fn owns(&self, partition: &TopicPartition) -> bool {
        self.lanes.contains_key(partition)
    }

    /// A ticket for the record at `offset`; `None` when the partition is not assigned.
    ///
    /// Offsets of a partition must be tracked in rising order; one at or below an earlier one is refused the
    /// same way, because it would be settled twice.
    pub fn track(&mut self, partition: &TopicPartition, offset: i64) -> Option<Ticket> {
        let lane = self.lanes.get_mut(partition)?;
        if offset < lane.passed_to {
            return None;
        }
        let sequence = lane.first + lane.slots.len() as u64;
        lane.slots.push_back(Slot::Open(offset));
        lane.passed_to = offset + 1;
        Some(Ticket::new(TicketId { lane: lane.id, sequence }, self.drops.clone()))
    }

    /// A ticket in the lane of `partition` that holds no offset back; `None` when it is not assigned.
    pub fn track_aside(&mut self, partition: &TopicPartition) -> Option<Ticket> {
        let lane = self.lanes.get_mut(partition)?;
        let sequence = lane.next_aside;
        lane.next_aside += 1;
        lane.aside.insert(sequence);
        Some(Ticket::new(TicketId { lane: lane.id, sequence }, self.drops.clone()))
    }

    /// Whether a ticket still means something.
    pub fn standing(&self, ticket: TicketId) -> Redeemed {
        if self.partitions.contains_key(&ticket.lane) { Redeemed::Live } else { Redeemed::Inert }
    }

    /// Takes a ticket back. Call it only when all that its outcome demands is durable (D3, D7).
    pub fn settle(&mut self, ticket: Ticket) -> Redeemed {
        let id = ticket.redeem();
        let Some(lane) = self.partitions.get(&id.lane).and_then(|partition| self.lanes.get_mut(partition))
        else {
            return Redeemed::Inert;
        };
        if id.sequence >= ASIDE {
            lane.aside.remove(&id.sequence);
            return Redeemed::Live;
        }
        let slot = usize::try_from(id.sequence - lane.first).ok().and_then(|index| lane.slots.get_mut(index));
        if let Some(slot) = slot
            && let Slot::Open(offset) = *slot
        {
            *slot = Slot::Settled(offset);
        }
        // D1: only the settled prefix moves the committable offset.
        while let Some(Slot::Settled(offset)) = lane.slots.front().copied() {
            lane.slots.pop_front();
            lane.first += 1;
            lane.settled_to = offset + 1;
        }
        Redeemed::Live
    }

    /// The consumer has passed everything before `next` in `partition`: commit markers take offsets and are
    /// never delivered, so without this the last of them would count as lag for ever.
    pub fn passed(&mut self, partition: &TopicPartition, next: i64) {
        if let Some(lane) = self.lanes.get_mut(partition) {
            lane.passed_to = lane.passed_to.max(next);
        }
    }

    /// The offset to commit for each assigned partition: everything before it is settled (D1).
    pub fn committable(&self) -> Vec<(TopicPartition, i64)> {
        self.lanes.iter().map(|(partition, lane)| (partition.clone(), lane.committable())).collect()
    }

    /// As [`Ledger::committable`], only those that differ from what Kafka acknowledged.
    pub fn uncommitted(&self) -> Vec<(TopicPartition, i64)> {
        let moved = self.lanes.iter().filter(|(_, lane)| lane.committable() != lane.committed);
        moved.map(|(partition, lane)| (partition.clone(), lane.committable())).collect()
    }

    /// Kafka acknowledged these offsets.
    pub fn committed(&mut self, offsets: &[(TopicPartition, i64)]) {
        for (partition, offset) in offsets {
            if let Some(lane) = self.lanes.get_mut(partition) {
                lane.committed = lane.committed.max(*offset);
            }
        }
    }

    /// How many records of `partition` before `end` are not settled; `None` as long as not all of them were consumed.
    pub fn open_before(&self, partition: &TopicPartition, end: i64) -> Option<usize> {
        let lane = self.lanes.get(partition).filter(|lane| lane.passed_to >= end)?;
        let open = |slot: &&Slot| matches!(slot, Slot::Open(offset) if *offset < end);
        Some(lane.slots.iter().filter(open).count())
    }

    /// Whether every record of `partition` before `end` was consumed. One that is not assigned has nothing to consume.
    pub fn consumed_to(&self, partition: &TopicPartition, end: i64) -> bool {
        self.lanes.get(partition).is_none_or(|lane| lane.passed_to >= end)
    }

    /// How many offsets of `partition` before `end` were not consumed.
    pub fn left_before(&self, partition: &TopicPartition, end: i64) -> usize {
        let left = self.lanes.get(partition).map_or(0, |lane| end.saturating_sub(lane.passed_to));
        usize::try_from(left).unwrap_or(0)
    }

    /// The assigned partitions.
    pub fn partitions(&self) -> Vec<TopicPartition> {
        self.lanes.keys().cloned().collect()
    }

    /// Assigned partitions.
    pub fn assigned(&self) -> usize {
        self.lanes.len()
    }

    /// Records in flight, over all partitions.
    pub fn in_flight(&self) -> usize {
        self.lanes.values().map(|lane| lane.slots.len() + lane.aside.len()).sum()
    }

    /// Fails when a ticket of an assigned partition was dropped (D4).
    pub fn check_dropped(&mut self) -> Result<(), LostTicket> {
        while let Ok(id) = self.dropped.try_recv() {
            if let Some(partition) = self.partitions.get(&id.lane) {
                return Err(LostTicket { partition: partition.clone() });
            }
        }
        Ok(())
    }
}

impl Lane {
    fn committable(&self) -> i64 {
        if self.slots.is_empty() { self.passed_to.max(self.settled_to) } else { self.settled_to }
    }
}

#[cfg(test)]
mod tests;
