//! Records that lie in org B's recycle bin though they live in their own org.
//!
//! Their own org brought them back, and says so; or somebody deleted them in org B, or they went there with a parent, and
//! nobody says so but org B, when it refuses to change them or to point at them. They are fetched back with their id and
//! those who pointed at them. What the bin no longer has is written anew.

use orgstream_api::{Outcome, Skip, StoreError};
use orgstream_salesforce::{RecordError, SalesforceId};

use crate::deliver::{Delivery, Done, Item};
use crate::lanes::LaneKey;
use crate::links::{RecordKey, live};
use crate::presence::Presence;
use crate::references::PointedAt;
use crate::tenure::Tenure;
use crate::verdict::unwritten;
use crate::work::{Papers, Task, Verdict, Work};
use crate::write::{Answer, Write};

/// What org B refused to write because its record is in the recycle bin.
pub(crate) struct Binned<T> {
    /// What was to be written.
    pub(crate) of: T,
    /// The record.
    pub(crate) id: SalesforceId,
    /// What org B said.
    pub(crate) refusal: RecordError,
}

impl Delivery {
    /// Brings records back from the recycle bin where their link says that they went there. What does not come back is
    /// written anew by the upsert that follows.
    pub(crate) async fn bring_back(&self, items: Vec<Item>, done: &mut Done) -> Vec<Item> {
        let (binned, mut items): (Vec<_>, Vec<_>) =
            items.into_iter().partition(|item| item.binned().is_some());
        let ids = binned.iter().filter_map(Item::binned).collect();
        let answers = self.send(&Write::Undelete(ids), binned.iter().map(|item| &item.papers.tenure)).await;
        for (mut item, answer) in binned.into_iter().zip(answers) {
            match answer {
                Answer::Written(_) if item.change.makes_anew() => {
                    // No external id will find it.
                    item.presence = item.binned().map_or(item.presence, Presence::At);
                    items.push(item);
                }
                Answer::Written(_) | Answer::Refused(_) => items.push(item),
                other => {
                    let verdict = unwritten(other, &item.papers).err().unwrap_or(Verdict::Again);
                    done.push(item, verdict);
                }
            }
        }
        items
    }

    /// Brings records back that org B refused to write, and answers what came, and of the others with what answer.
    ///
    /// For a record that does not come the refusal counts: the next attempt trusts its link no more.
    pub(crate) async fn fetch_back<T>(
        &self,
        binned: Vec<Binned<T>>,
        tenure: impl Fn(&T) -> &Tenure,
    ) -> (Vec<T>, Vec<(T, Answer)>) {
        let ids = binned.iter().map(|binned| binned.id).collect();
        let answers = self.send(&Write::Undelete(ids), binned.iter().map(|binned| tenure(&binned.of))).await;
        let (mut came, mut back, mut left) = (Vec::new(), Vec::new(), Vec::new());
        for (Binned { of, id, refusal }, answer) in binned.into_iter().zip(answers) {
            match answer {
                Answer::Written(_) => {
                    came.push(id);
                    back.push(of);
                }
                Answer::Refused(_) => left.push((of, Answer::Refused(refusal))),
                other => left.push((of, other)),
            }
        }
        self.tell_of(&came);
        (back, left)
    }

    /// Brings back those of the records whose links say that they live. One that is in use is left as it is, and so is one
    /// that does not come: the change that points at it is tried again, and has its own verdict.
    pub(crate) async fn fetch_parents(&self, parents: Vec<(Papers, PointedAt)>) -> Result<Done, StoreError> {
        let keys = |parent: &PointedAt| -> Vec<RecordKey> {
            let object = |index: &usize| self.targets.at(*index).object.clone();
            let PointedAt { key: LaneKey { org, id }, objects } = parent;
            let key = |index| RecordKey { org: org.clone(), object: object(index), id: id.clone() };
            objects.iter().map(key).collect()
        };
        let known = self.links.resolve(parents.iter().flat_map(|(_, parent)| keys(parent))).await?;
        let place = |parent: &PointedAt| {
            keys(parent).iter().find_map(|key| known.get(key)?.link.as_ref().and_then(live))
        };
        let wanted: Vec<(SalesforceId, &Tenure)> =
            parents.iter().filter_map(|(papers, parent)| Some((place(parent)?, &papers.tenure))).collect();
        let write = Write::Undelete(wanted.iter().map(|(id, _)| *id).collect());
        let answers = self.send(&write, wanted.iter().map(|(_, tenure)| *tenure)).await;
        let came = wanted.iter().zip(answers).filter(|(_, answer)| matches!(answer, Answer::Written(_)));
        self.tell_of(&came.map(|((id, _), _)| *id).collect::<Vec<_>>());
        let over = parents.into_iter().map(|(papers, parent)| {
            let verdict = Verdict::settled(Outcome::Skipped(Skip::NoLongerOwed));
            (Work { papers, task: Task::FetchBack(parent) }, verdict)
        });
        Ok(Done { over: over.collect(), parents: Vec::new() })
    }

    fn tell_of(&self, back: &[SalesforceId]) {
        self.counters.brought_back(back.len());
        if let Some(first) = back.first() {
            tracing::warn!(
                org = self.wire.org.name(), records = back.len(), %first,
                "Records that live in their own org were in the recycle bin here, and are brought back."
            );
        }
    }
}
