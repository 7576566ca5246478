//! The brokers of a file, for a command that runs beside its process or without one.

use std::collections::BTreeMap;
use std::path::Path;

use orgstream_api::TaskError;

use super::options::{RunError, RunOptions};
use super::process::Runtime;
use crate::config::{Brokers, Config};
use crate::kafka::{Admin, KafkaConfig};

/// The brokers of a file. Those that run inside the process run for as long as this is held.
pub(super) struct ReachedKafka {
    /// How to reach them.
    pub(super) kafka: KafkaConfig,
    /// Asks them.
    pub(super) admin: Admin,
    runtime: Option<Runtime>,
}

impl ReachedKafka {
    /// Reaches them. `running` has the addresses of what runs inside the process that holds the state directory `place`, if one does;
    /// where none does, a broker of the file's own is started for this. `None`: it has never run there.
    pub(super) async fn of(
        config: &Config,
        place: &Path,
        running: Option<&BTreeMap<String, String>>,
    ) -> Result<Option<Self>, RunError> {
        let servers = match &config.kafka.brokers {
            Brokers::At(servers) => Some(servers.clone()),
            Brokers::Embedded => running.and_then(|addresses| addresses.get("kafka")).cloned(),
        };
        let (kafka, runtime) = match servers {
            Some(bootstrap_servers) => {
                let settings = config.kafka.settings.clone();
                (KafkaConfig { bootstrap_servers, settings, ..KafkaConfig::default() }, None)
            }
            None if !place.exists() => return Ok(None),
            None => {
                let options = RunOptions { state: Some(place.to_owned()), ..RunOptions::default() };
                let runtime = Runtime::open(config.clone(), options).await?;
                (runtime.kafka(), Some(runtime))
            }
        };
        match Admin::connect(&kafka).await {
            Ok(admin) => Ok(Some(Self { kafka, admin, runtime })),
            Err(error) => {
                if let Some(runtime) = runtime {
                    runtime.close().await;
                }
                Err(TaskError::from(error).into())
            }
        }
    }

    /// Whether the brokers run inside this process, so that no other one can be at work there.
    pub(super) fn is_alone(&self) -> bool {
        self.runtime.is_some()
    }

    /// Stops what was started for this look.
    pub(super) async fn leave(self) {
        if let Some(runtime) = self.runtime {
            runtime.close().await;
        }
    }
}
