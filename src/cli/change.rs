//! `orgstream pause`, `resume`, `stop` and `restart`: whether connectors of the process that runs do their work.

use std::path::Path;

use super::args;
use super::exit::{Exit, Failure};
use super::output;
use crate::config::{self, Config};
use crate::control::{Change, Changed, Kind, change as ask};

pub(super) async fn change(arguments: args::Change, change: Change) -> Result<Exit, Failure> {
    let args::Change { file, name, state } = arguments;
    let config = config::load(&file)?;
    let place = state.unwrap_or_else(|| config.state.clone());
    for connector in connectors(&config, &file, &name)? {
        match ask(&place, &connector, change).await.map_err(Failure::failed)? {
            Changed::Made => output::line(&format!("{connector}: {}", said(change)))?,
            Changed::Refused(why) => return Err(Failure::failed(anyhow::anyhow!(why))),
            Changed::NotRunning => {
                return Err(Failure::not_running(&place, &file));
            }
        }
    }
    Ok(Exit::Done)
}

/// The connectors that `name` means: one, or both halves of a pipeline.
fn connectors(config: &Config, file: &Path, name: &str) -> Result<Vec<String>, Failure> {
    let halves = config.pipelines.iter().flat_map(|pipeline| {
        let source = pipeline.source.as_ref().map(|_| Kind::Source);
        let sink = pipeline.sink.as_ref().map(|_| Kind::Sink);
        let halves = source.into_iter().chain(sink);
        halves.map(|half| (&pipeline.name, format!("{}-{}", pipeline.name, half.as_str())))
    });
    let all: Vec<_> = halves.collect();
    let pipeline = all.iter().filter(|(pipeline, _)| *pipeline == name);
    let meant: Vec<String> = pipeline.map(|(_, half)| half.clone()).collect();
    if !meant.is_empty() {
        return Ok(meant);
    }
    if all.iter().any(|(_, half)| half == name) {
        return Ok(vec![name.to_owned()]);
    }
    let known: Vec<&str> = all.iter().map(|(_, half)| half.as_str()).collect();
    Err(Failure::usage(format!(
        "{} has no pipeline and no connector `{name}`; its connectors are {}",
        file.display(),
        known.join(", ")
    )))
}

fn said(change: Change) -> &'static str {
    match change {
        Change::Pause => "paused",
        Change::Stop => "stopped",
        Change::Resume => "runs",
        Change::Restart { .. } => "restarted",
    }
}
