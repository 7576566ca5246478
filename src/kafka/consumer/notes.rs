//! What a member keeps with its committed offsets, as their metadata: for which org it consumed, and which jobs go on there with
//! records that are not settled.
//!
//! The metadata moves with the offset: whoever gets the partition next reads both, whichever node it is.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use orgstream_api::{OpenJobs, TopicPartition};

/// The jobs of a member. Written by the worker, read by whoever commits.
#[derive(Debug, Default)]
pub(super) struct Notes(Mutex<OpenJobs>);

/// The metadata of one committed offset.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::kafka) struct Note {
    /// The org's id; empty where an operator's tool committed.
    pub(in crate::kafka) org: String,
    /// The jobs.
    pub(in crate::kafka) jobs: BTreeSet<String>,
}

impl Notes {
    /// From the next commit on these jobs are kept, and no others.
    pub(super) fn set(&self, jobs: OpenJobs) {
        *self.lock() = jobs;
    }

    /// The metadata of an offset of `partition` that was consumed for `org`.
    pub(super) fn of(&self, partition: &TopicPartition, org: &str) -> String {
        let jobs = self.lock().get(partition).cloned().unwrap_or_default();
        Note { org: org.to_owned(), jobs }.text()
    }

    fn lock(&self) -> MutexGuard<'_, OpenJobs> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Note {
    /// Reads metadata.
    pub(in crate::kafka) fn read(text: &str) -> Self {
        let mut words = text.split(' ');
        let org = words.next().unwrap_or_default().to_owned();
        Self { org, jobs: words.filter(|word| !word.is_empty()).map(str::to_owned).collect() }
    }

    /// The metadata.
    pub(in crate::kafka) fn text(&self) -> String {
        let words = std::iter::once(&self.org).chain(&self.jobs);
        words.map(String::as_str).collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_noted_is_read_and_other_tools_note_nothing() {
        let partition = TopicPartition { topic: "a.Account".into(), partition: 0 };
        let jobs = BTreeSet::from(["7505g00000AbCdEAAV".to_owned(), "7505g00000AbCdFAAV".to_owned()]);
        let notes = Notes::default();
        assert_eq!(notes.of(&partition, "00D"), "00D");
        notes.set(OpenJobs::from([(partition.clone(), jobs.clone())]));
        assert_eq!(Note::read(&notes.of(&partition, "00D")), Note { org: "00D".to_owned(), jobs });
        assert_eq!(Note::read(""), Note { org: String::new(), jobs: BTreeSet::new() });
    }
}
