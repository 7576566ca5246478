//! The tasks of a process: made from the file, shown together.
//!
//! They change while the process runs; whoever looks sees those of that moment.

use std::collections::BTreeMap;
use std::sync::{Arc, RwLock, RwLockReadGuard, RwLockWriteGuard};

use orgstream_api::{Health, HealthReporter};
use tokio::sync::watch;

use super::half::{Half, HalfName};
use super::options::RunOptions;
use super::sink::SinkEntry;
use super::source_task::SourceEntry;
use crate::config::{Config, Pipeline};
use crate::kafka::{Admin, topics};
use crate::worker::state::{StateCell, TaskState};

/// The tasks of a process, by the half of the pipeline that they belong to.
pub(super) struct Tasks(RwLock<BTreeMap<HalfName, Half>>);

impl Tasks {
    /// Those of each half of each pipeline that `options` ask for.
    pub(super) fn of(config: &Config, options: &RunOptions) -> Self {
        let tasks = Self(RwLock::default());
        config.pipelines.iter().for_each(|pipeline| tasks.put(config, pipeline, options));
        tasks
    }

    /// Puts in those of `pipeline`, one of the file's, in place of those that are there.
    pub(super) fn put(&self, config: &Config, pipeline: &Pipeline, options: &RunOptions) {
        let mut all = self.write();
        all.retain(|name, _| name.pipeline != pipeline.name);
        all.extend(Half::all(config, pipeline, options).into_iter().map(|half| (half.name(), half)));
    }

    /// Puts in this half, in place of the one of its name.
    pub(super) fn put_half(&self, half: Half) {
        self.write().insert(half.name(), half);
    }

    /// The half of this name.
    pub(super) fn named(&self, name: &str) -> Option<Half> {
        self.read().iter().find(|(half, _)| half.to_string() == name).map(|(_, half)| half.clone())
    }

    /// Takes out those of the pipeline `name`.
    pub(super) fn remove(&self, name: &str) {
        self.write().retain(|half, _| half.pipeline != name);
    }

    /// The halves of the pipeline `name`.
    pub(super) fn halves(&self, name: &str) -> Vec<Half> {
        self.read().values().filter(|half| half.name().pipeline == name).cloned().collect()
    }

    /// All halves, by name.
    pub(super) fn all(&self) -> Vec<Half> {
        self.read().values().cloned().collect()
    }

    /// What any of them is doing.
    pub(super) fn first_state(&self) -> Option<TaskState> {
        self.cells().first().map(|cell| cell.read().0)
    }

    /// The source tasks.
    pub(super) fn sources(&self) -> Vec<Arc<SourceEntry>> {
        let source = |half: &Half| match half {
            Half::Source(source) => Some(Arc::clone(source)),
            Half::Sink(_) => None,
        };
        self.read().values().filter_map(source).collect()
    }

    /// The sinks, each with its tasks.
    pub(super) fn sinks(&self) -> Vec<Arc<SinkEntry>> {
        let sink = |half: &Half| match half {
            Half::Sink(sink) => Some(Arc::clone(sink)),
            Half::Source(_) => None,
        };
        self.read().values().filter_map(sink).collect()
    }

    /// How many records the tasks rejected, by dead-letter topic; topics without any are left out.
    pub(super) fn rejected(&self) -> BTreeMap<String, u64> {
        let (sources, sinks) = (self.sources(), self.sinks());
        let sources = sources.iter().map(|source| (&source.pipeline, source.view.rejected.total()));
        let sinks = sinks.iter().map(|sink| (&sink.pipeline, sink.rejected()));
        let mut rejected = BTreeMap::new();
        for (pipeline, count) in sources.chain(sinks).filter(|(_, count)| *count > 0) {
            *rejected.entry(topics::dead_letters(pipeline)).or_default() += count;
        }
        rejected
    }

    /// How many records lie in the dead-letter topics of the sinks; topics without any are left out.
    pub(super) async fn letters(&self, admin: &Admin) -> BTreeMap<String, u64> {
        let mut letters = BTreeMap::new();
        for sink in self.sinks() {
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

    fn cells(&self) -> Vec<StateCell> {
        self.read().values().flat_map(Half::cells).collect()
    }

    /// A reporter for what all tasks wait for before the first of them runs, and its other end for those that go on
    /// waiting for it.
    pub(super) fn shared_reporter(&self) -> (HealthReporter, watch::Receiver<Health>) {
        let (reporter, health) = HealthReporter::new();
        self.cells().iter().for_each(|cell| cell.hear_shared(health.clone()));
        (reporter, health)
    }

    /// Shows one state for all that do not rest.
    pub(super) fn set(&self, state: &TaskState) {
        for cell in self.cells() {
            if !matches!(cell.read().0, TaskState::Paused | TaskState::Stopped) {
                cell.set(state.clone());
            }
        }
    }

    /// The process has ended in order. A task that had failed before has not, and one that rests goes on resting.
    pub(super) fn stopped(&self) {
        for cell in self.cells() {
            if !matches!(cell.read().0, TaskState::Failed(_) | TaskState::Paused) {
                cell.set(TaskState::Stopped);
            }
        }
    }

    /// The process ends for `reason`: tasks that never came to run show it, and all do when it is no task's own, those included that have
    /// drained since. Halves of which `rests` says that they were told to rest go on showing that.
    pub(super) fn fail(&self, reason: &str, rests: impl Fn(&HalfName) -> bool) {
        let explained = self.cells().iter().any(|cell| matches!(cell.read().0, TaskState::Failed(_)));
        for half in self.all().into_iter().filter(|half| !rests(&half.name())) {
            for cell in half.cells() {
                let idle = matches!(cell.read().0, TaskState::Starting | TaskState::Degraded(_));
                if idle || !explained {
                    cell.set(TaskState::Failed(reason.to_owned()));
                }
            }
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, BTreeMap<HalfName, Half>> {
        self.0.read().expect("no holder of this lock panics")
    }

    fn write(&self) -> RwLockWriteGuard<'_, BTreeMap<HalfName, Half>> {
        self.0.write().expect("no holder of this lock panics")
    }
}
