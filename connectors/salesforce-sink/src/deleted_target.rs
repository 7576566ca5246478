//! Changes of records that somebody deleted in org B, though they live in their own org.
//!
//! Nobody tells of such a deletion but org B, when it refuses a write by the record's id. A deletion of a record that is gone is
//! done, and what came back in its own org is fetched back whatever the file says.

use orgstream_api::{Outcome, Rejection, Skip};
use orgstream_salesforce::SalesforceId;

use crate::bin::Binned;
use crate::deliver::{Delivery, Done, Item};
use crate::plan::Kind;
use crate::put::Prepared;
use crate::verdict::unread;
use crate::work::Verdict;
use crate::write::Answer;

/// The code of a change that is rejected because of it.
const TARGET_DELETED: &str = "TARGET_DELETED";

/// What is done with a change whose record somebody deleted in org B.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum DeletedTarget {
    /// The record is fetched back from the recycle bin and changed; one that the bin no longer has is made anew.
    #[default]
    Undelete,
    /// The record is made anew, under another id.
    Recreate,
    /// The change is rejected.
    Reject,
    /// The change is skipped.
    Skip,
}

/// Whether a change says that its record lives.
pub(crate) fn says_that_it_lives(item: &Item) -> bool {
    matches!(item.change.kind, Kind::Upsert | Kind::Undelete | Kind::Create | Kind::Update)
}

impl Delivery {
    /// What becomes of updates that org B refused because it has no such record, or perhaps none that they point at.
    pub(crate) async fn settle_deleted(&self, deleted: Vec<Binned<Prepared>>, done: &mut Done) {
        match self.deleted_target {
            DeletedTarget::Undelete => self.undelete(deleted, done).await,
            // The next attempt trusts no link, and makes it.
            DeletedTarget::Recreate => {
                for deleted in deleted {
                    self.close_refused(deleted, done);
                }
            }
            DeletedTarget::Reject | DeletedTarget::Skip => self.let_go(deleted, done).await,
        }
    }

    async fn undelete(&self, deleted: Vec<Binned<Prepared>>, done: &mut Done) {
        let (binned, others): (Vec<_>, Vec<_>) =
            deleted.into_iter().partition(|deleted| deleted.refusal.means_in_the_bin());
        for other in others {
            self.close_refused(other, done);
        }
        let (back, left) = self.fetch_back(binned, |prepared| &prepared.item.papers.tenure).await;
        for (prepared, answer) in left.into_iter().chain(self.update_once(back).await) {
            self.close(prepared, answer, done);
        }
    }

    async fn let_go(&self, deleted: Vec<Binned<Prepared>>, done: &mut Done) {
        let (gone, unsure): (Vec<_>, Vec<_>) =
            deleted.into_iter().partition(|deleted| deleted.refusal.means_in_the_bin());
        for gone in gone {
            self.end(gone, done);
        }
        let Some(object) = unsure.first().map(|first| first.of.item.change.target.object.clone()) else {
            return;
        };
        let ids: Vec<SalesforceId> = unsure.iter().map(|unsure| unsure.id).collect();
        match self.wire.org.retrieve(&object, &ids, &[]).await {
            Ok(rows) => {
                for (unsure, row) in unsure.into_iter().zip(rows) {
                    if row.is_none() { self.end(unsure, done) } else { self.close_refused(unsure, done) }
                }
            }
            Err(error) => {
                let blame = self.wire.org.report(&error).await;
                for unsure in unsure {
                    done.push(unsure.of.item, unread(&error, blame));
                }
            }
        }
    }

    /// Org B has no such record, and none is made.
    fn end(&self, Binned { of: prepared, id, .. }: Binned<Prepared>, done: &mut Done) {
        let verdict = if self.deleted_target == DeletedTarget::Skip {
            Verdict::settled(Outcome::Skipped(Skip::TargetDeleted))
        } else {
            Verdict::rejected(Rejection {
                code: TARGET_DELETED.to_owned(),
                message: format!(
                    "its record in org `{}`, {id}, was deleted there; undelete it and have this one sent again with `orgstream \
                     snapshot`, or let `on_deleted_target` say what is done",
                    self.wire.org.name()
                ),
                fields: Vec::new(),
            })
        };
        done.push(prepared.item, verdict);
    }

    fn close_refused(&self, Binned { of, refusal, .. }: Binned<Prepared>, done: &mut Done) {
        self.close(of, Answer::Refused(refusal), done);
    }
}
