//! What a source's topics hold, read back from Kafka by a source that was started again.

use std::collections::BTreeMap;

use async_trait::async_trait;

use crate::store::{Stamp, StoreError};

/// The newest state of a record that lies on the topics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// Object API name.
    pub object: String,
    /// The record's id.
    pub id: String,
    /// Its stamp.
    pub stamp: Stamp,
    /// Whether that state is a deletion.
    pub deleted: bool,
    /// Whether it is all of the row; a record with the fields of an event alone says nothing of the others.
    pub whole: bool,
}

/// Places on topics: topic → partition → the offset after the last record.
pub type Offsets = BTreeMap<String, BTreeMap<i32, i64>>;

/// Whether topics still hold what was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// All of it was read.
    All,
    /// Kafka has deleted a part, or the topic was made anew.
    Cut,
}

/// What this task's topics hold. Answers what a source produced before it was restarted.
#[async_trait]
pub trait Produced: Send + Sync {
    /// Calls `each` with the versions on the topics whose record time is at or after `since` (milliseconds since the
    /// epoch), those of one record in their order. They may be as many as the topics hold.
    async fn since(&self, since: i64, each: &mut (dyn FnMut(Version) + Send)) -> Result<(), StoreError>;

    /// Where the topics of `object` end now.
    async fn ends(&self, object: &str) -> Result<Offsets, StoreError>;

    /// Calls `each` with the versions of `object` at and behind `offsets` that no snapshot brought, those of one record
    /// in their order. A topic that `offsets` do not name is read from its start.
    async fn from(
        &self,
        object: &str,
        offsets: &Offsets,
        each: &mut (dyn FnMut(Version) + Send),
    ) -> Result<Found, StoreError>;
}

/// Topics that hold nothing, for tests of connectors.
#[derive(Debug, Clone, Copy, Default)]
pub struct NothingProduced;

#[async_trait]
impl Produced for NothingProduced {
    async fn since(&self, _since: i64, _each: &mut (dyn FnMut(Version) + Send)) -> Result<(), StoreError> {
        Ok(())
    }

    async fn ends(&self, _object: &str) -> Result<Offsets, StoreError> {
        Ok(Offsets::new())
    }

    async fn from(
        &self,
        _object: &str,
        _offsets: &Offsets,
        _each: &mut (dyn FnMut(Version) + Send),
    ) -> Result<Found, StoreError> {
        Ok(Found::All)
    }
}
