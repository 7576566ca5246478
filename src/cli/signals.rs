//! Ctrl-C, SIGTERM, and SIGHUP, which is what a terminal that is closed sends.

use std::io;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::exit::{Exit, Failure};

/// Signals this close together are one wish: a terminal, `timeout` and service managers tell a process and its group.
const ONE_WISH: Duration = Duration::from_secs(1);

/// A token that the first signal cancels, so that the work ends in order. A second signal ends the process at once; it
/// is the first one when something else has cancelled the token, such as the viewer of `dev`.
pub(super) fn stop_on_signals() -> Result<CancellationToken, Failure> {
    let mut signals = Signals::new().map_err(Failure::failed)?;
    let stop = CancellationToken::new();
    let token = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            () = signals.next() => {}
            () = token.cancelled() => {}
        }
        tracing::info!("Stopping in order; a second signal ends the process at once.");
        token.cancel();
        let first = Instant::now();
        loop {
            signals.next().await;
            if first.elapsed() > ONE_WISH {
                break;
            }
        }
        tracing::warn!("Ended at once. What was not settled is delivered again at the next start.");
        std::process::exit(Exit::Failed.code().into());
    });
    Ok(stop)
}

/// The signals that stop the program.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
    /// `None` where the program was started to outlive its terminal.
    hangup: Option<Signal>,
}

impl Signals {
    fn new() -> io::Result<Self> {
        // To listen would undo what `nohup` did.
        let hangup = if hangup_is_ignored() { None } else { Some(signal(SignalKind::hangup())?) };
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup,
        })
    }

    async fn next(&mut self) {
        let hung_up = async {
            match &mut self.hangup {
                Some(hangup) => hangup.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = hung_up => {}
        }
    }
}

/// Whether whoever started this process made it ignore SIGHUP, as Linux tells; elsewhere it counts as not ignored.
fn hangup_is_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    // SIGHUP is signal 1, the lowest bit.
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 == 1)
}
