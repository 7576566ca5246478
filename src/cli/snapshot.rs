//! `orgstream snapshot`: reads the rows of an object once more, beside the stream, and follows that to its end.

use std::path::Path;
use std::time::Duration;

use tokio::time::sleep;

use super::args;
use super::exit::{Exit, Failure};
use super::output;
use super::progress::Progress;
use crate::config::{self, Config};
use crate::control::{
    Answer, Answered, AskError, Kind, SnapshotOrder, State, TaskStatus, ask, new_order, order,
};
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
            let order = accepted.order.as_deref().unwrap_or_default();
            Following { file: &file, pipeline: &pipeline, object: &object, order }.follow(&place).await
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

/// An order on record that is followed.
struct Following<'a> {
    /// The configuration file.
    file: &'a Path,
    pipeline: &'a str,
    object: &'a str,
    order: &'a str,
}

impl Following<'_> {
    /// Shows how far the snapshot is until it is done.
    async fn follow(&self, state: &Path) -> Result<Exit, Failure> {
        let mut progress = Progress::new();
        loop {
            let (status, ended) = match ask(state).await.map_err(|error| self.lost_sight(error))? {
                Answer::Running(status) => (Some(status), None),
                Answer::NotRunning(Some(last)) => (Some(last), Some("has ended")),
                Answer::NotRunning(None) => (None, Some("was killed")),
            };
            let tasks = status.iter().flat_map(|status| &status.pipelines);
            let tasks = tasks.filter(|known| known.name == self.pipeline).flat_map(|known| &known.tasks);
            let task = tasks.into_iter().find(|task| task.kind == Kind::Source);
            // What has ended may have left that it was done.
            let stored = task.and_then(|task| stored(task, self.object, self.order));
            if let Some(result) = stored.and_then(|stored| self.result(stored)) {
                progress.clear();
                return result;
            }
            let why = task.and_then(|task| task.reason.as_deref());
            let task = match (task, ended) {
                (Some(task), None) if task.state != State::Failed => task,
                (task, ended) => {
                    progress.clear();
                    let without = if task.is_some() { "has failed" } else { "runs no source of it any more" };
                    return Err(self.interrupted(ended.unwrap_or(without), why));
                }
            };
            progress.says(why);
            let snapshots = task.flow.iter().flat_map(|flow| &flow.snapshots);
            match snapshots.into_iter().find(|snapshot| snapshot.object.eq_ignore_ascii_case(self.object)) {
                Some(snapshot) => progress.show(snapshot),
                None => progress.wait(self.object),
            }
            sleep(ASK).await;
        }
    }

    /// How the command ends by what is on record; `None` while the snapshot is not done.
    fn result(&self, stored: &serde_json::Value) -> Option<Result<Exit, Failure>> {
        let object = self.object;
        match stored["state"].as_str()? {
            "done" => {
                output::note(&format!(
                    "{object}: {} rows read, {} API calls",
                    stored["rows"], stored["calls"]
                ));
                Some(Ok(Exit::Done))
            }
            "failed" => {
                let why = stored["reason"].as_str().unwrap_or("it does not say why");
                Some(Err(Failure::failed(anyhow::anyhow!("the snapshot of {object} is given up: {why}"))))
            }
            _ => None,
        }
    }

    /// Nothing carries the order out now.
    fn interrupted(&self, what: &str, why: Option<&str>) -> Failure {
        let why = why.map(|why| format!(" ({why})")).unwrap_or_default();
        Failure::failed(anyhow::anyhow!(
            "the snapshot of {} is not done: the process of pipeline {} {what}{why}. {}",
            self.object,
            self.pipeline,
            self.stays()
        ))
    }

    fn lost_sight(&self, error: AskError) -> Failure {
        Failure::failed(anyhow::Error::new(error).context(self.stays()))
    }

    /// What becomes of the order.
    fn stays(&self) -> String {
        format!(
            "The order is on record as {} and is not to be given again: the next `orgstream run {}` goes on with it where \
             it stopped",
            self.order,
            self.file.display()
        )
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
