//! Who has produced what into a log: sequence numbers, so that a batch that is sent twice is written once, and open
//! transactions, so that readers know how far they may read.

use std::collections::{BTreeMap, HashMap, VecDeque};

use super::batch::BatchHeader;
use super::read::AbortedTransaction;
use crate::producer::{Marker, ProducerId};

/// A client has at most five requests under way, so a repeated batch is one of the last five.
const REMEMBERED: usize = 5;

/// A producer that has been silent for so long is forgotten, as Kafka does after `producer.id.expiration.ms`.
const EXPIRY_MS: i64 = 24 * 60 * 60 * 1_000;

/// What a log knows of its producers.
#[derive(Debug, Default)]
pub(super) struct Producers {
    known: HashMap<i64, Producer>,
    /// First offset of each open transaction → producer.
    open: BTreeMap<i64, i64>,
    /// By the offset of the marker, ascending.
    aborted: Vec<Aborted>,
}

#[derive(Debug)]
struct Producer {
    epoch: i16,
    batches: VecDeque<Written>,
    open_from: Option<i64>,
    seen_ms: i64,
}

#[derive(Debug, Clone, Copy)]
struct Written {
    first_sequence: i32,
    last_sequence: i32,
    base_offset: i64,
}

/// A transaction that was given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Aborted {
    pub(super) producer_id: i64,
    pub(super) first_offset: i64,
    /// Where its marker is.
    pub(super) marker_offset: i64,
}

/// What is to be done with a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is new.
    Append,
    /// It was written before, at this offset.
    Duplicate(i64),
}

/// Why a batch is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// A newer producer has taken over.
    Epoch,
    /// Batches before it are missing.
    Sequence,
    /// Outside a transaction while one of the same producer is open.
    Transaction,
}

impl Producers {
    /// Judges a batch of an idempotent producer.
    pub(super) fn judge(&self, header: &BatchHeader) -> Result<Verdict, Refused> {
        let Some(from) = header.producer() else { return Ok(Verdict::Append) };
        // One that is not known, or no longer, may start anywhere.
        let Some(known) = self.known.get(&from.id) else { return Ok(Verdict::Append) };
        if from.epoch < known.epoch {
            return Err(Refused::Epoch);
        }
        if from.epoch > known.epoch {
            return if header.base_sequence == 0 { Ok(Verdict::Append) } else { Err(Refused::Sequence) };
        }
        if !header.is_transactional() && known.open_from.is_some() {
            return Err(Refused::Transaction);
        }
        let same = |written: &&Written| {
            written.first_sequence == header.base_sequence && written.last_sequence == header.last_sequence()
        };
        if let Some(written) = known.batches.iter().find(same) {
            return Ok(Verdict::Duplicate(written.base_offset));
        }
        match known.batches.back() {
            Some(last) if next_sequence(last.last_sequence) != header.base_sequence => Err(Refused::Sequence),
            _ => Ok(Verdict::Append),
        }
    }

    /// Takes note of a batch in the log. `marker` is what a control batch says.
    pub(super) fn note(&mut self, header: &BatchHeader, marker: Option<Marker>, now_ms: i64) {
        let Some(from) = header.producer() else { return };
        if header.is_control() {
            if let Some(marker) = marker {
                self.end(from, marker, header.base_offset, now_ms);
            }
            return;
        }
        let producer = self.producer(from, now_ms);
        if header.base_sequence >= 0 {
            if producer.batches.len() == REMEMBERED {
                producer.batches.pop_front();
            }
            producer.batches.push_back(Written {
                first_sequence: header.base_sequence,
                last_sequence: header.last_sequence(),
                base_offset: header.base_offset,
            });
        }
        if header.is_transactional() && producer.open_from.is_none() {
            producer.open_from = Some(header.base_offset);
            self.open.insert(header.base_offset, from.id);
        }
    }

    fn end(&mut self, from: ProducerId, marker: Marker, marker_offset: i64, now_ms: i64) {
        let Some(first_offset) = self.producer(from, now_ms).open_from.take() else { return };
        self.open.remove(&first_offset);
        if marker == Marker::Abort {
            self.aborted.push(Aborted { producer_id: from.id, first_offset, marker_offset });
        }
    }

    fn producer(&mut self, from: ProducerId, now_ms: i64) -> &mut Producer {
        let fresh =
            || Producer { epoch: from.epoch, batches: VecDeque::new(), open_from: None, seen_ms: now_ms };
        let producer = self.known.entry(from.id).or_insert_with(fresh);
        if producer.epoch < from.epoch {
            producer.epoch = from.epoch;
            producer.batches.clear();
        }
        producer.seen_ms = now_ms;
        producer
    }

    /// The offset of the first record whose transaction is open.
    pub(super) fn first_open(&self) -> Option<i64> {
        self.open.first_key_value().map(|(offset, _)| *offset)
    }

    /// Aborted transactions that have records in `from..to`.
    pub(super) fn aborted_in(&self, from: i64, to: i64) -> Vec<AbortedTransaction> {
        let ended_before = self.aborted.partition_point(|aborted| aborted.marker_offset < from);
        let touching = self.aborted[ended_before..].iter().filter(|aborted| aborted.first_offset < to);
        touching
            .map(|aborted| AbortedTransaction {
                producer_id: aborted.producer_id,
                first_offset: aborted.first_offset,
            })
            .collect()
    }

    /// Whether a record of this producer at this offset was given up.
    pub(super) fn is_aborted(&self, producer_id: i64, offset: i64) -> bool {
        let ended_before = self.aborted.partition_point(|aborted| aborted.marker_offset < offset);
        let of_producer = |aborted: &&Aborted| aborted.producer_id == producer_id;
        self.aborted[ended_before..]
            .iter()
            .find(of_producer)
            .is_some_and(|aborted| aborted.first_offset <= offset)
    }

    /// Whether this is the newest batch of its producer, which the log needs to keep to know it after a restart.
    pub(super) fn is_newest(&self, header: &BatchHeader) -> bool {
        let Some(from) = header.producer() else { return false };
        let Some(known) = self.known.get(&from.id) else { return false };
        known.batches.back().is_some_and(|last| last.base_offset == header.base_offset)
    }

    /// Aborted transactions that ended before `offset` have no record left.
    pub(super) fn forget_aborted_before(&mut self, offset: i64) {
        self.aborted.retain(|aborted| aborted.marker_offset >= offset);
    }

    /// Forgets who has been silent for a day.
    pub(super) fn expire(&mut self, now_ms: i64) {
        self.known.retain(|_, producer| {
            producer.open_from.is_some() || now_ms.saturating_sub(producer.seen_ms) < EXPIRY_MS
        });
    }
}

/// Sequence numbers start over at 0 behind `i32::MAX`.
fn next_sequence(sequence: i32) -> i32 {
    if sequence == i32::MAX { 0 } else { sequence + 1 }
}
