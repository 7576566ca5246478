//! Ctrl-C and SIGTERM.

use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::exit::{Exit, Failure};

/// Signals this close together are one wish: a terminal, `timeout` and service managers tell a process and its group.
const ONE_WISH: Duration = Duration::from_secs(1);

/// A token that the first signal cancels, so that the work ends in order. A second signal ends the process at once.
pub(super) fn stop_on_signals() -> Result<CancellationToken, Failure> {
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Failure::failed)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(Failure::failed)?;
    let stop = CancellationToken::new();
    let token = stop.clone();
    tokio::spawn(async move {
        either(&mut interrupt, &mut terminate).await;
        tracing::info!("Stopping in order; a second signal ends the process at once.");
        token.cancel();
        let first = Instant::now();
        loop {
            either(&mut interrupt, &mut terminate).await;
            if first.elapsed() > ONE_WISH {
                break;
            }
        }
        tracing::warn!("Ended at once. What was not settled is delivered again at the next start.");
        std::process::exit(Exit::Failed.code().into());
    });
    Ok(stop)
}

async fn either(interrupt: &mut Signal, terminate: &mut Signal) {
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}
