//! State that connectors may ask the runtime for. In-memory versions serve the connectors' own tests.

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::position::InputOffset;

/// A store did not answer. The task cannot go on without it.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub struct StoreError {
    /// What was asked of which store.
    pub what: String,
    /// Why it failed.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// Which record of org B stands for which record of org A.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdLink {
    /// 18-character id of the org the record comes from.
    pub source_org: String,
    /// Object API name, the same in both orgs.
    pub object: String,
    /// The record's id in the source org.
    pub source_id: String,
    /// 18-character id of the target org.
    pub target_org: String,
    /// The record's id in the target org; `None` only in a deleted link of a record that never got there.
    pub target_id: Option<String>,
    /// Whether the record lives.
    pub state: LinkState,
    /// The newest delivered write. A record at or below it in the same partition is a duplicate.
    pub last: InputOffset,
    /// The stamp of that write, cut to the second; orders records of other partitions.
    pub stamp: Option<Stamp>,
}

/// Whether a linked record lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkState {
    /// It does.
    Live,
    /// It was deleted at this time, milliseconds since the epoch.
    Deleted(i64),
}

impl LinkState {
    /// How long an org can bring a deleted record back: its recycle bin keeps it for 15 days.
    pub const RESTORABLE_MS: i64 = 15 * 24 * 3_600_000;

    /// Whether the record was deleted so long before `now`, in milliseconds since the epoch, that its org cannot bring it back.
    pub fn is_final(self, now: i64) -> bool {
        matches!(self, Self::Deleted(at) if now - at > Self::RESTORABLE_MS)
    }
}

/// A `SystemModstamp` cut to the second: seconds since the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Stamp(pub i64);

/// The id map: a cache of what org B knows (D7).
#[async_trait]
pub trait IdMap: Send + Sync {
    /// The links of `ids`, records of `object` in `source_org`, in order; `None` where there is none.
    async fn resolve(
        &self,
        source_org: &str,
        object: &str,
        target_org: &str,
        ids: &[String],
    ) -> Result<Vec<Option<IdLink>>, StoreError>;

    /// Stores links, replacing older ones. Durable, and seen by every node, when it returns (D7).
    async fn bind(&self, links: Vec<IdLink>) -> Result<(), StoreError>;

    /// How often links were taken out. What somebody noted of links before the last time may be of one that is gone.
    fn forgotten(&self) -> u64 {
        0
    }

    /// Those of `target_ids`, records of `object` in `target_org`, that a link leads to. May look at all links.
    async fn linked(
        &self,
        object: &str,
        target_org: &str,
        target_ids: &[String],
    ) -> Result<HashSet<String>, StoreError>;
}

/// Which records of its org a source's own pipeline has brought to the target: the id links, as the source sees them.
/// The target's answers run behind the topics, so what is not linked may still have been produced.
#[async_trait]
pub trait Links: Send + Sync {
    /// Up to `most` links of `object` whose record id is after `after`, by record id; fewer only at the end.
    async fn page(
        &self,
        object: &str,
        after: Option<&str>,
        most: usize,
    ) -> Result<Vec<(String, LinkState)>, StoreError>;

    /// The states of the links of `ids`, in order; `None` where there is none.
    async fn states(&self, object: &str, ids: &[String]) -> Result<Vec<Option<LinkState>>, StoreError>;
}

/// An id map in memory, for tests of connectors.
#[derive(Debug, Default)]
pub struct MemoryIdMap {
    links: Mutex<HashMap<(String, String, String, String), IdLink>>,
}

#[async_trait]
impl IdMap for MemoryIdMap {
    async fn resolve(
        &self,
        source_org: &str,
        object: &str,
        target_org: &str,
        ids: &[String],
    ) -> Result<Vec<Option<IdLink>>, StoreError> {
        let links = self.links.lock().expect("no holder of this lock panics");
        let key = |id: &String| (source_org.to_owned(), object.to_owned(), target_org.to_owned(), id.clone());
        Ok(ids.iter().map(|id| links.get(&key(id)).cloned()).collect())
    }

    async fn bind(&self, new: Vec<IdLink>) -> Result<(), StoreError> {
        let mut links = self.links.lock().expect("no holder of this lock panics");
        for link in new {
            let key = (
                link.source_org.clone(),
                link.object.clone(),
                link.target_org.clone(),
                link.source_id.clone(),
            );
            links.insert(key, link);
        }
        Ok(())
    }

    async fn linked(
        &self,
        object: &str,
        target_org: &str,
        target_ids: &[String],
    ) -> Result<HashSet<String>, StoreError> {
        let links = self.links.lock().expect("no holder of this lock panics");
        let of_object = links.values().filter(|link| link.object == object && link.target_org == target_org);
        let linked = of_object.filter_map(|link| link.target_id.clone());
        Ok(linked.filter(|id| target_ids.contains(id)).collect())
    }
}
