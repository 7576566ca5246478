//! Records that lie in org B's recycle bin though they live in their own org.
//!
//! Their own org brought them back, and says so; or somebody deleted them in org B, or they went there with a parent, and
//! nobody says so but org B, when it refuses to change them. They are fetched back with their id and
//! those who pointed at them. What the bin no longer has is written anew.

use orgstream_salesforce::{RecordError, SalesforceId};

use crate::deliver::{Delivery, Done, Item};
use crate::put::Prepared;
use crate::verdict::unwritten;
use crate::work::Verdict;
use crate::write::{Answer, Write};

/// A change that org B refused because its record is in the recycle bin.
pub(crate) struct Binned {
    /// The change.
    pub(crate) prepared: Prepared,
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
        for (item, answer) in binned.into_iter().zip(answers) {
            match answer {
                Answer::Written(_) | Answer::Refused(_) => items.push(item),
                other => {
                    let verdict = unwritten(other, &item.papers).err().unwrap_or(Verdict::Again);
                    done.push(item, verdict);
                }
            }
        }
        items
    }

    /// Brings back what org B refused to change, and answers what came.
    ///
    /// For a record that does not come the refusal counts: the next attempt trusts its link no more.
    pub(crate) async fn fetch_back(&self, binned: Vec<Binned>, done: &mut Done) -> Vec<Prepared> {
        let ids = binned.iter().map(|binned| binned.id).collect();
        let tenures = binned.iter().map(|binned| &binned.prepared.item.papers.tenure);
        let answers = self.send(&Write::Undelete(ids), tenures).await;
        let mut back = Vec::new();
        let mut came = Vec::new();
        for (Binned { prepared, id, refusal }, answer) in binned.into_iter().zip(answers) {
            match answer {
                Answer::Written(_) => {
                    came.push(id);
                    back.push(prepared);
                }
                Answer::Refused(_) => self.close(prepared, Answer::Refused(refusal), done),
                other => self.close(prepared, other, done),
            }
        }
        if let Some(first) = came.first() {
            tracing::warn!(
                org = self.wire.org.name(), records = came.len(), %first,
                "Records that live in their own org were in the recycle bin here, and are brought back."
            );
        }
        back
    }
}
