//! Sets references that were left out, now that their parent should have a link.
//!
//! The runtime submits an owed reference when its parent's link is bound, so the parent is normally there. Should it
//! not be, or be deleted again, the item is handed back as still owed: its entry stays stored and is submitted again with the
//! next link of the parent, and meanwhile nothing here is held for it.

use std::collections::HashMap;
use std::sync::Arc;

use orgstream_api::{Delivered, Outcome, Owed, Skip, StoreError};
use orgstream_salesforce::{Row, SalesforceId};
use serde_json::Value as Json;

use crate::bin::Binned;
use crate::deleted_target::DeletedTarget;
use crate::deliver::{Delivery, Done};
use crate::lanes::LaneKey;
use crate::links::{RecordKey, live};
use crate::parents::{Parent, Parents, Trouble, best, record_key};
use crate::references::PointedAt;
use crate::target::Target;
use crate::verdict::{unread, unwritten};
use crate::work::{Papers, Task, Verdict, Work};
use crate::write::{Answer, Write};

/// An owed reference whose record lives in org B.
struct Debt {
    papers: Papers,
    owed: Owed,
    own: SalesforceId,
}

impl Done {
    fn push_owed(&mut self, papers: Papers, owed: Owed, verdict: Verdict) {
        self.over.push((Work { papers, task: Task::Owed(owed) }, verdict));
    }
}

impl Delivery {
    /// Writes owed references of one object, and says what became of each.
    pub(crate) async fn pay(&self, target: &Target, owed: Vec<(Papers, Owed)>) -> Result<Done, StoreError> {
        let mut done = Done::default();
        let debts = self.still_owed(target, owed, &mut done).await?;
        let found = match self.parents_of(&debts).await {
            Ok(found) => found,
            Err(Trouble::Store(error)) => return Err(error),
            Err(Trouble::Org(error) | Trouble::Source(error)) => {
                let blame = self.wire.org.report(&error).await;
                for Debt { papers, owed, .. } in debts {
                    done.push_owed(papers, owed, unread(&error, blame));
                }
                return Ok(done);
            }
        };
        let mut payable = Vec::new();
        for debt in debts {
            let keys = self.candidates(&debt.owed).into_iter().map(|(key, _)| key);
            match best(keys.filter_map(|key| found.get(&key).copied())) {
                Parent::Live(parent) => {
                    let mut row = Row::new();
                    row.insert("Id".to_owned(), Json::String(debt.own.as_str().to_owned()));
                    row.insert(debt.owed.field.clone(), Json::String(parent.as_str().to_owned()));
                    payable.push((debt, row));
                }
                // One that was deleted may come back, or be back where its topic is still to be read.
                Parent::Deleted(_) | Parent::Missing => {
                    let verdict = Verdict::settled(Outcome::Skipped(Skip::StillOwed));
                    done.push_owed(debt.papers, debt.owed, verdict);
                }
            }
        }
        let mut refused = Vec::new();
        for (paid, answer) in self.set(target, payable).await {
            match answer {
                Answer::Refused(refusal) if refusal.may_mean_itself_gone() => {
                    refused.push(Binned { id: paid.0.own, of: paid, refusal });
                }
                answer => self.close_debt(paid.0, answer, &mut done),
            }
        }
        self.settle_refused(target, refused, &mut done).await;
        Ok(done)
    }

    /// What becomes of references that org B refused because it has no such record, or none that they point at.
    async fn settle_refused(&self, target: &Target, refused: Vec<Binned<(Debt, Row)>>, done: &mut Done) {
        let ids: Vec<SalesforceId> = refused.iter().map(|refused| refused.id).collect();
        let gone = match self.are_gone(&target.object, &ids).await {
            Ok(gone) => gone,
            Err(error) => {
                let blame = self.wire.org.report(&error).await;
                for Binned { of: (Debt { papers, owed, .. }, _), .. } in refused {
                    done.push_owed(papers, owed, unread(&error, blame));
                }
                return;
            }
        };
        let mut binned = Vec::new();
        for (refused, is_gone) in refused.into_iter().zip(gone) {
            match self.deleted_target {
                _ if !is_gone => self.close_debt(refused.of.0, Answer::Refused(refused.refusal), done),
                DeletedTarget::Undelete => binned.push(refused),
                // What is done about its record, its next change says.
                DeletedTarget::Recreate | DeletedTarget::Reject | DeletedTarget::Skip => {
                    let Debt { papers, owed, .. } = refused.of.0;
                    done.push_owed(papers, owed, no_longer_owed());
                }
            }
        }
        let (back, left) = self.fetch_back(binned, |(debt, _)| &debt.papers.tenure).await;
        for ((debt, _), answer) in left.into_iter().chain(self.set(target, back).await) {
            self.close_debt(debt, answer, done);
        }
    }

    /// The verdict on a reference that was sent.
    fn close_debt(&self, Debt { papers, owed, own }: Debt, answer: Answer, done: &mut Done) {
        let points_at_deleted = matches!(&answer, Answer::Refused(error) if error.may_mean_gone());
        if points_at_deleted && self.deleted_target == DeletedTarget::Undelete {
            done.crooked.extend(self.parent_of(&owed).map(|parent| (parent, papers.tenure.clone())));
        }
        let verdict = match unwritten(answer) {
            // The version of the record is not touched: a reference belongs to a state that was written before.
            Ok(_) => Verdict::settled(Outcome::Delivered(Delivered {
                target: Some(own.as_str().to_owned()),
                paid: vec![owed.field.clone()],
                ..Delivered::default()
            })),
            Err(verdict) => verdict,
        };
        done.push_owed(papers, owed, verdict);
    }

    /// The record that a reference points at.
    fn parent_of(&self, owed: &Owed) -> Option<PointedAt> {
        let id = SalesforceId::parse(&owed.parent_id).ok()?.as_str().to_owned();
        let objects = self.candidates(owed).into_iter().map(|(_, target)| target.index).collect();
        Some(PointedAt { key: LaneKey::new(owed.org.clone(), id), objects })
    }

    /// Sets the references.
    async fn set(&self, target: &Target, payable: Vec<(Debt, Row)>) -> Vec<((Debt, Row), Answer)> {
        let rows = payable.iter().map(|(_, row)| row.clone()).collect();
        let tenures = payable.iter().map(|(debt, _)| &debt.papers.tenure);
        let answers = self.send(&Write::Update { object: &target.object, rows }, tenures).await;
        payable.into_iter().zip(answers).collect()
    }

    /// The references whose record lives and whose field may still be written.
    async fn still_owed(
        &self,
        target: &Target,
        owed: Vec<(Papers, Owed)>,
        done: &mut Done,
    ) -> Result<Vec<Debt>, StoreError> {
        let own_key = |owed: &Owed| RecordKey {
            org: owed.org.clone(),
            object: target.object.clone(),
            id: owed.id.clone(),
        };
        let known = self.links.resolve(owed.iter().map(|(_, owed)| own_key(owed))).await?;
        let mut debts = Vec::with_capacity(owed.len());
        for (papers, owed) in owed {
            let link = known.get(&own_key(&owed)).and_then(|known| known.link.as_ref());
            let writable = target.owes(&owed.field) && !self.candidates(&owed).is_empty();
            match link.and_then(live) {
                Some(own) if writable => debts.push(Debt { papers, owed, own }),
                _ => done.push_owed(papers, owed, no_longer_owed()),
            }
        }
        Ok(debts)
    }

    async fn parents_of(&self, debts: &[Debt]) -> Result<HashMap<RecordKey, Parent>, Trouble> {
        let wanted: Vec<_> = debts.iter().flat_map(|debt| self.candidates(&debt.owed)).collect();
        Parents { links: &self.links, org: &self.wire.org }.find(&wanted).await
    }

    /// The records that a reference may point at.
    fn candidates(&self, owed: &Owed) -> Vec<(RecordKey, &Arc<Target>)> {
        let Ok(id) = SalesforceId::parse(&owed.parent_id) else { return Vec::new() };
        let parents = owed.parent_objects.iter().filter_map(|name| self.targets.named(name));
        parents.map(|parent| (record_key(&owed.org, parent, id), parent)).collect()
    }
}

fn no_longer_owed() -> Verdict {
    Verdict::settled(Outcome::Skipped(Skip::NoLongerOwed))
}
