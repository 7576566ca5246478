//! How a sink's tasks are members of their consumer group.

use std::time::Duration;

use super::Report;
use super::values::duration;
use crate::config::validated::Membership;

/// What Kafka's brokers take, unless they are told otherwise.
const SHORTEST: Duration = Duration::from_secs(6);
const LONGEST: Duration = Duration::from_mins(30);
const DEFAULT: Duration = Duration::from_secs(45);

/// The membership of the sink of `pipeline`.
pub(super) fn membership(
    pipeline: &str,
    tasks: Option<usize>,
    session_timeout: Option<&str>,
    report: &mut Report<'_>,
) -> Membership {
    let path = ["pipelines", pipeline, "sink", "session_timeout"];
    let session_timeout = duration(session_timeout, DEFAULT, &path, report);
    if !(SHORTEST..=LONGEST).contains(&session_timeout) {
        report.fault(&path, "Kafka's brokers take 6s to 30m");
    }
    Membership { tasks: tasks.unwrap_or(1).max(1), session_timeout }
}
