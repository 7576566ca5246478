//! What a transaction did to each record in the end: change events tell that, and not the steps on the way.

use std::collections::HashSet;

use crate::data::{Operation, Row, Store, Transaction};
use crate::schema::ObjectIndex;

/// What happened to one record between the beginning and the end of a transaction.
#[derive(Debug)]
pub(super) struct NetChange<'a> {
    pub(super) object: ObjectIndex,
    pub(super) id: &'a str,
    pub(super) kind: ChangeType,
    /// The row at the beginning.
    pub(super) before: Option<&'a Row>,
    /// The row at the end.
    pub(super) after: &'a Row,
    /// Whether the record has a new `LastModifiedDate`. One that only lost a reference to a deleted record has not.
    pub(super) stamped: bool,
}

/// `changeType` of a change event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum ChangeType {
    Create,
    Update,
    Delete,
    Undelete,
}

impl ChangeType {
    /// As the header of a change event writes it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Create => "CREATE",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
            Self::Undelete => "UNDELETE",
        }
    }
}

/// The records of these objects that a transaction changed, in the order of their first change. What was deleted
/// from the recycle bin, or made and deleted again, is not among them; nor is a record that was only derived anew.
pub(super) fn of<'a>(
    store: &'a Store,
    tx: &'a Transaction,
    wanted: impl Fn(ObjectIndex) -> bool,
) -> Vec<NetChange<'a>> {
    let ids = |silent: &[Operation]| -> HashSet<&str> {
        let told = tx.changes.iter().filter(|change| !silent.contains(&change.operation));
        told.map(|change| change.id.as_str()).collect()
    };
    let told = ids(&[Operation::Followed]);
    let stamped = ids(&[Operation::Followed, Operation::Relinked]);
    let mut seen: HashSet<&str> = HashSet::new();
    let first = tx.changes.iter().filter(|change| wanted(change.object) && told.contains(change.id.as_str()));
    let first = first.filter(|change| seen.insert(change.id.as_str()));
    first
        .filter_map(|change| {
            let (object, after) = store.row(&change.id)?;
            let before = change.before.as_ref();
            let kind = match (before.map(Row::deleted), after.deleted()) {
                (None, false) => ChangeType::Create,
                (Some(false), false) => ChangeType::Update,
                (Some(false), true) => ChangeType::Delete,
                (Some(true), false) => ChangeType::Undelete,
                (None | Some(true), true) => return None,
            };
            let stamped = stamped.contains(change.id.as_str());
            Some(NetChange { object, id: &change.id, kind, before, after, stamped })
        })
        .collect()
}
