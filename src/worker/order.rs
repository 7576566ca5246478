//! Puts an order on record for a source that does not run: the next run finds it among its positions.

use std::sync::Arc;

use orgstream_api::{HealthReporter, SourcePosition, TaskError};

use super::positions::{self, SourceTask};
use super::source::outgoing_entry;
use crate::kafka::{KafkaConfig, Turns, read_compacted, topics};

/// A source task that does not run here, and the org it reads.
pub struct IdleTask<'a> {
    /// The task.
    pub task: SourceTask,
    /// This node's id.
    pub node: &'a str,
    /// The 18-character id of the org.
    pub org: &'a str,
    /// The brokers.
    pub kafka: &'a KafkaConfig,
    /// Where to say that something waits.
    pub health: HealthReporter,
}

impl IdleTask<'_> {
    /// Writes `position`. Refused where another node runs the task, which would be fenced, and where the places on
    /// record are in another org.
    pub async fn put_on_record(&self, position: &SourcePosition) -> Result<(), TaskError> {
        let compacted = read_compacted(self.kafka, topics::POSITIONS, None, &self.health).await?;
        let entries = compacted
            .entries
            .iter()
            .filter_map(|(key, record)| Some((&record.at, key.as_slice(), record.value.as_deref()?)));
        let stored = positions::read(&self.task, entries).map_err(TaskError::failed)?;
        let pipeline = &self.task.pipeline;
        if let Some(claim) = stored.claim.as_ref().filter(|claim| claim.node != self.node) {
            return Err(TaskError::failed(format!(
                "node {} took the source of pipeline {pipeline} last, and may run it now; give the order there",
                claim.node
            )));
        }
        if let Some(known) = stored.other_org(self.org) {
            return Err(TaskError::config(format!(
                "pipeline {pipeline} has read org {known} so far, but its source is org {} now; `check` the file",
                self.org
            )));
        }
        let id = self.task.transactional_id();
        let mut producers = Turns::open(self.kafka, &id, self.health.clone()).await?;
        let entry = outgoing_entry(positions::position_entry(&self.task, self.org, position));
        let committed = producers.commit(Arc::from([entry])).await.map_err(TaskError::failed);
        producers.close().await;
        committed
    }
}
