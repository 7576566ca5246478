//! Which records the stream produced while a snapshot runs, so that no older row of the snapshot follows them.
//!
//! They may be as many as the org has, so they lie with the runtime and not in the source's memory. They need not outlive
//! the process: a source that goes on with a snapshot reads them back from the topics.

use std::collections::HashMap;
use std::sync::Mutex;

use async_trait::async_trait;

use crate::store::{Stamp, StoreError};

/// What was produced of a record last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sight {
    /// The time of that state.
    pub stamp: Stamp,
    /// Whether it is a deletion.
    pub deleted: bool,
    /// Whether it is all of the row.
    pub whole: bool,
}

/// The records that were produced, one set for each scope, such as an object.
#[async_trait]
pub trait Seen: Send + Sync {
    /// Remembers these records of `scope`, by id, where no later state of them is remembered.
    async fn note(&self, scope: &str, newer: Vec<(String, Sight)>) -> Result<(), StoreError>;

    /// What is remembered of `ids`, in their order.
    async fn of(&self, scope: &str, ids: Vec<String>) -> Result<Vec<Option<Sight>>, StoreError>;

    /// Forgets a scope.
    async fn clear(&self, scope: &str) -> Result<(), StoreError>;
}

/// The records in memory, for tests of connectors.
#[derive(Debug, Default)]
pub struct MemorySeen(Mutex<HashMap<String, HashMap<String, Sight>>>);

#[async_trait]
impl Seen for MemorySeen {
    async fn note(&self, scope: &str, newer: Vec<(String, Sight)>) -> Result<(), StoreError> {
        let mut scopes = self.0.lock().expect("no holder of this lock panics");
        let known = scopes.entry(scope.to_owned()).or_default();
        for (id, sight) in newer {
            if known.get(&id).is_none_or(|known| known.stamp <= sight.stamp) {
                known.insert(id, sight);
            }
        }
        Ok(())
    }

    async fn of(&self, scope: &str, ids: Vec<String>) -> Result<Vec<Option<Sight>>, StoreError> {
        let scopes = self.0.lock().expect("no holder of this lock panics");
        let known = scopes.get(scope);
        Ok(ids.iter().map(|id| known?.get(id).copied()).collect())
    }

    async fn clear(&self, scope: &str) -> Result<(), StoreError> {
        self.0.lock().expect("no holder of this lock panics").remove(scope);
        Ok(())
    }
}
