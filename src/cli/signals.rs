//! Ctrl-C, SIGTERM, and SIGHUP, which a terminal sends that is closed, and which has a service read its file again.

use std::io::{self, IsTerminal as _};
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
    Ok(stop_on(Signals::new().map_err(Failure::failed)?))
}

/// As [`stop_on_signals`], with what SIGHUP asks for beside it: a program without a terminal reads its file again, as services
/// do. On a terminal SIGHUP says that the terminal is closed, and stops the program.
pub(super) fn stop_or_reread() -> Result<(CancellationToken, Option<Signal>), Failure> {
    let mut signals = Signals::new().map_err(Failure::failed)?;
    let hangup = if is_on_terminal() { None } else { signals.hangup.take() };
    Ok((stop_on(signals), hangup))
}

fn is_on_terminal() -> bool {
    io::stdin().is_terminal() || io::stdout().is_terminal() || io::stderr().is_terminal()
}

fn stop_on(mut signals: Signals) -> CancellationToken {
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
    stop
}

/// The signals that stop the program.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
    /// `None` where it does not stop the program: it was started to outlive its terminal, or is a service.
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
