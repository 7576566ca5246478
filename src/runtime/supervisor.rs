//! Keeps the halves of the pipelines running, and changes which ones those are.
//!
//! The start of a process and another file for it go the same way: what is to run is prepared, then started. Only when all
//! of a file is prepared does anything that runs end, so that a file that cannot work harms nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use orgstream_api::{HealthReporter, TaskError, with_causes};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::changes::{Changes, OrgConfigs, Side, of_the_process};
use super::half::{Half, HalfName};
use super::options::{Former, RunError, RunOptions};
use super::orgs::{self, Orgs};
use super::prepare::Place;
use super::presence::can_begin;
use super::process::Shared;
use super::report::Report;
use crate::config::{Config, Pipeline};
use crate::control::{Applied, Change, NotOrdered, Rest};
use crate::embedded::{EmbeddedOrg, org_configs};
use crate::state_dir::StateDir;
use crate::store::Database;
use crate::worker::state::TaskState;

mod kept;

/// How long whoever applies a file waits for pipelines to begin; they go on beginning after that.
const BEGINNING: Duration = Duration::from_secs(20);
/// How often is looked whether they have begun.
const LOOK: Duration = Duration::from_millis(100);

/// What of the process does not change.
pub(super) struct Fixed {
    /// The file that the process was started with.
    pub(super) started_with: Config,
    /// What it was asked for.
    pub(super) options: RunOptions,
    /// The simulated orgs that run inside.
    pub(super) simulated: BTreeMap<String, EmbeddedOrg>,
    /// The directory that it holds.
    pub(super) state: StateDir,
    /// What lies there.
    pub(super) database: Database,
}

/// The pipelines of a process at work.
pub(super) struct Supervisor<'a> {
    fixed: &'a Fixed,
    report: &'a Report,
    shared: Shared,
    /// Every half that runs, with what stops it.
    stops: BTreeMap<HalfName, CancellationToken>,
    running: JoinSet<(HalfName, Result<(), TaskError>)>,
    config: Arc<Config>,
    org_configs: OrgConfigs,
    orgs: Orgs,
    /// Where sinks of connectors that are kept begin, in place of Kafka Connect.
    former: BTreeMap<String, Former>,
}

/// Why something cannot be prepared. Everything goes on as before.
pub(super) struct Unprepared {
    /// What happened, and what to do.
    pub(super) why: String,
    /// Whether it is no use to try again: an org has refused a login.
    pub(super) lasts: bool,
}

impl Unprepared {
    fn new(why: impl Into<String>) -> Self {
        Self { why: why.into(), lasts: false }
    }
}

impl From<RunError> for Unprepared {
    fn from(error: RunError) -> Self {
        Self { why: with_causes(&error), lasts: matches!(error, RunError::Config(_)) }
    }
}

/// A file that is prepared, before anything of it runs.
struct Prepared {
    config: Arc<Config>,
    org_configs: OrgConfigs,
    orgs: Orgs,
    changes: Changes,
}

impl<'a> Supervisor<'a> {
    /// Of a process of which nothing runs yet, and whose orgs are `orgs`.
    pub(super) fn new(fixed: &'a Fixed, report: &'a Report, shared: Shared, orgs: Orgs) -> Self {
        report.orgs.send_replace(orgs.clone());
        Self {
            fixed,
            report,
            shared,
            stops: BTreeMap::new(),
            running: JoinSet::new(),
            config: report.config.borrow().clone(),
            org_configs: org_configs(&fixed.started_with, &fixed.simulated),
            orgs,
            former: BTreeMap::new(),
        }
    }

    /// Starts all that the process was started for.
    pub(super) fn start_all(&mut self) {
        for pipeline in &Arc::clone(&self.config).pipelines {
            self.start(pipeline);
        }
    }

    /// Starts the halves of a prepared pipeline, but for those that rest.
    fn start(&mut self, pipeline: &Pipeline) {
        for half in self.report.tasks.halves(&pipeline.name) {
            if let Some(rest) = self.report.resting.of(&half.name()) {
                half.rest(rest);
                tracing::warn!(connector = %half.name(), "A connector rests; `orgstream resume` has it run.");
            } else {
                self.start_half(pipeline, half);
            }
        }
    }

    fn start_half(&mut self, pipeline: &Pipeline, half: Half) {
        let name = half.name();
        let stop = CancellationToken::new();
        self.stops.insert(name.clone(), stop.clone());
        let (pipeline, shared, orgs) = (pipeline.clone(), self.shared.clone(), self.orgs.clone());
        self.running.spawn(async move {
            let ended = half.run(&pipeline, &shared, &orgs, &stop).await;
            (name, ended)
        });
    }

    /// Waits until a half ends; for ever while none runs.
    pub(super) async fn ended(&mut self) -> Result<(), RunError> {
        match self.running.join_next().await {
            Some(Ok((name, ended))) => {
                self.stops.remove(&name);
                self.of_the_process(&name, ended)
            }
            Some(Err(panic)) => Err(RunError::failed(panic)),
            None => std::future::pending().await,
        }
    }

    /// Ends everything in order, and answers with the first error, `first` where there is one.
    pub(super) async fn end(mut self, first: Result<(), RunError>) -> Result<(), RunError> {
        self.stops.values().for_each(CancellationToken::cancel);
        let mut ended = first;
        while !self.running.is_empty() {
            match (self.ended().await, &ended) {
                (Ok(()), _) => {}
                (Err(error), Ok(())) => ended = Err(error),
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

    /// Does what `wanted` says in place of the file before. Nothing is touched unless all of it can be prepared. Of the connectors that
    /// are kept and have failed only those are started again whose pipelines are `touched`.
    ///
    /// # Errors
    /// The outer error ends the process, as the failure of a task always does; the inner one says why nothing was done.
    pub(super) async fn apply(
        &mut self,
        wanted: Config,
        touched: &BTreeSet<String>,
        stop: &CancellationToken,
    ) -> Result<Result<Applied, Unprepared>, RunError> {
        let prepared = tokio::select! {
            prepared = self.prepare(wanted, touched) => prepared,
            () = stop.cancelled() => Err(Unprepared::new("the process ends")),
        };
        let Prepared { config, org_configs, orgs, changes } = match prepared {
            Ok(prepared) => prepared,
            Err(refused) => return Ok(Err(refused)),
        };
        let ends: BTreeSet<&String> = changes.restarted.iter().chain(&changes.stopped).collect();
        self.stop(|name| ends.contains(&name.pipeline)).await?;
        (self.config, self.org_configs, self.orgs) = (Arc::clone(&config), org_configs, orgs);
        self.report.orgs.send_replace(self.orgs.clone());
        changes.stopped.iter().for_each(|name| self.report.tasks.remove(name));
        let begins: BTreeSet<&String> = changes.started.iter().chain(&changes.restarted).collect();
        let beginning: Vec<&Pipeline> =
            config.pipelines.iter().filter(|pipeline| begins.contains(&pipeline.name)).collect();
        let options = self.options_of_now();
        for pipeline in &beginning {
            self.report.tasks.put(&config, pipeline, &options);
        }
        self.report.config.send_replace(Arc::clone(&config));
        for pipeline in beginning {
            self.start(pipeline);
        }
        let failed = self.begin(|name| begins.contains(&name.pipeline), stop).await?;
        let Changes { started, restarted, stopped, unchanged } = changes;
        Ok(Ok(Applied { started, restarted, stopped, unchanged, failed }))
    }

    /// What the process was asked for, without what it has done already.
    fn options_of_now(&self) -> RunOptions {
        let mut options = self.fixed.options.clone();
        let is_due =
            |name: &String| self.report.tasks.sources().iter().any(|source| source.is_due_anew(name));
        options.snapshot.retain(is_due);
        // Those of the file were taken over at the start.
        options.former.clone_from(&self.former);
        options
    }

    /// Prepares what is new or changed. Everything goes on meanwhile.
    async fn prepare(&self, wanted: Config, touched: &BTreeSet<String>) -> Result<Prepared, Unprepared> {
        let Fixed { started_with, options, simulated, state, database } = self.fixed;
        let state = Some(state.path()).filter(|_| options.state.is_none());
        let keys = of_the_process(started_with, &wanted, state);
        if !keys.is_empty() {
            let keys: Vec<_> = keys.iter().map(|key| format!("`{key}`")).collect();
            return Err(Unprepared::new(format!(
                "{} cannot change while the process runs; restart the process, or put the value back and apply the rest",
                keys.join(", ")
            )));
        }
        let mut options = self.options_of_now();
        options.former.retain(|name, _| wanted.pipelines.iter().any(|pipeline| pipeline.name == *name));
        options.check(&wanted)?;
        let org_configs = org_configs(&wanted, simulated);
        let before = Side { config: &self.config, orgs: &self.org_configs };
        let after = Side { config: &wanted, orgs: &org_configs };
        let is_left = |name: &str| self.report.connectors.owns(name) && !touched.contains(name);
        let changes = Changes::between(before, after, |name| is_left(name) || self.runs(name));
        let connected = self.orgs.iter().map(|(name, org)| {
            let known = (self.org_configs[name].clone(), org.clone());
            (name.clone(), known)
        });
        let connected = connected.collect();
        let orgs = orgs::reconnect(&wanted, &options, &org_configs, database, &connected).await?;
        let place = Place {
            config: &wanted,
            options: &options,
            kafka: &self.shared.kafka,
            admin: &self.shared.admin,
        };
        let begins = changes.started.iter().chain(&changes.restarted);
        for name in begins {
            let pipeline = wanted.pipelines.iter().find(|pipeline| pipeline.name == *name);
            let pipeline = pipeline.expect("changes name pipelines of the file");
            ready(pipeline, &place, &orgs).await.map_err(|error| {
                Unprepared::new(format!("pipeline {name} cannot be started: {}", with_causes(&error)))
            })?;
        }
        orgs::bind(database, &orgs).await?;
        Ok(Prepared { config: Arc::new(wanted), org_configs, orgs, changes })
    }

    /// Whether every half of the pipeline that does not rest runs.
    fn runs(&self, pipeline: &str) -> bool {
        let runs = |name: HalfName| self.stops.contains_key(&name) || self.report.resting.of(&name).is_some();
        self.report.tasks.halves(pipeline).iter().all(|half| runs(half.name()))
    }

    /// Lets these halves drain, commit and end, while the others go on.
    async fn stop(&mut self, is_meant: impl Fn(&HalfName) -> bool) -> Result<(), RunError> {
        for (name, stop) in &self.stops {
            if is_meant(name) {
                stop.cancel();
            }
        }
        while self.stops.keys().any(&is_meant) {
            self.ended().await?;
        }
        Ok(())
    }

    /// Has a half run, rest or start again. What it is to do is kept before it is done, so that a process that is killed meanwhile
    /// comes back with what was wanted.
    ///
    /// # Errors
    /// The outer error ends the process; the inner one says why nothing was done.
    pub(super) async fn change(
        &mut self,
        half: &HalfName,
        change: Change,
        stop: &CancellationToken,
    ) -> Result<Result<(), NotOrdered>, RunError> {
        let known = self.report.tasks.named(&half.to_string());
        let pipeline = self.config.pipelines.iter().find(|pipeline| pipeline.name == half.pipeline).cloned();
        let (Some(known), Some(pipeline)) = (known, pipeline) else {
            return Ok(Err(NotOrdered::Unknown(format!("`{half}` was taken out of the file meanwhile"))));
        };
        let (rests, runs) = (self.report.resting.of(half), self.stops.contains_key(half));
        let (wanted, begins) = match change {
            Change::Pause => (Some(Rest::Paused), false),
            Change::Stop => (Some(Rest::Stopped), false),
            Change::Resume => (None, !runs),
            Change::Restart { only_failed } => (rests, rests.is_none() && !(only_failed && runs)),
        };
        if begins && let Err(error) = self.ready_again(&pipeline).await {
            let why = with_causes(&error);
            return Ok(Err(NotOrdered::Refused(format!("connector {half} cannot be started: {why}"))));
        }
        if let Err(error) = self.report.resting.set(half, wanted) {
            return Ok(Err(NotOrdered::Refused(with_causes(&error))));
        }
        if wanted.is_some() || begins {
            self.stop(|name| name == half).await?;
        }
        if let Some(rest) = wanted {
            known.rest(rest);
        }
        if !begins {
            return Ok(Ok(()));
        }
        let halves = Half::all(&self.config, &pipeline, &self.options_of_now());
        let anew = halves.into_iter().find(|other| other.name() == *half);
        let anew = anew.expect("the half was made of this pipeline before");
        self.report.tasks.put_half(anew.clone());
        self.start_half(&pipeline, anew);
        let failed = self.begin(|name| name == half, stop).await?;
        Ok(match failed.into_values().next() {
            None => Ok(()),
            Some(why) => Err(NotOrdered::Refused(format!("connector {half} has failed: {why}"))),
        })
    }

    /// Makes sure that a pipeline whose half is started again can run still.
    async fn ready_again(&self, pipeline: &Pipeline) -> Result<(), TaskError> {
        let options = self.options_of_now();
        let (kafka, admin) = (&self.shared.kafka, &self.shared.admin);
        ready(pipeline, &Place { config: &self.config, options: &options, kafka, admin }, &self.orgs).await
    }

    /// One that has failed has begun when its end was seen.
    fn has_begun(&self, half: &Half) -> bool {
        let runs = self.stops.contains_key(&half.name());
        half.cells().iter().all(|cell| match cell.read().0 {
            TaskState::Starting => false,
            TaskState::Failed(_) => !runs,
            TaskState::Running | TaskState::Degraded(_) | TaskState::Stopped | TaskState::Paused => true,
        })
    }

    /// Waits until every task of these halves has begun or failed, at most [`BEGINNING`]. Answers with those that failed: they
    /// end neither the process nor what did its work before.
    async fn begin(
        &mut self,
        is_meant: impl Fn(&HalfName) -> bool,
        stop: &CancellationToken,
    ) -> Result<BTreeMap<String, String>, RunError> {
        let deadline = Instant::now() + BEGINNING;
        let mut failed = BTreeMap::new();
        while Instant::now() < deadline && !stop.is_cancelled() {
            let halves = self.report.tasks.all();
            if halves.iter().filter(|half| is_meant(&half.name())).all(|half| self.has_begun(half)) {
                break;
            }
            tokio::select! {
                () = sleep(LOOK) => {}
                Some(ended) = self.running.join_next() => {
                    let (name, ended) = ended.map_err(RunError::failed)?;
                    self.stops.remove(&name);
                    match ended {
                        Err(error) if is_meant(&name) => {
                            failed.insert(name.to_string(), with_causes(&error));
                        }
                        ended => self.of_the_process(&name, ended)?,
                    }
                }
            }
        }
        Ok(failed)
    }
}

/// Makes sure that a pipeline can start: its orgs have what it speaks of, and its topics are there.
async fn ready(pipeline: &Pipeline, place: &Place<'_>, orgs: &Orgs) -> Result<(), TaskError> {
    if !can_begin(pipeline, place.options, orgs).await? {
        let source = pipeline.source.as_ref().map(|source| &source.org);
        let objects: Vec<_> = pipeline.objects.iter().map(|object| object.name.as_str()).collect();
        return Err(TaskError::config(format!(
            "org `{}` has none of the objects {}, or its user may not see them",
            source.map_or("", String::as_str),
            objects.join(", ")
        )));
    }
    let (health, _) = HealthReporter::new();
    place.topics_of(pipeline, &health).await
}
