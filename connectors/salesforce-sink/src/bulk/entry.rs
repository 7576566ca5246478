//! What is with a row of a job: little of it in memory, the rest on disk beside the record's values.

use std::sync::Arc;

use orgstream_api::{IdLink, InputOffset, Owed, Schema, StoreError};
use serde::{Deserialize, Serialize};

use super::image;
use super::spool::{Place, Spool};
use crate::change::Change;
use crate::deliver::Item;
use crate::links::Known;
use crate::presence::Presence;
use crate::put::Prepared;
use crate::references::Resolved;
use crate::work::{Papers, Task, Work};

/// What is with a row.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) papers: Papers,
    /// Without the record's values.
    pub(super) change: Box<Change>,
    presence: Presence,
    schema: Arc<Schema>,
    place: Place,
}

/// What is needed when the row was written, as JSON.
#[derive(Serialize, Deserialize)]
struct Beside {
    link: Option<IdLink>,
    stored: Option<InputOffset>,
    owed: Vec<Owed>,
    paid: Vec<String>,
    left_out: usize,
    defaulted: usize,
    fell_back: bool,
}

impl Entry {
    /// The bytes of a record that lie on disk; `None` where they would not be the record's.
    pub(super) fn bytes(prepared: &Prepared) -> Option<Vec<u8>> {
        let Resolved { owed, paid, left_out, defaulted, fell_back, .. } = &prepared.resolved;
        let Known { link, stored } = prepared.item.known();
        let beside = Beside {
            link: link.clone(),
            stored: stored.clone(),
            owed: owed.clone(),
            paid: paid.clone(),
            left_out: *left_out,
            defaulted: *defaulted,
            fell_back: *fell_back,
        };
        let beside = serde_json::to_vec(&beside).ok()?;
        let mut bytes = u32::try_from(beside.len()).ok()?.to_le_bytes().to_vec();
        bytes.extend(beside);
        image::write(prepared.item.change.value(), &mut bytes).then_some(bytes)
    }

    /// What stays in memory of a record whose bytes lie at `place`.
    pub(super) fn of(prepared: Prepared, place: Place) -> Self {
        let (papers, mut change, presence, _) = prepared.item.into_parts();
        change.flatten();
        let schema = Arc::clone(change.take_value().schema());
        Self { papers, change, presence, schema, place }
    }

    /// The change as it was prepared, without its fields and values, for its result.
    pub(super) fn prepared(self, spool: &mut Spool) -> Result<Prepared, StoreError> {
        let bytes = spool.record(self.place)?;
        let (beside, _) = parts(&bytes).ok_or_else(unreadable)?;
        let Beside { link, stored, owed, paid, left_out, defaulted, fell_back } =
            serde_json::from_slice(beside).map_err(|_| unreadable())?;
        let item = Item::of_parts(self.papers, self.change, self.presence, Known { link, stored });
        let resolved = Resolved { owed, paid, left_out, defaulted, fell_back, ..Resolved::default() };
        Ok(Prepared { item, row: orgstream_salesforce::Row::new(), resolved })
    }

    /// The record as it was before it became a row.
    pub(super) fn work(self, spool: &mut Spool) -> Result<Work, StoreError> {
        let bytes = spool.record(self.place)?;
        let (_, mut image) = parts(&bytes).ok_or_else(unreadable)?;
        let value = image::read(&self.schema, &mut image).ok_or_else(unreadable)?;
        let mut change = self.change;
        change.put_value(value);
        Ok(Work { papers: self.papers, task: Task::Change(change) })
    }
}

fn parts(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(usize::try_from(u32::from_le_bytes(*length)).ok()?)
}

fn unreadable() -> StoreError {
    StoreError {
        what: "a record that was written to disk for a bulk job cannot be read back".to_owned(),
        source: None,
    }
}
