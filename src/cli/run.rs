//! `orgstream run`: runs the pipelines of a file until stopped, or until everything has arrived.

use super::args::{Half, Run};
use super::exit::{Exit, Failure};
use super::signals;
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
    };
    let stop = signals::stop_on_signals()?;
    match Runtime::new(config, options).run(stop).await {
        Ok(Finished::Stopped) => {
            tracing::info!("Stopped. What was settled is committed.");
            Ok(Exit::Done)
        }
        Ok(Finished::Synced) => {
            tracing::info!("Everything has arrived.");
            Ok(Exit::Done)
        }
        Err(error @ RunError::Config(_)) => Err(Failure::config(error)),
        Err(error @ RunError::Failed(_)) => Err(Failure::failed(error)),
    }
}
