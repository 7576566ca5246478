//! Starts what a file leaves out, and stops it again.

use std::path::{Path, PathBuf};

use orgstream_kafka_simulator::{Broker, BrokerError};
use orgstream_salesforce_simulator::SimulatorError;
use url::Url;

use super::announcement::Announcement;
use super::endpoints::Endpoints;
use super::orgs::{SimulatedOrgs, org_configs};
use super::ports::port_to_ask_for;
use crate::codec::RegistryConfig;
use crate::config::{Brokers, Config, SchemaRegistry};
use crate::schema_store::{Given, Options as SchemaStoreOptions, SchemaStore, StartError};
use crate::state_dir::StateDir;
use crate::store::Database;

/// A part that cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    /// The broker.
    #[error("the embedded broker cannot start; {}", what_to_do(.0))]
    Broker(#[source] BrokerError),
    /// The broker has fewer records than the rest of the state directory knows of.
    #[error(
        "the embedded broker has lost records: the state directory {} has followed its topic {topic} up to offset {from}, \
         but it ends at {end}. Its directory `kafka` was removed, or the machine went down before all was on disk. Put \
         the directory back, or use a new `state` directory; replication then begins as the file says under `start`, \
         and links are found again in the target org", path.display()
    )]
    BrokerWentBack {
        /// The state directory.
        path: PathBuf,
        /// The topic.
        topic: &'static str,
        /// The next offset the state expects.
        from: i64,
        /// The topic's end.
        end: i64,
    },
    /// The schema store.
    #[error(
        "the embedded schema store cannot start; name a registry under `schema_registry.url` to do without it"
    )]
    SchemaStore(#[source] StartError),
    /// The schema store has fewer schemas than it has given out, or cannot be read.
    #[error(
        "the state directory {} cannot be used: the embedded schema store cannot start. Put its files back, or use a new \
         `state` directory; replication then begins as the file says under `start`, links are found again in the target \
         org, and where Kafka does not run inside, the pipelines need new topics", path.display()
    )]
    Schemas {
        /// The state directory.
        path: PathBuf,
        /// Why.
        #[source]
        source: StartError,
    },
    /// A simulated org.
    #[error("org {name} cannot be simulated")]
    Org {
        /// Its name in the file.
        name: String,
        /// Why.
        #[source]
        source: SimulatorError,
    },
    /// The addresses cannot be kept.
    #[error("the state directory {} cannot be written", path.display())]
    State {
        /// The directory.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

impl EmbeddedError {
    /// Whether the file is to blame, so that starting again changes nothing.
    pub fn is_config(&self) -> bool {
        matches!(self, Self::Org { source: SimulatorError::Objects(_), .. })
    }
}

/// The parts of a file that run inside this process.
#[derive(Debug)]
pub struct Embedded {
    broker: Option<Broker>,
    schema_store: Option<SchemaStore>,
    orgs: SimulatedOrgs,
    announcement: Announcement,
    endpoints: Endpoints,
}

impl Embedded {
    /// Starts everything that `config` leaves out. What was started ends again when a later part fails.
    pub async fn start(
        config: &Config,
        state: &StateDir,
        database: &Database,
    ) -> Result<Self, EmbeddedError> {
        let last = Announcement::read(state.path()).unwrap_or_default();
        let mut announcement = Announcement::default();
        let (bootstrap_servers, broker) = match &config.kafka.brokers {
            Brokers::At(servers) => (servers.clone(), None),
            Brokers::Embedded => {
                let broker = start_broker(state.path(), &last).await?;
                announcement.bootstrap_servers = Some(broker.bootstrap_servers());
                (broker.bootstrap_servers(), Some(broker))
            }
        };
        let (schema_registry, schema_store) = match &config.schema_registry {
            SchemaRegistry::At(registry) => (registry.clone(), None),
            SchemaRegistry::Embedded => {
                let store = start_schema_store(state.path(), database, &last).await?;
                announcement.schema_registry = Some(store.url().clone());
                (RegistryConfig::from(store.url()), Some(store))
            }
        };
        let orgs = SimulatedOrgs::start(config, state, &last).await?;
        announcement.orgs = orgs.logins();
        let failed = |source| EmbeddedError::State { path: state.path().to_owned(), source };
        announcement.write(state.path()).map_err(failed)?;
        if !announcement.is_empty() {
            tracing::info!(
                ?announcement,
                "What the file leaves out runs inside this process, for development."
            );
        }
        let endpoints =
            Endpoints { bootstrap_servers, schema_registry, orgs: org_configs(config, &announcement.orgs) };
        Ok(Self { broker, schema_store, orgs, announcement, endpoints })
    }

    /// Where everything is.
    pub fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    /// What other clients need to join in; empty when nothing is embedded.
    pub fn announcement(&self) -> &Announcement {
        &self.announcement
    }

    /// The simulated orgs.
    pub fn orgs(&self) -> &SimulatedOrgs {
        &self.orgs
    }

    /// Stops everything, in the reverse order. To be called when no task runs any more.
    pub async fn stop(self) {
        self.orgs.stop().await;
        if let Some(schema_store) = self.schema_store {
            schema_store.stop().await;
        }
        if let Some(broker) = self.broker {
            broker.stop().await;
        }
    }
}

async fn start_broker(state: &Path, last: &Announcement) -> Result<Broker, EmbeddedError> {
    let port = last.bootstrap_servers.as_ref().and_then(|servers| servers.rsplit_once(':')?.1.parse().ok());
    // A topic that nobody made is a mistake here as it is on a cluster that is kept in order.
    let builder =
        Broker::builder().port(port_to_ask_for(port)).data(state.join("kafka")).auto_create_partitions(0);
    builder.start().await.map_err(EmbeddedError::Broker)
}

async fn start_schema_store(
    state: &Path,
    database: &Database,
    last: &Announcement,
) -> Result<SchemaStore, EmbeddedError> {
    let port = port_to_ask_for(last.schema_registry.as_ref().and_then(Url::port));
    let given = Given::kept_in(state.join("schema-ids"))
        .map_err(|source| EmbeddedError::State { path: state.to_owned(), source })?;
    let options = SchemaStoreOptions { port, database: database.clone(), given };
    SchemaStore::start(options).await.map_err(|error| match error {
        StartError::Listen { .. } => EmbeddedError::SchemaStore(error),
        source @ (StartError::Lost { .. } | StartError::Store(_)) => {
            EmbeddedError::Schemas { path: state.to_owned(), source }
        }
    })
}

/// No remedy may lead to a broker with fewer records than the rest of the state directory knows of.
fn what_to_do(error: &BrokerError) -> &'static str {
    match error {
        BrokerError::Listen { .. } => "start again, and it asks for another port",
        BrokerError::InUse { .. } => "stop the `orgstream broker` that uses its directory",
        BrokerError::Data { .. } => {
            "mend its directory, or use a new `state` directory; replication then begins as the file says under `start`"
        }
    }
}
