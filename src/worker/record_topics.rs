//! The topics of a source's records, as far as only the records tell them: made on first use, as those are that the file
//! names.

use std::collections::{BTreeSet, HashSet};
use std::sync::Mutex;

use orgstream_api::{SourceBatch, TaskError};

use crate::kafka::{Admin, Cleanup, TopicSpec};

/// Makes topics before the first record goes there.
pub struct RecordTopics {
    admin: Admin,
    partitions: i32,
    /// Those that are there. One that goes away afterwards is not made again: that would hide what was lost with it.
    known: Mutex<HashSet<String>>,
}

impl RecordTopics {
    /// Topics of so many partitions; `known` are there already.
    pub fn new(admin: Admin, partitions: i32, known: HashSet<String>) -> Self {
        Self { admin, partitions, known: Mutex::new(known) }
    }

    /// How a topic of records is made; -1 takes the cluster's number of partitions, and any where the topic is there.
    pub fn spec(name: String, partitions: i32) -> TopicSpec {
        TopicSpec { name, partitions: (partitions > 0).then_some(partitions), cleanup: Cleanup::Delete }
    }

    /// Makes what the records of `batch` need.
    pub async fn ensure(&self, batch: &SourceBatch) -> Result<(), TaskError> {
        let missing: BTreeSet<&str> = {
            let known = self.known.lock().expect("no holder of this lock panics");
            let topics = batch.records.iter().map(|record| record.topic.as_str());
            topics.filter(|topic| !known.contains(*topic)).collect()
        };
        if missing.is_empty() {
            return Ok(());
        }
        let specs: Vec<_> =
            missing.iter().map(|topic| Self::spec((*topic).to_owned(), self.partitions)).collect();
        self.admin.ensure_topics(&specs).await?;
        let mut known = self.known.lock().expect("no holder of this lock panics");
        known.extend(missing.into_iter().map(str::to_owned));
        Ok(())
    }
}
