//! Whether org B has a record already, where that decides what is written.
//!
//! An upsert carries the same fields whether it makes a record or changes one, so it cannot carry what org B takes from
//! a new record only, such as a master-detail parent that may never change. A change with such fields is therefore
//! written as what it turns out to be. Should that have changed when the write arrives, org B refuses it, and the next
//! attempt asks anew.
//!
//! A record that has a live link is changed by its id in org B. An upsert would make a second one where the first lies in
//! the recycle bin, and those who pointed at the first would stay without: see [`crate::bin`].

use std::sync::Arc;

use orgstream_api::{Rejection, Value};
use orgstream_salesforce::{DescribeField, SalesforceId, to_json};

use crate::change::Change;
use crate::deliver::{Delivery, Done, Item};
use crate::plan::Kind;
use crate::relationships::{Parent, said};
use crate::target::Target;
use crate::work::Verdict;

/// What is known of org B's record before a write of fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Presence {
    /// Nobody asked: the upsert finds out.
    Unasked,
    /// It is not there; the write makes it.
    Absent,
    /// It is there; the write changes it.
    At(SalesforceId),
}

impl Item {
    /// The record of org B by the link alone, where org B could find no other one by external id.
    fn linked_place(&self) -> Option<SalesforceId> {
        match self.change.kind {
            Kind::Create => self.trusted(),
            Kind::Upsert | Kind::Undelete => {
                self.trusted().filter(|_| self.change.external == self.change.key.id)
            }
            Kind::Insert | Kind::Update | Kind::Delete | Kind::Leave | Kind::Straighten | Kind::Pay => None,
        }
    }
}

impl Presence {
    /// Whether a write of `kind` may carry `field`: an update what is updateable, what makes a record what is
    /// createable, and an upsert what is both, because it may turn out to be either.
    pub(crate) fn takes(self, field: &DescribeField, kind: Kind) -> bool {
        match (kind, self) {
            (Kind::Update | Kind::Pay, _) | (Kind::Create, Self::At(_)) => field.updateable,
            (Kind::Upsert | Kind::Undelete, Self::Absent) | (Kind::Insert | Kind::Create, _) => {
                field.createable
            }
            (Kind::Upsert | Kind::Undelete, Self::Unasked | Self::At(_)) => {
                field.createable && field.updateable
            }
            (Kind::Delete | Kind::Straighten | Kind::Leave, _) => false,
        }
    }
}

impl Delivery {
    /// Finds the records of org B that updates need, and those that decide what an upsert may carry. Of the others a link
    /// is enough, which costs no call.
    pub(crate) async fn locate(&self, items: Vec<Item>, done: &mut Done) -> Vec<Item> {
        let (asked, mut located): (Vec<_>, Vec<_>) = items.into_iter().partition(is_to_be_found);
        for item in &mut located {
            // One that was just fetched back is there.
            if item.presence == Presence::Unasked {
                let nowhere = if item.change.makes_anew() { Presence::Absent } else { Presence::Unasked };
                item.presence = item.linked_place().map_or(nowhere, Presence::At);
            }
        }
        let Some(target) = asked.first().map(|first| Arc::clone(&first.change.target)) else {
            return located;
        };
        let found = match self.find(&target, &asked).await {
            Ok(found) => found,
            Err(error) => {
                self.fail(asked, &error, done).await;
                return located;
            }
        };
        for (mut item, id) in asked.into_iter().zip(found) {
            item.presence = match id {
                Some(id) => Presence::At(id),
                None if item.change.kind == Kind::Update => {
                    let rejection = not_there(&target, &item.change);
                    done.push(item, Verdict::rejected(rejection));
                    continue;
                }
                None => Presence::Absent,
            };
            located.push(item);
        }
        located
    }
}

/// Whether org B has to be asked where the record of a change is.
fn is_to_be_found(item: &Item) -> bool {
    let change = &item.change;
    // A new record that is refused may be there already, though no link leads to it.
    let may_be_there = change.kind == Kind::Create
        && item.papers.attempts.was_refused()
        && change.target.external_id.is_some();
    may_be_there
        || change.kind == Kind::Update
        || (!change.makes_anew() && (says_what_is_taken_once(change) || names_what_is_taken_once(change)))
}

/// Whether a change has something to say that org B takes from a new record only.
fn says_what_is_taken_once(change: &Change) -> bool {
    change
        .target
        .taken_once
        .iter()
        .any(|field| change.carried(&field.name).is_some_and(|value| differs_from_default(field, value)))
}

/// Whether a change names a parent that org B takes from a new record only.
fn names_what_is_taken_once(change: &Change) -> bool {
    let mut taken_once = change.target.references.iter().filter(|reference| !reference.field.updateable);
    taken_once.any(|reference| {
        change.layers().any(|layer| said(&layer, &reference.field) == Some(Parent::Somebody))
    })
}

/// Whether a new record has another value than this one if nobody gives it any.
fn differs_from_default(field: &DescribeField, value: &Value) -> bool {
    if value.is_null() {
        return field.nillable && field.defaulted_on_create;
    }
    to_json(field, value).map_or(true, |json| field.default_value.as_ref() != Some(&json))
}

fn not_there(target: &Target, change: &Change) -> Rejection {
    let by = match &target.external_id {
        Some(field) => format!("no link and no record with {field} = {}", change.external),
        None => "no link".to_owned(),
    };
    Rejection {
        code: "TARGET_NOT_FOUND".to_owned(),
        message: format!(
            "org B has no {} for {}: {by}; an update creates nothing",
            target.object, change.key.id
        ),
        fields: Vec::new(),
    }
}
