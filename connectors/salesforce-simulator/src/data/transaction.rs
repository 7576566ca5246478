//! What a call has changed so far, so that it can be taken back as a whole and told of once it stands.

use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::row::{Base, Row};
use crate::schema::ObjectIndex;

/// The changes of one call, in order.
#[derive(Debug)]
pub(crate) struct Transaction {
    pub(crate) changes: Vec<Change>,
    /// The platform events that the call publishes; nothing comes back of them.
    pub(crate) published: Vec<Publication>,
    /// What the call pushes through generic channels.
    pub(crate) pushed: Vec<Push>,
    /// So many more may be published within this hour.
    pub(crate) publishable: usize,
    /// What made them.
    pub(crate) origin: Origin,
    /// What the created rows of an object share.
    pub(super) bases: HashMap<ObjectIndex, Base>,
}

/// The API that a transaction came through, as the `changeOrigin` of change events tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Origin {
    pub(crate) api: Api,
    /// Such as `59.0`; empty for what the org does itself.
    pub(crate) version: String,
    /// The client id of `Sforce-Call-Options` or of the SOAP `CallOptions` header; often empty.
    pub(crate) client: String,
    /// The client saves records although a duplicate rule warns of them.
    pub(crate) allows_duplicates: bool,
}

/// An API that writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Api {
    /// None: the org itself, such as its sample data.
    #[default]
    Internal,
    Rest,
    Soap,
    /// Bulk API 1.0 and 2.0: no PushTopic is notified.
    Bulk,
}

impl Transaction {
    /// A transaction that has changed nothing yet.
    pub(crate) fn new(origin: Origin) -> Self {
        Self {
            origin,
            changes: Vec::new(),
            published: Vec::new(),
            pushed: Vec::new(),
            publishable: usize::MAX,
            bases: HashMap::new(),
        }
    }
}

/// A platform event about to be published.
#[derive(Debug)]
pub(crate) struct Publication {
    /// The event's object.
    pub(crate) object: ObjectIndex,
    /// Its `EventUuid`.
    pub(crate) uuid: String,
    /// Its fields.
    pub(crate) row: Row,
}

/// Text about to be sent through a generic channel.
#[derive(Debug)]
pub(crate) struct Push {
    /// The channel, such as `/u/Broadcast`.
    pub(crate) channel: Arc<str>,
    /// The text.
    pub(crate) payload: String,
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
    /// Went to the recycle bin with its parent, or came back with it. Change events tell of it, PushTopics do not.
    Cascaded,
    /// Lost a reference to a record that was deleted, or got it back with that record, and got no stamp. Change events
    /// tell of it, PushTopics do not.
    Relinked,
    /// Derived anew because another record changed, and got no stamp. Nobody is told.
    Followed,
}
