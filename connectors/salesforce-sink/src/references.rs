//! Reference fields: from the ids of another org to those of org B.
//!
//! Happens when the lane's turn has come, not earlier, so that a parent written a moment ago counts. A reference whose
//! parent has no link yet is left out of the write and owed (D3); only one that the record cannot be without makes the
//! record wait. One whose parent was deleted is emptied and owed: its org points only at what lives, so either the deletion is
//! the newer of the two, or the parent came back and its topic is still to tell.

use std::sync::Arc;

use orgstream_api::{LinkState, Owed, ParentRecord, Rejection, Stamp, Value};
use orgstream_salesforce::{Row, SalesforceId};
use serde_json::Value as Json;

use crate::change::Change;
use crate::deliver::Item;
use crate::lanes::LaneKey;
use crate::links::RecordKey;
use crate::matching::Matcher;
use crate::outside::{self, Outside};
use crate::parents::{Deletion, Parent, Parents, Trouble, best, record_key};
use crate::parking::Parking;
use crate::relationships::{self, Named};
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
    /// How many got what a rule names for parents that are not found.
    pub(crate) defaulted: usize,
    /// Whether the record is given to the fallback owner in place of its own.
    pub(crate) fell_back: bool,
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
    /// Parents that it cannot be without are not there yet. What is outside the pipeline is not named.
    Waits(Rejection, Vec<ParentRecord>),
    /// A reference of it can never be resolved.
    Never(Rejection),
}

impl Resolved {
    /// Points the field `name` at a record of org B.
    pub(crate) fn write(&mut self, name: &str, id: &SalesforceId) {
        self.row.insert(name.to_owned(), Json::String(id.as_str().to_owned()));
        self.paid.push(name.to_owned());
    }

    /// Has the record wait for `parents`, and for what it waits for already.
    pub(crate) fn waits(&mut self, why: Rejection, parents: Vec<ParentRecord>) {
        match &mut self.blocked {
            None => self.blocked = Some(Blocked::Waits(why, parents)),
            Some(Blocked::Waits(_, others)) => others.extend(parents),
            Some(Blocked::Never(_)) => {}
        }
    }

    /// Leaves the field `name` out for good.
    pub(crate) fn leave_out(&mut self, name: &str) {
        self.left_out += 1;
        self.paid.push(name.to_owned());
    }
}

/// One reference that has a value.
struct Pointing<'a> {
    change: usize,
    reference: &'a Reference,
    id: SalesforceId,
    candidates: Vec<&'a Arc<Target>>,
}

/// Resolves the references that the changes of `items` carry, all together, but for those that `named` says.
pub(crate) async fn resolve(
    parents: &Parents<'_>,
    targets: &Targets,
    matcher: &Matcher,
    parking: &Parking,
    items: &[Item],
    named: &[Vec<Named>],
) -> Result<Vec<Resolved>, Trouble> {
    let mut resolved: Vec<Resolved> = Vec::with_capacity(items.len());
    let mut pointing: Vec<Pointing<'_>> = Vec::new();
    let mut outside: Vec<Outside<'_>> = Vec::new();
    for Item { change, presence, .. } in items {
        let mut own = Resolved::default();
        let references = change.target.references.iter();
        let named = named.get(resolved.len()).map_or(&[][..], Vec::as_slice);
        own.blocked = relationships::fault(named);
        for reference in references.filter(|reference| presence.takes(&reference.field, change.kind)) {
            if let Some(named) = named.iter().find(|named| named.field == reference.field.name) {
                relationships::write(named, reference, &mut own);
                continue;
            }
            match (point(change, reference, targets, |what| matcher.is_news(what), &mut own), &reference.rule)
            {
                (None, _) => {}
                (Some((id, candidates)), Some(rule)) if candidates.is_empty() => {
                    outside.push(Outside { change: resolved.len(), reference, rule, id });
                }
                (Some((id, candidates)), _) => {
                    pointing.push(Pointing { change: resolved.len(), reference, id, candidates });
                }
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
        let Item { change, papers, .. } = &items[pointing.change];
        let goes_without = parking.does_without(papers.waited.as_ref().map(|waited| waited.time));
        let org = &change.key.org;
        let keys = pointing.candidates.iter().map(|target| record_key(org, target, pointing.id));
        let parent = best(keys.filter_map(|key| found.get(&key).copied()));
        settle(change, &pointing, parent, goes_without, &mut resolved[pointing.change]);
    }
    outside::settle(matcher, &outside, items, &mut resolved).await?;
    Ok(resolved)
}

/// Where a carried reference points, and the pipeline's objects that it may be one of; `None` when it is settled without
/// a look at any parent. `news` says of a remark whether it is made for the first time.
fn point<'a>(
    change: &Change,
    reference: &'a Reference,
    targets: &'a Targets,
    news: impl Fn(&str) -> bool,
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
    if reference.parents.is_empty() && reference.rule.is_none() {
        own.left_out += 1;
        return None;
    }
    let id = match value {
        Value::String(text) => SalesforceId::parse(text).map_err(|error| error.to_string()),
        other => Err(format!("{} is not a Salesforce id", other.to_json())),
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
    if let Some(given) = reference.rule.as_ref().and_then(|rule| rule.ids.get(&id)) {
        own.write(name, given);
        return None;
    }
    let candidates = targets.parents(reference, &id);
    if candidates.is_empty() && reference.rule.is_none() {
        if let [object] = reference.field.reference_to.as_slice()
            && news(&format!("{}.{name} is of no {object}", change.target.object))
        {
            tracing::warn!(
                object = %change.target.object, field = %name, record = %change.key.id, %id,
                "The field of a record holds an id that is of no {object}, so no parent of it can ever come. It is left out, as \
                 others of the field are, and counted as `references_left_out`."
            );
        }
        own.leave_out(name);
        return None;
    }
    Some((id, candidates))
}

/// What a reference becomes, now that its parent is known or known to be missing. A record that `goes_without` waits no
/// longer for what it does not need.
fn settle(change: &Change, pointing: &Pointing<'_>, parent: Parent, goes_without: bool, own: &mut Resolved) {
    let name = &pointing.reference.field.name;
    let parent_objects: Vec<String> =
        pointing.candidates.iter().map(|target| target.object.clone()).collect();
    match parent {
        Parent::Live(id) => {
            own.write(name, &id);
            let key = LaneKey::new(change.key.org.clone(), pointing.id.as_str().to_owned());
            let objects = pointing.candidates.iter().map(|target| target.index).collect();
            own.parents.push(PointedAt { key, objects });
        }
        Parent::Deleted(deletion)
            if pointing.reference.is_required() && is_older(change, name, deletion.stamp) =>
        {
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
        Parent::Deleted(deletion) if pointing.reference.can_be_emptied() => {
            own.row.insert(name.clone(), Json::Null);
            if change.is_identified() && may_be_back(change, deletion) {
                own.owed.push(owed(change, name, parent_objects, pointing.id));
            } else {
                own.leave_out(name);
            }
        }
        Parent::Deleted(_) if !pointing.reference.is_required() => own.leave_out(name),
        Parent::Deleted(_) | Parent::Missing if goes_without && pointing.reference.is_dispensable() => {
            own.leave_out(name);
        }
        Parent::Deleted(_) | Parent::Missing if pointing.reference.is_waited_for() => {
            let why = if pointing.reference.is_required() { "is required" } else { "cannot be set later" };
            own.waits(
                Rejection {
                    code: "REQUIRED_PARENT_MISSING".to_owned(),
                    message: format!(
                        "`{name}` {why} and its parent, {} {}, is not in org B; send the parent first",
                        parent_objects.join(" or "),
                        pointing.id
                    ),
                    fields: vec![name.clone()],
                },
                missing(change, &parent_objects, pointing.id),
            );
        }
        // Without an id of its own the record is never found again.
        Parent::Deleted(_) | Parent::Missing if !change.is_identified() => own.leave_out(name),
        // D3: the runtime stores the entry before the record's ticket settles.
        Parent::Deleted(_) | Parent::Missing => {
            own.owed.push(owed(change, name, parent_objects, pointing.id));
        }
    }
}

/// The records that a missing parent may be.
fn missing(change: &Change, objects: &[String], id: SalesforceId) -> Vec<ParentRecord> {
    let parent = |object: &String| ParentRecord {
        org: change.key.org.clone(),
        object: object.clone(),
        id: id.as_str().to_owned(),
    };
    objects.iter().map(parent).collect()
}

fn owed(change: &Change, field: &str, parent_objects: Vec<String>, parent: SalesforceId) -> Owed {
    Owed {
        at: change.version.at.clone(),
        org: change.key.org.clone(),
        object: change.target.object.clone(),
        id: change.key.id.clone(),
        field: field.to_owned(),
        parent_objects,
        parent_id: parent.as_str().to_owned(),
    }
}

/// Owes the references that would be written now, but for those in `written`: an earlier attempt made the record, and their
/// parents may not have been there yet.
pub(crate) fn owe_rest(change: &Change, targets: &Targets, written: &[String], own: &mut Resolved) {
    for reference in &change.target.references {
        let name = &reference.field.name;
        let is_set = own.row.get(name).is_some_and(|value| !value.is_null());
        if !is_set || !change.is_identified() || !change.target.owes(name) || written.contains(name) {
            continue;
        }
        let id = change.carried(name).and_then(Value::as_str).map(SalesforceId::parse);
        if let Some(Ok(id)) = id {
            let objects =
                targets.parents(reference, &id).iter().map(|target| target.object.clone()).collect();
            own.paid.retain(|paid| paid != name);
            own.owed.push(owed(change, name, objects, id));
        }
    }
}

/// Whether a parent that was deleted may have been back when the record pointed at it.
fn may_be_back(change: &Change, deletion: Deletion) -> bool {
    change.timestamp - deletion.told <= LinkState::RESTORABLE_MS
}

/// Whether the state that points at a parent is older than its deletion, so that nothing is to come for it. A newer one, or one of
/// the same second, may point at a parent that came back: that is still to be read from the parent's topic.
fn is_older(change: &Change, name: &str, deleted: Option<Stamp>) -> bool {
    matches!((change.version_of(name).stamp, deleted), (Some(stamp), Some(deleted)) if stamp < deleted)
}
