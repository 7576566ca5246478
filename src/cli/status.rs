//! `orgstream status`: what the process on a state directory is doing.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::args;
use super::exit::{Exit, Failure};
use super::output;
use super::table::table;
use crate::config;
use crate::control::flow::Freshness;
use crate::control::{AllowanceStatus, Answer, Kind, PipelineStatus, Status, TaskStatus, ask};

mod detail;
use detail::detail;

pub(super) async fn status(arguments: args::Status) -> Result<Exit, Failure> {
    let state = match (&arguments.state, &arguments.file) {
        (Some(state), _) => state.clone(),
        (None, Some(file)) => config::load(file)?.state,
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
            } else if let Some(last) = &last {
                output::line(&format!("As of {}, when the last process ended:\n{}", last.at, text(last)))?;
            }
            Err(Failure::failed(anyhow::anyhow!(not_running(&arguments, &state, last.as_ref()))))
        }
    }
}

/// That nothing runs, what is known all the same, and how to start it.
fn not_running(arguments: &args::Status, state: &Path, last: Option<&Status>) -> String {
    let mut said = format!("nothing runs on the state directory {}", state.display());
    match last {
        Some(last) => write!(said, "; process {} ended at {}", last.pid, last.at),
        None if state.exists() => write!(
            said,
            "; no run has left its status there: the last one was killed, and the next goes on behind what it committed, or none was \
             ever made with this directory as its state"
        ),
        None => write!(said, ", and nothing has run there yet"),
    }
    .expect("a string takes any text");
    let file = arguments.file.as_deref().map_or_else(|| "FILE".to_owned(), |file| file.display().to_string());
    let place = arguments.state.as_deref().map(|state| format!(" --state {}", state.display()));
    write!(said, "; `orgstream run {file}{}` starts it", place.unwrap_or_default())
        .expect("a string takes any text");
    said
}

fn text(status: &Status) -> String {
    let mut lines = vec![
        [
            "PIPELINE", "TASK", "STATE", "SINCE", "FLOW", "AS OF", "LAG", "OWED", "PARKED", "REJECTED",
            "SKIPPED", "IN/s", "OUT/s",
        ]
        .map(str::to_owned)
        .to_vec(),
    ];
    let mut details: Vec<Vec<String>> = Vec::new();
    for pipeline in &status.pipelines {
        for task in &pipeline.tasks {
            lines.push(row(pipeline, task));
            details.push(detail(task));
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
        parts.extend(org.held_back.iter().map(|what| format!("org {name}: {what}")));
    }
    parts.extend([String::new(), table(&lines)]);
    for detail in details {
        parts.push(String::new());
        parts.extend(detail);
    }
    parts.join("\n")
}

fn row(pipeline: &PipelineStatus, task: &TaskStatus) -> Vec<String> {
    // A source has neither lag nor owed references; a dash says so, a zero would not.
    let of_sink = |number: String| match task.kind {
        Kind::Source => "-".to_owned(),
        Kind::Sink => number,
    };
    let lag: i64 = task.lag.iter().map(crate::control::PartitionLag::lag).sum();
    let skipped: u64 = task.skipped.values().sum();
    vec![
        pipeline.name.clone(),
        task_name(pipeline, task),
        task.state.as_str().to_owned(),
        task.since.clone(),
        task.flow.as_ref().map_or("-", |status| status.flow.flow.as_str()).to_owned(),
        task.flow.as_ref().map_or_else(|| "-".to_owned(), |status| as_of(&status.freshness)),
        of_sink(lag.to_string()),
        of_sink(task.owed.to_string()),
        of_sink(task.parked.to_string()),
        of_sink(task.rejected.to_string()),
        skipped.to_string(),
        format!("{:.1}", task.rate_in),
        format!("{:.1}", task.rate_out),
    ]
}

/// The half of the pipeline that the task is, with its number where there are several.
fn task_name(pipeline: &PipelineStatus, task: &TaskStatus) -> String {
    let alike = pipeline.tasks.iter().filter(|other| other.kind == task.kind).count();
    let numbered = task.name.strip_prefix(&format!("{}-", pipeline.name)).filter(|_| alike > 1);
    numbered.unwrap_or(task.kind.as_str()).to_owned()
}

/// How fresh everything is: the age says more than the time.
fn as_of(freshness: &Freshness) -> String {
    match (&freshness.as_of, freshness.age_seconds) {
        (Some(as_of), Some(age)) => format!("{as_of}, {} ago", spell(age)),
        (Some(as_of), None) => as_of.clone(),
        (None, _) => "-".to_owned(),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_fresh_everything_is_is_shown_with_its_age() {
        let (as_of_text, age_seconds) = (Some("2026-01-01T00:00:00.000Z".to_owned()), Some(7_261));
        let freshness = Freshness { as_of: as_of_text, age_seconds };
        assert_eq!(as_of(&freshness), "2026-01-01T00:00:00.000Z, 2 h 1 min ago");
        assert_eq!(as_of(&Freshness::default()), "-");
    }
}
