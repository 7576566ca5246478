//! What a process that runs is asked to change of what runs, one request after the other.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use super::half::HalfName;
use super::report::Report;
use crate::connectors::{NotDone, Offsets, Update};
use crate::control::{Applied, Change, NotApplied, NotOrdered};

/// Requests that wait; more than people make at once.
pub(super) const REQUESTS: usize = 16;

/// Something to change.
pub(super) enum Request {
    /// Do what this file says from now on.
    Apply {
        /// The file; `None` is the one that it does what it says already.
        file: Option<PathBuf>,
        /// Where the answer goes.
        reply: oneshot::Sender<Result<Applied, NotApplied>>,
    },
    /// Keep a connector so.
    Update {
        /// The connector.
        name: String,
        /// How.
        update: Update,
        /// Where the answer goes, as soon as it is kept.
        reply: oneshot::Sender<Result<bool, NotDone>>,
    },
    /// Forget a connector, and end it.
    Remove {
        /// The connector.
        name: String,
        /// Where the answer goes.
        reply: oneshot::Sender<Result<(), NotDone>>,
    },
    /// Have this connector run, rest or start again, which is by Kafka Connect's properties.
    ChangeDeclared {
        /// The connector.
        name: String,
        /// What is to become of it.
        change: Change,
        /// Where the answer goes.
        reply: oneshot::Sender<Result<(), NotOrdered>>,
    },
    /// Have the sinks of these pipelines go on there. They are a connector that is stopped.
    SetOffsets {
        /// The connector.
        name: String,
        /// The pipelines.
        pipelines: Vec<String>,
        /// Where.
        offsets: Offsets,
        /// Where the answer goes.
        reply: oneshot::Sender<Result<(), NotDone>>,
    },
    /// Have this half run, rest or start again.
    Change {
        /// The half.
        half: HalfName,
        /// What is to become of it.
        change: Change,
        /// Where the answer goes.
        reply: oneshot::Sender<Result<(), NotOrdered>>,
    },
}

/// Asks for a change of a half, and waits until it is made.
pub(super) async fn change(
    requests: &mpsc::Sender<Request>,
    half: HalfName,
    change: Change,
) -> Result<(), NotOrdered> {
    let (reply, answer) = oneshot::channel();
    let ended = || NotOrdered::NotRunning("the process ends".to_owned());
    requests.send(Request::Change { half, change, reply }).await.map_err(|_| ended())?;
    answer.await.map_err(|_| ended())?
}

/// Asks for a file, and waits for the answer.
pub(super) async fn apply(
    requests: &mpsc::Sender<Request>,
    file: Option<PathBuf>,
) -> Result<Applied, NotApplied> {
    let (reply, answer) = oneshot::channel();
    let ended = || NotApplied::Ends("the process ends".to_owned());
    requests.send(Request::Apply { file, reply }).await.map_err(|_| ended())?;
    answer.await.map_err(|_| ended())?
}

/// Has a process read its file again.
pub struct Rereading(pub(super) Arc<Report>);

impl Rereading {
    /// Reads the file again and does what it says now; the log says what became of that.
    pub async fn again(&self) {
        match apply(&self.0.requests, None).await {
            Ok(Applied { started, restarted, stopped, unchanged, failed, waiting }) => {
                tracing::info!(
                    started = started.join(", "),
                    restarted = restarted.join(", "),
                    stopped = stopped.join(", "),
                    unchanged = unchanged.join(", "),
                    still_to_begin = waiting.join(", "),
                    "The file is read again and applied."
                );
                for (half, error) in failed {
                    tracing::error!(%half, %error, "What the file says cannot run; the other pipelines go on.");
                }
            }
            Err(error @ NotApplied::Ends(_)) => {
                tracing::error!(%error, "The file is to be read again; the next start does what it says.");
            }
            Err(error @ (NotApplied::Faults(_) | NotApplied::Refused(_))) => {
                tracing::error!(%error, "The file is read again and not applied; everything goes on as before.");
            }
        }
    }
}
