//! InitProducerId: a producer takes over its transactional id, and whoever had it before is fenced.

use std::collections::{BTreeMap, BTreeSet};

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::{InitProducerIdRequest, InitProducerIdResponse, ProducerId as WireProducerId};

use super::coordinator::{TransactionCoordinator, not_kept};
use super::transaction::{State, Transaction};
use crate::clock::now_ms;
use crate::producer::ProducerId;

impl TransactionCoordinator {
    /// Hands out a producer id and epoch.
    pub(crate) fn init_producer_id(
        &self,
        request: &InitProducerIdRequest,
        version: i16,
    ) -> InitProducerIdResponse {
        match self.init(request) {
            // Newer than the versions before 4, whose clients know another word.
            Err(ResponseError::ProducerFenced) if version < 4 => refused(ResponseError::InvalidProducerEpoch),
            Ok(producer) => InitProducerIdResponse::default()
                .with_producer_id(WireProducerId(producer.id))
                .with_producer_epoch(producer.epoch),
            Err(error) => refused(error),
        }
    }

    fn init(&self, request: &InitProducerIdRequest) -> Result<ProducerId, ResponseError> {
        let mut state = self.lock();
        let Some(id) = request.transactional_id.as_ref() else {
            return state.new_producer().map_err(|error| not_kept(&error));
        };
        if id.is_empty() {
            return Err(ResponseError::InvalidRequest);
        }
        let timeout = u128::try_from(request.transaction_timeout_ms).unwrap_or(0);
        if timeout == 0 || timeout > self.settings.max_timeout.as_millis() {
            return Err(ResponseError::InvalidTransactionTimeout);
        }
        let asked = (request.producer_id.0 >= 0)
            .then_some(ProducerId { id: request.producer_id.0, epoch: request.producer_epoch });
        let Some(known) = state.by_id.get(id.as_str()).cloned() else {
            if state.by_id.len() >= self.settings.max_ids {
                return Err(ResponseError::PolicyViolation);
            }
            let producer = state.new_producer().map_err(|error| not_kept(&error))?;
            let new = fresh(id.as_str(), producer, request.transaction_timeout_ms);
            state.put(new).map_err(|error| not_kept(&error))?;
            return Ok(producer);
        };
        if let Some(asked) = asked {
            if known.previous == Some(asked) {
                // The answer to this very request got lost.
                return Ok(known.producer);
            }
            if asked != known.producer {
                return Err(ResponseError::ProducerFenced);
            }
        }
        let mut transaction = match known.state {
            // With the next epoch, so that the predecessor cannot go on while its transaction is given up.
            State::Ongoing { .. } => self.abort(&mut state, known),
            // Decided, but the disk failed while it was carried out. What was decided stays so.
            State::PrepareCommit | State::PrepareAbort => self.carry_out(&mut state, known),
            State::Empty | State::CompleteCommit | State::CompleteAbort => Ok(known),
        }
        .map_err(|error| not_kept(&error))?;
        let before = transaction.producer;
        transaction.producer = match before.epoch.checked_add(1) {
            // The last epoch is kept for giving up the transaction of the last but one.
            Some(epoch) if epoch < i16::MAX => ProducerId { id: before.id, epoch },
            _ => state.new_producer().map_err(|error| not_kept(&error))?,
        };
        transaction.previous = asked;
        transaction.state = State::Empty;
        transaction.timeout_ms = request.transaction_timeout_ms;
        transaction.changed_ms = now_ms();
        let producer = transaction.producer;
        state.put(transaction).map_err(|error| not_kept(&error))?;
        Ok(producer)
    }
}

/// The answer to whom no producer id is given.
fn refused(error: ResponseError) -> InitProducerIdResponse {
    InitProducerIdResponse::default()
        .with_error_code(error.code())
        .with_producer_id(WireProducerId(-1))
        .with_producer_epoch(-1)
}

fn fresh(id: &str, producer: ProducerId, timeout_ms: i32) -> Transaction {
    Transaction {
        id: id.to_owned(),
        producer,
        previous: None,
        timeout_ms,
        state: State::Empty,
        partitions: BTreeSet::new(),
        offsets: BTreeMap::new(),
        changed_ms: now_ms(),
    }
}
