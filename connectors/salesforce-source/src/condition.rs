//! What the task waits for, put together from its parts.
//!
//! The stream and the REST calls fail and recover on their own, and each object does; the task's one line of health is
//! running only when nothing waits and no object fails. What the status shows beside that line, how fresh everything
//! is, is made anew of the same troubles whenever one of them or what the source knows has changed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use orgstream_api::{HealthReporter, SourceHealth, Trouble};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::health::{self, Facts};

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
    shown: watch::Sender<SourceHealth>,
    known: Arc<Mutex<(Troubles, Facts)>>,
}

/// What is wrong.
#[derive(Debug, Default)]
pub(crate) struct Troubles {
    /// Whether there is a session that delivers.
    pub(crate) is_streaming: bool,
    pub(crate) stream: Option<Trouble>,
    pub(crate) calls: Option<Trouble>,
    /// Why an object fails, by its name.
    pub(crate) objects: BTreeMap<String, Trouble>,
    /// What else people should know, by object and by what it is about. Nothing waits for it.
    pub(crate) notes: BTreeMap<(String, &'static str), Trouble>,
}

impl Condition {
    pub(crate) fn new(health: HealthReporter, shown: watch::Sender<SourceHealth>) -> Self {
        Self { health, shown, known: Arc::default() }
    }

    /// `part` waits, for `reason`; the next attempt is made at `next`, where the part itself decides that.
    pub(crate) fn waits(&self, part: Part, reason: impl Into<String>, next: Option<Instant>) {
        let reason = reason.into();
        tracing::warn!("{reason}");
        self.change(|troubles| {
            if part == Part::Stream {
                troubles.is_streaming = false;
            }
            let place = troubles.part(part);
            *place = Some(trouble(place.take(), reason, next));
        });
    }

    /// `part` gets on.
    pub(crate) fn gets_on(&self, part: Part) {
        // A call that succeeds says nothing of a stream that has not begun.
        if part == Part::Calls && !self.waits_for_calls() {
            return;
        }
        self.change(|troubles| {
            if part == Part::Stream {
                troubles.is_streaming = true;
            }
            *troubles.part(part) = None;
        });
    }

    /// The session is over, and another is opened at once.
    pub(crate) fn reconnects(&self) {
        self.change(|troubles| troubles.is_streaming = false);
    }

    /// `object` fails, for `reason`, and is tried again at `next`; the others go on.
    pub(crate) fn fails(&self, object: &str, reason: &str, next: Option<Instant>) {
        let known = self.change(|troubles| {
            let known = troubles.objects.remove(object);
            let now = trouble(known.clone(), reason.to_owned(), next);
            troubles.objects.insert(object.to_owned(), now);
            known
        });
        // It is tried again and again, and fails for the same reason as a rule.
        if known.is_none_or(|known| known.reason != reason) {
            tracing::warn!(%object, "{reason}");
        }
    }

    /// `object` can be read again.
    pub(crate) fn recovers(&self, object: &str) {
        if self.change(|troubles| troubles.objects.remove(object)).is_some() {
            tracing::info!(%object, "the object can be read again");
        }
    }

    /// What people should know of `object` in this matter; `None` when it is in order. Said once for each text.
    pub(crate) fn notes(&self, object: &str, matter: &'static str, note: Option<&str>) {
        let key = (object.to_owned(), matter);
        // What was in order is no news, and says nothing of what else the task waits for.
        if note.is_none() && !self.has_note(&key) {
            return;
        }
        let known = self.change(|troubles| {
            let known = troubles.notes.remove(&key);
            if let Some(note) = note {
                troubles.notes.insert(key, trouble(known.clone(), note.to_owned(), None));
            }
            known
        });
        match (known, note) {
            (known, Some(note)) if known.as_ref().is_none_or(|known| known.reason != note) => {
                tracing::warn!(%object, "{note}");
            }
            (Some(known), None) => tracing::info!(%object, was = known.reason, "that is in order again"),
            _ => {}
        }
    }

    /// This is what the source knows.
    pub(crate) fn shows(&self, facts: Facts) {
        let mut known = self.known.lock().expect("no holder of this lock panics");
        known.1 = facts;
        self.shown.send_replace(health::of(&known.0, &known.1));
    }

    fn waits_for_calls(&self) -> bool {
        let known = self.known.lock().expect("no holder of this lock panics");
        known.0.calls.is_some()
    }

    fn has_note(&self, key: &(String, &'static str)) -> bool {
        let known = self.known.lock().expect("no holder of this lock panics");
        known.0.notes.contains_key(key)
    }

    /// Whether nothing waits. An object that fails does not keep the others from their end.
    pub(crate) fn is_good(&self) -> bool {
        let known = self.known.lock().expect("no holder of this lock panics");
        known.0.stream.is_none() && known.0.calls.is_none()
    }

    fn change<T>(&self, change: impl FnOnce(&mut Troubles) -> T) -> T {
        let mut known = self.known.lock().expect("no holder of this lock panics");
        let before = change(&mut known.0);
        // Under the lock, or two parts that change at once could leave the older of both reports standing.
        match known.0.worst() {
            Some(Trouble { reason, .. }) => self.health.degraded(reason),
            None => self.health.running(),
        }
        self.shown.send_replace(health::of(&known.0, &known.1));
        before
    }
}

impl Troubles {
    /// The trouble to be shown first: what keeps everything waiting, or else all objects that fail.
    pub(crate) fn worst(&self) -> Option<Trouble> {
        let waits = self.stream.as_ref().or(self.calls.as_ref()).cloned();
        waits.or_else(|| {
            let all = || self.objects.values().chain(self.notes.values());
            let since = all().map(|trouble| trouble.since).min()?;
            let reasons: Vec<&str> = all().map(|trouble| trouble.reason.as_str()).collect();
            let next_attempt = self.objects.values().filter_map(|trouble| trouble.next_attempt).min();
            Some(Trouble { reason: reasons.join("; "), since, next_attempt })
        })
    }

    fn part(&mut self, part: Part) -> &mut Option<Trouble> {
        match part {
            Part::Stream => &mut self.stream,
            Part::Calls => &mut self.calls,
        }
    }
}

/// Trouble that goes on since `before`, if there was any.
fn trouble(before: Option<Trouble>, reason: String, next: Option<Instant>) -> Trouble {
    let since = before.map_or_else(|| Instant::now().into_std(), |before| before.since);
    Trouble { reason, since, next_attempt: next.map(Instant::into_std) }
}

#[cfg(test)]
mod tests {
    use orgstream_api::Health;

    use super::*;

    #[test]
    fn the_task_runs_only_when_no_part_waits() {
        let (health, reported) = HealthReporter::new();
        let condition = Condition::new(health, watch::Sender::default());
        condition.waits(Part::Calls, "rows", None);
        condition.waits(Part::Stream, "session", None);
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
        let condition = Condition::new(health, watch::Sender::default());
        condition.fails("Lead", "no Lead", None);
        condition.fails("Case", "no Case", None);
        assert_eq!(*reported.borrow(), Health::Degraded("no Case; no Lead".to_owned()));
        assert!(condition.is_good());
        condition.waits(Part::Stream, "session", None);
        assert_eq!(*reported.borrow(), Health::Degraded("session".to_owned()));
        condition.gets_on(Part::Stream);
        condition.recovers("Lead");
        condition.recovers("Case");
        assert_eq!(*reported.borrow(), Health::Running);
    }
}
