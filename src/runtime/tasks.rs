//! The tasks of a process: made from the file, started together, shown together.

use std::collections::BTreeMap;
use std::sync::Arc;

use orgstream_api::{Health, HealthReporter, TaskError};
use orgstream_salesforce_sink::SinkConfig;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::options::RunOptions;
use super::orgs::Orgs;
use super::prepare;
use super::process::Shared;
use super::sink::SinkEntry;
use super::sink_task::SinkOrgs;
use super::source_task::SourceEntry;
use crate::config::Config;
use crate::kafka::{Admin, topics};
use crate::worker::state::{StateCell, TaskState};

/// The tasks of a run.
pub(super) struct Tasks {
    /// The source tasks.
    pub(super) sources: Vec<Arc<SourceEntry>>,
    /// The sinks, each with its tasks.
    pub(super) sinks: Vec<Arc<SinkEntry>>,
}

impl Tasks {
    /// Those of each half of each pipeline that `options` ask for.
    pub(super) fn of(config: &Config, options: &RunOptions) -> Self {
        let sources =
            config.pipelines.iter().filter(|pipeline| options.sources() && pipeline.source.is_some());
        let sinks = config
            .pipelines
            .iter()
            .filter(|_| options.sinks())
            .filter_map(|pipeline| Some((pipeline, pipeline.sink.as_ref()?)));
        Self {
            sources: sources
                .map(|pipeline| {
                    Arc::new(SourceEntry::new(pipeline, options.snapshot.contains(&pipeline.name)))
                })
                .collect(),
            sinks: sinks
                .map(|(pipeline, sink)| {
                    Arc::new(SinkEntry::new(pipeline, sink, prepare::input_topics(pipeline)))
                })
                .collect(),
        }
    }

    /// Starts all of them.
    pub(super) fn spawn(
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
            // A task that silently does not start is the silence that must not be.
            if let Some(entry) = self.sources.iter().find(|entry| entry.pipeline == pipeline.name) {
                let config = pipeline.source_config().expect("a source task is made of a source");
                let org = source_org.expect("the orgs of all tasks are connected");
                let (entry, shared, org, stop) =
                    (Arc::clone(entry), shared.clone(), org.clone(), stop.clone());
                running.spawn(async move { entry.run(&shared, config, org, stop).await });
            }
            let from = source_org.map(|org| org.id().as_str().to_owned());
            if let Some(entry) = self.sinks.iter().find(|entry| entry.pipeline == pipeline.name) {
                let config = pipeline.sink_config(from).expect("a sink task is made of a sink");
                let org = sink_org.expect("the orgs of all tasks are connected");
                let source = pipeline.matched_org().and_then(|name| orgs.get(name));
                let orgs = SinkOrgs { target: org.clone(), source: source.cloned() };
                for number in 0..entry.tasks.len() {
                    let task = sink_task(
                        Arc::clone(entry),
                        number,
                        shared.clone(),
                        config.clone(),
                        orgs.clone(),
                        stop.clone(),
                    );
                    running.spawn(task);
                }
            }
        }
        running
    }

    /// How many records the tasks rejected, by dead-letter topic; topics without any are left out.
    pub(super) fn rejected(&self) -> BTreeMap<String, u64> {
        let sources = self.sources.iter().map(|source| (&source.pipeline, source.view.rejected.total()));
        let sinks = self.sinks.iter().map(|sink| (&sink.pipeline, sink.rejected()));
        let mut rejected = BTreeMap::new();
        for (pipeline, count) in sources.chain(sinks).filter(|(_, count)| *count > 0) {
            *rejected.entry(topics::dead_letters(pipeline)).or_default() += count;
        }
        rejected
    }

    /// How many records lie in the dead-letter topics of the sinks; topics without any are left out.
    pub(super) async fn letters(&self, admin: &Admin) -> BTreeMap<String, u64> {
        let mut letters = BTreeMap::new();
        for sink in &self.sinks {
            let topic = topics::dead_letters(&sink.pipeline);
            let asked = std::slice::from_ref(&topic);
            let (Ok(first), Ok(end)) = (admin.first_offsets(asked).await, admin.end_offsets(asked).await)
            else {
                continue;
            };
            let count: i64 = end.iter().map(|(place, end)| end - first.get(place).unwrap_or(end)).sum();
            if let Some(count) = u64::try_from(count).ok().filter(|count| *count > 0) {
                letters.insert(topic, count);
            }
        }
        letters
    }

    fn cells(&self) -> impl Iterator<Item = &StateCell> {
        let sinks = self.sinks.iter().flat_map(|sink| &sink.tasks).map(|task| &task.state);
        self.sources.iter().map(|source| &source.state).chain(sinks)
    }

    /// A reporter for what all tasks wait for before the first of them runs, and its other end for those that go on
    /// waiting for it.
    pub(super) fn shared_reporter(&self) -> (HealthReporter, watch::Receiver<Health>) {
        let (reporter, health) = HealthReporter::new();
        self.cells().for_each(|cell| cell.hear_shared(health.clone()));
        (reporter, health)
    }

    /// Shows one state for all.
    pub(super) fn set(&self, state: &TaskState) {
        self.cells().for_each(|cell| cell.set(state.clone()));
    }

    /// The process ends for `reason`: tasks that never came to run show it, and all do when it is no task's own.
    pub(super) fn fail(&self, reason: &str) {
        let explained = self.cells().any(|cell| matches!(cell.read().0, TaskState::Failed(_)));
        for cell in self.cells() {
            let idle = matches!(cell.read().0, TaskState::Starting | TaskState::Degraded(_));
            if idle || !explained {
                cell.set(TaskState::Failed(reason.to_owned()));
            }
        }
    }
}

/// A task of a sink from start to end. The first one keeps the sink's lag fresh; each looks at it when it has ended, so that
/// the last look is behind the last commit.
async fn sink_task(
    sink: Arc<SinkEntry>,
    number: usize,
    shared: Shared,
    config: SinkConfig,
    orgs: SinkOrgs,
    stop: CancellationToken,
) -> Result<(), TaskError> {
    let looking = async {
        if number == 0 {
            sink.look_at_lag(&shared.admin).await;
        }
        std::future::pending::<()>().await;
    };
    let ended = tokio::select! {
        ended = sink.run(number, &shared, config, orgs, stop) => ended,
        () = looking => Ok(()),
    };
    sink.look_at_last_lag(&shared.admin).await;
    ended
}
