//! Keeps the halves of the pipelines running, and changes which ones those are.
//!
//! The start of a process and another file for it go the same way: what is to run is prepared, then started. Only when all
//! of a file is prepared does anything that runs end, so that a file that cannot work harms nothing.
//!
//! - this file: halves that start, begin, end and fail
//! - [`apply`]: another file in place of the one before
//! - [`change`]: a half that is to run, rest or start again
//! - [`kept`]: connectors that were made over REST

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use orgstream_api::{TaskError, with_causes};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::changes::OrgConfigs;
use super::half::{Half, HalfName};
use super::options::{Former, RunError, RunOptions};
use super::orgs::Orgs;
use super::process::Shared;
use super::report::Report;
use crate::config::{Config, Pipeline};
use crate::embedded::{EmbeddedOrg, org_configs};
use crate::state_dir::StateDir;
use crate::store::Database;
use crate::worker::state::TaskState;

mod apply;
mod change;
mod kept;
mod offsets;

pub(super) use apply::Unprepared;

/// How long whoever applies a file waits for pipelines to begin; they go on beginning after that.
const BEGINNING: Duration = Duration::from_secs(20);
/// How often is looked whether they have begun.
const LOOK: Duration = Duration::from_millis(100);
/// How long a half that an applied file has started is on trial: a sink knows only when it has its partitions whether it can read them.
const TRIAL: Duration = Duration::from_mins(1);

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
    /// Until when halves are on trial. One that fails before is no reason to end what worked before it came.
    trials: BTreeMap<HalfName, Instant>,
}

/// What became of halves that were started.
struct Begun {
    /// Those that failed: why.
    failed: BTreeMap<String, String>,
    /// Those that have still to begin.
    waiting: Vec<String>,
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
            trials: BTreeMap::new(),
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
        let (name, ended) = self.next_end().await?;
        self.of_the_process(&name, ended)
    }

    async fn next_end(&mut self) -> Result<(HalfName, Result<(), TaskError>), RunError> {
        match self.running.join_next().await {
            Some(Ok((name, ended))) => {
                self.stops.remove(&name);
                Ok((name, ended))
            }
            Some(Err(panic)) => Err(RunError::failed(panic)),
            None => std::future::pending().await,
        }
    }

    /// What the end of a half means for the process: a failure ends it, but for one of a connector that was made over REST, or of a half
    /// on trial.
    fn of_the_process(&self, name: &HalfName, ended: Result<(), TaskError>) -> Result<(), RunError> {
        let Err(error) = ended else { return Ok(()) };
        if self.report.connectors.owns(&name.pipeline) {
            kept::say_failed(&name.to_string(), &with_causes(&error));
            return Ok(());
        }
        if self.trials.get(name).is_some_and(|until| Instant::now() < *until) {
            tracing::error!(
                connector = %name, error = %with_causes(&error),
                "What the file that was applied says fails; the others go on. Mend the file and apply it again."
            );
            return Ok(());
        }
        Err(error.into())
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

    /// Lets these halves drain, commit and end, while the others go on; these too end meanwhile when the process does.
    async fn stop(
        &mut self,
        is_meant: impl Fn(&HalfName) -> bool,
        process: &CancellationToken,
    ) -> Result<(), RunError> {
        self.cancel(&is_meant);
        let mut ends = false;
        while self.stops.keys().any(&is_meant) {
            tokio::select! {
                ended = self.ended() => ended?,
                () = process.cancelled(), if !ends => {
                    ends = true;
                    self.cancel(|_| true);
                }
            }
        }
        Ok(())
    }

    fn cancel(&self, is_meant: impl Fn(&HalfName) -> bool) {
        let meant = self.stops.iter().filter(|(name, _)| is_meant(name));
        meant.for_each(|(_, stop)| stop.cancel());
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

    /// Waits until every task of these halves has begun or failed, at most [`BEGINNING`]. Those that failed end neither the process nor
    /// what did its work before.
    async fn begin(
        &mut self,
        is_meant: impl Fn(&HalfName) -> bool,
        stop: &CancellationToken,
    ) -> Result<Begun, RunError> {
        let deadline = Instant::now() + BEGINNING;
        let mut failed = BTreeMap::new();
        loop {
            let meant = self.report.tasks.all().into_iter().filter(|half| is_meant(&half.name()));
            let waiting = meant.filter(|half| !self.has_begun(half));
            let waiting: Vec<String> = waiting.map(|half| half.name().to_string()).collect();
            if waiting.is_empty() || Instant::now() >= deadline || stop.is_cancelled() {
                return Ok(Begun { failed, waiting });
            }
            tokio::select! {
                () = sleep(LOOK) => {}
                ended = self.next_end() => match ended? {
                    (name, Err(error)) if is_meant(&name) => {
                        failed.insert(name.to_string(), with_causes(&error));
                    }
                    (name, ended) => self.of_the_process(&name, ended)?,
                }
            }
        }
    }
}
