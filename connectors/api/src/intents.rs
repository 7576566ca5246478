//! Notes of inserts: what is about to be made in the target, durable before the call (D6).
//!
//! Nothing in the target tells a record that was inserted from another one like it. So whoever owns a record after a
//! crash, or after a call that got no answer, has to know that its insert may have been carried out, and by what the new
//! record can be known again.
//!
//! Times are those of the target's own clock, in milliseconds since the epoch.

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::position::InputOffset;
use crate::store::StoreError;

/// A note of one insert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// The record that is inserted; with the pipeline it is the id of the write.
    pub at: InputOffset,
    /// The object.
    pub object: String,
    /// From when on the new record can be dated.
    pub since: i64,
    /// When the call can no longer be under way, whatever became of it.
    pub over: i64,
    /// The user of the target who makes the record, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The fields that are written and that the new record can be compared by.
    pub fields: Vec<String>,
    /// A fingerprint of their values.
    pub print: u64,
}

/// An insert that was carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    /// The record that was inserted.
    pub at: InputOffset,
    /// The object.
    pub object: String,
    /// The new record's id.
    pub target: String,
    /// When that was known.
    pub when: i64,
}

/// What is known of the insert of one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Insert {
    /// It may have been carried out: nobody knows an answer.
    Unanswered(Intent),
    /// It was not carried out.
    NotMade,
    /// It was.
    Made(Made),
}

/// Which new records of the target are spoken for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Census {
    /// Inserts without an answer.
    pub unanswered: Vec<Intent>,
    /// The ids of records that inserts made.
    pub made: HashSet<String>,
    /// Of records that were made before, some may have been forgotten.
    pub complete_since: i64,
}

/// The notes of a pipeline's inserts. What is known of a record ends when its offset is committed.
#[async_trait]
pub trait Intents: Send + Sync {
    /// Stores notes, replacing older ones of the same records. Durable, and found by whoever owns the records next, when
    /// it returns.
    async fn note(&self, intents: Vec<Intent>) -> Result<(), StoreError>;

    /// What is known of the insert of a record that this task owns; `None` where nobody tried.
    fn known(&self, at: &InputOffset) -> Option<Insert>;

    /// A record was not made: it was refused, or the call never left. Durable with the record's outcome.
    fn not_made(&self, at: &InputOffset);

    /// A record was made. Durable with the record's outcome.
    fn made(&self, made: Made);

    /// What is known of all inserts of the pipeline, whoever owns their records. A record of the target that was there
    /// before this was asked, and that an insert of the pipeline made, is in it.
    async fn census(&self) -> Result<Census, StoreError>;
}

/// Notes in memory, for tests of connectors.
#[derive(Debug, Default)]
pub struct MemoryIntents {
    inserts: Mutex<HashMap<InputOffset, Insert>>,
}

impl MemoryIntents {
    /// Forgets a record whose offset is committed.
    pub fn committed(&self, at: &InputOffset) {
        self.inserts.lock().expect("no holder of this lock panics").remove(at);
    }
}

#[async_trait]
impl Intents for MemoryIntents {
    async fn note(&self, intents: Vec<Intent>) -> Result<(), StoreError> {
        let mut inserts = self.inserts.lock().expect("no holder of this lock panics");
        inserts.extend(intents.into_iter().map(|intent| (intent.at.clone(), Insert::Unanswered(intent))));
        Ok(())
    }

    fn known(&self, at: &InputOffset) -> Option<Insert> {
        self.inserts.lock().expect("no holder of this lock panics").get(at).cloned()
    }

    fn not_made(&self, at: &InputOffset) {
        let mut inserts = self.inserts.lock().expect("no holder of this lock panics");
        if let Some(insert) = inserts.get_mut(at) {
            *insert = Insert::NotMade;
        }
    }

    fn made(&self, made: Made) {
        let mut inserts = self.inserts.lock().expect("no holder of this lock panics");
        inserts.insert(made.at.clone(), Insert::Made(made));
    }

    async fn census(&self) -> Result<Census, StoreError> {
        let mut census = Census::default();
        for insert in self.inserts.lock().expect("no holder of this lock panics").values() {
            match insert {
                Insert::Unanswered(intent) => census.unanswered.push(intent.clone()),
                Insert::NotMade => {}
                Insert::Made(made) => {
                    census.made.insert(made.target.clone());
                }
            }
        }
        Ok(census)
    }
}
