//! `orgstream status`: what the process on a state directory is doing.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::args;
use super::exit::{Exit, Failure};
use super::output;
use super::table::table;
use crate::config;
use crate::control::{Answer, Kind, Status, TaskStatus, ask};

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
        ["PIPELINE", "TASK", "STATE", "SINCE", "LAG", "OWED", "REJECTED", "SKIPPED", "IN/s", "OUT/s"]
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
