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
    /// The sequence number that comes next; `None` when anything may, because nothing is known of what came before.
    next_sequence: Option<i32>,
    /// The last ones of this epoch, oldest first.
    batches: VecDeque<Written>,
    open_from: Option<i64>,
    seen_ms: i64,
}

#[derive(Debug, Clone, Copy)]
struct Written {
    first_sequence: i32,
    last_sequence: i32,
    base_offset: i64,
    timestamp: i64,
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
    /// It was written before.
    Duplicate {
        /// Where it begins.
        base_offset: i64,
        /// Its highest record time.
        timestamp: i64,
    },
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
        let same = |written: &&Written| {
            written.first_sequence == header.base_sequence && written.last_sequence == header.last_sequence()
        };
        if let Some(written) = known.batches.iter().find(same) {
            return Ok(Verdict::Duplicate { base_offset: written.base_offset, timestamp: written.timestamp });
        }
        if known.next_sequence.is_some_and(|next| next != header.base_sequence) {
            return Err(Refused::Sequence);
        }
        if !header.is_transactional() && known.open_from.is_some() {
            return Err(Refused::Transaction);
        }
        Ok(Verdict::Append)
    }

    /// Whether a newer producer has taken over from this one.
    pub(super) fn is_fenced(&self, producer: ProducerId) -> bool {
        self.known.get(&producer.id).is_some_and(|known| known.epoch > producer.epoch)
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
                timestamp: header.max_timestamp,
            });
            producer.next_sequence = Some(next_sequence(header.last_sequence()));
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
        let fresh = || Producer {
            epoch: from.epoch,
            next_sequence: None,
            batches: VecDeque::new(),
            open_from: None,
            seen_ms: now_ms,
        };
        let producer = self.known.entry(from.id).or_insert_with(fresh);
        if producer.epoch < from.epoch {
            producer.epoch = from.epoch;
            producer.next_sequence = Some(0);
            producer.batches.clear();
        }
        producer.seen_ms = now_ms;
        producer
    }

    /// All that are known, with their newest epochs.
    pub(super) fn all(&self) -> impl Iterator<Item = ProducerId> + '_ {
        self.known.iter().map(|(id, known)| ProducerId { id: *id, epoch: known.epoch })
    }

    /// Those with an open transaction.
    pub(super) fn in_transaction(&self) -> impl Iterator<Item = ProducerId> + '_ {
        self.open.values().filter_map(|id| Some(ProducerId { id: *id, epoch: self.known.get(id)?.epoch }))
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

    /// All that is known to be given up, by producer.
    pub(super) fn aborted(&self) -> HashMap<i64, Vec<Aborted>> {
        let mut by_producer: HashMap<i64, Vec<Aborted>> = HashMap::new();
        for aborted in &self.aborted {
            by_producer.entry(aborted.producer_id).or_default().push(*aborted);
        }
        by_producer
    }

    /// Where the newest batch of each producer begins. A log keeps it to know its producers after a restart.
    pub(super) fn newest_batches(&self) -> HashMap<i64, i64> {
        let newest =
            |(id, known): (&i64, &Producer)| known.batches.back().map(|last| (*id, last.base_offset));
        self.known.iter().filter_map(newest).collect()
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
