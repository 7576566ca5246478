//! Changes that move a record to the recycle bin. A delete is never written in any other way.
//!
//! Org A deleted the record, so nothing there kept it any more. Where something in org B still does, that is about to
//! change: a record that is in retry or owes its new parent still points at the old one.

use std::sync::Arc;

use orgstream_api::{Delivered, LinkChange, LinkState, Outcome, Skip};
use orgstream_salesforce::SalesforceId;

use crate::deliver::{Delivery, Done, Item};
use crate::verdict::{rejection, unwritten};
use crate::work::Verdict;
use crate::write::{Answer, Write};

impl Delivery {
    /// Deletes by link, else by external id; a record that org B does not have is deleted.
    pub(crate) async fn delete(&self, items: Vec<Item>, done: &mut Done) {
        let Some(target) = items.first().map(|first| Arc::clone(&first.change.target)) else { return };
        let found = match self.find(&target, &items).await {
            Ok(found) => found,
            Err(error) => return self.fail(items, &error, done).await,
        };
        let mut there = Vec::new();
        let mut ids = Vec::new();
        for (item, id) in items.into_iter().zip(found) {
            match id {
                Some(id) => {
                    there.push(item);
                    ids.push(id);
                }
                None => {
                    let verdict = self.deleted(&item, None);
                    done.push(item, verdict);
                }
            }
        }
        let tenures = there.iter().map(|item| &item.papers.tenure);
        let answers = self.send(&Write::Delete(ids.clone()), tenures).await;
        for ((item, id), answer) in there.into_iter().zip(ids).zip(answers) {
            let verdict = match answer {
                // A delete whose answer was lost, or a cascade, was here before. A delete carries no reference, so a bad one
                // can only mean the row itself.
                Answer::Refused(error) if error.may_mean_gone() => self.deleted(&item, Some(id)),
                Answer::Refused(error) if error.means_in_use() => Verdict::InUse(rejection(error)),
                answer => match unwritten(answer) {
                    Ok(_) => self.deleted(&item, Some(id)),
                    Err(verdict) => verdict,
                },
            };
            done.push(item, verdict);
        }
    }

    fn deleted(&self, item: &Item, id: Option<SalesforceId>) -> Verdict {
        let target = id.map(|id| id.as_str().to_owned());
        // A link without target keeps references to the record from being owed for ever.
        let linked = target.clone().or_else(|| item.linked().cloned());
        let link = self.link(item, linked, LinkState::Deleted(item.change.timestamp));
        if target.is_none() && item.linked().is_none() && item.papers.cancel_out() {
            return item.settled(Outcome::Skipped(Skip::Cancelled(Some(Box::new(link)))));
        }
        item.delivered(Delivered {
            target,
            created: false,
            link: Some(LinkChange::Bind(link)),
            owed: Vec::new(),
            paid: item.change.target.owable().map(str::to_owned).collect(),
        })
    }
}
