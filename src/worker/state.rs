//! What a task is doing, since when and why.

use std::sync::Arc;
use std::time::SystemTime;

use orgstream_api::{Health, HealthReporter};
use tokio::sync::watch;

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
        }
    }

    /// Why, where the state has a reason.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Degraded(reason) | Self::Failed(reason) => Some(reason),
            Self::Starting | Self::Running | Self::Stopped => None,
        }
    }
}

/// A task's state with the time of its last change. Clones share it.
#[derive(Debug, Clone)]
pub struct StateCell(Arc<watch::Sender<(TaskState, SystemTime)>>);

impl StateCell {
    /// A cell in [`TaskState::Starting`].
    pub fn new() -> Self {
        Self(Arc::new(watch::Sender::new((TaskState::Starting, now()))))
    }

    /// Moves to `state`; the time changes only when the state does.
    pub fn set(&self, state: TaskState) {
        self.0.send_if_modified(|current| {
            let changed = current.0 != state;
            if changed {
                *current = (state, now());
            }
            changed
        });
    }

    /// The state and its time.
    pub fn read(&self) -> (TaskState, SystemTime) {
        self.0.borrow().clone()
    }

    /// A reporter whose health shows as `Running` or `Degraded` here, once the task has started.
    pub fn reporter(&self) -> HealthReporter {
        let (reporter, mut health) = HealthReporter::new();
        let cell = self.clone();
        tokio::spawn(async move {
            while health.changed().await.is_ok() {
                let state = match &*health.borrow_and_update() {
                    Health::Running => TaskState::Running,
                    Health::Degraded(reason) => TaskState::Degraded(reason.clone()),
                };
                if let TaskState::Degraded(reason) = &state {
                    tracing::warn!(%reason, "A task waits.");
                }
                // A late word of a part that is being torn down does not cover the end.
                if !matches!(cell.read().0, TaskState::Failed(_) | TaskState::Stopped) {
                    cell.set(state);
                }
            }
        });
        reporter
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
