//! Parents among the pipeline's records: in the id map first, then in org B by external id, many at a time.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use orgstream_api::{IdLink, LinkState, Stamp, StoreError};
use orgstream_salesforce::{ApiError, Org, SalesforceId};

use crate::links::{Links, RecordKey};
use crate::lookup;
use crate::target::Target;

/// Why references could not be resolved.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// The id map did not answer.
    Store(StoreError),
    /// Org B did not answer.
    Org(ApiError),
    /// The org that the records come from did not answer.
    Source(ApiError),
}

/// A record that a reference may point at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Parent {
    /// It is in org B.
    Live(SalesforceId),
    /// It was deleted, and may come back.
    Deleted(Deletion),
    /// It is not there yet.
    Missing,
}

/// When a record was deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Deletion {
    /// By the clock of its own org, where that is known.
    pub(crate) stamp: Option<Stamp>,
    /// When its topic told of it, in milliseconds since the epoch.
    pub(crate) told: i64,
}

/// Finds parents: in the id map first, then in org B by external id, many at a time.
pub(crate) struct Parents<'a> {
    /// The links.
    pub(crate) links: &'a Links,
    /// Org B.
    pub(crate) org: &'a Org,
}

impl Parents<'_> {
    /// The parents among `wanted`, each with the object it is looked for in.
    pub(crate) async fn find(
        &self,
        wanted: &[(RecordKey, &Arc<Target>)],
    ) -> Result<HashMap<RecordKey, Parent>, Trouble> {
        let keys = wanted.iter().map(|(key, _)| key.clone());
        let known = self.links.resolve(keys).await.map_err(Trouble::Store)?;
        let mut found = HashMap::new();
        let mut missing: BTreeMap<usize, (&Arc<Target>, Vec<&RecordKey>)> = BTreeMap::new();
        for (key, target) in wanted {
            if found.contains_key(key) {
                continue;
            }
            let parent = parent(known.get(key).and_then(|known| known.link.as_ref()));
            if parent == Parent::Missing {
                missing.entry(target.index).or_insert_with(|| (target, Vec::new())).1.push(key);
            }
            found.insert(key.clone(), parent);
        }
        for (target, keys) in missing.into_values() {
            let values: Vec<&str> = keys.iter().map(|key| key.id.as_str()).collect();
            let there = lookup::by_external_id(self.org, target, &values).await.map_err(Trouble::Org)?;
            for key in keys {
                if let Some(id) = there.get(&key.id) {
                    found.insert(key.clone(), Parent::Live(*id));
                }
            }
        }
        Ok(found)
    }
}

/// The answer of several objects that the same id was looked for in.
pub(crate) fn best(parents: impl Iterator<Item = Parent>) -> Parent {
    parents.fold(Parent::Missing, |best, parent| match (best, parent) {
        (Parent::Live(id), _) | (_, Parent::Live(id)) => Parent::Live(id),
        (Parent::Deleted(one), Parent::Deleted(other)) => Parent::Deleted(one.max(other)),
        (Parent::Deleted(at), _) | (_, Parent::Deleted(at)) => Parent::Deleted(at),
        (Parent::Missing, Parent::Missing) => Parent::Missing,
    })
}

/// The key of a parent in the id map.
pub(crate) fn record_key(org: &str, target: &Target, id: SalesforceId) -> RecordKey {
    RecordKey { org: org.to_owned(), object: target.object.clone(), id: id.as_str().to_owned() }
}

fn parent(link: Option<&IdLink>) -> Parent {
    let Some(link) = link else { return Parent::Missing };
    match (link.state, &link.target_id) {
        (LinkState::Deleted(told), _) => Parent::Deleted(Deletion { stamp: link.stamp, told }),
        (LinkState::Live, Some(id)) => SalesforceId::parse(id).map_or(Parent::Missing, Parent::Live),
        (LinkState::Live, None) => Parent::Missing,
    }
}
