//! EndTxn, and transactions that nobody ends.

use std::io;

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::{EndTxnRequest, EndTxnResponse};

use super::coordinator::{TransactionCoordinator, Transactions, not_kept};
use super::enroll::in_version;
use super::transaction::{State, Transaction};
use crate::clock::now_ms;
use crate::groups::TopicPartition;
use crate::producer::{Marker, ProducerId};

/// Between two tries to carry out what was decided, milliseconds.
const RETRY_MS: i64 = 1_000;

impl TransactionCoordinator {
    /// Commits or aborts; when this answers, readers see it.
    pub(crate) fn end_txn(&self, request: &EndTxnRequest, version: i16) -> EndTxnResponse {
        let ended = self.end(request).map_err(|error| in_version(error, version));
        EndTxnResponse::default().with_error_code(ended.map_or_else(|error| error.code(), |()| 0))
    }

    fn end(&self, request: &EndTxnRequest) -> Result<(), ResponseError> {
        let mut state = self.lock();
        let id = request.transactional_id.as_str();
        let transaction = state.by_id.get(id).cloned().ok_or(ResponseError::InvalidProducerIdMapping)?;
        transaction.is_of(ProducerId { id: request.producer_id.0, epoch: request.producer_epoch })?;
        match (transaction.state, request.committed) {
            (State::Ongoing { .. }, committed) => {
                self.decide(&mut state, transaction, committed).map(drop).map_err(|error| not_kept(&error))
            }
            // The answer got lost.
            (State::CompleteCommit, true) | (State::CompleteAbort, false) => Ok(()),
            // Decided, but the disk failed while it was carried out.
            (State::PrepareCommit, true) | (State::PrepareAbort, false) => {
                self.carry_out(&mut state, transaction).map(drop).map_err(|error| not_kept(&error))
            }
            _ => Err(ResponseError::InvalidTxnState),
        }
    }

    /// Gives up a transaction whose producer is to be fenced.
    pub(super) fn abort(
        &self,
        state: &mut Transactions,
        mut transaction: Transaction,
    ) -> io::Result<Transaction> {
        transaction.producer.epoch = transaction.producer.epoch.saturating_add(1);
        self.decide(state, transaction, false)
    }

    fn decide(
        &self,
        state: &mut Transactions,
        mut transaction: Transaction,
        commit: bool,
    ) -> io::Result<Transaction> {
        transaction.state = if commit { State::PrepareCommit } else { State::PrepareAbort };
        transaction.changed_ms = now_ms();
        state.put(transaction.clone())?;
        self.carry_out(state, transaction)
    }

    /// Writes the markers and the offsets. Done twice, it does no harm.
    pub(super) fn carry_out(
        &self,
        state: &mut Transactions,
        mut transaction: Transaction,
    ) -> io::Result<Transaction> {
        let commit = transaction.state == State::PrepareCommit;
        let marker = if commit { Marker::Commit } else { Marker::Abort };
        for at in &transaction.partitions {
            self.logs.write_marker(at, transaction.producer, marker)?;
        }
        let offsets = std::mem::take(&mut transaction.offsets);
        let exists = |at: &TopicPartition| self.logs.exists(&at.topic, at.partition);
        let commits = offsets.into_iter().filter(|_| commit).map(|(group, mut commits)| {
            commits.retain(|(at, _)| exists(at));
            (group, commits)
        });
        self.groups.decide(transaction.producer.id, commits)?;
        transaction.complete(commit);
        state.put(transaction.clone())?;
        Ok(transaction)
    }

    /// What the broker that was killed had decided; and what it had open, for the readers of offsets.
    pub(crate) fn resume(&self) -> io::Result<()> {
        let mut state = self.lock();
        let all: Vec<_> = state.by_id.values().cloned().collect();
        for transaction in all {
            match transaction.state {
                State::PrepareCommit | State::PrepareAbort => {
                    self.carry_out(&mut state, transaction)?;
                }
                State::Ongoing { .. } => {
                    for (group, commits) in &transaction.offsets {
                        let at = commits.iter().map(|(at, _)| at.clone()).collect();
                        self.groups.announce(transaction.producer.id, group, at);
                    }
                }
                State::Empty | State::CompleteCommit | State::CompleteAbort => {}
            }
        }
        Ok(())
    }

    /// Gives up transactions that took longer than their producers said, and carries out what a disk that failed has
    /// left. To be called many times a second.
    pub(crate) fn sweep(&self) {
        let now = now_ms();
        let mut state = self.lock();
        let due = |transaction: &&Transaction| match transaction.state {
            State::Ongoing { since_ms } => now.saturating_sub(since_ms) > i64::from(transaction.timeout_ms),
            // Not at once: who has decided may try again itself.
            State::PrepareCommit | State::PrepareAbort => {
                now.saturating_sub(transaction.changed_ms) > RETRY_MS
            }
            State::Empty | State::CompleteCommit | State::CompleteAbort => false,
        };
        let due: Vec<_> = state.by_id.values().filter(due).cloned().collect();
        for mut transaction in due {
            let ended = if matches!(transaction.state, State::Ongoing { .. }) {
                tracing::info!(transactional_id = %transaction.id, "A transaction took too long and is given up.");
                self.abort(&mut state, transaction)
            } else {
                transaction.changed_ms = now;
                state.by_id.insert(transaction.id.clone(), transaction.clone());
                self.carry_out(&mut state, transaction)
            };
            if let Err(error) = ended {
                not_kept(&error);
            }
        }
        if let Err(error) = state.expire(now) {
            not_kept(&error);
        }
    }
}
