//! What is done with what a record does not say: no value, no known event, a null that may mean "unknown".

use orgstream_api::{Outcome, Rejection, Skip};

use crate::plan::Kind;

/// How records are understood that leave something open.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reading {
    /// What a record without a value means.
    pub on_null: TakenFor,
    /// What a record means that says nothing of what happened, or what nobody knows, where the operation depends on it.
    pub on_unknown_event: TakenFor,
    /// What nulls mean in records that do not say which fields they carry.
    pub nulls: Nulls,
}

/// What a record is taken for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TakenFor {
    /// A deletion of its record.
    Delete,
    /// Nothing; it is counted.
    Skip,
    /// A fault; it becomes a dead letter.
    #[default]
    Reject,
}

/// What a null means.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Nulls {
    /// Nothing is known of the field, so it is left as it is.
    #[default]
    Ignore,
    /// The field is empty, so it is cleared.
    Write,
}

/// Why a record becomes no change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NoChange {
    /// It needs none.
    Skipped(Skip),
    /// It can be none.
    Rejected(Rejection),
}

impl From<Rejection> for NoChange {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection)
    }
}

impl From<NoChange> for Outcome {
    fn from(no_change: NoChange) -> Self {
        match no_change {
            NoChange::Skipped(skip) => Self::Skipped(skip),
            NoChange::Rejected(rejection) => Self::Rejected(rejection),
        }
    }
}

impl TakenFor {
    /// What org B has to do instead, where otherwise the record is rejected.
    pub(crate) fn instead_of(self, rejection: Rejection, skip: Skip) -> Result<Kind, NoChange> {
        match self {
            Self::Delete => Ok(Kind::Delete),
            Self::Skip => Err(NoChange::Skipped(skip)),
            Self::Reject => Err(NoChange::Rejected(rejection)),
        }
    }
}
