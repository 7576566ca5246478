//! `orgstream snapshot`: reads the rows of an object once more, beside the stream, and follows that to its end.

use std::path::Path;
use std::time::Duration;

use tokio::time::sleep;

use super::args;
use super::exit::{Exit, Failure};
use super::output;
use super::progress::Progress;
use crate::config::{self, Config};
use crate::control::{Answer, Answered, Kind, SnapshotOrder, State, TaskStatus, ask, new_order, order};
use crate::runtime::{Only, RunError, RunOptions, Runtime};

/// How often the process is asked how far it is.
const ASK: Duration = Duration::from_millis(300);

pub(super) async fn snapshot(arguments: args::Snapshot) -> Result<Exit, Failure> {
    let args::Snapshot { file, object, filter, pipeline, state } = arguments;
    let config = config::load(&file)?;
    let pipeline = pipeline_of(&config, &object, pipeline)?;
    let place = state.clone().unwrap_or_else(|| config.state.clone());
    let wanted = SnapshotOrder { object: object.clone(), filter };
    match order(&place, &pipeline, "snapshots", &wanted).await.map_err(Failure::failed)? {
        Answered::Accepted(accepted) => {
            follow(&place, &pipeline, &object, accepted.order.as_deref().unwrap_or_default()).await
        }
        Answered::Refused(why) => Err(Failure::failed(anyhow::anyhow!(why))),
        Answered::NotRunning => {
            let options = RunOptions { only: Some(Only::Source), state, ..RunOptions::default() };
            let runtime = Runtime::open(config, options).await.map_err(failure)?;
            let order = new_order();
            runtime.order(&pipeline, wanted, &order).await.map_err(failure)?;
            output::note(&format!(
                "Nothing runs on {}, so the snapshot of {object} waits: the next run of pipeline {pipeline} takes it (order \
                 {order}).",
                place.display()
            ));
            Ok(Exit::Done)
        }
    }
}

/// The pipeline whose source reads the object.
fn pipeline_of(config: &Config, object: &str, named: Option<String>) -> Result<String, Failure> {
    let reads = |pipeline: &&crate::config::Pipeline| {
        let objects = pipeline.source.iter().flat_map(|source| &source.config.objects);
        objects.into_iter().any(|known| known.name.eq_ignore_ascii_case(object))
    };
    let all: Vec<&str> =
        config.pipelines.iter().filter(reads).map(|pipeline| pipeline.name.as_str()).collect();
    match (named, all.as_slice()) {
        (Some(named), all) if all.contains(&named.as_str()) => Ok(named),
        (Some(named), _) => Err(Failure::usage(format!(
            "no source of a pipeline `{named}` reads {object}; those that do: {}",
            if all.is_empty() { "none".to_owned() } else { all.join(", ") }
        ))),
        (None, [one]) => Ok((*one).to_owned()),
        (None, []) => Err(Failure::usage(format!("{}: no source reads {object}", config.file.display()))),
        (None, several) => Err(Failure::usage(format!(
            "{object} is read by several pipelines, {}; say which with `--pipeline`",
            several.join(", ")
        ))),
    }
}

/// Shows how far the snapshot is until it is done.
async fn follow(state: &Path, pipeline: &str, object: &str, order: &str) -> Result<Exit, Failure> {
    let mut progress = Progress::new();
    loop {
        let answer = ask(state).await.map_err(Failure::failed)?;
        let Answer::Running(status) = &answer else {
            return Err(Failure::failed(anyhow::anyhow!(
                "the process has ended before the snapshot was done; it is on record as {order}, and the next run goes on \
                 with it"
            )));
        };
        let tasks =
            status.pipelines.iter().filter(|known| known.name == pipeline).flat_map(|known| &known.tasks);
        let Some(task) = tasks.into_iter().find(|task| task.kind == Kind::Source) else {
            return Err(Failure::failed(anyhow::anyhow!(
                "the process runs no source of pipeline {pipeline} any more"
            )));
        };
        if task.state == State::Failed {
            let why = task.reason.as_deref().unwrap_or("it does not say why");
            return Err(Failure::failed(anyhow::anyhow!("the source has failed: {why}")));
        }
        if let Some(stored) = stored(task, object, order) {
            if stored["state"] == "done" {
                progress.clear();
                output::note(&format!(
                    "{object}: {} rows read, {} API calls",
                    stored["rows"], stored["calls"]
                ));
                return Ok(Exit::Done);
            }
            if stored["state"] == "failed" {
                progress.clear();
                let why = stored["reason"].as_str().unwrap_or("it does not say why");
                return Err(Failure::failed(anyhow::anyhow!("the snapshot of {object} is given up: {why}")));
            }
        }
        progress.says(task.reason.as_deref());
        let snapshots = task.flow.iter().flat_map(|flow| &flow.snapshots);
        match snapshots.into_iter().find(|snapshot| snapshot.object.eq_ignore_ascii_case(object)) {
            Some(snapshot) => progress.show(snapshot),
            None => progress.wait(object),
        }
        sleep(ASK).await;
    }
}

/// What is on record of an order.
fn stored<'a>(task: &'a TaskStatus, object: &str, order: &str) -> Option<&'a serde_json::Value> {
    let is = |known: &&orgstream_api::SourcePosition| {
        let of = |member: &str| known.partition.get(member).and_then(serde_json::Value::as_str);
        of("order") == Some(order) && of("snapshot").is_some_and(|known| known.eq_ignore_ascii_case(object))
    };
    task.positions.iter().find(is).map(|known| &known.offset)
}

fn failure(error: RunError) -> Failure {
    match error {
        error @ RunError::Config(_) => Failure::config(error),
        error @ RunError::Failed(_) => Failure::failed(error),
    }
}
