//! Who produced a batch, and how a transaction ends.

use serde::{Deserialize, Serialize};

/// An idempotent or transactional producer: its id and the epoch that fences its predecessors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct ProducerId {
    /// Drawn by the broker, never reused.
    pub(crate) id: i64,
    /// Raised whenever the transactional id is taken over.
    pub(crate) epoch: i16,
}

/// What a control batch says of the transaction that it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Marker {
    /// Its records count.
    Commit,
    /// Its records are to be left out.
    Abort,
}
