//! What all connections share.

use std::sync::Arc;

use tokio::task::JoinError;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::data_dir::DataDir;
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
    pub(crate) faults: Faults,
    pub(crate) port: u16,
    pub(crate) cluster_id: String,
    /// Partitions of a topic that a client names before anybody made it; 0 makes none.
    pub(crate) auto_create_partitions: i32,
    pub(crate) stop: CancellationToken,
    /// Everything that runs. The broker has stopped when nothing does.
    pub(crate) tasks: TaskTracker,
    /// Locked until the last task has ended, even when the broker was dropped and not stopped.
    pub(crate) _dir: DataDir,
}

impl Core {
    /// Does what may block on a thread where it may. The runtime is not the broker's own.
    pub(crate) async fn blocking<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> T + Send + 'static,
    ) -> Result<T, JoinError> {
        let core = Arc::clone(self);
        self.tasks.spawn_blocking(move || work(&core)).await
    }
}
