//! What one transaction of a source carries, and what waits for the next one.
//!
//! What waits goes into the next transaction together, in the order it was handed out and as much of it as fits. So a
//! change that comes while a transaction is committed waits for the end of that one and for its own, and for no third.

use std::collections::VecDeque;
use std::time::Instant;

use orgstream_api::SourcePosition;

use crate::kafka::Outgoing;

/// Records of one transaction at most.
const MOST: usize = 5_000;

/// Batches that wait at most. Those without records count too: of events that make none there is no end either.
const BATCHES: usize = 64;

/// What one transaction carries.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Transaction {
    /// Records, dead letters and positions, as bytes.
    pub(super) outgoing: Vec<Outgoing>,
    /// How many of them are records, or stand for one.
    pub(super) records: usize,
    /// How many of those stand for one that was refused.
    pub(super) rejected: usize,
    /// What these hold, in bytes.
    pub(super) bytes: u64,
    /// The positions once more, as the source said them.
    pub(super) positions: Vec<SourcePosition>,
    /// As in a batch of the source.
    pub(super) received: Vec<(Instant, u32)>,
    /// How many batches of the source it holds.
    pub(super) batches: usize,
}

/// The batches that are in no transaction yet, the oldest first; each as the transaction it would be alone.
#[derive(Debug, Default)]
pub(super) struct Waiting(VecDeque<Transaction>);

impl Waiting {
    pub(super) fn push(&mut self, batch: Transaction) {
        self.0.push_back(batch);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the next transaction is not full yet.
    pub(super) fn has_room(&self) -> bool {
        self.0.len() < BATCHES && self.0.iter().map(|batch| batch.records).sum::<usize>() < MOST
    }

    /// The next transaction.
    pub(super) fn next(&mut self) -> Option<Transaction> {
        let mut transaction = self.0.pop_front()?;
        while let Some(later) = self.0.pop_front_if(|later| transaction.records + later.records <= MOST) {
            transaction.append(later);
        }
        Some(transaction)
    }
}

impl Transaction {
    fn append(&mut self, mut later: Self) {
        self.outgoing.append(&mut later.outgoing);
        self.records += later.records;
        self.rejected += later.rejected;
        self.bytes += later.bytes;
        self.positions.append(&mut later.positions);
        self.received.append(&mut later.received);
        self.batches += later.batches;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// A batch of so many records that says where the source is behind it.
    fn batch(number: usize, records: usize) -> Transaction {
        let position = SourcePosition { partition: json!({"channel": "c"}), offset: json!(number) };
        Transaction { records, positions: vec![position], batches: 1, ..Transaction::default() }
    }

    #[test]
    fn only_so_many_batches_wait_even_of_those_without_records() {
        let mut waiting = Waiting::default();
        let mut count = 0;
        while waiting.has_room() {
            waiting.push(batch(count, 0));
            count += 1;
        }
        assert_eq!(count, BATCHES);
        assert_eq!(waiting.next().map(|transaction| transaction.batches), Some(BATCHES));
        assert!(waiting.has_room());
    }

    proptest! {
        #[test]
        fn batches_go_into_transactions_in_order_and_whole_and_as_many_as_fit(
            sizes in prop::collection::vec(0_usize..=MOST, 0..20),
        ) {
            let mut waiting = Waiting::default();
            for (number, records) in sizes.iter().enumerate() {
                waiting.push(batch(number, *records));
            }
            let mut taken = 0;
            while let Some(transaction) = waiting.next() {
                let of = &sizes[taken..taken + transaction.batches];
                prop_assert_eq!(transaction.records, of.iter().sum::<usize>());
                prop_assert!(transaction.records <= MOST);
                let numbers: Vec<_> = transaction.positions.iter().map(|position| position.offset.clone()).collect();
                prop_assert_eq!(numbers, (taken..taken + of.len()).map(|number| json!(number)).collect::<Vec<_>>());
                taken += of.len();
                prop_assert!(sizes.get(taken).is_none_or(|next| transaction.records + next > MOST));
            }
            prop_assert_eq!(taken, sizes.len());
        }
    }
}
