//! What is on record of a file's sources while no process runs them here.

use std::collections::BTreeMap;
use std::path::Path;

use orgstream_api::{HealthReporter, SourcePosition, TaskError};

use super::options::{RunError, RunOptions};
use super::process::Runtime;
use crate::config::{Brokers, Config};
use crate::kafka::{Admin, KafkaConfig, read_compacted, topics};
use crate::worker::positions::{self, SourceTask};

/// The newest positions of each pipeline with a source. Changes nothing; where the broker is the file's own, it is
/// started for this look on the state directory `place`.
pub async fn stored_positions(
    config: &Config,
    place: &Path,
) -> Result<BTreeMap<String, Vec<SourcePosition>>, RunError> {
    if let Brokers::At(servers) = &config.kafka.brokers {
        let kafka = KafkaConfig {
            bootstrap_servers: servers.clone(),
            settings: config.kafka.settings.clone(),
            ..KafkaConfig::default()
        };
        return read(config, &kafka).await;
    }
    if !place.exists() {
        return Ok(BTreeMap::new());
    }
    let options = RunOptions { state: Some(place.to_owned()), ..RunOptions::default() };
    let runtime = Runtime::open(config.clone(), options).await?;
    let stored = read(config, &runtime.kafka()).await;
    runtime.close().await;
    stored
}

/// As [`stored_positions`], from these brokers.
pub(super) async fn read(
    config: &Config,
    kafka: &KafkaConfig,
) -> Result<BTreeMap<String, Vec<SourcePosition>>, RunError> {
    let admin = Admin::connect(kafka).await.map_err(TaskError::from)?;
    if admin.partitions(topics::POSITIONS).await.map_err(TaskError::from)?.is_none() {
        return Ok(BTreeMap::new());
    }
    let (health, _) = HealthReporter::new();
    let compacted = read_compacted(kafka, topics::POSITIONS, None, &health).await.map_err(TaskError::from)?;
    let mut stored = BTreeMap::new();
    for pipeline in config.pipelines.iter().filter(|pipeline| pipeline.source.is_some()) {
        let entries = compacted
            .entries
            .iter()
            .filter_map(|(key, record)| Some((&record.at, key.as_slice(), record.value.as_deref()?)));
        let task = SourceTask { pipeline: pipeline.name.clone(), number: 0 };
        let positions = positions::read(&task, entries).map_err(TaskError::failed)?.positions;
        let positions = positions.into_iter().map(|stored| stored.position).collect();
        stored.insert(pipeline.name.clone(), positions);
    }
    Ok(stored)
}
