//! Ctrl-C and SIGTERM.

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::exit::{Exit, Failure};

/// A token that the first signal cancels, so that the work ends in order. A second signal ends the process at once.
pub(super) fn stop_on_signals() -> Result<CancellationToken, Failure> {
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Failure::failed)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(Failure::failed)?;
    let stop = CancellationToken::new();
    let token = stop.clone();
    tokio::spawn(async move {
        for ends in [false, true] {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            if ends {
                tracing::warn!("Ended at once. What was not settled is delivered again at the next start.");
                std::process::exit(Exit::Failed.code().into());
            }
            tracing::info!("Stopping in order; a second signal ends the process at once.");
            token.cancel();
        }
    });
    Ok(stop)
}
