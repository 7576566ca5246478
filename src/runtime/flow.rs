//! The status of a source's stream: what its connector says, put together with the state of its task.
//!
//! The connector knows the org; only the task knows whether Kafka takes what comes and whether the source has ended.

use std::time::{Duration, Instant, SystemTime};

use orgstream_api::{ChannelHealth, Flow, OrgTime, Progress, SourceHealth, Trouble};
use orgstream_salesforce::datetime::format_datetime;

use super::report::text;
use crate::clock;
use crate::control::flow::{self, ChannelStatus, FlowStatus, FlowWord, Freshness, SnapshotStatus};
use crate::worker::state::TaskState;

/// What is shown of a source whose task has been in `state` since `since`; `None` for one that was stopped.
pub(super) fn flow_status(
    health: &SourceHealth,
    (state, since): &(TaskState, SystemTime),
) -> Option<FlowStatus> {
    let flow = match state {
        TaskState::Stopped | TaskState::Paused => return None,
        TaskState::Starting => health.flow.clone().or_worse(Flow::Connecting),
        TaskState::Running => health.flow.clone(),
        TaskState::Degraded(reason) => health.flow.clone().or_worse(Flow::Degraded(Trouble {
            reason: reason.clone(),
            since: instant(*since),
            next_attempt: None,
        })),
        TaskState::Failed(reason) => Flow::Failed(reason.clone()),
    };
    Some(FlowStatus {
        flow: shown(&flow),
        freshness: freshness(health.as_of, health.age(), health.org_time),
        channels: health.channels.iter().map(|channel| channel_status(channel, health)).collect(),
        snapshots: health.snapshots.iter().map(snapshot_status).collect(),
    })
}

fn channel_status(channel: &ChannelHealth, health: &SourceHealth) -> ChannelStatus {
    ChannelStatus {
        name: channel.name.clone(),
        objects: channel.objects.clone(),
        remark: channel.remark.clone(),
        flow: shown(&channel.flow),
        freshness: freshness(channel.as_of, health.age_of(channel), health.org_time),
    }
}

fn snapshot_status(progress: &Progress) -> SnapshotStatus {
    SnapshotStatus {
        object: progress.object.clone(),
        rows: progress.rows,
        total: progress.total,
        rate: progress.rate,
        seconds_left: progress.rest().map(|rest| rest.as_secs()),
        calls: progress.calls,
        returned: progress.returned,
    }
}

fn shown(flow: &Flow) -> flow::Flow {
    let (word, reason, trouble) = match flow {
        Flow::Connecting => (FlowWord::Connecting, None, None),
        Flow::Live => (FlowWord::Live, None, None),
        Flow::CatchingUp => (FlowWord::CatchingUp, None, None),
        Flow::Repairing => (FlowWord::Repairing, None, None),
        Flow::Degraded(trouble) => (FlowWord::Degraded, Some(trouble.reason.clone()), Some(trouble)),
        Flow::Failed(reason) => (FlowWord::Failed, Some(reason.clone()), None),
    };
    flow::Flow {
        flow: word,
        reason,
        since: trouble.map(|trouble| text(clock::now() - trouble.since.elapsed())),
        // An attempt that was due is under way.
        next_attempt: trouble.and_then(|trouble| trouble.next_attempt).and_then(|next| {
            let ahead = next.saturating_duration_since(now());
            (ahead > Duration::ZERO).then(|| text(clock::now() + ahead))
        }),
    }
}

/// Before the org said the time nobody knows how old anything is.
fn freshness(as_of: Option<i64>, age: Option<Duration>, org_time: Option<OrgTime>) -> Freshness {
    let as_of = org_time.and(as_of);
    Freshness { as_of: as_of.map(format_datetime), age_seconds: age.map(|age| age.as_secs()) }
}

/// The same moment by the monotonic clock.
fn instant(time: SystemTime) -> Instant {
    let ago = clock::now().duration_since(time).unwrap_or_default();
    now().checked_sub(ago).unwrap_or_else(now)
}

fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trouble(reason: &str, next_attempt: Option<Instant>) -> Flow {
        Flow::Degraded(Trouble { reason: reason.to_owned(), since: now(), next_attempt })
    }

    #[test]
    fn what_the_task_meets_is_shown_with_what_the_source_says() {
        let waits = || TaskState::Degraded("kafka".to_owned());
        let cases = [
            (TaskState::Starting, Flow::Live, FlowWord::Connecting, None),
            (TaskState::Running, Flow::CatchingUp, FlowWord::CatchingUp, None),
            (waits(), Flow::Live, FlowWord::Degraded, Some("kafka")),
            (waits(), trouble("no Lead", None), FlowWord::Degraded, Some("no Lead")),
            (TaskState::Failed("gone".to_owned()), trouble("x", None), FlowWord::Failed, Some("gone")),
        ];
        for (state, flow, word, reason) in cases {
            let health = SourceHealth { flow, ..SourceHealth::default() };
            let status = flow_status(&health, &(state, clock::now())).unwrap();
            assert_eq!((status.flow.flow, status.flow.reason.as_deref()), (word, reason));
        }
        assert_eq!(flow_status(&SourceHealth::default(), &(TaskState::Stopped, clock::now())), None);
    }

    #[test]
    fn an_attempt_is_announced_only_while_it_is_ahead() {
        let ahead = shown(&trouble("x", Some(now() + Duration::from_mins(1))));
        assert!(ahead.next_attempt > ahead.since);
        assert_eq!(shown(&trouble("x", Some(now()))).next_attempt, None);
    }
}
