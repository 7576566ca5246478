//! What happens to the changes of one call: from their links to their outcomes.
//!
//! What is already written, or older than what is written, needs no call. Links, references and look-ups of all
//! changes of a call are asked for together.

use std::collections::HashSet;
use std::sync::Arc;

use orgstream_api::{Delivered, IdLink, LinkChange, LinkState, Outcome, Rejection, StoreError};
use orgstream_salesforce::{ApiError, Blame, RecordError, Row, SalesforceId, WriteResult, catalogue};
use serde_json::Value as Json;

use crate::change::Change;
use crate::counters::SinkCounters;
use crate::links::{Known, Links, RecordKey};
use crate::plan::Kind;
use crate::references::{self, Blocked, Parents, Resolved, Trouble};
use crate::target::{Target, Targets};
use crate::tenure::Tenure;
use crate::work::{Papers, Settled, Task, Verdict, Work};
use crate::write::{Answer, Wire, Write};
use crate::{lookup, map, versions};

/// Codes that may only say that two calls met: a parent was deleted while its child was written, or a write whose
/// answer was lost was still at work. Tried again before they are believed.
const MAY_BE_A_RACE: [&str; 3] = ["DUPLICATE_VALUE", "ENTITY_IS_DELETED", "INVALID_CROSS_REFERENCE_KEY"];

/// How often such a refusal is tried again.
const RACES: u32 = 3;

/// Delivers to org B. Shared by the calls in flight.
pub(crate) struct Delivery {
    /// Calls to org B.
    pub(crate) wire: Wire,
    /// The id map.
    pub(crate) links: Links,
    /// The pipeline's objects.
    pub(crate) targets: Targets,
    /// What has been done.
    pub(crate) counters: Arc<SinkCounters>,
}

/// What became of the items of a call.
#[derive(Default)]
pub(crate) struct Done(pub(crate) Vec<(Work, Verdict)>);

/// A change whose own link is known.
struct Item {
    papers: Papers,
    change: Box<Change>,
    known: Known,
}

/// A change that is ready to be sent.
struct Prepared {
    item: Item,
    row: Row,
    resolved: Resolved,
}

impl Done {
    fn push(&mut self, item: Item, verdict: Verdict) {
        self.0.push((Work { papers: item.papers, task: Task::Change(item.change) }, verdict));
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
            Kind::Delete => self.delete(items, &mut done).await,
            Kind::Undelete => {
                let items = self.bring_back(items, &mut done).await;
                self.put(items, &mut done).await?;
            }
            Kind::Upsert | Kind::Update | Kind::Pay => self.put(items, &mut done).await?,
        }
        Ok(done)
    }

    /// The changes that need a write, with their links.
    async fn needed(
        &self,
        changes: Vec<(Papers, Box<Change>)>,
        done: &mut Done,
    ) -> Result<Vec<Item>, StoreError> {
        let known = self.links.resolve(changes.iter().map(|(_, change)| own_key(change))).await?;
        let mut needed = Vec::with_capacity(changes.len());
        for (papers, change) in changes {
            let known = known.get(&own_key(&change)).cloned().unwrap_or_default();
            let skip = versions::superseded(&change.version, change.kind, known.link.as_ref());
            let item = Item { papers, change, known };
            match skip {
                Some(skip) => done.push(item, Verdict::settled(Outcome::Skipped(skip))),
                None => needed.push(item),
            }
        }
        Ok(needed)
    }

    /// Brings records back from the recycle bin where their link says that they went there. What does not come back is
    /// written anew by the upsert that follows.
    async fn bring_back(&self, items: Vec<Item>, done: &mut Done) -> Vec<Item> {
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

    /// Upserts or updates.
    async fn put(&self, items: Vec<Item>, done: &mut Done) -> Result<(), StoreError> {
        let mut prepared = Vec::with_capacity(items.len());
        for (item, resolved) in self.with_references(items, done).await? {
            match map::fields(&item.change) {
                Ok(mut row) => {
                    row.extend(resolved.row.clone());
                    prepared.push(Prepared { item, row, resolved });
                }
                Err(rejection) => done.push(item, Verdict::rejected(rejection)),
            }
        }
        let (updates, upserts) =
            prepared.into_iter().partition(|prepared| prepared.item.change.kind == Kind::Update);
        self.update(updates, done).await;
        self.upsert(upserts, done).await;
        Ok(())
    }

    /// The items whose references are settled one way or another.
    async fn with_references(
        &self,
        items: Vec<Item>,
        done: &mut Done,
    ) -> Result<Vec<(Item, Resolved)>, StoreError> {
        let parents = Parents { links: &self.links, org: &self.wire.org };
        let changes: Vec<&Change> = items.iter().map(|item| &*item.change).collect();
        let resolved = match references::resolve(&parents, &self.targets, &changes).await {
            Ok(resolved) => resolved,
            Err(Trouble::Store(error)) => return Err(error),
            Err(Trouble::Org(error)) => {
                self.fail(items, &error, done).await;
                return Ok(Vec::new());
            }
        };
        let mut settled = Vec::with_capacity(items.len());
        for (item, mut resolved) in items.into_iter().zip(resolved) {
            match resolved.blocked.take() {
                Some(Blocked::Waits(rejection)) => done.push(item, Verdict::Retry(rejection)),
                Some(Blocked::Malformed(rejection)) => done.push(item, Verdict::rejected(rejection)),
                None => settled.push((item, resolved)),
            }
        }
        Ok(settled)
    }

    async fn upsert(&self, mut prepared: Vec<Prepared>, done: &mut Done) {
        // One call never carries two records with the same external id: org B refuses both.
        while !prepared.is_empty() {
            let mut external = HashSet::new();
            let (now, later): (Vec<_>, Vec<_>) =
                prepared.into_iter().partition(|next| external.insert(next.item.change.external.clone()));
            prepared = later;
            self.upsert_distinct(now, done).await;
        }
    }

    async fn upsert_distinct(&self, mut prepared: Vec<Prepared>, done: &mut Done) {
        let Some(target) = prepared.first().map(|first| Arc::clone(&first.item.change.target)) else {
            return;
        };
        let Some(field) = &target.external_id else {
            // `start` refuses such a configuration.
            for prepared in prepared {
                done.push(prepared.item, Verdict::rejected(no_external_id(&target)));
            }
            return;
        };
        let rows = rows(&mut prepared, |change, row| {
            row.insert(field.clone(), Json::String(change.external.clone()));
        });
        let tenures = prepared.iter().map(|prepared| &prepared.item.papers.tenure);
        let answers = self.send(&Write::Upsert { object: &target.object, field, rows }, tenures).await;
        for (prepared, answer) in prepared.into_iter().zip(answers) {
            self.close(prepared, answer, done);
        }
    }

    async fn update(&self, prepared: Vec<Prepared>, done: &mut Done) {
        let Some(target) = prepared.first().map(|first| Arc::clone(&first.item.change.target)) else {
            return;
        };
        let (items, rest): (Vec<_>, Vec<_>) =
            prepared.into_iter().map(|Prepared { item, row, resolved }| (item, (row, resolved))).unzip();
        let found = match self.find(&target, &items).await {
            Ok(found) => found,
            Err(error) => return self.fail(items, &error, done).await,
        };
        let mut prepared = Vec::with_capacity(items.len());
        for ((item, (mut row, resolved)), id) in items.into_iter().zip(rest).zip(found) {
            match id {
                Some(id) => {
                    row.insert("Id".to_owned(), Json::String(id.as_str().to_owned()));
                    prepared.push(Prepared { item, row, resolved });
                }
                None => {
                    let rejection = not_there(&target, &item.change);
                    done.push(item, Verdict::rejected(rejection));
                }
            }
        }
        let rows = rows(&mut prepared, |_, _| {});
        let tenures = prepared.iter().map(|prepared| &prepared.item.papers.tenure);
        let answers = self.send(&Write::Update { object: &target.object, rows }, tenures).await;
        for (prepared, answer) in prepared.into_iter().zip(answers) {
            self.close(prepared, answer, done);
        }
    }

    /// The verdict on a change that was sent.
    fn close(&self, prepared: Prepared, answer: Answer, done: &mut Done) {
        let Prepared { item, resolved, .. } = prepared;
        let verdict = match unwritten(answer, &item.papers) {
            Ok(WriteResult { id: Some(id), created, .. }) => {
                self.counters.left_out(resolved.left_out);
                item.delivered(Delivered {
                    target: Some(id.as_str().to_owned()),
                    created: created.unwrap_or(false),
                    link: Some(self.link(&item, Some(id.as_str().to_owned()), LinkState::Live)),
                    owed: resolved.owed,
                    paid: resolved.paid,
                })
            }
            Ok(WriteResult { id: None, .. }) => Verdict::Retry(Rejection {
                code: "UNEXPLAINED".to_owned(),
                message: format!("org `{}` wrote the record without naming its id", self.wire.org.name()),
                fields: Vec::new(),
            }),
            Err(verdict) => verdict,
        };
        done.push(item, verdict);
    }

    /// Deletes by link, else by external id; a record that org B does not have is deleted.
    async fn delete(&self, items: Vec<Item>, done: &mut Done) {
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
                // A delete whose answer was lost, or a cascade, was here before.
                Answer::Refused(error) if error.means_gone_to_a_delete() => self.deleted(&item, Some(id)),
                answer => match unwritten(answer, &item.papers) {
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
        let linked = target.clone().or_else(|| item.known.link.as_ref()?.target_id.clone());
        item.delivered(Delivered {
            target,
            created: false,
            link: Some(self.link(item, linked, LinkState::Deleted(item.change.timestamp))),
            owed: Vec::new(),
            paid: item.change.target.owable().map(str::to_owned).collect(),
        })
    }

    /// The records of org B that the items stand for: by live link, else by external id.
    async fn find(&self, target: &Target, items: &[Item]) -> Result<Vec<Option<SalesforceId>>, ApiError> {
        let unlinked: Vec<&str> = items
            .iter()
            .filter(|item| item.live().is_none())
            .map(|item| item.change.external.as_str())
            .collect();
        let found = lookup::by_external_id(&self.wire.org, target, &unlinked).await?;
        Ok(items
            .iter()
            .map(|item| item.live().or_else(|| found.get(&item.change.external).copied()))
            .collect())
    }

    pub(crate) async fn send<'t>(
        &self,
        write: &Write<'_>,
        tenures: impl Iterator<Item = &'t Tenure>,
    ) -> Vec<Answer> {
        let tenures: Vec<&Tenure> = tenures.collect();
        self.wire.send(write, &tenures, &self.counters).await
    }

    /// A read on behalf of all items failed.
    async fn fail(&self, items: Vec<Item>, error: &ApiError, done: &mut Done) {
        let blame = self.wire.org.report(error).await;
        for item in items {
            done.push(item, unread(error, blame));
        }
    }

    fn link(&self, item: &Item, target_id: Option<String>, state: LinkState) -> LinkChange {
        let change = &item.change;
        LinkChange::Bind(IdLink {
            source_org: change.key.org.clone(),
            object: change.target.object.clone(),
            source_id: change.key.id.clone(),
            target_org: self.links.target_org().to_owned(),
            target_id,
            state,
            last: change.version.at.clone(),
            stamp: change.version.stamp,
        })
    }
}

impl Item {
    /// The record of org B, if the link says that it lives.
    fn live(&self) -> Option<SalesforceId> {
        let link = self.known.link.as_ref().filter(|link| link.state == LinkState::Live)?;
        SalesforceId::parse(link.target_id.as_ref()?).ok()
    }

    /// The record of org B, if the link says that it was deleted.
    fn binned(&self) -> Option<SalesforceId> {
        let link = self.known.link.as_ref().filter(|link| link.state != LinkState::Live)?;
        SalesforceId::parse(link.target_id.as_ref()?).ok()
    }

    fn delivered(&self, delivered: Delivered) -> Verdict {
        let stored = self.known.stored.clone();
        Verdict::Settled(Box::new(Settled { outcome: Outcome::Delivered(delivered), stored }))
    }
}

/// The result of a record that is written; the verdict on one that is not.
pub(crate) fn unwritten(answer: Answer, papers: &Papers) -> Result<WriteResult, Verdict> {
    match answer {
        Answer::Written(result) => Ok(result),
        Answer::Refused(error) => {
            let race = MAY_BE_A_RACE.contains(&error.code.as_str()) && papers.attempts.failed() < RACES;
            let rejection = rejection(error);
            Err(if race { Verdict::Retry(rejection) } else { Verdict::rejected(rejection) })
        }
        Answer::Passing(error) => Err(Verdict::Retry(rejection(error))),
        Answer::Alone(rejection) => Err(Verdict::Suspect(rejection)),
        Answer::Org => Err(Verdict::Again),
        Answer::Over => Err(Verdict::Dropped),
    }
}

/// The verdict on an item for which a read failed.
pub(crate) fn unread(error: &ApiError, blame: Blame) -> Verdict {
    match blame {
        Blame::Org => Verdict::Again,
        Blame::Call => Verdict::Retry(Rejection {
            code: error.code().unwrap_or("NO_USABLE_ANSWER").to_owned(),
            message: error.to_string(),
            fields: Vec::new(),
        }),
    }
}

/// The key of a change's own record.
fn own_key(change: &Change) -> RecordKey {
    RecordKey { org: change.key.org.clone(), object: change.target.object.clone(), id: change.key.id.clone() }
}

/// Takes the rows out, completed by `add`.
fn rows(prepared: &mut [Prepared], add: impl Fn(&Change, &mut Row)) -> Vec<Row> {
    let rows = prepared.iter_mut().map(|prepared| {
        let mut row = std::mem::take(&mut prepared.row);
        add(&prepared.item.change, &mut row);
        row
    });
    rows.collect()
}

fn rejection(error: RecordError) -> Rejection {
    let message = match catalogue::advice(&error.code) {
        Some(advice) => format!("{}; {advice}", error.message),
        None => error.message,
    };
    Rejection { code: error.code, message, fields: error.fields }
}

fn not_there(target: &Target, change: &Change) -> Rejection {
    let by = match &target.external_id {
        Some(field) => format!("no link and no record with {field} = {}", change.external),
        None => "no link".to_owned(),
    };
    Rejection {
        code: "TARGET_NOT_FOUND".to_owned(),
        message: format!(
            "org B has no {} for {}: {by}; operation `update` creates nothing",
            target.object, change.key.id
        ),
        fields: Vec::new(),
    }
}

fn no_external_id(target: &Target) -> Rejection {
    Rejection {
        code: "NO_EXTERNAL_ID".to_owned(),
        message: format!("object {} has no `external_id`, which an upsert needs", target.object),
        fields: Vec::new(),
    }
}
