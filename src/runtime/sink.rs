//! A pipeline's sink as the rest of the process sees it: its tasks, and what they share.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use orgstream_api::TopicPartition;
use orgstream_salesforce_sink::{SinkCounters, Tally};

use super::lag::LagTable;
use crate::codec::Input;
use crate::config::{Pipeline, PipelineSink, Reports};
use crate::control::PartitionLag;
use crate::kafka::Admin;
use crate::worker::catch_up::Front;
use crate::worker::sink::{SinkTask, SinkView};
use crate::worker::state::StateCell;

/// The sink of one pipeline.
pub(super) struct SinkEntry {
    /// The pipeline.
    pub(super) pipeline: String,
    /// The name of the org it writes to.
    pub(super) org: String,
    /// Where it tells what became of records.
    pub(super) reports: Option<Reports>,
    /// The topics it reads.
    pub(super) topics: Vec<String>,
    /// Those of them that others have to make.
    pub(super) awaited: Vec<String>,
    /// What the bytes on them are.
    pub(super) input: Input,
    /// How long the group waits for a silent member.
    pub(super) session_timeout: Duration,
    /// Its tasks, at least one, by number.
    pub(super) tasks: Vec<SinkTaskEntry>,
    /// How many records are rejected of the last ones, whichever task had them.
    pub(super) tally: Arc<Tally>,
    /// Which parents the tasks still have to catch up with.
    pub(super) front: Front,
    /// Held by the task that is asking the org what it has, so that the others find the answers kept.
    pub(super) asking: tokio::sync::Mutex<()>,
    lag: LagTable,
}

/// One task of a sink.
#[derive(Default)]
pub(super) struct SinkTaskEntry {
    /// What it is doing.
    pub(super) state: StateCell,
    /// What it has done.
    pub(super) view: Arc<SinkView>,
    /// What its connector has done since it was last started.
    pub(super) counters: Mutex<Option<Arc<SinkCounters>>>,
}

impl SinkEntry {
    /// The sink of `pipeline`, which reads `topics`, before it runs. Others have to make those `awaited`.
    pub(super) fn new(
        pipeline: &Pipeline,
        sink: &PipelineSink,
        topics: Vec<String>,
        awaited: Vec<String>,
    ) -> Self {
        Self {
            pipeline: pipeline.name.clone(),
            org: sink.org.clone(),
            reports: sink.reports.clone(),
            topics,
            awaited,
            input: sink.input,
            session_timeout: sink.membership.session_timeout,
            tasks: (0..sink.membership.tasks).map(|_| SinkTaskEntry::default()).collect(),
            tally: Arc::new(Tally::new(sink.failures.stop_after)),
            front: Front::default(),
            asking: tokio::sync::Mutex::default(),
            lag: LagTable::default(),
        }
    }

    /// What names a task of it.
    pub(super) fn task(&self, number: usize) -> SinkTask {
        SinkTask { pipeline: self.pipeline.clone(), number: u32::try_from(number).unwrap_or(u32::MAX) }
    }

    /// The consumer group of its tasks.
    pub(super) fn group(&self) -> String {
        self.task(0).group()
    }

    /// The tasks with their names in logs and status.
    pub(super) fn named_tasks(&self) -> impl Iterator<Item = (String, &SinkTaskEntry)> {
        self.tasks.iter().enumerate().map(|(number, task)| (self.task(number).name(), task))
    }

    /// Records and references that are with its tasks now.
    pub(super) fn in_flight(&self) -> usize {
        self.tasks.iter().map(|task| task.view.in_flight()).sum()
    }

    /// Dead letters that Kafka acknowledged to its tasks.
    pub(super) fn rejected(&self) -> u64 {
        self.tasks.iter().map(|task| task.view.dead_letters.total()).sum()
    }

    /// When the brokers last told how far the group is behind, and the part of it that the task `number` shows: the
    /// partitions that it holds. The first task shows also those that no task here holds, so that the tasks together
    /// show the whole.
    pub(super) fn lag_of(&self, number: usize) -> (Option<SystemTime>, Vec<PartitionLag>) {
        let (at, mut lag) = self.lag.read();
        let held: Vec<BTreeSet<TopicPartition>> =
            self.tasks.iter().map(|task| task.view.partitions()).collect();
        lag.retain(|lag| {
            let partition = TopicPartition { topic: lag.topic.clone(), partition: lag.partition };
            let holder = held.iter().position(|held| held.contains(&partition));
            holder.unwrap_or(0) == number
        });
        (at, lag)
    }

    /// Keeps the lag fresh for as long as it is polled.
    pub(super) async fn look_at_lag(&self, admin: &Admin) {
        self.lag.refresh(admin, &self.group(), &self.topics).await;
    }

    /// Looks at the lag a last time, when everything that will be committed is.
    pub(super) async fn look_at_last_lag(&self, admin: &Admin) {
        self.lag.finish(admin, &self.group(), &self.topics).await;
    }
}
