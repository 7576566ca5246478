//! Changes of the id map that people ask for.

use orgstream_api::{IdLink, IdMap as _, InputOffset, LinkState, TopicPartition};
use serde::{Deserialize, Serialize};

use super::id_error::IdStoreError;
use super::ids::IdStore;
use super::links::LinkKey;
use crate::kafka::topics;

/// No record lies here, so none is taken for written already by a link that says so.
const NOWHERE: i64 = -1;

/// Conflicts that are named one by one.
const NAMED: usize = 20;

/// What is to be changed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdChanges {
    /// Links to be.
    #[serde(default)]
    pub set: Vec<Pair>,
    /// Whether a link that is there stays as it is.
    #[serde(default)]
    pub only_new: bool,
    /// Links that are to be taken out.
    #[serde(default)]
    pub forget: Vec<LinkKey>,
}

/// A link to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pair {
    /// The record that it is of.
    #[serde(flatten)]
    pub key: LinkKey,
    /// The record of the target org.
    pub target_id: String,
}

/// What has changed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changed {
    /// Links that were not there.
    pub new: u64,
    /// Links that lead elsewhere now, or live again.
    pub changed: u64,
    /// Links that were there as they are to be.
    pub same: u64,
    /// Links that are otherwise and stay.
    pub kept: u64,
    /// The first of them.
    pub conflicts: Vec<Kept>,
    /// Links that were taken out.
    pub forgotten: u64,
    /// Links that were to be taken out and were not there.
    pub unknown: u64,
}

/// A link that is otherwise than somebody found, and stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The link that was found.
    #[serde(flatten)]
    pub found: Pair,
    /// Where the one of the map leads; nowhere where it says that the record was deleted.
    pub linked: Option<String>,
}

impl Changed {
    /// Adds what another part of the same change did.
    pub fn add(&mut self, other: Self) {
        self.new += other.new;
        self.changed += other.changed;
        self.same += other.same;
        self.kept += other.kept;
        self.forgotten += other.forgotten;
        self.unknown += other.unknown;
        self.conflicts.extend(other.conflicts);
        self.conflicts.truncate(NAMED);
    }
}

impl IdStore {
    /// Makes the changes, durable and seen by every node when it returns.
    pub async fn change(&self, changes: IdChanges) -> Result<Changed, IdStoreError> {
        let mut changed = Changed::default();
        let mut links = Vec::new();
        for pair in changes.set {
            let old = self.link(&pair.key).await?;
            let is_live = |link: &IdLink| link.state == LinkState::Live;
            match old {
                Some(old) if is_live(&old) && old.target_id.as_deref() == Some(pair.target_id.as_str()) => {
                    changed.same += 1;
                }
                Some(old) if changes.only_new => {
                    changed.kept += 1;
                    let linked = old.target_id.clone().filter(|_| is_live(&old));
                    changed.conflicts.push(Kept { found: pair, linked });
                    changed.conflicts.truncate(NAMED);
                }
                Some(old) => {
                    changed.changed += 1;
                    // What was written of the record stays known, so that nothing older is written once more.
                    links.push(IdLink { target_id: Some(pair.target_id), state: LinkState::Live, ..old });
                }
                None => {
                    changed.new += 1;
                    links.push(unwritten(pair));
                }
            }
        }
        self.write(links).await?;
        let mut forget = Vec::new();
        for key in changes.forget {
            match self.link(&key).await? {
                Some(_) => forget.push(key),
                None => changed.unknown += 1,
            }
        }
        changed.forgotten = forget.len() as u64;
        self.forget(forget).await?;
        Ok(changed)
    }

    async fn link(&self, key: &LinkKey) -> Result<Option<IdLink>, IdStoreError> {
        let ids = std::slice::from_ref(&key.source_id);
        let links = self.resolve(&key.source_org, &key.object, &key.target_org, ids).await?;
        Ok(links.into_iter().next().flatten())
    }
}

/// A link of which nothing was written through it yet.
fn unwritten(pair: Pair) -> IdLink {
    let LinkKey { source_org, object, source_id, target_org } = pair.key;
    IdLink {
        source_org,
        object,
        source_id,
        target_org,
        target_id: Some(pair.target_id),
        state: LinkState::Live,
        last: InputOffset {
            partition: TopicPartition { topic: topics::IDS.to_owned(), partition: 0 },
            offset: NOWHERE,
        },
        stamp: None,
    }
}
