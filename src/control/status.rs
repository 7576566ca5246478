//! What a process says of itself and its tasks.

use std::collections::BTreeMap;

use orgstream_api::SourcePosition;
use serde::{Deserialize, Serialize};

use super::change::Rest;
use super::flow::FlowStatus;

/// The whole process. Times are ISO 8601 in UTC.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// The node's id.
    pub node: String,
    /// The process's id.
    pub pid: u32,
    /// When it started.
    pub started: String,
    /// When this was said.
    pub at: String,
    /// What runs inside the process in place of a real one, and its address.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub embedded: BTreeMap<String, String>,
    /// Where its HTTP server is, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http: Option<String>,
    /// The id of the Kafka cluster, once it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kafka_cluster: Option<String>,
    /// The orgs that it is connected to.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub orgs: BTreeMap<String, OrgStatus>,
    /// The pipelines it runs.
    pub pipelines: Vec<PipelineStatus>,
}

/// One org.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OrgStatus {
    /// Its daily allowances as far as they are known, by Salesforce's names.
    pub allowances: BTreeMap<String, AllowanceStatus>,
    /// What is held back because its daily calls run out, and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_back: Option<String>,
    /// Since when and why it cannot be called; nothing while it can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unavailable: Option<Unavailable>,
    /// Its logins since it was connected.
    #[serde(default)]
    pub logins: LoginStatus,
    /// The calls since it was connected. Logins and the streaming connection are not among them.
    #[serde(default)]
    pub calls: Vec<CallStatus>,
    /// Bytes of the bodies of these calls.
    #[serde(default)]
    pub bytes_sent: u64,
    /// Bytes of the bodies of their answers, unpacked.
    #[serde(default)]
    pub bytes_received: u64,
}

/// What became of the logins to an org.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoginStatus {
    /// Those that gave a token.
    pub granted: u64,
    /// Those that the org refused.
    pub refused: u64,
    /// Those without a usable answer.
    pub failed: u64,
    /// When the token in use was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<String>,
}

/// That an org cannot be called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unavailable {
    /// Since when.
    pub since: String,
    /// What happened.
    pub reason: String,
}

/// The calls of one kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CallStatus {
    /// What they are for, such as `query` or `write`.
    pub kind: String,
    /// Those that were answered as asked.
    pub answered: u64,
    /// Those that the org refused.
    pub refused: u64,
    /// Those without a usable answer.
    pub failed: u64,
    /// How long they took.
    pub took: HistogramStatus,
}

/// How long things took.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct HistogramStatus {
    /// Bounds in seconds, and how many took less.
    pub buckets: Vec<(f64, u64)>,
    /// How many there are in all.
    pub count: u64,
    /// What they took together, in seconds.
    pub sum: f64,
}

/// What an org allows in a day.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct AllowanceStatus {
    /// What all its clients have used up.
    pub used: u64,
    /// What is allowed.
    pub max: u64,
}

/// One pipeline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PipelineStatus {
    /// Its name in the file.
    pub name: String,
    /// The worst of its tasks' states.
    pub state: State,
    /// Its tasks that this process runs.
    pub tasks: Vec<TaskStatus>,
}

impl PipelineStatus {
    /// A pipeline of these tasks.
    pub fn of(name: String, tasks: Vec<TaskStatus>) -> Self {
        let state = tasks.iter().map(|task| task.state).max().unwrap_or(State::Stopped);
        Self { name, state, tasks }
    }
}

/// One task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskStatus {
    /// Its name, such as `crm-source-0`.
    pub name: String,
    /// Which half of the pipeline it is.
    pub kind: Kind,
    /// What it is doing.
    pub state: State,
    /// Since when.
    pub since: String,
    /// Why, for a task that is degraded or has failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How somebody told it to rest; nothing while it is to run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rests: Option<Rest>,
    /// Whether changes flow from a source's org, and how fresh what Kafka holds is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flow: Option<FlowStatus>,
    /// A source's place in each part of its stream, snapshots and gaps included.
    #[serde(default)]
    pub positions: Vec<SourcePosition>,
    /// A sink's distance from the end of each partition it holds.
    #[serde(default)]
    pub lag: Vec<PartitionLag>,
    /// When the brokers last told it. While they do not answer the distance stays as it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lag_at: Option<String>,
    /// References left out because their parent has no link yet.
    #[serde(default)]
    pub owed: u64,
    /// The reference that has been owed for longest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owed_longest: Option<WaitingStatus>,
    /// Records that cannot be written yet, and wait in Kafka.
    #[serde(default)]
    pub parked: u64,
    /// The record that has waited there for longest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parked_longest: Option<WaitingStatus>,
    /// Records that went to the dead-letter topic since the start.
    #[serde(default)]
    pub rejected: u64,
    /// Records that needed no write since the start, by reason.
    #[serde(default)]
    pub skipped: BTreeMap<String, u64>,
    /// Fields that records carry and a sink does not write: by object and field, why.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields_left_out: BTreeMap<String, BTreeMap<String, String>>,
    /// Records in per second, lately.
    pub rate_in: f64,
    /// Records out per second, lately.
    pub rate_out: f64,
    /// How long records stay in the task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency: Option<LatencyStatus>,
    /// The same as a histogram.
    #[serde(default)]
    pub took: HistogramStatus,
    /// What has passed through the task since the process started.
    #[serde(default)]
    pub passed: Passed,
    /// How often it was started again since the process started.
    #[serde(default)]
    pub restarts: u64,
    /// The connector's own counters since the start.
    #[serde(default)]
    pub counters: BTreeMap<String, u64>,
}

impl TaskStatus {
    /// A task of which nothing is known but its state.
    pub fn new(name: impl Into<String>, kind: Kind, state: State, since: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            kind,
            state,
            since: since.into(),
            reason: None,
            rests: None,
            flow: None,
            positions: Vec::new(),
            lag: Vec::new(),
            lag_at: None,
            owed: 0,
            owed_longest: None,
            parked: 0,
            parked_longest: None,
            rejected: 0,
            skipped: BTreeMap::new(),
            fields_left_out: BTreeMap::new(),
            rate_in: 0.0,
            rate_out: 0.0,
            latency: None,
            took: HistogramStatus::default(),
            passed: Passed::default(),
            restarts: 0,
            counters: BTreeMap::new(),
        }
    }
}

/// What has passed through a task.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passed {
    /// Records that a sink read from Kafka.
    pub records_in: u64,
    /// Their bytes, headers included.
    pub bytes_in: u64,
    /// Records that a source committed to Kafka, or writes that the org of a sink acknowledged.
    pub records_out: u64,
    /// Bytes of a source's records, headers included, before Kafka packs them. What a sink sends is counted by org.
    pub bytes_out: u64,
    /// Records and references that are with a sink now.
    pub in_flight: u64,
    /// When a record last went out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<String>,
}

/// Something that waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingStatus {
    /// Since when.
    pub since: String,
    /// For how long, in seconds.
    pub age_seconds: u64,
    /// Which record, and what for.
    pub what: String,
}

/// How long records have stayed in a task since its start: in a source from the answer that told of a
/// change to its commit, in a sink
/// from being read to their outcome.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LatencyStatus {
    /// Milliseconds for half of them.
    pub p50_ms: f64,
    /// Milliseconds for all but one in a hundred.
    pub p99_ms: f64,
}

/// Which half of a pipeline a task is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// An org's changes into Kafka.
    Source,
    /// Kafka's records into an org.
    Sink,
}

impl Kind {
    /// The word shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Sink => "sink",
        }
    }
}

/// What a task is doing, from the best to the worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It gets on.
    Running,
    /// It logs in, reads positions and prepares topics.
    Starting,
    /// It has drained, committed and left.
    Stopped,
    /// The same, since somebody told it to rest for a while.
    Paused,
    /// It waits for something outside.
    Degraded,
    /// It has ended and will not be tried again.
    Failed,
}

impl State {
    /// The word shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Degraded => "degraded",
            Self::Failed => "failed",
            Self::Stopped => "stopped",
            Self::Paused => "paused",
        }
    }
}

/// A sink's distance from the end of a partition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartitionLag {
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// The first offset that is not settled.
    pub settled: i64,
    /// The end, as last seen.
    pub end: i64,
}

impl PartitionLag {
    /// Offsets between the two. Commit markers take offsets too, so this is more than the number of records.
    pub fn lag(&self) -> i64 {
        (self.end - self.settled).max(0)
    }
}
