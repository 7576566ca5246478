//! One process from start to end: one state directory, one node, the tasks of one file.
//!
//! A task that fails for good ends the process, after the others have drained and committed: a stream that is
//! dead beside others that live is the silence that must not be. Only what a file that was applied brings, and what fails at
//! once, leaves alone what worked before.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use orgstream_api::{Health, TaskError, with_causes};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::half::HalfName;
use super::options::{Finished, RunError, RunOptions};
use super::orgs::{self, Orgs};
use super::prepare;
use super::report::Report;
use super::request::{REQUESTS, Request, Rereading};
use super::resting::Resting;
use super::supervisor::{Fixed, Supervisor};
use super::synced::synced;
use super::tasks::Tasks;
use crate::clock;
use crate::codec::Registry;
use crate::config::{self, Brokers, Config};
use crate::connectors::{ConnectorSet, Connectors, NotDone};
use crate::control::{ControlServer, NotApplied, NotOrdered, Orders, StatusSource};
use crate::embedded::{Embedded, EmbeddedError, Endpoints};
use crate::http::HttpServer;
use crate::kafka::{Admin, KafkaConfig, topics};
use crate::state_dir::StateDir;
use crate::store::{Database, IdHealth, IdStore, IdStoreError, SeenStore};
use crate::worker::source::Again;
use crate::worker::state::TaskState;

/// How long the links of deleted records are kept, in milliseconds: twice as long as a record can lie in the recycle bin.
const DELETED_LINKS: i64 = 30 * 24 * 60 * 60 * 1_000;

/// How often a connector that could not be started is tried again.
const AGAIN: Duration = Duration::from_secs(15);

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
    report: Arc<Report>,
    requests: mpsc::Receiver<Request>,
}

impl Runtime {
    /// Takes the state directory and starts what the file leaves out.
    pub async fn open(config: Config, options: RunOptions) -> Result<Self, RunError> {
        options.check(&config)?;
        let path = options.state.as_deref().unwrap_or(&config.state);
        let state = StateDir::open(path).map_err(RunError::failed)?;
        let tasks = Tasks::of(&config, &options);
        let resting = Resting::open(state.path()).map_err(RunError::failed)?;
        for half in tasks.all() {
            let Some(rest) = resting.of(&half.name()) else { continue };
            half.rest(rest);
            if options.until_synced.is_some() {
                return Err(RunError::config(format!(
                    "{0} rests, so not everything can arrive (`--until-synced`); have it run again with `orgstream resume` while a \
                     process runs",
                    half.name()
                )));
            }
        }
        let connectors = ConnectorSet::open(state.path(), options.origin.clone(), &config);
        let connectors = connectors.map_err(RunError::failed)?;
        if options.until_synced.is_some() && !connectors.kept().is_empty() {
            tracing::warn!(
                connectors = connectors.kept().join(", "),
                "Connectors that were made over REST do not run, since this process ends as soon as everything has arrived."
            );
        }
        let (asked, requests) = mpsc::channel(REQUESTS);
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
            config: watch::Sender::new(Arc::new(config.clone())),
            orgs: watch::Sender::default(),
            ids: OnceLock::new(),
            admin: OnceLock::new(),
            tasks,
            resting,
            connectors,
            requests: asked,
        });
        Ok(Self { config, options, state, database, control, embedded, report, requests })
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

    /// Has the process read its file again, at any time.
    pub fn rereading(&self) -> Rereading {
        Rereading(Arc::clone(&self.report))
    }

    /// Runs until `stop`, until everything has arrived where that was asked for, or until a task fails.
    pub async fn run(self, stop: CancellationToken) -> Result<Finished, RunError> {
        let Self { config, options, state, database, control, embedded, report, requests } = self;
        let http = match listen(&config, &report).await {
            Ok(http) => http,
            Err(error) => {
                embedded.stop().await;
                return Err(error);
            }
        };
        let served = CancellationToken::new();
        let ordered: Arc<dyn Orders> = Arc::clone(&report) as Arc<dyn Orders>;
        let shown = Arc::clone(&report) as Arc<dyn StatusSource>;
        let serving = tokio::spawn(control.serve(shown, Arc::clone(&ordered), served.clone()));
        let shown = Arc::clone(&report) as Arc<dyn StatusSource>;
        let files = report.config.subscribe();
        let connectors = Arc::clone(&report) as Arc<dyn Connectors>;
        let answering =
            http.map(|http| tokio::spawn(http.serve(shown, ordered, connectors, files, served.clone())));
        let endpoints = embedded.endpoints().clone();
        let simulated = embedded.announcement().orgs.clone();
        let fixed = Fixed { started_with: config, options, simulated, state, database };
        let run = Run { fixed, endpoints, report };
        let ended = run.work(requests, &stop).await;
        match &ended {
            Ok(_) => run.report.tasks.stopped(),
            Err(error) => {
                let rests = |name: &HalfName| run.report.resting.of(name).is_some();
                run.report.tasks.fail(&with_causes(error), rests);
            }
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
    fixed: Fixed,
    endpoints: Endpoints,
    report: Arc<Report>,
}

impl Run {
    async fn work(
        &self,
        mut requests: mpsc::Receiver<Request>,
        stop: &CancellationToken,
    ) -> Result<Finished, RunError> {
        let tasks = &self.report.tasks;
        let prepared = tokio::select! {
            prepared = self.prepare(tasks) => prepared?,
            () = stop.cancelled() => return Ok(Finished::Stopped),
        };
        let (shared, orgs, following) = prepared;
        let _unset = self.report.admin.set(shared.admin.clone());
        let _unset = self.report.ids.set(shared.ids.clone());
        let mut supervisor = Supervisor::new(&self.fixed, &self.report, shared.clone(), orgs.clone());
        supervisor.start_all();
        let mut begun = match self.fixed.options.until_synced {
            None => supervisor.start_kept(stop).await,
            Some(_) => Ok(()),
        };
        let mut again = tokio::time::interval(AGAIN);
        // Of its own, since pipelines that end wait for the links that it brings.
        let mut following = AbortOnDropHandle::new(tokio::spawn(following.run()));
        let arriving = async {
            match self.fixed.options.until_synced {
                Some(_) => synced(&shared, &orgs, &tasks.sources(), &tasks.sinks()).await,
                None => std::future::pending().await,
            }
        };
        tokio::pin!(arriving);
        let ended = loop {
            if let Err(error) = std::mem::replace(&mut begun, Ok(())) {
                break Err(error);
            }
            let ended = tokio::select! {
                ended = supervisor.ended() => match ended {
                    // It failed, and harms nothing else.
                    Ok(()) => continue,
                    Err(error) => Err(error),
                },
                failed = &mut following => followed(failed).map(|()| Finished::Stopped),
                arrived = &mut arriving => match arrived {
                    Ok(()) => {
                        let (rejected, letters) = (tasks.rejected(), tasks.letters(&shared.admin).await);
                        Ok(Finished::Synced { rejected, letters })
                    }
                    Err(error) => Err(RunError::failed(error)),
                },
                () = stop.cancelled() => Ok(Finished::Stopped),
                _ = again.tick() => match supervisor.try_again(stop).await {
                    Ok(()) => continue,
                    Err(error) => Err(error),
                },
                Some(request) = requests.recv() => match self.carry_out(request, &mut supervisor, stop).await {
                    Ok(()) => continue,
                    Err(error) => Err(error),
                },
            };
            break ended;
        };
        let (finished, failed) = match ended {
            Ok(finished) => (finished, Ok(())),
            Err(error) => (Finished::Stopped, Err(error)),
        };
        supervisor.end(failed).await.map(|()| finished)
    }

    /// Carries out what somebody asks of the process while it runs. An error ends the process.
    async fn carry_out(
        &self,
        request: Request,
        supervisor: &mut Supervisor<'_>,
        stop: &CancellationToken,
    ) -> Result<(), RunError> {
        let (file, reply) = match request {
            Request::Apply { file, reply } => (file, reply),
            Request::Update { name, update, reply } => {
                let kept = self.may_keep().and_then(|()| supervisor.keep(&name, update));
                let is_kept = kept.is_ok();
                // Who asked may have gone; what is kept stays kept.
                reply.send(kept).ok();
                return if is_kept { supervisor.settle(&name, stop).await } else { Ok(()) };
            }
            Request::Remove { name, reply } => {
                let (answer, ended) = match supervisor.remove(&name, stop).await {
                    Ok(answer) => (answer, Ok(())),
                    Err(error) => (Err(NotDone::NotNow(ends(&error))), Err(error)),
                };
                reply.send(answer).ok();
                return ended;
            }
            Request::ChangeDeclared { name, change, reply } => {
                let (answer, ended) = match supervisor.change_declared(&name, change, stop).await {
                    Ok(answer) => (answer, Ok(())),
                    Err(error) => (Err(NotOrdered::NotRunning(ends(&error))), Err(error)),
                };
                reply.send(answer).ok();
                return ended;
            }
            Request::SetOffsets { name, pipelines, offsets, reply } => {
                let set = supervisor.set_offsets(&name, &pipelines, &offsets).await;
                // Who asked may have gone; what is committed stays.
                reply.send(set).ok();
                return Ok(());
            }
            Request::Change { half, change, reply } => {
                let (answer, ended) = match supervisor.change(&half, change, stop).await {
                    Ok(answer) => (answer, Ok(())),
                    Err(error) => (Err(NotOrdered::NotRunning(ends(&error))), Err(error)),
                };
                reply.send(answer).ok();
                return ended;
            }
        };
        let wanted = match self.other_file(file) {
            Ok(wanted) => wanted,
            Err(refused) => {
                reply.send(Err(refused)).ok();
                return Ok(());
            }
        };
        let connectors = &self.report.connectors;
        let all = match connectors.beside(&wanted) {
            Ok(all) => all,
            Err(why) => {
                let why = format!("connectors that were made over REST cannot run beside this file: {why}");
                reply.send(Err(NotApplied::Refused(why))).ok();
                return Ok(());
            }
        };
        let applied = supervisor.apply(all, &BTreeSet::new(), stop).await;
        let (answer, ended) = match applied {
            Ok(Ok(applied)) => {
                connectors.gather(Arc::new(wanted));
                (Ok(applied), Ok(()))
            }
            Ok(Err(refused)) if stop.is_cancelled() => (Err(NotApplied::Ends(refused.why)), Ok(())),
            Ok(Err(refused)) => (Err(NotApplied::Refused(refused.why)), Ok(())),
            Err(error) => (Err(NotApplied::Ends(ends(&error))), Err(error)),
        };
        // Who asked may have gone; what was done stays done.
        reply.send(answer).ok();
        ended
    }

    /// A process that ends by itself keeps nothing for later.
    fn may_keep(&self) -> Result<(), NotDone> {
        match self.fixed.options.until_synced {
            None => Ok(()),
            Some(_) => Err(NotDone::NotNow(
                "it ends as soon as everything has arrived (`--until-synced`), and takes no connectors"
                    .to_owned(),
            )),
        }
    }

    /// Reads the file that is to be applied, or reads the one that is applied again.
    fn other_file(&self, file: Option<PathBuf>) -> Result<Config, NotApplied> {
        let options = &self.fixed.options;
        if !options.origin.is_file() {
            return Err(NotApplied::Refused(
                "this process does not run a file that could be applied anew".to_owned(),
            ));
        }
        if options.until_synced.is_some() {
            return Err(NotApplied::Refused(
                "this process ends as soon as everything has arrived (`--until-synced`), and takes no other file".to_owned(),
            ));
        }
        let file = file.unwrap_or_else(|| self.report.config.borrow().file.clone());
        // A pipe would have everything wait for whoever writes into it.
        if std::fs::metadata(&file).is_ok_and(|meta| !meta.is_file()) {
            return Err(NotApplied::Refused(format!(
                "{} is no file that can be read again, as SIGHUP and the next start do; write one, and apply that",
                file.display()
            )));
        }
        config::load(&file).map_err(NotApplied::Faults)
    }

    /// Everything before the first record. Brokers and the registry have to answer within 30 s; orgs are waited for.
    async fn prepare(&self, tasks: &Tasks) -> Result<(Shared, Orgs, crate::store::Following), RunError> {
        let Fixed { started_with: config, options, state, database, .. } = &self.fixed;
        let kafka = kafka(config, &self.endpoints);
        let waiting = |reason: &str| tasks.set(&TaskState::Degraded(reason.to_owned()));
        let orgs = orgs::connect(config, options, &self.endpoints, database, waiting).await?;
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
        prepare::topics(config, options, &kafka, &admin, &orgs, &connecting).await?;
        let (writing, writes) = tasks.shared_reporter();
        let (following, follows) = tasks.shared_reporter();
        let health = IdHealth { writing, following };
        let opened = IdStore::open(database.clone(), &kafka, &admin, health).await;
        let (ids, following) = opened.map_err(|error| self.ids_unusable(error))?;
        let dropped = ids.drop_deleted(clock::now_ms() - DELETED_LINKS).await.map_err(RunError::failed)?;
        if dropped > 0 {
            tracing::info!(links = dropped, "Links of records that were deleted long ago are dropped.");
        }
        let shared = Shared {
            node: state.node().to_owned(),
            kafka,
            again: config.kafka.again,
            admin,
            partitions: config.kafka.partitions,
            registry,
            ids,
            seen: SeenStore::open(&state.path().join("seen.db")).map_err(RunError::failed)?,
            spool: state.path().join("bulk"),
            ids_health: [writes, follows],
            quiet: options.until_synced,
        };
        Ok((shared, orgs, following))
    }

    /// An embedded broker cannot be another one than before, so it has lost something.
    fn ids_unusable(&self, error: IdStoreError) -> RunError {
        match (error, &self.fixed.started_with.kafka.brokers) {
            (IdStoreError::OtherKafka { from, end }, Brokers::Embedded) => {
                let path = self.fixed.state.path().to_owned();
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

fn ends(error: &RunError) -> String {
    format!("the process ends: {}", with_causes(error))
}

/// How following the id links ended, which it does only when it fails.
fn followed(ended: Result<Result<(), IdStoreError>, tokio::task::JoinError>) -> Result<(), RunError> {
    ended.map_err(RunError::failed)?.map_err(RunError::failed)
}
