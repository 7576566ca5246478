//! Keeps a task running, and knows when not to.

use std::time::Duration;

use orgstream_api::TaskError;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::worker::state::{StateCell, TaskState};
use orgstream_api::with_causes;

/// First pause before a restart; doubles up to [`LONGEST`] and starts over after a run of [`STEADY`].
const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(30);
const STEADY: Duration = Duration::from_mins(1);

/// Runs `attempt` until it ends by itself, is stopped, or fails for good.
pub(super) async fn keep_running<F>(
    name: &str,
    cell: &StateCell,
    stop: &CancellationToken,
    attempt: impl Fn() -> F,
) -> Result<(), TaskError>
where
    F: Future<Output = Result<(), TaskError>>,
{
    let mut pause = FIRST;
    loop {
        let begun = Instant::now();
        let error = match attempt().await {
            Ok(()) => {
                cell.set(TaskState::Stopped);
                return Ok(());
            }
            Err(TaskError::Restart(error)) => error,
            Err(error) => {
                cell.set(TaskState::Failed(with_causes(&error)));
                // The error itself is what the process ends with.
                tracing::error!(task = %name, "A task has failed; the others finish what is in flight.");
                return Err(error);
            }
        };
        if begun.elapsed() > STEADY {
            pause = FIRST;
        }
        let reason = with_causes(error.as_ref());
        tracing::warn!(task = %name, error = %reason, again_in = ?pause, "A task starts again.");
        cell.restart(format!("starts again: {reason}"));
        tokio::select! {
            () = sleep(pause) => {}
            () = stop.cancelled() => {
                cell.set(TaskState::Stopped);
                return Ok(());
            }
        }
        pause = (pause * 2).min(LONGEST);
    }
}
