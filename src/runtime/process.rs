//! One process from start to end: one state directory, one node, the tasks of one file.
//!
//! A task that fails for good ends the process, after the others have drained and committed: a stream that is
//! dead beside others that live is the silence that must not be.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use orgstream_api::TaskError;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::options::{Finished, RunError, RunOptions};
use super::orgs::{self, Orgs};
use super::prepare;
use super::report::Report;
use super::sink_task::SinkEntry;
use super::source_task::SourceEntry;
use super::synced::synced;
use crate::clock;
use crate::codec::Registry;
use crate::config::Config;
use crate::control::ControlServer;
use crate::kafka::{Admin, KafkaConfig};
use crate::state_dir::StateDir;
use crate::store::{Database, IdStore};
use crate::worker::state::{StateCell, TaskState};

/// What all tasks of a process share.
#[derive(Clone)]
pub(super) struct Shared {
    /// The node's id.
    pub(super) node: String,
    /// The brokers.
    pub(super) kafka: KafkaConfig,
    /// Asks for offsets, makes topics.
    pub(super) admin: Admin,
    /// The schema registry.
    pub(super) registry: url::Url,
    /// The id map.
    pub(super) ids: IdStore,
    /// See [`RunOptions::until_synced`].
    pub(super) quiet: Option<Duration>,
}

/// A file, ready to run.
#[derive(Debug)]
pub struct Runtime {
    config: Config,
    options: RunOptions,
}

impl Runtime {
    /// The runtime of a validated file.
    pub fn new(config: Config, options: RunOptions) -> Self {
        Self { config, options }
    }

    /// Runs until `stop`, until everything has arrived where that was asked for, or until a task fails.
    pub async fn run(self, stop: CancellationToken) -> Result<Finished, RunError> {
        let path = self.options.state.as_deref().unwrap_or(&self.config.state);
        let state = StateDir::open(path).map_err(RunError::failed)?;
        let tasks = Tasks::of(&self.config, &self.options);
        let control = ControlServer::bind(&state).map_err(RunError::failed)?;
        let report = Arc::new(Report {
            node: state.node().to_owned(),
            started: clock::now(),
            sources: tasks.sources.clone(),
            sinks: tasks.sinks.clone(),
        });
        let served = CancellationToken::new();
        let serving = tokio::spawn(control.serve(report, served.clone()));
        let ended = self.work(&state, &tasks, &stop).await;
        if let Err(error) = &ended {
            tasks.fail(&error.to_string());
        }
        served.cancel();
        if let Ok(Err(error)) = serving.await {
            tracing::warn!(%error, "The control socket did not end in order.");
        }
        ended
    }

    async fn work(
        &self,
        state: &StateDir,
        tasks: &Tasks,
        stop: &CancellationToken,
    ) -> Result<Finished, RunError> {
        let prepared = tokio::select! {
            prepared = self.prepare(state, tasks) => prepared?,
            () = stop.cancelled() => return Ok(Finished::Stopped),
        };
        let (shared, orgs, following) = prepared;
        let stop_tasks = stop.child_token();
        let mut running = tasks.spawn(&self.config, &shared, &orgs, &stop_tasks);
        let failing = following.run();
        let arriving = async {
            match self.options.until_synced {
                Some(_) => synced(&shared.admin, &tasks.sources, &tasks.sinks).await,
                None => std::future::pending().await,
            }
        };
        let ended = tokio::select! {
            Some(task) = running.join_next() => joined(task).map(|()| Finished::Stopped),
            failed = failing => failed.map(|()| Finished::Stopped).map_err(RunError::failed),
            () = arriving => Ok(Finished::Synced),
            () = stop.cancelled() => Ok(Finished::Stopped),
        };
        stop_tasks.cancel();
        let mut left = Ok(());
        while let Some(task) = running.join_next().await {
            left = left.and(joined(task));
        }
        ended.and_then(|finished| left.map(|()| finished))
    }

    /// Everything before the first record. Brokers and the registry have to answer within 30 s; orgs are waited for.
    async fn prepare(
        &self,
        state: &StateDir,
        tasks: &Tasks,
    ) -> Result<(Shared, Orgs, crate::store::Following), RunError> {
        let database = Database::open(&database_path(state.path())).map_err(RunError::failed)?;
        let kafka = KafkaConfig {
            bootstrap_servers: self.config.kafka.bootstrap_servers.clone(),
            partitions: Some(self.config.kafka.partitions),
            replication_factor: Some(self.config.kafka.replication_factor),
        };
        let waiting = |reason: &str| tasks.set(&TaskState::Degraded(reason.to_owned()));
        let orgs = orgs::connect(&self.config, &self.options, &database, waiting).await?;
        tasks.set(&TaskState::Starting);
        let admin = Admin::connect(&kafka).await.map_err(TaskError::from)?;
        // Nobody waits for this health: whatever degrades it is retried here, before any task runs.
        let health = StateCell::new().reporter();
        let registry = self.config.schema_registry.clone();
        Registry::connect(&registry, health.clone()).await.map_err(RunError::failed)?;
        prepare::topics(&self.config, &self.options, &admin).await.map_err(TaskError::from)?;
        let (ids, following) =
            IdStore::open(database, &kafka, &admin, health).await.map_err(RunError::failed)?;
        let shared = Shared {
            node: state.node().to_owned(),
            kafka,
            admin,
            registry,
            ids,
            quiet: self.options.until_synced,
        };
        Ok((shared, orgs, following))
    }
}

/// Where the node's own state lies in its directory.
pub fn database_path(state: &Path) -> std::path::PathBuf {
    state.join("orgstream.db")
}

/// The tasks of a run.
struct Tasks {
    sources: Vec<Arc<SourceEntry>>,
    sinks: Vec<Arc<SinkEntry>>,
}

impl Tasks {
    fn of(config: &Config, options: &RunOptions) -> Self {
        let sources =
            config.pipelines.iter().filter(|pipeline| options.sources() && pipeline.source.is_some());
        let sinks = config.pipelines.iter().filter(|pipeline| options.sinks() && pipeline.sink.is_some());
        Self {
            sources: sources.map(|pipeline| Arc::new(SourceEntry::new(pipeline))).collect(),
            sinks: sinks
                .map(|pipeline| Arc::new(SinkEntry::new(pipeline, prepare::input_topics(pipeline))))
                .collect(),
        }
    }

    fn spawn(
        &self,
        config: &Config,
        shared: &Shared,
        orgs: &Orgs,
        stop: &CancellationToken,
    ) -> JoinSet<Result<(), TaskError>> {
        let mut running = JoinSet::new();
        for pipeline in &config.pipelines {
            let source_org = pipeline.source.as_ref().and_then(|source| orgs.get(&source.org));
            let sink_org = pipeline.sink.as_ref().and_then(|sink| orgs.get(&sink.org));
            let source = self.sources.iter().find(|entry| entry.pipeline == pipeline.name);
            if let (Some(entry), Some(config), Some(org)) = (source, pipeline.source_config(), source_org) {
                let (entry, shared, org, stop) =
                    (Arc::clone(entry), shared.clone(), org.clone(), stop.clone());
                running.spawn(async move { entry.run(&shared, config, org, stop).await });
            }
            let from = source_org.map(|org| org.id().as_str().to_owned());
            let sink = self.sinks.iter().find(|entry| entry.pipeline == pipeline.name);
            if let (Some(entry), Some(config), Some(org)) = (sink, pipeline.sink_config(from), sink_org) {
                let (entry, shared, org, stop) =
                    (Arc::clone(entry), shared.clone(), org.clone(), stop.clone());
                running.spawn(async move {
                    let refreshing = async {
                        entry.lag.refresh(&shared.admin, &entry.group(), &entry.topics, &stop).await;
                        std::future::pending::<()>().await;
                    };
                    tokio::select! {
                        ended = entry.run(&shared, config, org, stop.clone()) => ended,
                        () = refreshing => Ok(()),
                    }
                });
            }
        }
        running
    }

    fn cells(&self) -> impl Iterator<Item = &StateCell> {
        self.sources.iter().map(|source| &source.state).chain(self.sinks.iter().map(|sink| &sink.state))
    }

    fn set(&self, state: &TaskState) {
        self.cells().for_each(|cell| cell.set(state.clone()));
    }

    /// Tasks that never came to run show why.
    fn fail(&self, reason: &str) {
        for cell in
            self.cells().filter(|cell| matches!(cell.read().0, TaskState::Starting | TaskState::Degraded(_)))
        {
            cell.set(TaskState::Failed(reason.to_owned()));
        }
    }
}

fn joined(task: Result<Result<(), TaskError>, tokio::task::JoinError>) -> Result<(), RunError> {
    match task {
        Ok(ended) => ended.map_err(RunError::from),
        Err(panic) => Err(RunError::failed(panic)),
    }
}
