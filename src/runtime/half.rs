//! One half of a pipeline: its tasks, which start and end together.

use std::fmt;
use std::sync::Arc;

use orgstream_api::{TaskError, with_causes};
use orgstream_salesforce_sink::SinkConfig;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::awaited::awaited;
use super::options::{Former, RunOptions};
use super::orgs::Orgs;
use super::prepare;
use super::process::Shared;
use super::sink::SinkEntry;
use super::sink_task::SinkOrgs;
use super::source_task::SourceEntry;
use crate::config::{Config, Pipeline};
use crate::control::{Kind, Rest};
use crate::worker::state::{StateCell, TaskState};

/// What a half is called: `crm-source`, `crm-sink`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct HalfName {
    /// The pipeline.
    pub(super) pipeline: String,
    /// Which half of it.
    pub(super) kind: Kind,
}

impl fmt::Display for HalfName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.pipeline, self.kind.as_str())
    }
}

/// The tasks of one half, as the rest of the process sees them.
#[derive(Clone)]
pub(super) enum Half {
    /// The task of a source.
    Source(Arc<SourceEntry>),
    /// The tasks of a sink.
    Sink(Arc<SinkEntry>),
}

impl Half {
    /// The halves of `pipeline`, one of the file's, that `options` ask for, before they run.
    pub(super) fn all(config: &Config, pipeline: &Pipeline, options: &RunOptions) -> Vec<Self> {
        let source = pipeline.source.as_ref().filter(|_| options.sources()).map(|_| {
            Self::Source(Arc::new(SourceEntry::new(pipeline, options.snapshot.contains(&pipeline.name))))
        });
        let sink = pipeline.sink.as_ref().filter(|_| options.sinks()).map(|sink| {
            let (topics, awaited) = (prepare::input_topics(pipeline), awaited(config, pipeline));
            let from = options.former.get(&pipeline.name).and_then(Former::taken_over);
            Self::Sink(Arc::new(SinkEntry::new(pipeline, sink, topics, awaited, from)))
        });
        source.into_iter().chain(sink).collect()
    }

    /// What it is called.
    pub(super) fn name(&self) -> HalfName {
        match self {
            Self::Source(source) => HalfName { pipeline: source.pipeline.clone(), kind: Kind::Source },
            Self::Sink(sink) => HalfName { pipeline: sink.pipeline.clone(), kind: Kind::Sink },
        }
    }

    /// The states of its tasks.
    pub(super) fn cells(&self) -> Vec<StateCell> {
        match self {
            Self::Source(source) => vec![source.state.clone()],
            Self::Sink(sink) => sink.tasks.iter().map(|task| task.state.clone()).collect(),
        }
    }

    /// Shows that it rests.
    pub(super) fn rest(&self, rest: Rest) {
        let state = match rest {
            Rest::Paused => TaskState::Paused,
            Rest::Stopped => TaskState::Stopped,
        };
        self.cells().iter().for_each(|cell| cell.set(state.clone()));
    }

    /// Runs its tasks until `stop`, or until one of them fails for good and the others have ended in order.
    pub(super) async fn run(
        self,
        pipeline: &Pipeline,
        shared: &Shared,
        orgs: &Orgs,
        stop: &CancellationToken,
    ) -> Result<(), TaskError> {
        let source_org = pipeline.source.as_ref().and_then(|source| orgs.get(&source.org)).cloned();
        match self {
            Self::Source(entry) => {
                let config = pipeline.source_config().expect("a source task is made of a source");
                let org = source_org.expect("the orgs of all tasks are connected");
                entry.run(shared, config, org, stop.clone()).await
            }
            Self::Sink(entry) => {
                let from = source_org.map(|org| org.id().as_str().to_owned());
                let config = pipeline.sink_config(from).expect("a sink task is made of a sink");
                let target = pipeline.sink.as_ref().and_then(|sink| orgs.get(&sink.org)).cloned();
                let target = target.expect("the orgs of all tasks are connected");
                let source = pipeline.matched_org().and_then(|name| orgs.get(name)).cloned();
                run_sink(&entry, shared, &config, &SinkOrgs { target, source }, stop).await
            }
        }
    }
}

async fn run_sink(
    entry: &Arc<SinkEntry>,
    shared: &Shared,
    config: &SinkConfig,
    orgs: &SinkOrgs,
    stop: &CancellationToken,
) -> Result<(), TaskError> {
    let stop = stop.child_token();
    let mut running = JoinSet::new();
    for number in 0..entry.tasks.len() {
        let (entry, shared, config) = (Arc::clone(entry), shared.clone(), config.clone());
        running.spawn(sink_task(entry, number, shared, config, orgs.clone(), stop.clone()));
    }
    let mut ended = Ok(());
    while let Some(task) = running.join_next().await {
        let Err(error) = task.unwrap_or_else(|panic| Err(TaskError::failed(panic))) else { continue };
        stop.cancel();
        match &ended {
            Ok(()) => ended = Err(error),
            // The half ends with one error, the first; another one would be lost.
            Err(first) => {
                let error = with_causes(&error);
                if error != with_causes(first) {
                    tracing::error!(%error, "Another task has failed.");
                }
            }
        }
    }
    ended
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
