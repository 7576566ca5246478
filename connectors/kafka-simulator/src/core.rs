//! What all connections share.

use std::sync::Arc;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::fault::Faults;
use crate::groups::GroupCoordinator;
use crate::topics::Topics;
use crate::transactions::TransactionCoordinator;

/// The id of the only broker.
pub(crate) const NODE: i32 = 1;

/// The epoch of a leader that never changes.
pub(crate) const LEADER_EPOCH: i32 = 0;

/// The broker behind its connections.
#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) topics: Arc<Topics>,
    pub(crate) groups: Arc<GroupCoordinator>,
    pub(crate) transactions: TransactionCoordinator,
    pub(crate) faults: Arc<Faults>,
    /// Wakes fetches that wait for more; told whenever a log has grown or a transaction has ended.
    pub(crate) grown: Notify,
    pub(crate) port: u16,
    pub(crate) cluster_id: String,
    /// Partitions of a topic that a client names before anybody made it; 0 makes none.
    pub(crate) auto_create_partitions: i32,
    pub(crate) stop: CancellationToken,
}
