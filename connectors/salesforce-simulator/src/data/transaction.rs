//! What a call has changed so far, so that it can be taken back as a whole and told of once it stands.

use super::row::Row;
use crate::schema::ObjectIndex;

/// The changes of one call, in order.
#[derive(Debug, Default)]
pub(crate) struct Transaction {
    pub(crate) changes: Vec<Change>,
}

/// One row before its change; the row after it is in the store.
#[derive(Debug)]
pub(crate) struct Change {
    /// The object.
    pub(crate) object: ObjectIndex,
    /// The row.
    pub(crate) id: String,
    /// The row before, `None` for a created one.
    pub(crate) before: Option<Row>,
    /// What was done.
    pub(crate) operation: Operation,
}

/// What was done to a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Created,
    Updated,
    Deleted,
    Undeleted,
    /// Changed as a consequence (a cascade, a cleared look-up): stored, but no event is raised.
    Silent,
}
