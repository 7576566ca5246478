//! A pipeline's sink as the rest of the process sees it: its tasks, and what they share.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use orgstream_api::TopicPartition;
use orgstream_salesforce_sink::{SinkCounters, Tally};
use tokio::sync::OnceCell;
use tokio::time::sleep;

use super::lag::LagTable;
use super::prepare::missing;
use super::start::Beginner;
use crate::codec::Input;
use crate::config::{Pipeline, PipelineSink, Reports, SinkStart};
use crate::control::PartitionLag;
use crate::kafka::{Admin, Error, Starts};
use crate::worker::catch_up::Front;
use crate::worker::sink::{SinkTask, SinkView};
use crate::worker::state::StateCell;

/// How often the brokers are asked for the lag.
const LOOK_AT_LAG: Duration = Duration::from_secs(1);

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
    /// Where it begins in partitions of which its group has committed nothing.
    start: SinkStart,
    /// The same as offsets. They are found once: a partition that has no commit later has lost it with its topic.
    starts: OnceCell<Starts>,
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
    /// The sink of `pipeline`, which reads `topics`, before it runs. Others have to make those `awaited`. It begins where group `from`
    /// has committed, where that is asked for.
    pub(super) fn new(
        pipeline: &Pipeline,
        sink: &PipelineSink,
        topics: Vec<String>,
        awaited: Vec<String>,
        from: Option<&String>,
    ) -> Self {
        Self {
            pipeline: pipeline.name.clone(),
            org: sink.org.clone(),
            reports: sink.reports.clone(),
            topics,
            awaited,
            start: from.map_or_else(|| sink.start.clone(), |from| SinkStart::Group(from.clone())),
            starts: OnceCell::new(),
            input: sink.input.clone(),
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
            let partition = place(lag);
            let holder = held.iter().position(|held| held.contains(&partition));
            holder.unwrap_or(0) == number
        });
        (at, lag)
    }

    /// Where its tasks begin in partitions of which the group has committed nothing. Topics that others have yet to make are read from
    /// their first record.
    pub(super) async fn starts(&self, admin: &Admin) -> Result<Starts, Error> {
        let find = || async {
            let missing = missing(&self.awaited, admin).await?;
            let there = self.topics.iter().filter(|topic| !missing.contains(topic));
            let topics: Vec<String> = there.cloned().collect();
            let (pipeline, group) = (&self.pipeline, self.group());
            let beginner = Beginner { pipeline, group: &group, topics: &topics, start: &self.start };
            let offsets = beginner.offsets(admin).await?;
            if !offsets.is_empty() {
                tracing::info!(pipeline, start = %self.start, partitions = offsets.len(), "The sink begins where it is told to.");
            }
            Ok(Starts::new(offsets))
        };
        self.starts.get_or_try_init(find).await.cloned()
    }

    /// Keeps the lag fresh for as long as it is polled.
    pub(super) async fn look_at_lag(&self, admin: &Admin) {
        let group = self.group();
        loop {
            let lag = self.lag.look(admin, &group, &self.topics).await;
            // Other processes commit what this one may be given later.
            if let Some(starts) = self.starts.get() {
                starts
                    .are_committed(&lag.iter().filter(|lag| lag.settled > 0).map(place).collect::<Vec<_>>());
            }
            sleep(LOOK_AT_LAG).await;
        }
    }

    /// Looks at the lag a last time, when everything that will be committed is.
    pub(super) async fn look_at_last_lag(&self, admin: &Admin) {
        self.lag.finish(admin, &self.group(), &self.topics).await;
    }
}

fn place(lag: &PartitionLag) -> TopicPartition {
    TopicPartition { topic: lag.topic.clone(), partition: lag.partition }
}
