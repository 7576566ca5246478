//! Changes that write fields: upserts, updates, and undeletes, which are upserts of a record fetched back first.

use std::collections::HashSet;
use std::sync::Arc;

use orgstream_api::{Delivered, LinkState, Rejection, StoreError};
use orgstream_salesforce::{Row, WriteResult};
use serde_json::Value as Json;

use crate::deliver::{Delivery, Done, Item};
use crate::map;
use crate::presence::Presence;
use crate::references::{self, Blocked, Parents, Resolved, Trouble};
use crate::target::Target;
use crate::verdict::unwritten;
use crate::work::Verdict;
use crate::write::{Answer, Write};

/// A change that is ready to be sent.
struct Prepared {
    item: Item,
    row: Row,
    resolved: Resolved,
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

    /// Upserts or updates.
    pub(crate) async fn put(&self, items: Vec<Item>, done: &mut Done) -> Result<(), StoreError> {
        let items = self.locate(items, done).await;
        let mut prepared = Vec::with_capacity(items.len());
        for (item, resolved) in self.with_references(items, done).await? {
            match map::fields(&item.change, item.presence) {
                Ok(mut row) => {
                    row.extend(resolved.row.clone());
                    prepared.push(Prepared { item, row, resolved });
                }
                Err(rejection) => done.push(item, Verdict::rejected(rejection)),
            }
        }
        // One call never carries two records with the same external id: org B refuses both.
        while !prepared.is_empty() {
            let mut external = HashSet::new();
            let (now, later): (Vec<_>, Vec<_>) =
                prepared.into_iter().partition(|next| external.insert(next.item.change.external.clone()));
            prepared = later;
            let (updates, upserts) =
                now.into_iter().partition(|next| matches!(next.item.presence, Presence::At(_)));
            self.update(updates, done).await;
            self.upsert(upserts, done).await;
        }
        Ok(())
    }

    /// The items whose references are settled one way or another.
    async fn with_references(
        &self,
        items: Vec<Item>,
        done: &mut Done,
    ) -> Result<Vec<(Item, Resolved)>, StoreError> {
        let parents = Parents { links: &self.links, org: &self.wire.org };
        let resolved = match references::resolve(&parents, &self.targets, &items).await {
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
        let rows = rows(&mut prepared, |item, row| {
            row.insert(field.clone(), Json::String(item.change.external.clone()));
        });
        let tenures = prepared.iter().map(|prepared| &prepared.item.papers.tenure);
        let answers = self.send(&Write::Upsert { object: &target.object, field, rows }, tenures).await;
        for (prepared, answer) in prepared.into_iter().zip(answers) {
            self.close(prepared, answer, done);
        }
    }

    /// Updates records whose place in org B is known.
    async fn update(&self, mut prepared: Vec<Prepared>, done: &mut Done) {
        let Some(target) = prepared.first().map(|first| Arc::clone(&first.item.change.target)) else {
            return;
        };
        let rows = rows(&mut prepared, |item, row| {
            if let Presence::At(id) = item.presence {
                row.insert("Id".to_owned(), Json::String(id.as_str().to_owned()));
            }
        });
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
}

/// Takes the rows out, completed by `add`.
fn rows(prepared: &mut [Prepared], add: impl Fn(&Item, &mut Row)) -> Vec<Row> {
    let rows = prepared.iter_mut().map(|prepared| {
        let mut row = std::mem::take(&mut prepared.row);
        add(&prepared.item, &mut row);
        row
    });
    rows.collect()
}

fn no_external_id(target: &Target) -> Rejection {
    Rejection {
        code: "NO_EXTERNAL_ID".to_owned(),
        message: format!("object {} has no `external_id`, which an upsert needs", target.object),
        fields: Vec::new(),
    }
}
