//! `orgstream run`: runs the pipelines of a file until stopped, or until everything has arrived.

use std::collections::BTreeMap;
use std::path::Path;

use super::args::{Half, Run};
use super::exit::{Exit, Failure};
use super::{output, signals};
use crate::config::{self, Config};
use crate::connectors::Origin;
use crate::runtime::{Finished, Former, Only, RunError, RunOptions, Runtime};
use crate::telemetry::{self, Format, LogOptions};

pub(super) async fn run(arguments: Run, format: Option<Format>) -> Result<Exit, Failure> {
    let config = config::load(&arguments.file)?;
    let log = LogOptions { format: format.or(config.log.format), ..config.log };
    telemetry::start(log).map_err(Failure::usage)?;
    let file = arguments.file.clone();
    let options = RunOptions {
        only: arguments.only.map(|half| match half {
            Half::Source => Only::Source,
            Half::Sink => Only::Sink,
        }),
        state: arguments.state,
        until_synced: arguments.until_synced.then_some(arguments.quiet),
        snapshot: arguments.snapshot,
        former: arguments
            .offsets_of
            .into_iter()
            .map(|(pipeline, group)| (pipeline, Former::TakeOver(group)))
            .collect(),
        origin: Origin::File,
    };
    Box::pin(run_config(config, options, Some(&file))).await
}

/// Runs what a configuration says. `file` is the one that other commands take, where there is one.
pub(super) async fn run_config(
    config: Config,
    options: RunOptions,
    file: Option<&Path>,
) -> Result<Exit, Failure> {
    let until_synced = options.until_synced.is_some();
    let (stop, hangup) = if options.origin.is_file() {
        signals::stop_or_reread()?
    } else {
        (signals::stop_on_signals()?, None)
    };
    for warning in config::warnings(&config) {
        tracing::warn!("{warning}");
    }
    let runtime = Runtime::open(config, options).await.map_err(failure)?;
    if let Some(mut hangup) = hangup {
        let rereading = runtime.rereading();
        tokio::spawn(async move {
            while hangup.recv().await.is_some() {
                rereading.again().await;
            }
        });
    }
    let announcement = runtime.embedded().announcement();
    if !announcement.is_empty() {
        output::line(&serde_json::to_string(announcement).map_err(Failure::failed)?)?;
    }
    match runtime.run(stop).await {
        // A script that asked for everything must not take a part of it for done.
        Ok(Finished::Stopped) if until_synced => Err(Failure::failed(anyhow::anyhow!(
            "stopped before everything had arrived; what was settled is committed, and the next run goes on from there"
        ))),
        Ok(Finished::Stopped) => {
            tracing::info!("Stopped. What was settled is committed.");
            Ok(Exit::Done)
        }
        Ok(Finished::Synced { rejected, letters }) if rejected.is_empty() => {
            tracing::info!("Everything has arrived.");
            if let Some(said) = left_over(&letters, file) {
                tracing::warn!("{said}");
            }
            Ok(Exit::Done)
        }
        // What was rejected is in no org, so a script must not take this for done.
        Ok(Finished::Synced { rejected, .. }) => {
            Err(Failure::failed(anyhow::anyhow!(not_arrived(&rejected, file))))
        }
        Err(error) => Err(failure(error)),
    }
}

fn failure(error: RunError) -> Failure {
    match error {
        error @ RunError::Config(_) => Failure::config(error),
        error @ RunError::Failed(_) => Failure::failed(error),
    }
}

fn not_arrived(rejected: &BTreeMap<String, u64>, file: Option<&Path>) -> String {
    let count: u64 = rejected.values().sum();
    format!(
        "{count} record(s) were rejected and have not arrived; everything else has. They are in topic {}, each with the \
         reason in its header `__connect.errors.exception.message`. Mend that, then {}",
        counted(rejected),
        sent_again(file)
    )
}

/// What earlier runs rejected and no later change has replaced may still be missing, though this run rejected nothing.
fn left_over(letters: &BTreeMap<String, u64>, file: Option<&Path>) -> Option<String> {
    let count: u64 = letters.values().sum();
    (count > 0).then(|| {
        format!(
            "This run rejected nothing, but {count} record(s) of earlier ones lie in topic {}, and may be in no org yet. Where they \
             are not, mend what their headers say, then {}",
            counted(letters),
            sent_again(file)
        )
    })
}

fn counted(topics: &BTreeMap<String, u64>) -> String {
    let topics: Vec<_> = topics.iter().map(|(topic, count)| format!("{topic} ({count})")).collect();
    topics.join(", ")
}

/// How records come again.
fn sent_again(file: Option<&Path>) -> String {
    let Some(file) = file else {
        return "change them once more in their org".to_owned();
    };
    format!(
        "have them sent again: `orgstream snapshot {} --object OBJECT --where \"Id IN ('…')\"` reads those rows once more, and so does any change \
         of them in their org",
        file.display()
    )
}
