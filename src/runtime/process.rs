//! One process from start to end: one state directory, one node, the tasks of one file.
//!
//! A task that fails for good ends the process, after the others have drained and committed: a stream that is
//! dead beside others that live is the silence that must not be.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use orgstream_api::{Health, TaskError};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::options::{Finished, RunError, RunOptions};
use super::orgs::{self, Orgs};
use super::prepare;
use super::report::Report;
use super::synced::synced;
use super::tasks::Tasks;
use crate::clock;
use crate::codec::Registry;
use crate::config::{Brokers, Config};
use crate::control::{ControlServer, StatusSource};
use crate::embedded::{Embedded, EmbeddedError, Endpoints};
use crate::http::HttpServer;
use crate::kafka::{Admin, KafkaConfig, topics};
use crate::state_dir::StateDir;
use crate::store::{Database, IdHealth, IdStore, IdStoreError, SeenStore};
use crate::worker::source::Again;
use crate::worker::state::TaskState;
use orgstream_api::with_causes;

/// How long the links of deleted records are kept, in milliseconds: twice as long as a record can lie in the recycle bin.
const DELETED_LINKS: i64 = 30 * 24 * 60 * 60 * 1_000;

/// What all tasks of a process share.
#[derive(Clone)]
pub(super) struct Shared {
    /// The node's id.
    pub(super) node: String,
    /// The brokers.
    pub(super) kafka: KafkaConfig,
    /// What is done when a source's transaction is aborted.
    pub(super) again: Again,
    /// Asks for offsets, makes topics.
    pub(super) admin: Admin,
    /// Partitions of the topics of records.
    pub(super) partitions: i32,
    /// The schema registry.
    pub(super) registry: crate::codec::RegistryConfig,
    /// The id map.
    pub(super) ids: IdStore,
    /// What sources produced while their snapshots run.
    pub(super) seen: SeenStore,
    /// Where rows of bulk jobs lie on their way.
    pub(super) spool: PathBuf,
    /// Whether the id map waits.
    pub(super) ids_health: [watch::Receiver<Health>; 2],
    /// See [`RunOptions::until_synced`].
    pub(super) quiet: Option<Duration>,
}

/// A file whose state directory this process holds and whose embedded parts run. Nothing flows before [`Runtime::run`].
pub struct Runtime {
    pub(super) config: Config,
    pub(super) options: RunOptions,
    pub(super) state: StateDir,
    pub(super) database: Database,
    control: ControlServer,
    pub(super) embedded: Embedded,
    tasks: Tasks,
    report: Arc<Report>,
}

impl Runtime {
    /// Takes the state directory and starts what the file leaves out.
    pub async fn open(config: Config, options: RunOptions) -> Result<Self, RunError> {
        options.check(&config)?;
        let path = options.state.as_deref().unwrap_or(&config.state);
        let state = StateDir::open(path).map_err(RunError::failed)?;
        let tasks = Tasks::of(&config, &options);
        let control = ControlServer::bind(&state).map_err(RunError::failed)?;
        let database = Database::open(&database_path(state.path())).map_err(RunError::failed)?;
        let embedded = Embedded::start(&config, &state, &database).await.map_err(|error| {
            if error.is_config() { RunError::config(error) } else { RunError::failed(error) }
        })?;
        let report = Arc::new(Report {
            node: state.node().to_owned(),
            started: clock::now(),
            embedded: embedded.announcement().addresses(),
            http: OnceLock::new(),
            kafka_cluster: OnceLock::new(),
            orgs: OnceLock::new(),
            ids: OnceLock::new(),
            sources: tasks.sources.clone(),
            sinks: tasks.sinks.clone(),
        });
        Ok(Self { config, options, state, database, control, embedded, tasks, report })
    }

    /// What runs inside this process.
    pub fn embedded(&self) -> &Embedded {
        &self.embedded
    }

    /// The brokers.
    pub(super) fn kafka(&self) -> KafkaConfig {
        kafka(&self.config, self.embedded.endpoints())
    }

    /// Stops what the file leaves out, without having run anything.
    pub(super) async fn close(self) {
        self.embedded.stop().await;
    }

    /// What the tasks are doing, at any time.
    pub fn status(&self) -> Arc<dyn StatusSource> {
        Arc::clone(&self.report) as Arc<dyn StatusSource>
    }

    /// Runs until `stop`, until everything has arrived where that was asked for, or until a task fails.
    pub async fn run(self, stop: CancellationToken) -> Result<Finished, RunError> {
        let Self { config, options, state, database, control, embedded, tasks, report } = self;
        let http = match listen(&config, &report).await {
            Ok(http) => http,
            Err(error) => {
                embedded.stop().await;
                return Err(error);
            }
        };
        let served = CancellationToken::new();
        let (shown, ordered) = (Arc::clone(&report), Arc::clone(&report));
        let serving = tokio::spawn(control.serve(shown as Arc<dyn StatusSource>, ordered, served.clone()));
        let shown = Arc::clone(&report) as Arc<dyn StatusSource>;
        let answering = http.map(|http| tokio::spawn(http.serve(shown, &config, served.clone())));
        let endpoints = embedded.endpoints().clone();
        let run = Run { config, options, state, database, endpoints, report };
        let ended = run.work(&tasks, &stop).await;
        match &ended {
            Ok(_) => tasks.set(&TaskState::Stopped),
            Err(error) => tasks.fail(&with_causes(error)),
        }
        served.cancel();
        if let Ok(Err(error)) = serving.await {
            tracing::warn!(error = %with_causes(&error), "The state directory is not left in order.");
        }
        if let Some(answering) = answering {
            // It ends by itself, and has said what went wrong.
            answering.await.ok();
        }
        embedded.stop().await;
        ended
    }
}

/// What a run needs besides its tasks.
struct Run {
    config: Config,
    options: RunOptions,
    state: StateDir,
    database: Database,
    endpoints: Endpoints,
    report: Arc<Report>,
}

impl Run {
    async fn work(&self, tasks: &Tasks, stop: &CancellationToken) -> Result<Finished, RunError> {
        let prepared = tokio::select! {
            prepared = self.prepare(tasks) => prepared?,
            () = stop.cancelled() => return Ok(Finished::Stopped),
        };
        let (shared, orgs, following) = prepared;
        let _unset = self.report.orgs.set(orgs.clone());
        let _unset = self.report.ids.set(shared.ids.clone());
        let stop_tasks = stop.child_token();
        let mut running = tasks.spawn(&self.config, &shared, &orgs, &stop_tasks);
        let failing = following.run();
        let arriving = async {
            match self.options.until_synced {
                Some(_) => synced(&shared, &orgs, &tasks.sources, &tasks.sinks).await,
                None => std::future::pending().await,
            }
        };
        let mut ended = tokio::select! {
            Some(task) = running.join_next() => joined(task).map(|()| Finished::Stopped),
            failed = failing => failed.map(|()| Finished::Stopped).map_err(RunError::failed),
            arrived = arriving => match arrived {
                Ok(()) => {
                    let (rejected, letters) = (tasks.rejected(), tasks.letters(&shared.admin).await);
                    Ok(Finished::Synced { rejected, letters })
                }
                Err(error) => Err(RunError::failed(error)),
            },
            () = stop.cancelled() => Ok(Finished::Stopped),
        };
        stop_tasks.cancel();
        while let Some(task) = running.join_next().await {
            match (joined(task), &ended) {
                (Ok(()), _) => {}
                (Err(error), Ok(_)) => ended = Err(error),
                // The process ends with one error, the first; another one would be lost.
                (Err(error), Err(first)) => {
                    let error = with_causes(&error);
                    if error != with_causes(first) {
                        tracing::error!(%error, "Another task has failed.");
                    }
                }
            }
        }
        ended
    }

    /// Everything before the first record. Brokers and the registry have to answer within 30 s; orgs are waited for.
    async fn prepare(&self, tasks: &Tasks) -> Result<(Shared, Orgs, crate::store::Following), RunError> {
        let kafka = kafka(&self.config, &self.endpoints);
        let waiting = |reason: &str| tasks.set(&TaskState::Degraded(reason.to_owned()));
        let orgs =
            orgs::connect(&self.config, &self.options, &self.endpoints, &self.database, waiting).await?;
        tasks.set(&TaskState::Starting);
        if let Some(setting) = kafka.settings.trusts_anyone() {
            tracing::warn!(
                key = setting.key,
                "The brokers' certificates are not verified: whoever sits in between reads and changes all records, and gets the \
                 password. Put the certificate of their authority in `kafka.security.ca` instead."
            );
        }
        let admin = Admin::connect(&kafka).await.map_err(TaskError::from)?;
        if let Some(cluster) = admin.cluster().await {
            let _unset = self.report.kafka_cluster.set(cluster);
        }
        let (connecting, _) = tasks.shared_reporter();
        let registry = self.endpoints.schema_registry.clone();
        Registry::connect(&registry, connecting.clone()).await.map_err(RunError::failed)?;
        prepare::topics(&self.config, &self.options, &kafka, &admin, &orgs, &connecting).await?;
        let (writing, writes) = tasks.shared_reporter();
        let (following, follows) = tasks.shared_reporter();
        let health = IdHealth { writing, following };
        let opened = IdStore::open(self.database.clone(), &kafka, &admin, health).await;
        let (ids, following) = opened.map_err(|error| self.ids_unusable(error))?;
        let dropped = ids.drop_deleted(clock::now_ms() - DELETED_LINKS).await.map_err(RunError::failed)?;
        if dropped > 0 {
            tracing::info!(links = dropped, "Links of records that were deleted long ago are dropped.");
        }
        let shared = Shared {
            node: self.state.node().to_owned(),
            kafka,
            again: self.config.kafka.again,
            admin,
            partitions: self.config.kafka.partitions,
            registry,
            ids,
            seen: SeenStore::open(&self.state.path().join("seen.db")).map_err(RunError::failed)?,
            spool: self.state.path().join("bulk"),
            ids_health: [writes, follows],
            quiet: self.options.until_synced,
        };
        Ok((shared, orgs, following))
    }

    /// An embedded broker cannot be another one than before, so it has lost something.
    fn ids_unusable(&self, error: IdStoreError) -> RunError {
        match (error, &self.config.kafka.brokers) {
            (IdStoreError::OtherKafka { from, end }, Brokers::Embedded) => {
                let path = self.state.path().to_owned();
                RunError::failed(EmbeddedError::BrokerWentBack { path, topic: topics::IDS, from, end })
            }
            (error, _) => RunError::failed(error),
        }
    }
}

/// The HTTP server, where the file asks for one.
async fn listen(config: &Config, report: &Report) -> Result<Option<HttpServer>, RunError> {
    let Some(http) = &config.http else { return Ok(None) };
    let server = HttpServer::bind(http).await.map_err(RunError::failed)?;
    let _unset = report.http.set(server.url());
    Ok(Some(server))
}

/// The brokers of a file, which are at `endpoints`.
pub(super) fn kafka(config: &Config, endpoints: &Endpoints) -> KafkaConfig {
    KafkaConfig {
        bootstrap_servers: endpoints.bootstrap_servers.clone(),
        partitions: Some(config.kafka.partitions).filter(|partitions| *partitions > 0),
        replication_factor: Some(config.kafka.replication_factor),
        settings: config.kafka.settings.clone(),
    }
}

/// Where the node's own state lies in its directory.
pub fn database_path(state: &Path) -> std::path::PathBuf {
    state.join("orgstream.db")
}

fn joined(task: Result<Result<(), TaskError>, tokio::task::JoinError>) -> Result<(), RunError> {
    match task {
        Ok(ended) => ended.map_err(RunError::from),
        Err(panic) => Err(RunError::failed(panic)),
    }
}
