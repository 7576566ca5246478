//! Sets references that were left out, now that their parent should have a link.
//!
//! The runtime submits an owed reference when its parent's link is bound, so the parent is normally there. Should it
//! not be, or be deleted again, the item is handed back as still owed: its entry stays stored and is submitted again with the
//! next link of the parent, and meanwhile nothing here is held for it.

use std::collections::HashMap;
use std::sync::Arc;

use orgstream_api::{Delivered, Outcome, Owed, Skip, StoreError};
use orgstream_salesforce::{RecordError, Row, SalesforceId};
use serde_json::Value as Json;

use crate::bin::Binned;
use crate::deleted_target::DeletedTarget;
use crate::deliver::{Delivery, Done};
use crate::links::{RecordKey, live};
use crate::parents::{Parent, Parents, Trouble, best, record_key};
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
        for (Debt { papers, owed, own }, answer) in self.set(target, payable).await {
            let is_deleted = |error: &RecordError| {
                self.deleted_target != DeletedTarget::Undelete && error.means_in_the_bin()
            };
            if matches!(&answer, Answer::Refused(error) if is_deleted(error)) {
                // What is done about its record, its next change says.
                done.push_owed(papers, owed, no_longer_owed());
                continue;
            }
            let verdict = match unwritten(answer, &papers) {
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
        Ok(done)
    }

    /// Sets the references; a record that lies in the recycle bin, though its link says that it lives, is fetched back first.
    async fn set(&self, target: &Target, payable: Vec<(Debt, Row)>) -> Vec<(Debt, Answer)> {
        let (mut set, mut binned) = (Vec::with_capacity(payable.len()), Vec::new());
        for (paid, answer) in self.set_once(target, payable).await {
            match answer {
                Answer::Refused(refusal) if refusal.means_in_the_bin() => {
                    binned.push(Binned { id: paid.0.own, of: paid, refusal });
                }
                answer => set.push((paid, answer)),
            }
        }
        if self.deleted_target != DeletedTarget::Undelete {
            set.extend(binned.into_iter().map(|Binned { of, refusal, .. }| (of, Answer::Refused(refusal))));
            return set.into_iter().map(|((debt, _), answer)| (debt, answer)).collect();
        }
        let (back, left) = self.fetch_back(binned, |(debt, _)| &debt.papers.tenure).await;
        set.extend(left);
        set.extend(self.set_once(target, back).await);
        set.into_iter().map(|((debt, _), answer)| (debt, answer)).collect()
    }

    async fn set_once(&self, target: &Target, payable: Vec<(Debt, Row)>) -> Vec<((Debt, Row), Answer)> {
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
