//! The status: what the tasks show, in the control API's words.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};
use std::time::{SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use orgstream_api::{Command, Histogram, Latency, with_causes};
use orgstream_salesforce::datetime::format_datetime;
use orgstream_salesforce::{Allowance, BreakerState, CallCounts, LoginCounts, Org};
use tokio::sync::{mpsc, watch};

use super::flow::flow_status;
use super::half::Half;
use super::orgs::Orgs;
use super::request::{self, Request};
use super::resting::Resting;
use super::sink::{SinkEntry, SinkTaskEntry};
use super::source_task::SourceEntry;
use super::tasks::Tasks;
use crate::clock;
use crate::clock::now_ms;
use crate::config::Config;
use crate::connectors::ConnectorSet;
use crate::control::{
    AllowanceStatus, Applied, CallStatus, Change, HistogramStatus, Kind, LatencyStatus, LoginStatus,
    NotApplied, NotOrdered, Orders, OrgStatus, Passed, PipelineStatus, State, Status, StatusSource,
    TaskStatus, Unavailable, WaitingStatus,
};
use crate::kafka::Admin;
use crate::store::{Changed, IdChanges, IdStore};
use crate::worker::state::{StateCell, TaskState};

/// Everything a status is made of.
pub(super) struct Report {
    /// The node's id.
    pub(super) node: String,
    /// When the process started.
    pub(super) started: SystemTime,
    /// What runs inside it in place of a real one, and its address.
    pub(super) embedded: BTreeMap<String, String>,
    /// Where its HTTP server is, if it has one.
    pub(super) http: OnceLock<String>,
    /// The id of the Kafka cluster, once it has told it.
    pub(super) kafka_cluster: OnceLock<String>,
    /// The file that it does what it says.
    pub(super) config: watch::Sender<Arc<Config>>,
    /// Its orgs, once they are connected.
    pub(super) orgs: watch::Sender<Orgs>,
    /// The id map, once it is read.
    pub(super) ids: OnceLock<IdStore>,
    /// Asks the brokers, once they answer.
    pub(super) admin: OnceLock<Admin>,
    /// Its tasks.
    pub(super) tasks: Tasks,
    /// Which of them rest.
    pub(super) resting: Resting,
    /// Connectors by Kafka Connect's properties.
    pub(super) connectors: ConnectorSet,
    /// Takes orders that change what runs.
    pub(super) requests: mpsc::Sender<Request>,
}

impl StatusSource for Report {
    fn status(&self) -> Status {
        let mut tasks: BTreeMap<String, Vec<TaskStatus>> = BTreeMap::new();
        for half in self.tasks.all() {
            let mut of: Vec<TaskStatus> = match &half {
                Half::Source(source) => vec![source_status(source)],
                Half::Sink(sink) => sink_status(sink).collect(),
            };
            let rests = self.resting.of(&half.name());
            for task in &mut of {
                task.rests = rests;
            }
            tasks.entry(half.name().pipeline).or_default().extend(of);
        }
        let mut pipelines: Vec<PipelineStatus> =
            tasks.into_iter().map(|(name, tasks)| PipelineStatus::of(name, tasks)).collect();
        pipelines.extend(self.troubled());
        Status {
            node: self.node.clone(),
            pid: std::process::id(),
            started: text(self.started),
            at: text(clock::now()),
            embedded: self.embedded.clone(),
            http: self.http.get().cloned(),
            kafka_cluster: self.kafka_cluster.get().cloned(),
            orgs: self.orgs.borrow().iter().map(|(name, org)| (name.clone(), org_status(org))).collect(),
            pipelines,
        }
    }
}

#[async_trait]
impl Orders for Report {
    async fn order(&self, pipeline: &str, command: Command) -> Result<(), NotOrdered> {
        match self.tasks.sources().into_iter().find(|source| source.pipeline == pipeline) {
            Some(source) => source.order(command).await,
            None => {
                Err(NotOrdered::Unknown(format!("this process runs no source of a pipeline `{pipeline}`")))
            }
        }
    }

    async fn change_ids(&self, changes: IdChanges) -> Result<Changed, NotOrdered> {
        let Some(ids) = self.ids.get() else {
            let why = "the process is starting and has not read its id links yet; try again in a moment";
            return Err(NotOrdered::NotRunning(why.to_owned()));
        };
        ids.change(changes).await.map_err(|error| NotOrdered::Late(with_causes(&error)))
    }

    async fn change(&self, connector: &str, change: Change) -> Result<(), NotOrdered> {
        let Some(half) = self.tasks.named(connector) else {
            let known: Vec<String> = self.tasks.all().iter().map(|half| half.name().to_string()).collect();
            let known = known.join(", ");
            return Err(NotOrdered::Unknown(format!(
                "this process runs no connector `{connector}`; those that it does: {known}"
            )));
        };
        if self.ids.get().is_none() {
            return Err(NotOrdered::NotRunning(self.still_starting()));
        }
        request::change(&self.requests, half.name(), change).await
    }

    async fn apply(&self, file: &Path) -> Result<Applied, NotApplied> {
        if self.ids.get().is_none() {
            return Err(NotApplied::Refused(format!(
                "{}. Apply the file when it has started, or end the process and start it with the file",
                self.still_starting()
            )));
        }
        request::apply(&self.requests, Some(file.to_owned())).await
    }
}

impl Report {
    /// Until the id map is read, nobody takes a request.
    pub(super) fn still_starting(&self) -> String {
        let state = self.tasks.first_state();
        let why = state.as_ref().and_then(TaskState::reason);
        format!("the process is still starting{}", why.map(|why| format!(": {why}")).unwrap_or_default())
    }
}

fn org_status(org: &Org) -> OrgStatus {
    let allowances = org.allowances().into_iter();
    let allowances =
        allowances.map(|(name, Allowance { used, max })| (name.to_owned(), AllowanceStatus { used, max }));
    let call = |counts: CallCounts| CallStatus {
        kind: counts.kind.as_str().to_owned(),
        answered: counts.answered,
        refused: counts.refused,
        failed: counts.failed,
        took: shown(counts.took),
    };
    let unavailable = match org.breaker().state() {
        BreakerState::Closed => None,
        BreakerState::Open { since, reason } => Some(Unavailable { since: text(since), reason }),
    };
    let (bytes_sent, bytes_received) = org.bytes();
    let LoginCounts { granted, refused, failed, last } = org.logins();
    OrgStatus {
        allowances: allowances.collect(),
        held_back: org.held_back(),
        unavailable,
        logins: LoginStatus { granted, refused, failed, last: Some(text(last)) },
        calls: org.calls().into_iter().map(call).collect(),
        bytes_sent,
        bytes_received,
    }
}

fn source_status(source: &SourceEntry) -> TaskStatus {
    let counters = source.counters.lock().expect("no holder of this lock panics").clone();
    let rate = source.view.records.rate();
    let mut status = blank(source.name(), Kind::Source, &source.state);
    status.flow = flow_status(&source.health.borrow(), &source.state.read());
    status.positions.clone_from(&source.view.positions.borrow());
    (status.rate_in, status.rate_out) = (rate, rate);
    status.latency = latency(&source.view.latency);
    status.took = shown(source.view.latency.histogram());
    status.passed = Passed {
        records_out: source.view.records.total(),
        bytes_out: source.view.bytes.load(Ordering::Relaxed),
        last: source.view.records.last().map(text),
        ..Passed::default()
    };
    status.counters.insert("records".to_owned(), source.view.records.total());
    if let Some(counters) = counters {
        status.counters.extend(counters.all().map(|(name, count)| (name.to_owned(), count)));
    }
    status.counters.extend(source.shaping.counts());
    status.rejected = source.view.rejected.total();
    status
}

fn sink_status(sink: &SinkEntry) -> impl Iterator<Item = TaskStatus> {
    sink.named_tasks().enumerate().map(|(number, (name, task))| {
        let mut status = sink_task_status(name, task);
        let (lag_at, lag) = sink.lag_of(number);
        (status.lag_at, status.lag) = (lag_at.map(text), lag);
        status
    })
}

fn sink_task_status(name: String, SinkTaskEntry { state, view, counters }: &SinkTaskEntry) -> TaskStatus {
    let counters = counters.lock().expect("no holder of this lock panics").clone();
    let mut status = blank(name, Kind::Sink, state);
    status.owed = view.owed() as u64;
    status.parked = view.parked() as u64;
    let oldest = view.oldest();
    status.owed_longest = oldest.owed.map(waiting);
    status.parked_longest = oldest.parked.map(waiting);
    status.rejected = view.dead_letters.total();
    status.latency = latency(&view.latency);
    status.took = shown(view.latency.histogram());
    status.passed = Passed {
        records_in: view.consumed.total(),
        bytes_in: view.bytes.load(Ordering::Relaxed),
        records_out: view.delivered.total(),
        bytes_out: 0,
        in_flight: view.in_flight() as u64,
        last: view.delivered.last().map(text),
    };
    (status.rate_in, status.rate_out) = (view.consumed.rate(), view.delivered.rate());
    if let Some(counts) = counters.map(|counters| counters.read()) {
        status.skipped = counts.skipped;
        let reasons = |fields: BTreeMap<String, &'static str>| {
            fields.into_iter().map(|(field, reason)| (field, reason.to_owned())).collect()
        };
        status.fields_left_out =
            counts.fields_left_out.into_iter().map(|(object, fields)| (object, reasons(fields))).collect();
        let named = [
            ("delivered", counts.delivered),
            ("created", counts.created),
            ("references_left_out", counts.left_out),
            ("references_defaulted", counts.defaulted),
            ("fallback_owner", counts.fell_back),
            ("brought_back", counts.brought_back),
            ("recreated", counts.recreated),
            ("calls", counts.calls),
            ("retries", counts.retries),
            ("times_parked", counts.parked),
            ("texts_cut", counts.cut),
            ("deleted_left_filter", counts.left_filter),
        ];
        status.counters.extend(named.map(|(name, count)| (name.to_owned(), count)));
        let codes = counts.rejected.into_iter().map(|(code, count)| (format!("rejected {code}"), count));
        status.counters.extend(codes);
    }
    status
}

fn blank(name: String, kind: Kind, cell: &StateCell) -> TaskStatus {
    let (state, since) = cell.read();
    let state_word = match state {
        TaskState::Starting => State::Starting,
        TaskState::Running => State::Running,
        TaskState::Degraded(_) => State::Degraded,
        TaskState::Failed(_) => State::Failed,
        TaskState::Stopped => State::Stopped,
        TaskState::Paused => State::Paused,
    };
    TaskStatus {
        reason: state.reason().map(str::to_owned),
        restarts: cell.restarts(),
        ..TaskStatus::new(name, kind, state_word, text(since))
    }
}

fn shown(Histogram { buckets, count, sum }: Histogram) -> HistogramStatus {
    HistogramStatus { buckets, count, sum }
}

fn waiting((since, what): (i64, String)) -> WaitingStatus {
    let age = now_ms().saturating_sub(since) / 1_000;
    WaitingStatus { since: format_datetime(since), age_seconds: u64::try_from(age).unwrap_or_default(), what }
}

fn latency(latency: &Latency) -> Option<LatencyStatus> {
    let ms = |percent| Some(latency.quantile(percent, 100)?.as_secs_f64() * 1_000.0);
    Some(LatencyStatus { p50_ms: ms(50)?, p99_ms: ms(99)? })
}

pub(super) fn text(time: SystemTime) -> String {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    format_datetime(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
