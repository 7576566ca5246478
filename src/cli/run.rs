//! `orgstream run`: runs the pipelines of a file until stopped, or until everything has arrived.

use super::args::{Half, Run};
use super::exit::{Exit, Failure};
use super::{output, signals};
use crate::config;
use crate::runtime::{Finished, Only, RunError, RunOptions, Runtime};

pub(super) async fn run(arguments: Run) -> Result<Exit, Failure> {
    let config = config::load(&arguments.file)?;
    let options = RunOptions {
        only: arguments.only.map(|half| match half {
            Half::Source => Only::Source,
            Half::Sink => Only::Sink,
        }),
        state: arguments.state,
        until_synced: arguments.until_synced.then_some(arguments.quiet),
        snapshot: arguments.snapshot,
    };
    let stop = signals::stop_on_signals()?;
    let runtime = Runtime::open(config, options).await.map_err(failure)?;
    let announcement = runtime.embedded().announcement();
    if !announcement.is_empty() {
        output::line(&serde_json::to_string(announcement).map_err(Failure::failed)?)?;
    }
    match runtime.run(stop).await {
        Ok(Finished::Stopped) => {
            tracing::info!("Stopped. What was settled is committed.");
            Ok(Exit::Done)
        }
        Ok(Finished::Synced) => {
            tracing::info!("Everything has arrived.");
            Ok(Exit::Done)
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
