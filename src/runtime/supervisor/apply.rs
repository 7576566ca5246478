//! Another file in place of the one before.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use orgstream_api::{HealthReporter, TaskError, with_causes};
use orgstream_salesforce::{Org, OrgConfig};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::{Begun, Fixed, Supervisor, TRIAL};
use crate::config::{Config, Pipeline};
use crate::control::Applied;
use crate::embedded::org_configs;
use crate::runtime::changes::{Changes, OrgConfigs, Side, of_the_process};
use crate::runtime::half::HalfName;
use crate::runtime::options::{RunError, RunOptions};
use crate::runtime::orgs::{self, Orgs};
use crate::runtime::prepare::Place;
use crate::runtime::presence::can_begin;
use crate::runtime::process::Shared;

/// How long a file may be prepared: orgs are logged in to, brokers asked, topics made and positions read.
const PREPARING: Duration = Duration::from_mins(2);

/// Why something cannot be prepared. Everything goes on as before.
pub(in crate::runtime) struct Unprepared {
    /// What happened, and what to do.
    pub(in crate::runtime) why: String,
    /// Whether it is no use to try again: an org has refused a login.
    pub(in crate::runtime) lasts: bool,
}

impl Unprepared {
    pub(super) fn new(why: impl Into<String>) -> Self {
        Self { why: why.into(), lasts: false }
    }

    fn process_ends() -> Self {
        Self::new("the process ends")
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

/// A file that is to be applied, and what of the process is needed to prepare it. It holds nothing of the supervisor, which hears of halves
/// that end meanwhile.
struct Preparing<'a> {
    fixed: &'a Fixed,
    shared: Shared,
    wanted: Config,
    options: RunOptions,
    org_configs: OrgConfigs,
    /// The orgs of now, with how they are called.
    connected: BTreeMap<String, (OrgConfig, Org)>,
    changes: Changes,
}

impl<'a> Supervisor<'a> {
    /// Does what `wanted` says in place of the file before. Nothing is touched unless all of it can be prepared. Of the connectors that
    /// are kept and have failed only those are started again whose pipelines are `touched`.
    ///
    /// # Errors
    /// The outer error ends the process, as the failure of a task always does; the inner one says why nothing was done.
    pub(in crate::runtime) async fn apply(
        &mut self,
        wanted: Config,
        touched: &BTreeSet<String>,
        stop: &CancellationToken,
    ) -> Result<Result<Applied, Unprepared>, RunError> {
        let prepared = match self.think(wanted, touched) {
            Ok(preparing) => self.prepare(preparing, stop).await?,
            Err(refused) => Err(refused),
        };
        let Prepared { config, org_configs, orgs, changes } = match prepared {
            Ok(prepared) => prepared,
            Err(refused) => return Ok(Err(refused)),
        };
        let ends: BTreeSet<&String> = changes.restarted.iter().chain(&changes.stopped).collect();
        self.stop(|name| ends.contains(&name.pipeline), stop).await?;
        if stop.is_cancelled() {
            return Ok(Err(Unprepared::process_ends()));
        }
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
            self.try_out(pipeline);
        }
        let Begun { failed, waiting } = self.begin(|name| begins.contains(&name.pipeline), stop).await?;
        let Changes { started, restarted, stopped, unchanged } = changes;
        Ok(Ok(Applied { started, restarted, stopped, unchanged, failed, waiting }))
    }

    /// What the process was asked for, without what it has done already.
    pub(super) fn options_of_now(&self) -> RunOptions {
        let mut options = self.fixed.options.clone();
        let is_due =
            |name: &String| self.report.tasks.sources().iter().any(|source| source.is_due_anew(name));
        options.snapshot.retain(is_due);
        // Those of the file were taken over at the start.
        options.former.clone_from(&self.former);
        options
    }

    /// What a file would change, where it may.
    fn think(&self, wanted: Config, touched: &BTreeSet<String>) -> Result<Preparing<'a>, Unprepared> {
        let fixed = self.fixed;
        let state = Some(fixed.state.path()).filter(|_| fixed.options.state.is_none());
        let keys = of_the_process(&fixed.started_with, &wanted, state);
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
        let org_configs = org_configs(&wanted, &fixed.simulated);
        let before = Side { config: &self.config, orgs: &self.org_configs };
        let after = Side { config: &wanted, orgs: &org_configs };
        let is_left = |name: &str| self.report.connectors.owns(name) && !touched.contains(name);
        let changes = Changes::between(before, after, |name| is_left(name) || self.runs(name));
        let connected = self.orgs.iter().map(|(name, org)| {
            let known = (self.org_configs[name].clone(), org.clone());
            (name.clone(), known)
        });
        let connected = connected.collect();
        let shared = self.shared.clone();
        Ok(Preparing { fixed, shared, wanted, options, org_configs, connected, changes })
    }

    /// Prepares what is new or changed. Everything goes on meanwhile, and who ends is heard.
    async fn prepare(
        &mut self,
        preparing: Preparing<'a>,
        stop: &CancellationToken,
    ) -> Result<Result<Prepared, Unprepared>, RunError> {
        let deadline = Instant::now() + PREPARING;
        let mut prepared = Box::pin(preparing.prepared());
        loop {
            tokio::select! {
                prepared = &mut prepared => return Ok(prepared),
                ended = self.ended() => ended?,
                () = stop.cancelled() => return Ok(Err(Unprepared::process_ends())),
                () = sleep_until(deadline) => {
                    return Ok(Err(Unprepared::new(format!(
                        "orgs and brokers have not answered all that was asked of them within {} minutes; the log says whom it waits for",
                        PREPARING.as_secs() / 60
                    ))));
                }
            }
        }
    }

    /// Puts the halves of a pipeline on trial.
    fn try_out(&mut self, pipeline: &Pipeline) {
        let until = Instant::now() + TRIAL;
        let halves = self.report.tasks.halves(&pipeline.name);
        self.trials.extend(halves.into_iter().map(|half| (half.name(), until)));
    }

    /// Whether every half of the pipeline that does not rest runs.
    fn runs(&self, pipeline: &str) -> bool {
        let runs = |name: HalfName| self.stops.contains_key(&name) || self.report.resting.of(&name).is_some();
        self.report.tasks.halves(pipeline).iter().all(|half| runs(half.name()))
    }
}

impl Preparing<'_> {
    async fn prepared(self) -> Result<Prepared, Unprepared> {
        let Self { fixed, shared, wanted, options, org_configs, connected, changes } = self;
        let orgs = orgs::reconnect(&wanted, &options, &org_configs, &fixed.database, &connected).await?;
        let place = Place { config: &wanted, options: &options, kafka: &shared.kafka, admin: &shared.admin };
        for name in changes.started.iter().chain(&changes.restarted) {
            let pipeline = wanted.pipelines.iter().find(|pipeline| pipeline.name == *name);
            let pipeline = pipeline.expect("changes name pipelines of the file");
            ready(pipeline, &place, &orgs).await.map_err(|error| {
                Unprepared::new(format!("pipeline {name} cannot be started: {}", with_causes(&error)))
            })?;
        }
        orgs::bind(&fixed.database, &orgs).await?;
        Ok(Prepared { config: Arc::new(wanted), org_configs, orgs, changes })
    }
}

/// Makes sure that a pipeline can start: its orgs have what it speaks of, and its topics are there.
pub(super) async fn ready(pipeline: &Pipeline, place: &Place<'_>, orgs: &Orgs) -> Result<(), TaskError> {
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
