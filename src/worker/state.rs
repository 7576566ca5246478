//! What a task is doing, since when and why.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::SystemTime;

use orgstream_api::{Health, HealthReporter};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// The states of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TaskState {
    /// It logs in, reads positions and prepares topics.
    Starting,
    /// It gets on.
    Running,
    /// It waits for something outside: the reason says what.
    Degraded(String),
    /// It has ended and will not be tried again: the reason says what happened and what to do.
    Failed(String),
    /// It has drained, committed and left.
    Stopped,
    /// The same, since somebody told it to rest for a while.
    Paused,
}

impl TaskState {
    /// The word shown in the status.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Degraded(_) => "degraded",
            Self::Failed(_) => "failed",
            Self::Stopped => "stopped",
            Self::Paused => "paused",
        }
    }

    /// Why, where the state has a reason.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Degraded(reason) | Self::Failed(reason) => Some(reason),
            Self::Starting | Self::Running | Self::Stopped | Self::Paused => None,
        }
    }
}

/// A task's state with the time of its last change, put together from what its parts say. Clones share it.
#[derive(Debug, Clone)]
pub struct StateCell {
    shown: Arc<watch::Sender<(TaskState, SystemTime)>>,
    parts: Arc<Mutex<Parts>>,
    restarts: Arc<AtomicU64>,
}

/// What the parts of the present attempt say.
#[derive(Debug, Default)]
struct Parts {
    /// Cancelled when the attempt is over.
    attempt: CancellationToken,
    said: Vec<Health>,
}

impl StateCell {
    /// A cell in [`TaskState::Starting`].
    pub fn new() -> Self {
        Self {
            shown: Arc::new(watch::Sender::new((TaskState::Starting, now()))),
            parts: Arc::default(),
            restarts: Arc::default(),
        }
    }

    /// Moves to `state`; the time changes only when the state does.
    pub fn set(&self, state: TaskState) {
        self.shown.send_if_modified(|current| {
            let changed = current.0 != state;
            if changed {
                *current = (state, now());
            }
            changed
        });
    }

    /// The state and its time.
    pub fn read(&self) -> (TaskState, SystemTime) {
        self.shown.borrow().clone()
    }

    /// The task ended and is started again, for this reason.
    pub fn restart(&self, reason: String) {
        self.restarts.fetch_add(1, Ordering::Relaxed);
        self.set(TaskState::Degraded(reason));
    }

    /// How often it was started again.
    pub fn restarts(&self) -> u64 {
        self.restarts.load(Ordering::Relaxed)
    }

    /// A new attempt of the task begins: what the parts of the last one said no longer counts.
    pub fn begin(&self) {
        let mut parts = self.lock();
        parts.attempt.cancel();
        parts.attempt = CancellationToken::new();
        parts.said.clear();
    }

    /// A reporter for one part of the task. The task is degraded while any part is.
    pub fn reporter(&self) -> HealthReporter {
        let (reporter, health) = HealthReporter::new();
        self.hear(health, |said| {
            log(&said);
            said
        });
        reporter
    }

    /// As [`StateCell::reporter`], for a part that puts into the log itself why it waits.
    pub fn reporter_of_what_is_logged(&self) -> HealthReporter {
        let (reporter, health) = HealthReporter::new();
        self.hear(health, |said| said);
        reporter
    }

    /// Listens to a part that this attempt shares with other tasks. The task waits when it does; that it gets on does
    /// not mean that the task does.
    pub fn hear_shared(&self, mut health: watch::Receiver<Health>) {
        health.mark_changed();
        self.hear(health, |said| {
            log(&said);
            if said == Health::Running { Health::Starting } else { said }
        });
    }

    fn hear(&self, mut health: watch::Receiver<Health>, meant: impl Fn(Health) -> Health + Send + 'static) {
        let (attempt, part) = {
            let mut parts = self.lock();
            parts.said.push(Health::Starting);
            (parts.attempt.clone(), parts.said.len() - 1)
        };
        let cell = self.clone();
        tokio::spawn(attempt.clone().run_until_cancelled_owned(async move {
            while health.changed().await.is_ok() {
                let said = health.borrow_and_update().clone();
                cell.take(&attempt, part, meant(said));
            }
        }));
    }

    fn take(&self, attempt: &CancellationToken, part: usize, said: Health) {
        let mut parts = self.lock();
        // A part of an attempt that is over may still have a last word.
        if attempt.is_cancelled() {
            return;
        }
        parts.said[part] = said;
        let state = together(&parts.said);
        // A late word of a part that is being torn down does not cover the end.
        if !matches!(self.read().0, TaskState::Failed(_) | TaskState::Stopped | TaskState::Paused) {
            self.set(state);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Parts> {
        self.parts.lock().expect("no holder of this lock panics")
    }
}

fn log(said: &Health) {
    if let Health::Degraded(reason) = said {
        tracing::warn!(%reason, "A task waits.");
    }
}

/// Degraded for the first part that waits; running once any part runs.
fn together(parts: &[Health]) -> TaskState {
    let waiting = parts.iter().find_map(|part| match part {
        Health::Degraded(reason) => Some(reason.clone()),
        Health::Starting | Health::Running => None,
    });
    match waiting {
        Some(reason) => TaskState::Degraded(reason),
        None if parts.contains(&Health::Running) => TaskState::Running,
        None => TaskState::Starting,
    }
}

impl Default for StateCell {
    fn default() -> Self {
        Self::new()
    }
}

fn now() -> SystemTime {
    crate::clock::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_is_degraded_while_any_part_waits_and_runs_when_none_does() {
        let waits = |reason: &str| Health::Degraded(reason.to_owned());
        assert_eq!(together(&[Health::Starting, Health::Starting]), TaskState::Starting);
        assert_eq!(together(&[Health::Starting, Health::Running]), TaskState::Running);
        assert_eq!(together(&[Health::Running, waits("kafka")]), TaskState::Degraded("kafka".to_owned()));
    }
}
