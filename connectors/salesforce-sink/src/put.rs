//! Changes that write fields: upserts, updates, and undeletes, which are upserts of a record fetched back first.

use std::collections::HashSet;
use std::sync::Arc;

use orgstream_api::{Delivered, LinkChange, LinkState, Rejection, StoreError};
use orgstream_salesforce::{Row, WriteResult};
use serde_json::Value as Json;

use crate::bin::Binned;
use crate::deleted_target::{DeletedTarget, says_that_it_lives};
use crate::deliver::{Delivery, Done, Item};
use crate::map;
use crate::parents::{Parents, Trouble};
use crate::plan::Kind;
use crate::presence::Presence;
use crate::references::{self, Blocked, Resolved};
use crate::relationships;
use crate::target::Target;
use crate::verdict::unwritten;
use crate::work::Verdict;
use crate::write::{Answer, Write};

/// A change that is ready to be sent.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// The change.
    pub(crate) item: Item,
    /// Its fields, without those by which org B finds its record.
    pub(crate) row: Row,
    /// Its references.
    pub(crate) resolved: Resolved,
}

impl Delivery {
    /// Inserts, upserts or updates.
    pub(crate) async fn put(&self, items: Vec<Item>, done: &mut Done) -> Result<(), StoreError> {
        let prepared = self.prepare(items, done).await?;
        let (inserts, prepared) = prepared
            .into_iter()
            .partition(|next| next.item.presence == Presence::Absent && next.item.change.makes_anew());
        self.insert(inserts, done).await?;
        self.send_prepared(prepared, done).await;
        Ok(())
    }

    /// The fields of each change.
    pub(crate) async fn prepare(
        &self,
        items: Vec<Item>,
        done: &mut Done,
    ) -> Result<Vec<Prepared>, StoreError> {
        let items = self.locate(items, done).await;
        let mut prepared = Vec::with_capacity(items.len());
        for (item, resolved) in self.with_references(items, done).await? {
            match map::fields(&item.change, item.presence, resolved.row.clone()) {
                Ok(row) => {
                    prepared.push(Prepared { item, row, resolved });
                }
                Err(rejection) => done.push(item, Verdict::rejected(rejection)),
            }
        }
        Ok(prepared)
    }

    /// Upserts or updates what was prepared.
    pub(crate) async fn send_prepared(&self, mut prepared: Vec<Prepared>, done: &mut Done) {
        // One call never carries two records with the same external id: org B refuses both.
        while !prepared.is_empty() {
            let mut external = HashSet::new();
            let (now, later): (Vec<_>, Vec<_>) = prepared.into_iter().partition(|next| {
                let change = &next.item.change;
                external.insert(change.target.compared(&change.external).into_owned())
            });
            prepared = later;
            let (updates, upserts) =
                now.into_iter().partition(|next| matches!(next.item.presence, Presence::At(_)));
            self.update(updates, done).await;
            self.upsert(upserts, done).await;
        }
    }

    /// The items whose references are settled one way or another.
    async fn with_references(
        &self,
        items: Vec<Item>,
        done: &mut Done,
    ) -> Result<Vec<(Item, Resolved)>, StoreError> {
        let parents = Parents { links: &self.links, org: &self.wire.org };
        let named = match relationships::read(&self.wire.org, &items).await {
            Ok(named) => named,
            Err(error) => {
                self.fail(items, &error, done).await;
                return Ok(Vec::new());
            }
        };
        let resolved =
            references::resolve(&parents, &self.targets, &self.matcher, &self.parking, &items, &named).await;
        let resolved = match resolved {
            Ok(resolved) => resolved,
            Err(Trouble::Store(error)) => return Err(error),
            Err(Trouble::Source(error)) => {
                let org = self.matcher.source().unwrap_or(&self.wire.org);
                self.fail_by(org, items, &error, done).await;
                return Ok(Vec::new());
            }
            Err(Trouble::Org(error)) => {
                self.fail(items, &error, done).await;
                return Ok(Vec::new());
            }
        };
        let mut settled = Vec::with_capacity(items.len());
        for (item, mut resolved) in items.into_iter().zip(resolved) {
            match resolved.blocked.take() {
                Some(Blocked::Waits(rejection, parents)) => {
                    done.push(item, Verdict::Waits(rejection, parents));
                }
                Some(Blocked::Never(rejection)) => done.push(item, Verdict::rejected(rejection)),
                None => settled.push((item, resolved)),
            }
        }
        Ok(settled)
    }

    async fn upsert(&self, mut prepared: Vec<Prepared>, done: &mut Done) {
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
        let rows = rows(&mut prepared, &target);
        let tenures = prepared.iter().map(|prepared| &prepared.item.papers.tenure);
        let answers = self.send(&Write::Upsert { object: &target.object, field, rows }, tenures).await;
        for (prepared, answer) in prepared.into_iter().zip(answers) {
            self.close(prepared, answer, done);
        }
    }

    /// Updates records whose place in org B is known.
    async fn update(&self, prepared: Vec<Prepared>, done: &mut Done) {
        let mut deleted = Vec::new();
        for (prepared, answer) in self.update_once(prepared).await {
            match (prepared.item.presence, answer) {
                (Presence::At(id), Answer::Refused(refusal))
                    if says_that_it_lives(&prepared.item) && refusal.may_mean_itself_gone() =>
                {
                    deleted.push(Binned { of: prepared, id, refusal });
                }
                (_, answer) => self.close(prepared, answer, done),
            }
        }
        self.settle_deleted(deleted, done).await;
    }

    /// One call; the rows stay with their changes, which may be sent again.
    pub(crate) async fn update_once(&self, mut prepared: Vec<Prepared>) -> Vec<(Prepared, Answer)> {
        let Some(target) = prepared.first().map(|first| Arc::clone(&first.item.change.target)) else {
            return Vec::new();
        };
        let rows = rows(&mut prepared, &target);
        let write = Write::Update { object: &target.object, rows };
        let tenures = prepared.iter().map(|prepared| &prepared.item.papers.tenure);
        let answers = self.send(&write, tenures).await;
        if let Write::Update { rows, .. } = write {
            prepared.iter_mut().zip(rows).for_each(|(prepared, row)| prepared.row = row);
        }
        prepared.into_iter().zip(answers).collect()
    }

    /// The verdict on a change that was sent.
    pub(crate) fn close(&self, prepared: Prepared, answer: Answer, done: &mut Done) {
        let Prepared { mut item, resolved, .. } = prepared;
        if let Answer::Refused(error) = &answer {
            // What becomes of the link of a record at a known place is known by now.
            if !matches!(item.presence, Presence::At(_)) {
                item.papers.attempts.refuse();
            }
            if error.may_mean_gone() && self.deleted_target == DeletedTarget::Undelete {
                let tenure = &item.papers.tenure;
                done.crooked.extend(resolved.parents.iter().map(|parent| (parent.clone(), tenure.clone())));
            }
        }
        let verdict = match unwritten(answer) {
            Ok(WriteResult { id: Some(id), created, .. }) => {
                self.counters.left_out(resolved.left_out);
                self.counters.defaulted(resolved.defaulted);
                self.counters.cut(item.change.cut());
                self.fell_back(usize::from(resolved.fell_back));
                if let (Some(true), Some(lost), true) = (created, item.linked(), is_to_live(&item)) {
                    self.counters.recreated();
                    tracing::warn!(
                        org = self.wire.org.name(), object = %item.change.target.object,
                        record = %item.change.key.id, lost = %lost, id = %id,
                        "A record that was deleted here is made anew, under another id. Records that pointed at it are to be \
                         pointed at the new one: `orgstream verify` names them."
                    );
                }
                item.delivered(Delivered {
                    target: Some(id.as_str().to_owned()),
                    created: created.unwrap_or(false),
                    link: item
                        .change
                        .is_identified()
                        .then(|| self.link(&item, Some(id.as_str().to_owned()), LinkState::Live))
                        .map(LinkChange::Bind),
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
}

/// Whether the change says that its record lives, so that it is to be in org B whatever happened to it there.
fn is_to_live(item: &Item) -> bool {
    matches!(item.change.kind, Kind::Upsert | Kind::Undelete | Kind::Create)
}

/// Takes the rows out, complete.
fn rows(prepared: &mut [Prepared], target: &Target) -> Vec<Row> {
    let rows = prepared.iter_mut().map(|prepared| {
        let mut row = std::mem::take(&mut prepared.row);
        complete(&mut row, &prepared.item, target);
        row
    });
    rows.collect()
}

/// Adds that by which org B finds the record of a row.
pub(crate) fn complete(row: &mut Row, item: &Item, target: &Target) {
    if let Presence::At(id) = item.presence {
        row.insert("Id".to_owned(), Json::String(id.as_str().to_owned()));
    }
    // In an update it is what org B finds the record by when the link is lost.
    if let Some(field) = target.external_id.as_ref().filter(|_| is_to_live(item)) {
        row.insert(field.clone(), Json::String(item.change.external.clone()));
    }
}

fn no_external_id(target: &Target) -> Rejection {
    Rejection {
        code: "NO_EXTERNAL_ID".to_owned(),
        message: format!("object {} has no `external_id`, which an upsert needs", target.object),
        fields: Vec::new(),
    }
}
