//! What was found, in words.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use orgstream_api::{TaskError, with_causes};
use serde::Serialize;

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Where: `kafka`, `schema_registry`, `org NAME` or `pipeline NAME`.
    pub place: String,
    /// What of it.
    pub subject: String,
    /// How it is.
    pub verdict: Verdict,
    /// What was found; of what is not as it has to be, also what to do.
    pub found: String,
}

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// As it has to be.
    Passed,
    /// A start works, and something may not be meant.
    Warned,
    /// A start fails with it, or waits, until somebody changes something.
    Failed,
    /// It did not answer, which may pass.
    NoAnswer,
    /// It cannot be known without changing something.
    NotLookedAt,
}

impl Verdict {
    /// The words in a table.
    pub fn words(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Warned => "warned",
            Self::Failed => "failed",
            Self::NoAnswer => "no answer",
            Self::NotLookedAt => "not looked at",
        }
    }
}

/// What has been found so far. Clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct Findings(Arc<Mutex<Vec<Finding>>>);

impl Findings {
    pub(super) fn passed(&self, place: &str, subject: &str, found: String) {
        self.note(place, subject, Verdict::Passed, found);
    }

    pub(super) fn warned(&self, place: &str, subject: &str, found: String) {
        self.note(place, subject, Verdict::Warned, found);
    }

    pub(super) fn failed(&self, place: &str, subject: &str, found: String) {
        self.note(place, subject, Verdict::Failed, found);
    }

    pub(super) fn away(&self, place: &str, subject: &str, found: String) {
        self.note(place, subject, Verdict::NoAnswer, found);
    }

    pub(super) fn unseen(&self, place: &str, subject: &str, found: String) {
        self.note(place, subject, Verdict::NotLookedAt, found);
    }

    /// Whether something was found that fails.
    pub(super) fn has_failed(&self, place: &str, subject: &str) -> bool {
        let is_it = |found: &Finding| {
            found.place == place && found.subject == subject && found.verdict == Verdict::Failed
        };
        self.lock().iter().any(is_it)
    }

    /// What a start would end or wait with.
    pub(super) fn error(&self, place: &str, subject: &str, error: impl Into<TaskError>) {
        let error = error.into();
        let verdict =
            if matches!(error, TaskError::Restart(_)) { Verdict::NoAnswer } else { Verdict::Failed };
        self.note(place, subject, verdict, with_causes(&error));
    }

    /// All of them: Kafka, the registry, the orgs, the pipelines.
    pub(super) fn sorted(&self) -> Vec<Finding> {
        let mut all = std::mem::take(&mut *self.lock());
        let rank = |place: &str| match place {
            super::KAFKA => 0,
            super::REGISTRY => 1,
            place if place.starts_with("org") => 2,
            _ => 3,
        };
        all.sort_by(|one, other| {
            rank(&one.place).cmp(&rank(&other.place)).then_with(|| one.place.cmp(&other.place))
        });
        all
    }

    fn note(&self, place: &str, subject: &str, verdict: Verdict, found: String) {
        let (place, subject) = (place.to_owned(), subject.to_owned());
        self.lock().push(Finding { place, subject, verdict, found });
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Finding>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
