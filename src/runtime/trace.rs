//! Where the changes of one record went and what became of them. Kafka alone knows all of it, so it is read from there.

use std::collections::BTreeMap;
use std::path::Path;

use orgstream_api::{HealthReporter, TaskError};
use serde::Serialize;
use url::Url;

use super::options::{RunError, RunOptions};
use super::process::{Runtime, database_path, kafka};
use super::stored::read as stored;
use crate::codec::{Codec, Registry, RegistryConfig};
use crate::config::{Brokers, Config, SchemaRegistry};
use crate::embedded::Endpoints;
use crate::kafka::Admin;
use crate::store::LinkReader;

mod outcomes;

mod reader;
use reader::Reader;

/// Whose changes are asked for.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The object's API name.
    pub object: String,
    /// The record's id in its own org, 18 characters.
    pub id: String,
    /// The only pipeline that is asked for.
    pub pipeline: Option<String>,
}

/// One change of the record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Traced {
    /// The pipeline.
    pub pipeline: String,
    /// The topic that it lies on.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// The offset.
    pub offset: i64,
    /// The record's time, ISO 8601.
    pub timestamp: String,
    /// What happened, where the record says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    /// What brought it: `stream`, `snapshot` or `sweep`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// The replay id of the event that brought it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replay_id: Option<String>,
    /// What became of it.
    pub became: Became,
}

/// What became of a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum Became {
    /// It lies on its topic, and the pipeline has no sink.
    Produced,
    /// The sink has not settled it yet.
    Pending,
    /// It waits in the parked topic.
    Parked {
        /// For what.
        reason: String,
    },
    /// It is a dead letter.
    Rejected {
        /// The code.
        code: String,
        /// What happened.
        message: String,
    },
    /// It is what was written last.
    Written {
        /// The record's id in the target org.
        #[serde(skip_serializing_if = "Option::is_none")]
        target_id: Option<String>,
    },
    /// It is settled: written and followed by a later one, merged into one, or skipped.
    Settled {
        /// Whether it may be what was written last as well: the id links, which tell, are not in this state directory.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        without_links: bool,
    },
}

/// The changes of a record that lie on the topics of a file's pipelines, in the order of their places. `running` has the addresses of
/// what runs inside the process that holds the state directory `place`, if one does. Changes nothing.
pub async fn trace(
    config: &Config,
    place: &Path,
    running: Option<&BTreeMap<String, String>>,
    asked: &Asked,
) -> Result<Vec<Traced>, RunError> {
    let inside = |name: &str| running.and_then(|addresses| addresses.get(name)).cloned();
    let brokers = match &config.kafka.brokers {
        Brokers::At(servers) => Some(servers.clone()),
        Brokers::Embedded => inside("kafka"),
    };
    let registry = match &config.schema_registry {
        SchemaRegistry::At(registry) => Some(registry.clone()),
        SchemaRegistry::Embedded => {
            let url = inside("schema_registry").and_then(|url| url.parse::<Url>().ok());
            url.as_ref().map(RegistryConfig::from)
        }
    };
    if let (Some(bootstrap_servers), Some(schema_registry)) = (brokers, registry) {
        let orgs = BTreeMap::new();
        return look(config, place, &Endpoints { bootstrap_servers, schema_registry, orgs }, asked).await;
    }
    if !place.exists() {
        return Ok(Vec::new());
    }
    let options = RunOptions { state: Some(place.to_owned()), ..RunOptions::default() };
    let runtime = Runtime::open(config.clone(), options).await?;
    let traced = look(config, place, runtime.embedded().endpoints(), asked).await;
    runtime.close().await;
    traced
}

async fn look(
    config: &Config,
    place: &Path,
    endpoints: &Endpoints,
    asked: &Asked,
) -> Result<Vec<Traced>, RunError> {
    let kafka = kafka(config, endpoints);
    let (health, _listener) = HealthReporter::new();
    let admin = Admin::connect(&kafka).await.map_err(TaskError::from)?;
    let registry = Registry::connect(&endpoints.schema_registry, health.clone()).await;
    let codec = Codec::new(registry.map_err(RunError::failed)?);
    let positions = stored(config, &kafka).await?;
    let links = match LinkReader::open(&database_path(place)).map_err(RunError::failed)? {
        Some(links) => Some(links.of_id(&asked.id).await.map_err(RunError::failed)?),
        None => None,
    };
    let reader = Reader { kafka, admin, codec, health, links, asked };
    let mut traced = Vec::new();
    for pipeline in &config.pipelines {
        if asked.pipeline.as_ref().is_none_or(|name| *name == pipeline.name) {
            let positions = positions.get(&pipeline.name).map_or(&[][..], Vec::as_slice);
            traced.extend(reader.of_pipeline(pipeline, positions).await?);
        }
    }
    Ok(traced)
}
