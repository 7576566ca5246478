//! What the task waits for, put together from its parts.
//!
//! The stream and the REST calls fail and recover on their own, and each object does; the task's one line of health is
//! running only when nothing waits and no object fails.

use std::collections::BTreeMap;
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
    /// Why an object fails, by its name.
    objects: BTreeMap<String, String>,
}

impl Condition {
    pub(crate) fn new(health: HealthReporter) -> Self {
        Self { health, troubles: Arc::default() }
    }

    /// `part` waits, for `reason`.
    pub(crate) fn waits(&self, part: Part, reason: impl Into<String>) {
        let reason = reason.into();
        tracing::warn!("{reason}");
        self.change(|troubles| *troubles.part(part) = Some(reason));
    }

    /// `part` gets on.
    pub(crate) fn gets_on(&self, part: Part) {
        self.change(|troubles| *troubles.part(part) = None);
    }

    /// `object` fails, for `reason`; the others go on.
    pub(crate) fn fails(&self, object: &str, reason: &str) {
        let known = self.change(|troubles| troubles.objects.insert(object.to_owned(), reason.to_owned()));
        // It is tried again and again, and fails for the same reason as a rule.
        if known.as_deref() != Some(reason) {
            tracing::warn!(%object, "{reason}");
        }
    }

    /// `object` can be read again.
    pub(crate) fn recovers(&self, object: &str) {
        if self.change(|troubles| troubles.objects.remove(object)).is_some() {
            tracing::info!(%object, "the object can be read again");
        }
    }

    /// Whether nothing waits. An object that fails does not keep the others from their end.
    pub(crate) fn is_good(&self) -> bool {
        let troubles = self.troubles.lock().expect("no holder of this lock panics");
        troubles.stream.is_none() && troubles.calls.is_none()
    }

    fn change<T>(&self, change: impl FnOnce(&mut Troubles) -> T) -> T {
        let mut troubles = self.troubles.lock().expect("no holder of this lock panics");
        let before = change(&mut troubles);
        // Under the lock, or two parts that change at once could leave the older of both reports standing.
        match troubles.worst() {
            Some(reason) => self.health.degraded(reason),
            None => self.health.running(),
        }
        before
    }
}

impl Troubles {
    fn part(&mut self, part: Part) -> &mut Option<String> {
        match part {
            Part::Stream => &mut self.stream,
            Part::Calls => &mut self.calls,
        }
    }

    fn worst(&self) -> Option<String> {
        let of_objects = || self.objects.values().cloned().collect::<Vec<_>>().join("; ");
        let waits = self.stream.as_ref().or(self.calls.as_ref()).cloned();
        waits.or_else(|| (!self.objects.is_empty()).then(of_objects))
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

    #[test]
    fn an_object_that_fails_is_named_and_keeps_nobody_else_waiting() {
        let (health, reported) = HealthReporter::new();
        let condition = Condition::new(health);
        condition.fails("Lead", "no Lead");
        condition.fails("Case", "no Case");
        assert_eq!(*reported.borrow(), Health::Degraded("no Case; no Lead".to_owned()));
        assert!(condition.is_good());
        condition.waits(Part::Stream, "session");
        assert_eq!(*reported.borrow(), Health::Degraded("session".to_owned()));
        condition.gets_on(Part::Stream);
        condition.recovers("Lead");
        condition.recovers("Case");
        assert_eq!(*reported.borrow(), Health::Running);
    }
}
