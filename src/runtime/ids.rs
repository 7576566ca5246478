//! The id map of a file of which nothing runs.

use orgstream_api::{HealthReporter, TaskError};

use super::options::RunError;
use super::prepare;
use super::process::Runtime;
use crate::embedded::Endpoints;
use crate::kafka::Admin;
use crate::store::{Changed, IdChanges, IdHealth, IdStore, OrgMismatch, bind_org};

/// The id map, held by the lock of its state directory. What the file leaves out runs as long as this is held.
pub struct IdleIds {
    runtime: Runtime,
    ids: IdStore,
}

impl Runtime {
    /// Opens the id map without running anything.
    pub async fn ids(self) -> Result<IdleIds, RunError> {
        match self.open_ids().await {
            Ok(ids) => Ok(IdleIds { runtime: self, ids }),
            Err(error) => {
                self.close().await;
                Err(error)
            }
        }
    }

    async fn open_ids(&self) -> Result<IdStore, RunError> {
        let kafka = self.kafka();
        let admin = Admin::connect(&kafka).await.map_err(TaskError::from)?;
        prepare::ids(&admin).await.map_err(TaskError::from)?;
        let ((writing, _), (following, _)) = (HealthReporter::new(), HealthReporter::new());
        let health = IdHealth { writing, following };
        let opened = IdStore::open(self.database.clone(), &kafka, &admin, health).await;
        // The topic was read to its end. What comes after it is read by the next run.
        opened.map(|(ids, _following)| ids).map_err(RunError::failed)
    }
}

impl IdleIds {
    /// Makes changes, durable when it returns.
    pub async fn change(&self, changes: IdChanges) -> Result<Changed, RunError> {
        self.ids.change(changes).await.map_err(RunError::failed)
    }

    /// Takes note that the file means this org by `name`, or refuses another one than before.
    pub async fn know(&self, name: &str, org_id: &str) -> Result<(), RunError> {
        bind_org(&self.runtime.database, name, org_id).await.map_err(|error| match error {
            OrgMismatch::Other { .. } => RunError::config(error),
            OrgMismatch::Store(error) => RunError::failed(error),
        })
    }

    /// Where the orgs of the file are.
    pub fn endpoints(&self) -> &Endpoints {
        self.runtime.embedded.endpoints()
    }

    /// Gives the state directory back.
    pub async fn close(self) {
        let Self { runtime, ids } = self;
        drop(ids);
        runtime.close().await;
    }
}
