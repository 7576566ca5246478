//! What the task waits for, put together from its parts.
//!
//! The stream and the REST calls fail and recover on their own; the task's one line of health is running only when
//! neither waits.

use std::sync::{Arc, Mutex};

use orgstream_api::HealthReporter;

/// A part of the source that can be in trouble by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// The streaming session.
    Stream,
    /// Reading rows.
    Calls,
}

/// The troubles of one task. Clones speak of the same task.
#[derive(Debug, Clone)]
pub(crate) struct Condition {
    health: HealthReporter,
    troubles: Arc<Mutex<Troubles>>,
}

#[derive(Debug, Default)]
struct Troubles {
    stream: Option<String>,
    calls: Option<String>,
}

impl Condition {
    pub(crate) fn new(health: HealthReporter) -> Self {
        Self { health, troubles: Arc::default() }
    }

    /// `part` waits, for `reason`.
    pub(crate) fn waits(&self, part: Part, reason: impl Into<String>) {
        let reason = reason.into();
        tracing::warn!("{reason}");
        self.change(part, Some(reason));
    }

    /// `part` gets on.
    pub(crate) fn gets_on(&self, part: Part) {
        self.change(part, None);
    }

    /// Whether nothing waits.
    pub(crate) fn is_good(&self) -> bool {
        let troubles = self.troubles.lock().expect("no holder of this lock panics");
        troubles.stream.is_none() && troubles.calls.is_none()
    }

    fn change(&self, part: Part, trouble: Option<String>) {
        let mut troubles = self.troubles.lock().expect("no holder of this lock panics");
        match part {
            Part::Stream => troubles.stream = trouble,
            Part::Calls => troubles.calls = trouble,
        }
        // Under the lock, or two parts that change at once could leave the older of both reports standing.
        match troubles.stream.as_ref().or(troubles.calls.as_ref()) {
            Some(reason) => self.health.degraded(reason.clone()),
            None => self.health.running(),
        }
    }
}

#[cfg(test)]
mod tests {
    use orgstream_api::Health;

    use super::*;

    #[test]
    fn the_task_runs_only_when_no_part_waits() {
        let (health, reported) = HealthReporter::new();
        let condition = Condition::new(health);
        condition.waits(Part::Calls, "rows");
        condition.waits(Part::Stream, "session");
        assert_eq!(*reported.borrow(), Health::Degraded("session".to_owned()));
        condition.gets_on(Part::Stream);
        assert_eq!(*reported.borrow(), Health::Degraded("rows".to_owned()));
        assert!(!condition.is_good());
        condition.gets_on(Part::Calls);
        assert_eq!(*reported.borrow(), Health::Running);
    }
}
