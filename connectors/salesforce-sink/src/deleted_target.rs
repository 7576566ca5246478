//! Changes of records that somebody deleted in org B, though they live in their own org.
//!
//! Nobody tells of such a deletion but org B, when it refuses a write by the record's id. It refuses one that points at a deleted
//! record in the same words, so it is asked which of the two is gone. A deletion of a record that is gone is done, and what came back
//! in its own org is fetched back whatever the file says.

use orgstream_api::{Outcome, Rejection, Skip};
use orgstream_salesforce::{RecordError, SalesforceId};

use crate::bin::Binned;
use crate::deliver::{Delivery, Done, Item};
use crate::plan::Kind;
use crate::put::Prepared;
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
    pub(crate) async fn settle_deleted(&self, refused: Vec<Binned<Prepared>>, done: &mut Done) {
        let Some(object) = refused.first().map(|first| first.of.item.change.target.object.clone()) else {
            return;
        };
        let ids: Vec<SalesforceId> = refused.iter().map(|refused| refused.id).collect();
        let gone = match self.are_gone(&object, &ids).await {
            Ok(gone) => gone,
            Err(error) => {
                let items = refused.into_iter().map(|refused| refused.of.item).collect();
                return self.fail(items, &error, done).await;
            }
        };
        let mut binned = Vec::new();
        for (refused, is_gone) in refused.into_iter().zip(gone) {
            match self.deleted_target {
                // It lives. What it points at does not.
                _ if !is_gone => self.close(refused.of, Answer::Refused(refused.refusal), done),
                _ if self.is_to_come_back(&refused.of.item) => binned.push(refused),
                DeletedTarget::Undelete | DeletedTarget::Recreate => {
                    self.close_doubted(refused.of, refused.refusal, done);
                }
                DeletedTarget::Reject | DeletedTarget::Skip => self.end(refused, done),
            }
        }
        self.undelete(binned, done).await;
    }

    async fn undelete(&self, binned: Vec<Binned<Prepared>>, done: &mut Done) {
        let (back, left) = self.fetch_back(binned, |prepared| &prepared.item.papers.tenure).await;
        for (prepared, answer) in left {
            match answer {
                Answer::Refused(refusal) => self.close_doubted(prepared, refusal, done),
                answer => self.close(prepared, answer, done),
            }
        }
        for (prepared, answer) in self.update_once(back).await {
            self.close(prepared, answer, done);
        }
    }

    /// The next attempt trusts the record's link no more, and makes it.
    fn close_doubted(&self, mut prepared: Prepared, refusal: RecordError, done: &mut Done) {
        prepared.item.papers.attempts.refuse();
        self.close(prepared, Answer::Refused(refusal), done);
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
}
