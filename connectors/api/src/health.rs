//! How a task says that it runs but does not get on.

use std::sync::Arc;

use tokio::sync::watch;

/// What a task says of itself while it runs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Health {
    /// It has not said anything yet.
    #[default]
    Starting,
    /// It gets on.
    Running,
    /// It waits for something outside, and says for what.
    Degraded(String),
}

/// A task's own line in the status. Clones speak for the same task.
#[derive(Debug, Clone)]
pub struct HealthReporter(Arc<watch::Sender<Health>>);

impl HealthReporter {
    /// A reporter and the end that listens to it.
    pub fn new() -> (Self, watch::Receiver<Health>) {
        let (sender, receiver) = watch::channel(Health::Starting);
        (Self(Arc::new(sender)), receiver)
    }

    /// The task gets on (again).
    pub fn running(&self) {
        self.report(Health::Running);
    }

    /// The task waits. `reason` says what happened, where, and what to do.
    pub fn degraded(&self, reason: impl Into<String>) {
        self.report(Health::Degraded(reason.into()));
    }

    fn report(&self, health: Health) {
        // Only a real change wakes listeners, so "since" in the status is the time of the change.
        self.0.send_if_modified(|now| {
            let changed = *now != health;
            if changed {
                *now = health;
            }
            changed
        });
    }
}
