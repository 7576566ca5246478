//! What is wrong by one status alone, and what in it moves while all is well.

use super::What;
use crate::control::flow::{ChannelStatus, FlowWord};
use crate::control::{Kind, State, Status, TaskStatus};

/// Something that is wrong now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wrong {
    pub(super) what: What,
    /// Since when, where the status says it.
    pub(super) since: Option<String>,
    pub(super) reason: String,
}

/// What has to move while a task does its work.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Course {
    /// Which of the task's courses it is.
    pub(super) name: String,
    /// Differs as soon as something has moved.
    pub(super) mark: Vec<String>,
    /// What it means that nothing moves.
    pub(super) stuck: &'static str,
    /// Whether it moves only when a polled object is read.
    pub(super) is_polled: bool,
}

/// What a task says is wrong with it.
pub(super) fn of(task: &TaskStatus) -> Option<Wrong> {
    let wrong =
        |what, reason: &str| Some(Wrong { what, since: Some(task.since.clone()), reason: reason.to_owned() });
    let reason = task.reason.as_deref().unwrap_or_default();
    match task.state {
        State::Failed => return wrong(What::Failed, reason),
        State::Degraded => return wrong(What::Degraded, reason),
        State::Starting => {
            return wrong(What::Starting, "it logs in, reads positions and prepares topics");
        }
        State::Running | State::Stopped | State::Paused => {}
    }
    let flow = &task.flow.as_ref()?.flow;
    match flow.flow {
        FlowWord::Degraded | FlowWord::Failed => Some(Wrong {
            what: What::Degraded,
            since: flow.since.clone(),
            reason: flow.reason.clone().unwrap_or_default(),
        }),
        FlowWord::Connecting => Some(Wrong {
            what: What::Starting,
            since: None,
            reason: "there is no session with the org".to_owned(),
        }),
        FlowWord::Live | FlowWord::CatchingUp | FlowWord::Repairing => None,
    }
}

/// Whether a task has begun: it runs, or at least one of its channels does.
pub(super) fn has_begun(task: &TaskStatus) -> bool {
    let brings = |word| matches!(word, FlowWord::Live | FlowWord::CatchingUp | FlowWord::Repairing);
    match &task.flow {
        Some(flow) => brings(flow.flow.flow) || flow.channels.iter().any(|channel| brings(channel.flow.flow)),
        None => task.state == State::Running,
    }
}

/// What has to move in a task that says that it runs.
pub(super) fn courses(task: &TaskStatus, status: &Status) -> Vec<Course> {
    if task.state != State::Running {
        return Vec::new();
    }
    match (task.kind, &task.flow) {
        (Kind::Source, Some(flow)) => {
            let rows: u64 = flow.snapshots.iter().map(|snapshot| snapshot.rows).sum();
            let course = |channel: &ChannelStatus| {
                // While much is read at once, what is read counts; else each channel for itself.
                let busy = !matches!(channel.flow.flow, FlowWord::Live) || !flow.snapshots.is_empty();
                let mut mark = vec![channel.freshness.as_of.clone().unwrap_or_default()];
                if busy {
                    mark.extend([task.passed.records_out.to_string(), rows.to_string()]);
                }
                Course {
                    name: channel.name.clone(),
                    mark,
                    stuck: "the channel is said to bring changes, but how fresh it is does not move",
                    is_polled: channel.name.starts_with("polling "),
                }
            };
            flow.channels.iter().map(course).collect()
        }
        (Kind::Sink, _) => sink_courses(task, status),
        (Kind::Source, None) => Vec::new(),
    }
}

fn sink_courses(task: &TaskStatus, status: &Status) -> Vec<Course> {
    let mut courses = vec![Course {
        name: "lag".to_owned(),
        mark: vec![task.lag_at.clone().unwrap_or_default()],
        stuck: "the brokers do not tell how far behind it is",
        is_polled: false,
    }];
    if task.lag.iter().any(|lag| lag.lag() > 0) {
        let settled: Vec<String> = task.lag.iter().map(|lag| lag.settled.to_string()).collect();
        let skipped: u64 = task.skipped.values().sum();
        // Rows of a bulk job have no outcome before the job ends, but it is asked for.
        let jobs =
            status.orgs.values().flat_map(|org| &org.calls).filter(|calls| calls.kind == "bulk_ingest");
        let asked: u64 = jobs.map(|calls| calls.answered).sum();
        let counts = [task.passed.records_out, task.rejected, skipped, task.parked, asked];
        courses.push(Course {
            name: "records".to_owned(),
            mark: settled.into_iter().chain(counts.map(|count| count.to_string())).collect(),
            stuck: "records lie before it, and none of them is settled",
            is_polled: false,
        });
    }
    courses
}
