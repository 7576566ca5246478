//! `orgstream status`: what the process on a state directory is doing.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::args;
use super::exit::{Exit, Failure};
use super::output;
use super::table::table;
use crate::config;
use crate::control::flow::{FlowStatus, FlowWord, Freshness, SnapshotStatus};
use crate::control::{AllowanceStatus, Answer, Kind, Status, TaskStatus, ask};

pub(super) async fn status(arguments: args::Status) -> Result<Exit, Failure> {
    let state = match (arguments.state, arguments.file) {
        (Some(state), _) => state,
        (None, Some(file)) => config::load(&file)?.state,
        // The command line asks for one of the two.
        (None, None) => PathBuf::from("."),
    };
    match ask(&state).await.map_err(Failure::failed)? {
        Answer::Running(status) => {
            if arguments.json {
                output::json(&json!({ "running": true, "status": status }))?;
            } else {
                output::line(&text(&status))?;
            }
            Ok(Exit::Done)
        }
        Answer::NotRunning(last) => {
            if arguments.json {
                output::json(&json!({ "running": false, "status": last }))?;
            } else if let Some(last) = last {
                output::line(&format!("As of {}, when the last process ended:\n{}", last.at, text(&last)))?;
            }
            Err(Failure::failed(anyhow::anyhow!("nothing runs on the state directory {}", state.display())))
        }
    }
}

fn text(status: &Status) -> String {
    let mut lines = vec![
        [
            "PIPELINE", "TASK", "STATE", "SINCE", "FLOW", "AS OF", "LAG", "OWED", "REJECTED", "SKIPPED",
            "IN/s", "OUT/s",
        ]
        .map(str::to_owned)
        .to_vec(),
    ];
    let mut details = Vec::new();
    for pipeline in &status.pipelines {
        for task in &pipeline.tasks {
            lines.push(row(&pipeline.name, task));
            details.extend(detail(task));
        }
    }
    let head = format!("node {}, process {}, since {}", status.node, status.pid, status.started);
    let mut parts = vec![head];
    parts.extend(status.embedded.iter().map(|(part, address)| format!("embedded {part}: {address}")));
    for (name, org) in &status.orgs {
        let allowances = org.allowances.iter();
        let used = allowances
            .map(|(allowance, AllowanceStatus { used, max })| format!("{allowance} {used} of {max}"));
        parts.push(format!("org {name}: {}", used.collect::<Vec<_>>().join(", ")));
    }
    parts.extend([String::new(), table(&lines)]);
    if !details.is_empty() {
        parts.push(String::new());
        parts.extend(details);
    }
    parts.join("\n")
}

fn row(pipeline: &str, task: &TaskStatus) -> Vec<String> {
    // A source has neither lag nor owed references; a dash says so, a zero would not.
    let of_sink = |number: String| match task.kind {
        Kind::Source => "-".to_owned(),
        Kind::Sink => number,
    };
    let lag: i64 = task.lag.iter().map(crate::control::PartitionLag::lag).sum();
    let skipped: u64 = task.skipped.values().sum();
    vec![
        pipeline.to_owned(),
        task.kind.as_str().to_owned(),
        task.state.as_str().to_owned(),
        task.since.clone(),
        task.flow.as_ref().map_or("-", |status| status.flow.flow.as_str()).to_owned(),
        task.flow.as_ref().map_or_else(|| "-".to_owned(), |status| as_of(&status.freshness)),
        of_sink(lag.to_string()),
        of_sink(task.owed.to_string()),
        of_sink(task.rejected.to_string()),
        skipped.to_string(),
        format!("{:.1}", task.rate_in),
        format!("{:.1}", task.rate_out),
    ]
}

fn detail(task: &TaskStatus) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(reason) = &task.reason {
        lines.push(format!("{}: {}: {reason}", task.name, task.state.as_str()));
    }
    lines.extend(task.flow.iter().flat_map(|status| of_flow(&task.name, status)));
    let mut positions: Vec<_> = task
        .positions
        .iter()
        .map(|position| format!("{}: {}: {}", task.name, pairs(&position.partition), pairs(&position.offset)))
        .collect();
    positions.sort();
    lines.append(&mut positions);
    for lag in task.lag.iter().filter(|lag| lag.lag() > 0) {
        let (topic, partition) = (&lag.topic, lag.partition);
        lines.push(format!("{}: {topic}-{partition}: settled {} of {}", task.name, lag.settled, lag.end));
    }
    if let Some(latency) = task.latency {
        lines.push(format!(
            "{}: latency p50 {:.1} ms, p99 {:.1} ms",
            task.name, latency.p50_ms, latency.p99_ms
        ));
    }
    let skipped = task.skipped.iter().map(|(reason, count)| (format!("skipped as {reason}"), count));
    let counters = task.counters.iter().map(|(name, count)| (name.clone(), count));
    let counts: Vec<_> = skipped
        .chain(counters)
        .filter(|(_, count)| **count > 0)
        .map(|(name, count)| format!("{name} {count}"))
        .collect();
    if !counts.is_empty() {
        lines.push(format!("{}: {}", task.name, counts.join(", ")));
    }
    lines
}

/// How fresh everything is: the age says more than the time.
fn as_of(freshness: &Freshness) -> String {
    match (&freshness.as_of, freshness.age_seconds) {
        (Some(as_of), Some(age)) => format!("{as_of}, {} ago", spell(age)),
        (Some(as_of), None) => as_of.clone(),
        (None, _) => "-".to_owned(),
    }
}

/// The channels that are not as the whole is, and the snapshots under way.
fn of_flow(task: &str, status: &FlowStatus) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(next) = &status.flow.next_attempt {
        lines.push(format!("{task}: next attempt at {next}"));
    }
    for channel in status.channels.iter().filter(|channel| channel.flow.flow != FlowWord::Live) {
        let reason = channel.flow.reason.iter().map(|reason| format!(": {reason}"));
        let word = channel.flow.flow.as_str();
        lines.push(format!("{task}: {}: {word}{}", channel.name, reason.collect::<String>()));
    }
    for channel in &status.channels {
        lines.extend(channel.remark.iter().map(|remark| format!("{task}: {}: {remark}", channel.name)));
    }
    for SnapshotStatus { object, rows, total, rate, seconds_left, .. } in &status.snapshots {
        let of = total.map(|total| format!(" of {total}")).unwrap_or_default();
        let left = seconds_left.map(|left| format!(", {} left", spell(left))).unwrap_or_default();
        lines.push(format!("{task}: snapshot of {object}: {rows}{of} rows, {rate:.0}/s{left}"));
    }
    lines
}

/// Seconds in the two largest units.
fn spell(seconds: u64) -> String {
    let (minutes, hours) = (seconds / 60, seconds / 3_600);
    match (hours, minutes) {
        (0, 0) => format!("{seconds} s"),
        (0, _) => format!("{minutes} min {} s", seconds % 60),
        _ => format!("{hours} h {} min", minutes % 60),
    }
}

/// A JSON object as `key value, key value`.
fn pairs(value: &Value) -> String {
    let Value::Object(entries) = value else {
        return value.to_string();
    };
    let pairs: Vec<_> = entries
        .iter()
        .map(|(key, value)| match value {
            Value::String(text) => format!("{key} {text}"),
            other => format!("{key} {other}"),
        })
        .collect();
    pairs.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::flow::{ChannelStatus, Flow};

    #[test]
    fn a_stream_is_shown_with_its_age_and_with_what_is_not_live() {
        let flow = |flow, reason: Option<&str>| Flow {
            flow,
            reason: reason.map(str::to_owned),
            since: None,
            next_attempt: None,
        };
        let channel = |name: &str, flow| ChannelStatus {
            name: name.to_owned(),
            objects: Vec::new(),
            remark: name.starts_with("polling").then(|| "deletes are not seen".to_owned()),
            flow,
            freshness: Freshness::default(),
        };
        let (as_of_text, age_seconds) = (Some("2026-01-01T00:00:00.000Z".to_owned()), Some(7_261));
        let status = FlowStatus {
            flow: Flow { next_attempt: Some("soon".to_owned()), ..flow(FlowWord::Degraded, Some("x")) },
            freshness: Freshness { as_of: as_of_text, age_seconds },
            channels: vec![
                channel("/topic/a", flow(FlowWord::Live, None)),
                channel("/topic/b", flow(FlowWord::Degraded, Some("no such object"))),
                channel("polling Folder", flow(FlowWord::Live, None)),
            ],
            snapshots: vec![SnapshotStatus {
                object: "Lead".to_owned(),
                rows: 4_000,
                total: Some(10_000),
                rate: 50.0,
                seconds_left: Some(120),
                calls: 2,
            }],
        };
        assert_eq!(as_of(&status.freshness), "2026-01-01T00:00:00.000Z, 2 h 1 min ago");
        assert_eq!(as_of(&Freshness::default()), "-");
        assert_eq!(
            of_flow("crm-source-0", &status),
            [
                "crm-source-0: next attempt at soon",
                "crm-source-0: /topic/b: degraded: no such object",
                "crm-source-0: polling Folder: deletes are not seen",
                "crm-source-0: snapshot of Lead: 4000 of 10000 rows, 50/s, 2 min 0 s left",
            ]
        );
    }
}
