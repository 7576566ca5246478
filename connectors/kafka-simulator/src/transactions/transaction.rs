//! A transactional id: who produces under it, and what its transaction has touched.

use std::collections::{BTreeMap, BTreeSet};

use kafka_protocol::error::ResponseError;
use serde::{Deserialize, Serialize};

use crate::groups::{Committed, TopicPartition};
use crate::producer::ProducerId;

/// What a transaction is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum State {
    /// None was begun by this producer.
    Empty,
    /// Begun at this time, milliseconds since 1970.
    Ongoing {
        since_ms: i64,
    },
    /// Decided, not yet carried out.
    PrepareCommit,
    PrepareAbort,
    /// Carried out.
    CompleteCommit,
    CompleteAbort,
}

impl State {
    /// Kafka's word for it.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "Empty",
            Self::Ongoing { .. } => "Ongoing",
            Self::PrepareCommit => "PrepareCommit",
            Self::PrepareAbort => "PrepareAbort",
            Self::CompleteCommit => "CompleteCommit",
            Self::CompleteAbort => "CompleteAbort",
        }
    }
}

/// One transactional id. The journal's entries are these, whole.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Transaction {
    pub(super) id: String,
    pub(super) producer: ProducerId,
    /// The producer before the last change of epoch, which may ask again when the answer got lost.
    pub(super) previous: Option<ProducerId>,
    pub(super) timeout_ms: i32,
    pub(super) state: State,
    pub(super) partitions: BTreeSet<TopicPartition>,
    /// Group → what it commits when the transaction does; a group may be enrolled without commits yet.
    pub(super) offsets: BTreeMap<String, Vec<(TopicPartition, Committed)>>,
    /// The last change, milliseconds since 1970.
    pub(super) changed_ms: i64,
}

impl Transaction {
    /// Whether a request speaks for the producer of now.
    pub(super) fn is_of(&self, producer: ProducerId) -> Result<(), ResponseError> {
        if producer.id != self.producer.id {
            Err(ResponseError::InvalidProducerIdMapping)
        } else if producer.epoch == self.producer.epoch {
            Ok(())
        } else {
            Err(ResponseError::ProducerFenced)
        }
    }

    /// Begins a transaction, unless one is open.
    pub(super) fn begin(&mut self, now_ms: i64) {
        if !matches!(self.state, State::Ongoing { .. }) {
            self.state = State::Ongoing { since_ms: now_ms };
        }
        self.changed_ms = now_ms;
    }

    /// Everything was carried out.
    pub(super) fn complete(&mut self, committed: bool) {
        self.state = if committed { State::CompleteCommit } else { State::CompleteAbort };
        self.partitions.clear();
        self.offsets.clear();
    }
}
