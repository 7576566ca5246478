//! All transactional ids under one lock.

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kafka_protocol::error::ResponseError;
use serde::{Deserialize, Serialize};

use super::markers::Markers;
use super::transaction::{State, Transaction};
use crate::groups::{GroupCoordinator, TopicPartition};
use crate::journal::Journal;
use crate::producer::ProducerId;

/// Producer ids are taken from the journal so many at a time: one entry for many.
const BLOCK: i64 = 1_000;

/// A transactional id that nobody used for so long is forgotten, as Kafka does.
const EXPIRY_MS: i64 = 7 * 24 * 60 * 60 * 1_000;

/// Limits of transactions; the defaults are Kafka's.
#[derive(Debug, Clone)]
pub(crate) struct TransactionSettings {
    /// The longest transaction that a producer may ask for.
    pub(crate) max_timeout: Duration,
    /// Transactional ids. Clients that nobody vouches for must not fill the memory.
    pub(crate) max_ids: usize,
}

impl Default for TransactionSettings {
    fn default() -> Self {
        Self { max_timeout: Duration::from_mins(15), max_ids: 100_000 }
    }
}

/// The coordinator of all transactions.
pub(crate) struct TransactionCoordinator {
    pub(super) settings: TransactionSettings,
    pub(super) groups: Arc<GroupCoordinator>,
    pub(super) logs: Arc<dyn Markers>,
    state: Mutex<Transactions>,
}

/// The journal's entries.
#[derive(Debug, Serialize, Deserialize)]
enum Entry {
    /// Producer ids below this were handed out.
    Ids(i64),
    /// The state of a transactional id.
    Transaction(Transaction),
    /// A transactional id that is forgotten.
    Forgotten(String),
}

#[derive(Debug)]
pub(super) struct Transactions {
    pub(super) by_id: HashMap<String, Transaction>,
    next_id: i64,
    /// Ids below this may be handed out without an entry.
    reserved: i64,
    journal: Journal,
}

impl TransactionCoordinator {
    /// Reads the state from the directory `dir`. What was decided waits for [`Self::resume`].
    pub(crate) fn open(
        dir: &Path,
        settings: TransactionSettings,
        groups: Arc<GroupCoordinator>,
        logs: Arc<dyn Markers>,
    ) -> io::Result<Self> {
        let (mut journal, entries) = Journal::open(&dir.join("transactions.journal"))?;
        let (mut by_id, mut next_id) = (HashMap::new(), 0);
        for entry in entries {
            match entry {
                Entry::Ids(upto) => next_id = upto.max(next_id),
                Entry::Transaction(transaction) => {
                    by_id.insert(transaction.id.clone(), transaction);
                }
                Entry::Forgotten(id) => {
                    by_id.remove(&id);
                }
            }
        }
        journal.rewrite(entries_of(&by_id, next_id))?;
        let state = Transactions { by_id, next_id, reserved: next_id, journal };
        Ok(Self { settings, groups, logs, state: Mutex::new(state) })
    }

    /// Lets a producer write into a partition, if it may under this transactional id now. The transaction cannot end
    /// before `write` has: its records would land behind the marker and be part of the producer's next transaction.
    pub(crate) fn write<T>(
        &self,
        id: &str,
        producer: ProducerId,
        topic: &str,
        partition: i32,
        write: impl FnOnce() -> T,
    ) -> Result<T, ResponseError> {
        let state = self.lock();
        let transaction = state.by_id.get(id).ok_or(ResponseError::InvalidProducerIdMapping)?;
        transaction.is_of(producer).map_err(|error| match error {
            // What Produce says of a producer that was fenced.
            ResponseError::ProducerFenced => ResponseError::InvalidProducerEpoch,
            other => other,
        })?;
        let at = TopicPartition { topic: topic.to_owned(), partition };
        let enrolled =
            matches!(transaction.state, State::Ongoing { .. }) && transaction.partitions.contains(&at);
        if !enrolled {
            return Err(ResponseError::InvalidTxnState);
        }
        let written = write();
        drop(state);
        Ok(written)
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Transactions> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for TransactionCoordinator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TransactionCoordinator").finish_non_exhaustive()
    }
}

impl Transactions {
    /// A producer that never was.
    pub(super) fn new_producer(&mut self) -> io::Result<ProducerId> {
        if self.next_id >= self.reserved {
            let reserved = self.next_id + BLOCK;
            self.journal.append(&Entry::Ids(reserved))?;
            self.reserved = reserved;
        }
        let id = self.next_id;
        self.next_id += 1;
        Ok(ProducerId { id, epoch: 0 })
    }

    /// Hands out no id up to `last` from now on.
    pub(super) fn begin_after(&mut self, last: i64) {
        if last >= self.next_id {
            tracing::error!(
                last,
                next = self.next_id,
                "The logs know producer ids that were never handed out, as after a power cut; they are passed over.",
            );
            self.next_id = last + 1;
        }
    }

    /// The state of a transactional id as it is from now on; in the journal when this returns.
    pub(super) fn put(&mut self, transaction: Transaction) -> io::Result<()> {
        self.journal.append(&Entry::Transaction(transaction.clone()))?;
        self.by_id.insert(transaction.id.clone(), transaction);
        if self.journal.has_grown() {
            self.journal.rewrite(entries_of(&self.by_id, self.reserved))?;
        }
        Ok(())
    }

    /// Forgets ids that nobody uses any more.
    pub(super) fn expire(&mut self, now_ms: i64) -> io::Result<()> {
        let idle = |transaction: &&Transaction| {
            !matches!(transaction.state, State::Ongoing { .. } | State::PrepareCommit | State::PrepareAbort)
                && now_ms.saturating_sub(transaction.changed_ms) > EXPIRY_MS
        };
        let idle: Vec<_> =
            self.by_id.values().filter(idle).map(|transaction| transaction.id.clone()).collect();
        for id in idle {
            self.journal.append(&Entry::Forgotten(id.clone()))?;
            self.by_id.remove(&id);
        }
        Ok(())
    }
}

fn entries_of(by_id: &HashMap<String, Transaction>, ids: i64) -> impl Iterator<Item = Entry> + '_ {
    std::iter::once(Entry::Ids(ids)).chain(by_id.values().cloned().map(Entry::Transaction))
}

/// The error code of a change that could not be kept.
pub(super) fn not_kept(error: &io::Error) -> ResponseError {
    tracing::error!(%error, "The state of a transaction cannot be kept.");
    ResponseError::KafkaStorageError
}
