//! Records that lie in org B's recycle bin though they live in their own org.
//!
//! Their own org brought them back, and says so; or somebody deleted them in org B, or they went there with a parent, and
//! nobody says so but org B, when it refuses to change them or to point at them. They are fetched back with their id and
//! those who pointed at them. What the bin no longer has is written anew.

use orgstream_api::{IdLink, LinkState, Outcome, Skip, StoreError};
use orgstream_salesforce::{ApiError, RecordError, SalesforceId};

use crate::deleted_target::DeletedTarget;
use crate::deliver::{Delivery, Done, Item};
use crate::links::RecordKey;
use crate::parents::Trouble;
use crate::plan::Kind;
use crate::presence::Presence;
use crate::references::PointedAt;
use crate::returned::{Came, Return};
use crate::tenure::Tenure;
use crate::verdict::unwritten;
use crate::work::{Papers, Task, Verdict, Work};
use crate::write::{Answer, Write};

/// Records that org B is asked for in one call.
const ASKED: usize = 2_000;

/// What org B refused to write because its record may be in the recycle bin.
pub(crate) struct Binned<T> {
    /// What was to be written.
    pub(crate) of: T,
    /// The record.
    pub(crate) id: SalesforceId,
    /// What org B said.
    pub(crate) refusal: RecordError,
}

impl Delivery {
    /// Brings records back from the recycle bin where their link says that they went there, or org B refused them, so that they may
    /// lie there: an upsert would make a second one. What does not come back is found by the upsert that follows, or made anew.
    pub(crate) async fn bring_back(
        &self,
        items: Vec<Item>,
        done: &mut Done,
    ) -> Result<Vec<Item>, StoreError> {
        let place = |item: &Item| self.may_lie_in_bin(item);
        let (binned, mut items): (Vec<_>, Vec<_>) = items.into_iter().partition(|item| place(item).is_some());
        let ids = binned.iter().filter_map(place).collect();
        let answers = self.send(&Write::Undelete(ids), binned.iter().map(|item| &item.papers.tenure)).await;
        // Also of those that did not come: an earlier attempt may have fetched them back and ended before it looked.
        if let Some(Item { change, .. }) = binned.first() {
            let record = |Item { change, papers, .. }: &Item| {
                let at = change.version.stamp?;
                Some(Return { at, org: change.key.org.clone(), tenure: papers.tenure.clone() })
            };
            let records = binned.iter().filter_map(|item| Some((place(item)?, record(item)?))).collect();
            match self.returned_with(Came { target: &change.target, records }).await {
                Ok(dead) => done.crooked.extend(dead),
                Err(Trouble::Store(error)) => return Err(error),
                Err(Trouble::Org(error) | Trouble::Source(error)) => {
                    self.fail(binned, &error, done).await;
                    return Ok(items);
                }
            }
        }
        for (mut item, answer) in binned.into_iter().zip(answers) {
            match answer {
                Answer::Written(_) if item.change.makes_anew() => {
                    // No external id will find it.
                    item.presence = place(&item).map_or(item.presence, Presence::At);
                    items.push(item);
                }
                Answer::Written(_) | Answer::Refused(_) => items.push(item),
                other => {
                    let verdict = unwritten(other).err().unwrap_or(Verdict::Again);
                    done.push(item, verdict);
                }
            }
        }
        Ok(items)
    }

    /// The record of org B that may lie in the recycle bin and is to be fetched back from it.
    pub(crate) fn may_lie_in_bin(&self, item: &Item) -> Option<SalesforceId> {
        item.binned().or_else(|| item.doubted().filter(|_| self.is_to_come_back(item)))
    }

    /// Whether a record that org B does not have, though its link says that it lives, is fetched back for a change.
    pub(crate) fn is_to_come_back(&self, item: &Item) -> bool {
        item.change.kind == Kind::Undelete || self.deleted_target == DeletedTarget::Undelete
    }

    /// Whether records are gone from org B, in order. A refusal does not say whether it means the record that was written or one
    /// that it points at.
    pub(crate) async fn are_gone(&self, object: &str, ids: &[SalesforceId]) -> Result<Vec<bool>, ApiError> {
        let mut gone = Vec::with_capacity(ids.len());
        for ids in ids.chunks(ASKED) {
            let rows = self.wire.org.retrieve(object, ids, &[]).await?;
            gone.extend(rows.iter().map(Option::is_none));
        }
        Ok(gone)
    }

    /// Brings records back that org B refused to write, and answers what came, and of the others with what answer. For a record
    /// that does not come the refusal counts.
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

    /// Brings back those of the records whose links say that they live, and deletes those whose links say that they were deleted.
    ///
    /// One that is in use is left as it is, and so is one that does not come: the change that points at it is tried again, and
    /// has its own verdict.
    pub(crate) async fn straighten(&self, records: Vec<(Papers, PointedAt)>) -> Result<Done, StoreError> {
        let keys = |record: &PointedAt| -> Vec<RecordKey> {
            let object = |index: &usize| self.targets.at(*index).object.clone();
            let PointedAt { key: own, objects } = record;
            let key = |index| RecordKey { org: own.org.clone(), object: object(index), id: own.id.clone() };
            objects.iter().map(key).collect()
        };
        let known = self.links.resolve(records.iter().flat_map(|(_, record)| keys(record))).await?;
        let link = |record: &PointedAt| keys(record).iter().find_map(|key| known.get(key)?.link.as_ref());
        let (mut live, mut dead) = (Vec::new(), Vec::new());
        let mut done = Done::default();
        let over = || Verdict::settled(Outcome::Skipped(Skip::NoLongerOwed));
        for (papers, record) in records {
            match link(&record).and_then(|link| Some((link.state, id_of(link)?))) {
                Some((LinkState::Live, id)) => live.push((id, papers, record)),
                Some((LinkState::Deleted(_), id)) => dead.push((id, papers, record)),
                None => done.straightened(papers, record, over()),
            }
        }
        let write = Write::Undelete(live.iter().map(|(id, ..)| *id).collect());
        let answers = self.send(&write, live.iter().map(|(_, papers, _)| &papers.tenure)).await;
        let mut came = Vec::new();
        for ((id, papers, record), answer) in live.into_iter().zip(answers) {
            let verdict = match answer {
                // It is not there, or lives: who points at it has a verdict of its own.
                Answer::Refused(_) => over(),
                answer => match unwritten(answer) {
                    Ok(_) => {
                        came.push(id);
                        over()
                    }
                    Err(verdict) => verdict,
                },
            };
            done.straightened(papers, record, verdict);
        }
        self.tell_of(&came);
        let write = Write::Delete(dead.iter().map(|(id, ..)| *id).collect());
        let answers = self.send(&write, dead.iter().map(|(_, papers, _)| &papers.tenure)).await;
        for ((_, papers, record), answer) in dead.into_iter().zip(answers) {
            let verdict = match answer {
                Answer::Refused(error) if error.may_mean_gone() => over(),
                answer => unwritten(answer).map_or_else(|verdict| verdict, |_| over()),
            };
            done.straightened(papers, record, verdict);
        }
        Ok(done)
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

/// The record of org B that a link names.
fn id_of(link: &IdLink) -> Option<SalesforceId> {
    SalesforceId::parse(link.target_id.as_ref()?).ok()
}

impl Done {
    fn straightened(&mut self, papers: Papers, record: PointedAt, verdict: Verdict) {
        self.over.push((Work { papers, task: Task::Straighten(record) }, verdict));
    }
}
