//! What happens to the changes of one call: from their links to their outcomes.
//!
//! What is already written, or older than what is written, needs no call. Links, references and look-ups of all
//! changes of a call are asked for together.

use std::sync::Arc;

use orgstream_api::{Delivered, IdLink, Intents, LinkState, Outcome, StoreError};
use orgstream_salesforce::{ApiError, BreakerState, Org, SalesforceId};

use crate::change::Change;
use crate::counters::SinkCounters;
use crate::deleted_target::DeletedTarget;
use crate::fold::leave_out_written;
use crate::links::{Known, Links, RecordKey, live};
use crate::matching::Matcher;
use crate::parking::Parking;
use crate::plan::Kind;
use crate::presence::Presence;
use crate::put::Prepared;
use crate::references::PointedAt;
use crate::target::{Target, Targets};
use crate::tenure::Tenure;
use crate::verdict::unread;
use crate::work::{Papers, Settled, Task, Verdict, Work};
use crate::write::{Answer, Wire, Write};
use crate::{lookup, versions};

/// Delivers to org B. Shared by the calls in flight.
pub(crate) struct Delivery {
    /// Calls to org B.
    pub(crate) wire: Wire,
    /// The id map.
    pub(crate) links: Links,
    /// The pipeline's objects.
    pub(crate) targets: Targets,
    /// Finds what references out of the pipeline point at.
    pub(crate) matcher: Matcher,
    /// The notes of inserts.
    pub(crate) intents: Arc<dyn Intents>,
    /// What has been done.
    pub(crate) counters: Arc<SinkCounters>,
    /// The user or queue of org B that is given records whose owner is inactive.
    pub(crate) fallback_owner: Option<SalesforceId>,
    /// What is done with changes of records that somebody deleted in org B.
    pub(crate) deleted_target: DeletedTarget,
    /// How long records wait for parents.
    pub(crate) parking: Parking,
}

/// What became of the items of a call.
#[derive(Default)]
pub(crate) struct Done {
    /// The items with their verdicts.
    pub(crate) over: Vec<(Work, Verdict)>,
    /// Records of which org B may not agree with their link, each with the tenure of the change that shows it: those at which
    /// refused changes point, and those that came back with a parent.
    pub(crate) crooked: Vec<(PointedAt, Tenure)>,
}

/// A change whose own link is known.
#[derive(Debug)]
pub(crate) struct Item {
    /// What it has with it.
    pub(crate) papers: Papers,
    /// The change.
    pub(crate) change: Box<Change>,
    /// Whether org B has its record.
    pub(crate) presence: Presence,
    known: Known,
}

impl Done {
    /// Notes what became of a change.
    pub(crate) fn push(&mut self, item: Item, verdict: Verdict) {
        self.over.push((Work { papers: item.papers, task: Task::Change(item.change) }, verdict));
    }
}

impl Delivery {
    /// Writes changes of one object that need the same of org B, and says what became of each.
    pub(crate) async fn write(
        &self,
        kind: Kind,
        changes: Vec<(Papers, Box<Change>)>,
    ) -> Result<Done, StoreError> {
        let mut done = Done::default();
        let items = self.needed(changes, &mut done).await?;
        match kind {
            Kind::Leave => self.leave(items, &mut done),
            Kind::Delete => self.delete(items, &mut done).await,
            Kind::Upsert | Kind::Create if self.may_return(&items) => {
                let items = self.bring_back(items, &mut done).await?;
                self.put(items, &mut done).await?;
            }
            Kind::Undelete => {
                let items = self.bring_back(items, &mut done).await?;
                self.put(items, &mut done).await?;
            }
            Kind::Upsert | Kind::Update | Kind::Insert | Kind::Create | Kind::Straighten | Kind::Pay => {
                self.put(items, &mut done).await?;
            }
        }
        Ok(done)
    }

    /// As far as [`Delivery::write`] of upserts or updates, without the write: what became of those that need none, and the
    /// others with their fields.
    pub(crate) async fn prepare_changes(
        &self,
        changes: Vec<(Papers, Box<Change>)>,
    ) -> Result<(Done, Vec<Prepared>), StoreError> {
        let mut done = Done::default();
        let items = self.needed(changes, &mut done).await?;
        let prepared = self.prepare(items, &mut done).await?;
        Ok((done, prepared))
    }

    /// Writes changes that were prepared.
    pub(crate) async fn write_prepared(&self, prepared: Vec<Prepared>) -> Done {
        let mut done = Done::default();
        self.send_prepared(prepared, &mut done).await;
        done
    }

    /// The changes that need a write, with their links.
    async fn needed(
        &self,
        changes: Vec<(Papers, Box<Change>)>,
        done: &mut Done,
    ) -> Result<Vec<Item>, StoreError> {
        let known = self.links.resolve(changes.iter().map(|(_, change)| own_key(change))).await?;
        let mut needed = Vec::with_capacity(changes.len());
        for (mut papers, mut change) in changes {
            let known = known.get(&own_key(&change)).cloned().unwrap_or_default();
            let skip = versions::superseded(&change.version, change.kind, known.link.as_ref());
            if skip.is_none() {
                leave_out_written(&mut papers, &mut change, known.link.as_ref());
            }
            let item = Item { papers, change, presence: Presence::Unasked, known };
            match skip {
                Some(skip) => done.push(item, Verdict::settled(Outcome::Skipped(skip))),
                None => needed.push(item),
            }
        }
        Ok(needed)
    }

    /// The records of org B that the items stand for: by live link, else by external id.
    pub(crate) async fn find(
        &self,
        target: &Target,
        items: &[Item],
    ) -> Result<Vec<Option<SalesforceId>>, ApiError> {
        let unlinked: Vec<&str> = items
            .iter()
            .filter(|item| item.trusted().is_none())
            .map(|item| item.change.external.as_str())
            .collect();
        let found = lookup::by_external_id(&self.wire.org, target, &unlinked).await?;
        Ok(items
            .iter()
            .map(|item| item.trusted().or_else(|| found.get(&item.change.external).copied()))
            .collect())
    }

    /// Writes, each record under its tenure, and answers for each.
    pub(crate) async fn send<'t>(
        &self,
        write: &Write<'_>,
        tenures: impl Iterator<Item = &'t Tenure>,
    ) -> Vec<Answer> {
        let tenures: Vec<&Tenure> = tenures.collect();
        let answers = self.wire.send(write, &tenures, &self.counters).await;
        self.with_fallback_owner(write, &tenures, answers).await
    }

    /// A read on behalf of all items failed.
    pub(crate) async fn fail(&self, items: Vec<Item>, error: &ApiError, done: &mut Done) {
        self.fail_by(&self.wire.org, items, error, done).await;
    }

    /// As [`Delivery::fail`], of a read of `org`.
    pub(crate) async fn fail_by(&self, org: &Org, items: Vec<Item>, error: &ApiError, done: &mut Done) {
        let blame = org.report(error).await;
        for item in items {
            done.push(item, unread(error, blame));
        }
    }

    /// An org without which nothing can be written now, and why it cannot be called.
    pub(crate) fn away(&self) -> Option<(Org, String)> {
        let orgs = std::iter::once(&self.wire.org).chain(self.matcher.source());
        orgs.into_iter().find_map(|org| match org.breaker().state() {
            BreakerState::Open { reason, .. } => Some((org.clone(), reason)),
            BreakerState::Closed => None,
        })
    }

    /// The link of a change that is written now.
    pub(crate) fn link(&self, item: &Item, target_id: Option<String>, state: LinkState) -> IdLink {
        let change = &item.change;
        IdLink {
            source_org: change.key.org.clone(),
            object: change.target.object.clone(),
            source_id: change.key.id.clone(),
            target_org: self.links.target_org().to_owned(),
            target_id,
            state,
            last: change.version.at.clone(),
            stamp: change.version.stamp,
        }
    }
}

impl Item {
    /// A change whose own link is known.
    pub(crate) fn of_parts(papers: Papers, change: Box<Change>, presence: Presence, known: Known) -> Self {
        Self { papers, change, presence, known }
    }

    /// All that [`Item::of_parts`] takes.
    pub(crate) fn into_parts(self) -> (Papers, Box<Change>, Presence, Known) {
        (self.papers, self.change, self.presence, self.known)
    }

    /// What is known of its record.
    pub(crate) fn known(&self) -> &Known {
        &self.known
    }

    /// The record of org B, if the link says that it lives.
    pub(crate) fn live(&self) -> Option<SalesforceId> {
        self.known.link.as_ref().and_then(live)
    }

    /// As [`Item::live`]. After a refusal what may make a record trusts no link: somebody may have deleted the record in org B, which then
    /// is to be made anew. Passing trouble says nothing of the record.
    pub(crate) fn trusted(&self) -> Option<SalesforceId> {
        let makes = matches!(self.change.kind, Kind::Upsert | Kind::Undelete | Kind::Create);
        self.live().filter(|_| !makes || !self.papers.attempts.was_refused())
    }

    /// The record of org B, if the link says that it lives, and a refusal that it may not.
    pub(crate) fn doubted(&self) -> Option<SalesforceId> {
        self.live().filter(|_| self.trusted().is_none())
    }

    /// The record of org B, if the link says that it was deleted.
    pub(crate) fn binned(&self) -> Option<SalesforceId> {
        let link = self.known.link.as_ref().filter(|link| link.state != LinkState::Live)?;
        SalesforceId::parse(link.target_id.as_ref()?).ok()
    }

    /// The record of org B that the link names, whether it lives or not.
    pub(crate) fn linked(&self) -> Option<&String> {
        self.known.link.as_ref()?.target_id.as_ref()
    }

    /// The verdict on a change that org B has.
    pub(crate) fn delivered(&self, delivered: Delivered) -> Verdict {
        self.settled(Outcome::Delivered(delivered))
    }

    /// The verdict on a change whose outcome has a link.
    pub(crate) fn settled(&self, outcome: Outcome) -> Verdict {
        let stored = self.known.stored.clone();
        Verdict::Settled(Box::new(Settled { outcome, stored }))
    }
}

/// The key of a change's own record.
fn own_key(change: &Change) -> RecordKey {
    RecordKey { org: change.key.org.clone(), object: change.target.object.clone(), id: change.key.id.clone() }
}
