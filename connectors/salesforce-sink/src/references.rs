//! Reference fields: from the ids of another org to those of org B.
//!
//! Happens when the lane's turn has come, not earlier, so that a parent written a moment ago counts. A reference whose
//! parent has no link yet is left out of the write and owed (D3); only one that the record cannot be without makes the
//! record wait.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use orgstream_api::{IdLink, LinkState, Owed, Rejection, Stamp, StoreError, Value};
use orgstream_salesforce::{ApiError, Org, Row, SalesforceId};
use serde_json::Value as Json;

use crate::change::Change;
use crate::deliver::Item;
use crate::lanes::LaneKey;
use crate::links::{Links, RecordKey};
use crate::lookup;
use crate::target::{Reference, Target, Targets};

/// What became of a change's references.
#[derive(Debug, Default)]
pub(crate) struct Resolved {
    /// Fields to write.
    pub(crate) row: Row,
    /// References that wait for their parent.
    pub(crate) owed: Vec<Owed>,
    /// Fields for which nothing older is owed any more.
    pub(crate) paid: Vec<String>,
    /// How many were left out for good.
    pub(crate) left_out: usize,
    /// The records that the fields to write point at.
    pub(crate) parents: Vec<PointedAt>,
    /// Why the record cannot be written.
    pub(crate) blocked: Option<Blocked>,
}

/// A record of another org that a change points at, and that has a live link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PointedAt {
    /// Its lane.
    pub(crate) key: LaneKey,
    /// The objects that it may be of, by their place in the configuration.
    pub(crate) objects: Vec<usize>,
}

/// Why a record cannot be written.
#[derive(Debug)]
pub(crate) enum Blocked {
    /// A parent that it cannot be without is not there yet.
    Waits(Rejection),
    /// A reference of it can never be resolved.
    Never(Rejection),
}

/// Why references could not be resolved.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// The id map did not answer.
    Store(StoreError),
    /// Org B did not answer.
    Org(ApiError),
}

/// A record that a reference may point at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Parent {
    /// It is in org B.
    Live(SalesforceId),
    /// It was deleted, at this time of its own org where that is known.
    Deleted(Option<Stamp>),
    /// It is not there yet.
    Missing,
}

/// Finds parents: in the id map first, then in org B by external id, many at a time.
pub(crate) struct Parents<'a> {
    /// The links.
    pub(crate) links: &'a Links,
    /// Org B.
    pub(crate) org: &'a Org,
}

/// One reference that has a value.
struct Pointing<'a> {
    change: usize,
    reference: &'a Reference,
    id: SalesforceId,
    candidates: Vec<&'a Arc<Target>>,
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

/// Resolves the references that the changes of `items` carry, all together.
pub(crate) async fn resolve(
    parents: &Parents<'_>,
    targets: &Targets,
    items: &[Item],
) -> Result<Vec<Resolved>, Trouble> {
    let mut resolved: Vec<Resolved> = Vec::with_capacity(items.len());
    let mut pointing: Vec<Pointing<'_>> = Vec::new();
    for Item { change, presence, .. } in items {
        let mut own = Resolved::default();
        let references = change.target.references.iter();
        for reference in references.filter(|reference| presence.takes(&reference.field, change.kind)) {
            if let Some((id, candidates)) = point(change, reference, targets, &mut own) {
                pointing.push(Pointing { change: resolved.len(), reference, id, candidates });
            }
        }
        resolved.push(own);
    }
    let wanted: Vec<(RecordKey, &Arc<Target>)> = pointing
        .iter()
        .flat_map(|pointing| {
            let org = &items[pointing.change].change.key.org;
            pointing.candidates.iter().map(|target| (record_key(org, target, pointing.id), *target))
        })
        .collect();
    let found = parents.find(&wanted).await?;
    for pointing in pointing {
        let change = &items[pointing.change].change;
        let org = &change.key.org;
        let keys = pointing.candidates.iter().map(|target| record_key(org, target, pointing.id));
        let parent = best(keys.filter_map(|key| found.get(&key).copied()));
        settle(change, &pointing, parent, &mut resolved[pointing.change]);
    }
    Ok(resolved)
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

/// Where a carried reference points; `None` when that is settled without a look at any parent.
fn point<'a>(
    change: &Change,
    reference: &'a Reference,
    targets: &'a Targets,
    own: &mut Resolved,
) -> Option<(SalesforceId, Vec<&'a Arc<Target>>)> {
    let name = &reference.field.name;
    let value = change.carried(name)?;
    if value.is_null() {
        if reference.field.nillable {
            own.row.insert(name.clone(), Json::Null);
        }
        own.paid.push(name.clone());
        return None;
    }
    if reference.parents.is_empty() {
        own.left_out += 1;
        return None;
    }
    let id = match value {
        Value::String(text) => SalesforceId::parse(text).map_err(|error| error.to_string()),
        other => Err(format!("{other:?} is not a Salesforce id")),
    };
    let id = match id {
        Ok(id) => id,
        Err(message) => {
            let rejection =
                Rejection { code: "MALFORMED_ID".to_owned(), message, fields: vec![name.clone()] };
            own.blocked = Some(Blocked::Never(rejection));
            return None;
        }
    };
    let candidates = targets.parents(reference, &id);
    if candidates.is_empty() {
        own.left_out += 1;
        own.paid.push(name.clone());
        return None;
    }
    Some((id, candidates))
}

/// What a reference becomes, now that its parent is known or known to be missing.
fn settle(change: &Change, pointing: &Pointing<'_>, parent: Parent, own: &mut Resolved) {
    let name = &pointing.reference.field.name;
    let parent_objects: Vec<String> =
        pointing.candidates.iter().map(|target| target.object.clone()).collect();
    match parent {
        Parent::Live(id) => {
            own.row.insert(name.clone(), Json::String(id.as_str().to_owned()));
            own.paid.push(name.clone());
            let key = LaneKey { org: change.key.org.clone(), id: pointing.id.as_str().to_owned() };
            let objects = pointing.candidates.iter().map(|target| target.index).collect();
            own.parents.push(PointedAt { key, objects });
        }
        Parent::Deleted(at) if pointing.reference.is_required() && !is_newer(change, at) => {
            own.blocked = Some(Blocked::Never(Rejection {
                code: "REQUIRED_PARENT_DELETED".to_owned(),
                message: format!(
                    "`{name}` is required and its parent, {} {}, was deleted after this state of the record; undelete \
                     the parent and change the record again if it is to be in org B",
                    parent_objects.join(" or "),
                    pointing.id
                ),
                fields: vec![name.clone()],
            }));
        }
        Parent::Deleted(_) if !pointing.reference.is_required() => {
            own.left_out += 1;
            own.paid.push(name.clone());
        }
        Parent::Deleted(_) | Parent::Missing if pointing.reference.is_waited_for() => {
            let why = if pointing.reference.is_required() { "is required" } else { "cannot be set later" };
            own.blocked.get_or_insert(Blocked::Waits(Rejection {
                code: "REQUIRED_PARENT_MISSING".to_owned(),
                message: format!(
                    "`{name}` {why} and its parent, {} {}, is not in org B; send the parent first",
                    parent_objects.join(" or "),
                    pointing.id
                ),
                fields: vec![name.clone()],
            }));
        }
        // D3: the runtime stores the entry before the record's ticket settles.
        Parent::Deleted(_) | Parent::Missing => own.owed.push(Owed {
            at: change.version.at.clone(),
            org: change.key.org.clone(),
            object: change.target.object.clone(),
            id: change.key.id.clone(),
            field: name.clone(),
            parent_objects,
            parent_id: pointing.id.as_str().to_owned(),
        }),
    }
}

/// Whether a change is newer than the deletion of its parent, so that the parent came back in between: that is still to
/// be read from the parent's topic.
fn is_newer(change: &Change, deleted: Option<Stamp>) -> bool {
    matches!((change.version.stamp, deleted), (Some(stamp), Some(deleted)) if stamp > deleted)
}

fn parent(link: Option<&IdLink>) -> Parent {
    let Some(link) = link else { return Parent::Missing };
    match (link.state, &link.target_id) {
        (LinkState::Deleted(_), _) => Parent::Deleted(link.stamp),
        (LinkState::Live, Some(id)) => SalesforceId::parse(id).map_or(Parent::Missing, Parent::Live),
        (LinkState::Live, None) => Parent::Missing,
    }
}
