//! Orders a snapshot of a pipeline of which nothing runs: the order waits on record for the next run.

use orgstream_api::{HealthReporter, TaskError};
use orgstream_salesforce::Org;
use orgstream_salesforce_source::ordered_snapshot;

use super::options::RunError;
use super::orgs;
use super::prepare;
use super::process::Runtime;
use crate::control::SnapshotOrder;
use crate::kafka::Admin;
use crate::worker::order::IdleTask;
use crate::worker::positions::SourceTask;

impl Runtime {
    /// Puts an order of a snapshot on record under the name `order`, without running anything. The org is asked whether
    /// it knows the object and takes the condition.
    pub async fn order(self, pipeline: &str, wanted: SnapshotOrder, order: &str) -> Result<(), RunError> {
        let kafka = self.kafka();
        let result = self.put_on_record(pipeline, wanted, order, &kafka).await;
        self.embedded.stop().await;
        result
    }

    async fn put_on_record(
        &self,
        pipeline: &str,
        wanted: SnapshotOrder,
        order: &str,
        kafka: &crate::kafka::KafkaConfig,
    ) -> Result<(), RunError> {
        let orgs =
            orgs::connect(&self.config, &self.options, self.embedded.endpoints(), &self.database, |_| ());
        let orgs = orgs.await?;
        let source = self.config.pipelines.iter().find(|known| known.name == pipeline);
        let org = source.and_then(|known| orgs.get(&known.source.as_ref()?.org));
        let org = org.expect("the command names a pipeline with a source, whose org is connected");
        let object = check(org, &wanted).await?;
        let admin = Admin::connect(kafka).await.map_err(TaskError::from)?;
        prepare::positions(&admin).await.map_err(TaskError::from)?;
        let (health, _) = HealthReporter::new();
        let task = IdleTask {
            task: SourceTask { pipeline: pipeline.to_owned(), number: 0 },
            node: self.state.node(),
            org: org.id().as_str(),
            kafka,
            health,
        };
        Ok(task.put_on_record(&ordered_snapshot(&object, order, wanted.filter)).await?)
    }
}

/// The object's name in the org, which takes the condition.
async fn check(org: &Org, wanted: &SnapshotOrder) -> Result<String, RunError> {
    let describe = org.describe(&wanted.object).await.map_err(RunError::failed)?;
    if let Some(filter) = &wanted.filter {
        let soql = format!("SELECT COUNT() FROM {} WHERE ({filter})", describe.object);
        org.query(&soql).await.map_err(|error| {
            RunError::failed(format!("the org refuses the condition `{filter}`: {error}"))
        })?;
    }
    Ok(describe.object.clone())
}
