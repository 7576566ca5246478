//! The rows of a job that is being filled, and what is with each of them here.
//!
//! Every row has a value that no other row of the job has, by which org B's results are matched: the external id in an upsert,
//! the `Id` in an update. A record that CSV cannot carry unchanged goes another way.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use csv::{Terminator, WriterBuilder};
use orgstream_api::{Schema, StoreError, TopicPartition};
use orgstream_salesforce::{HEADER_SIZE, Ingest, NULL_CELL, Row, SalesforceId, WriteResult};
use serde_json::Value as Json;

use super::image;
use super::spool::{Place, Spool};
use crate::plan::Group;
use crate::presence::Presence;
use crate::put::{Prepared, complete};
use crate::target::Target;
use crate::tenure::Tenure;
use crate::work::{Task, Work};

/// Rows of one job. More of them would cost fewer calls and more memory: what is with a row here takes about a kilobyte.
pub(crate) const ROWS: usize = 25_000;

/// Bytes of one job, which is read into memory to be sent. Org B takes 100 MB.
const BYTES: u64 = 16 * 1024 * 1024;

/// Characters that org B takes in one cell of a job.
const CELL: usize = 131_072;

/// Rows of one job.
#[derive(Debug)]
pub(crate) struct Filling {
    /// What they have in common.
    pub(crate) group: Group,
    /// Their object.
    pub(crate) target: Arc<Target>,
    kind: Option<Kind>,
    columns: HashMap<String, usize>,
    spool: Spool,
    entries: BTreeMap<String, Entry>,
}

/// What the job does with its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Upserts by external id.
    Upsert,
    /// Updates by id.
    Update,
}

/// What is with a row.
#[derive(Debug)]
struct Entry {
    /// Without its fields and the record's values, which are on disk.
    prepared: Box<Prepared>,
    schema: Arc<Schema>,
    place: Place,
}

impl Filling {
    /// No rows yet.
    pub(crate) fn of(group: Group, target: Arc<Target>, dir: &Path) -> Result<Self, StoreError> {
        let (columns, entries) = (HashMap::new(), BTreeMap::new());
        Ok(Self { group, target, kind: None, columns, spool: Spool::make(dir)?, entries })
    }

    /// How many rows there are.
    pub(crate) fn rows(&self) -> usize {
        self.entries.len()
    }

    /// Whether it takes no more.
    pub(crate) fn is_full(&self) -> bool {
        self.entries.len() >= ROWS || self.spool.size() >= BYTES
    }

    /// Has the job do what most of the first rows need. An object with too many fields for a job gets none of them.
    pub(crate) fn decide(&mut self, first: &[Prepared]) -> Result<(), StoreError> {
        if self.kind.is_some() || first.is_empty() {
            return Ok(());
        }
        let updates = first.iter().filter(|prepared| kind(prepared) == Some(Kind::Update)).count();
        let kind = if 2 * updates > first.len() { Kind::Update } else { Kind::Upsert };
        let mut names = self.column_names(kind);
        names.extend(parents(first));
        let header = line(names.iter().map(String::as_str));
        if header.len() <= HEADER_SIZE {
            self.spool.add_row(&header)?;
            self.columns = names.into_iter().enumerate().map(|(place, name)| (name, place)).collect();
            self.kind = Some(kind);
        }
        Ok(())
    }

    /// All fields that a row may have.
    fn column_names(&self, kind: Kind) -> Vec<String> {
        let references = self.target.references.iter().map(|reference| &reference.field);
        let fields = self.target.columns.iter().chain(references).filter(|field| match kind {
            Kind::Upsert => field.createable && field.updateable,
            Kind::Update => field.updateable,
        });
        let id = (kind == Kind::Update).then(|| "Id".to_owned());
        let keys = id.into_iter().chain(self.target.external_id.clone());
        keys.chain(fields.map(|field| field.name.clone())).collect()
    }

    /// Takes a row in, or gives it back where it cannot be one of this job's.
    pub(crate) fn push(&mut self, mut prepared: Prepared) -> Result<Option<Prepared>, StoreError> {
        let fits = self.kind.is_some() && kind(&prepared) == self.kind && !self.is_full();
        let Some(key) = key(&prepared).filter(|key| fits && !self.entries.contains_key(key)) else {
            return Ok(Some(prepared));
        };
        let mut row = prepared.row.clone();
        complete(&mut row, &prepared.item, &self.target);
        let mut record = Vec::new();
        let is_whole = image::write(prepared.item.change.value(), &mut record);
        let Some(cells) = self.cells(&row).filter(|_| is_whole) else {
            return Ok(Some(prepared));
        };
        self.spool.add_row(&line(cells.iter().map(String::as_str)))?;
        let place = self.spool.add_record(&record)?;
        prepared.row = Row::new();
        prepared.resolved.row = Row::new();
        prepared.resolved.parents = Vec::new();
        // The record lies on disk: its room is free for others.
        prepared.item.papers.leave_room();
        prepared.item.change.flatten();
        let schema = Arc::clone(prepared.item.change.take_value().schema());
        self.entries.insert(key, Entry { prepared: Box::new(prepared), schema, place });
        Ok(None)
    }

    /// The cells of a row; `None` where CSV would change one of them.
    fn cells(&self, row: &Row) -> Option<Vec<String>> {
        let mut cells = vec![String::new(); self.columns.len()];
        for (name, value) in row {
            let (place, value) = match value {
                Json::Object(parent) => {
                    let (key, value) = only(parent)?;
                    (self.columns.get(&parent_column(name, key))?, value)
                }
                value => (self.columns.get(name)?, value),
            };
            cells[*place] = match value {
                Json::Null => NULL_CELL.to_owned(),
                // An empty cell would leave the field as it is; an empty text empties it.
                Json::String(text) if text.is_empty() => NULL_CELL.to_owned(),
                Json::String(text) if text == NULL_CELL || text.len() > CELL => return None,
                Json::String(text) => text.clone(),
                Json::Bool(_) | Json::Number(_) => value.to_string(),
                Json::Array(_) | Json::Object(_) => return None,
            };
        }
        Some(cells)
    }

    /// What the job is to do.
    pub(crate) fn ingest(&self) -> Ingest<'_> {
        match (self.kind, &self.target.external_id) {
            (Some(Kind::Upsert), Some(field)) => Ingest::Upsert(field),
            _ => Ingest::Update,
        }
    }

    /// The column whose values tell the rows apart.
    pub(crate) fn key_column(&self) -> &str {
        match self.ingest() {
            Ingest::Upsert(field) => field,
            Ingest::Update => "Id",
        }
    }

    /// All rows, as they are sent.
    pub(crate) fn content(&mut self) -> Result<Bytes, StoreError> {
        self.spool.all_rows()
    }

    /// The partitions that the rows came from, each with the holding under which they did.
    pub(crate) fn partitions(&self) -> BTreeMap<TopicPartition, Tenure> {
        let prepared = self.entries.values().map(|entry| &entry.prepared.item);
        prepared.map(|item| (item.change.version.at.partition.clone(), item.papers.tenure.clone())).collect()
    }

    /// What is with the row of this key, without its fields.
    pub(crate) fn take(&mut self, key: &str) -> Option<Prepared> {
        self.entries.remove(key).map(|entry| *entry.prepared)
    }

    /// A row of an update that wrote all of its rows, and what org B would say of it.
    pub(crate) fn any_updated(&self) -> Option<(String, WriteResult)> {
        let (key, _) = self.entries.first_key_value()?;
        let id = SalesforceId::parse(key).ok();
        Some((key.clone(), WriteResult { id, success: true, created: Some(false), errors: Vec::new() }))
    }

    /// Any row of the job, as it was before it became one.
    pub(crate) fn take_back(&mut self) -> Result<Option<Work>, StoreError> {
        let Some((_, Entry { prepared, schema, place })) = self.entries.pop_first() else { return Ok(None) };
        let bytes = self.spool.record(place)?;
        let value = image::read(&schema, &mut bytes.as_slice()).ok_or_else(|| StoreError {
            what: "a record that was written to disk for a bulk job cannot be read back".to_owned(),
            source: None,
        })?;
        let mut item = prepared.item;
        item.change.put_value(value);
        Ok(Some(Work { papers: item.papers, task: Task::Change(item.change) }))
    }
}

/// What a job would have to do for a row; `None` where none can.
fn kind(prepared: &Prepared) -> Option<Kind> {
    match prepared.item.presence {
        Presence::Unasked => Some(Kind::Upsert),
        Presence::At(_) => Some(Kind::Update),
        // It carries what a job's other rows must not.
        Presence::Absent => None,
    }
}

/// What tells a row from the others of its job.
fn key(prepared: &Prepared) -> Option<String> {
    match prepared.item.presence {
        Presence::Unasked => Some(prepared.item.change.external.clone()),
        Presence::At(id) => Some(id.as_str().to_owned()),
        Presence::Absent => None,
    }
}

/// The columns that name parents by a value, in the rows of these.
fn parents(first: &[Prepared]) -> BTreeSet<String> {
    let fields = first.iter().flat_map(|prepared| &prepared.row);
    let column = |(name, value): (&String, &Json)| Some(parent_column(name, only(value.as_object()?)?.0));
    fields.filter_map(column).collect()
}

fn parent_column(relationship: &str, key: &str) -> String {
    format!("{relationship}.{key}")
}

/// The value by which a parent is named. Where its object has to be said too, a row goes another way.
fn only(parent: &Row) -> Option<(&String, &Json)> {
    parent.iter().next().filter(|_| parent.len() == 1)
}

fn line<'a>(cells: impl Iterator<Item = &'a str>) -> Vec<u8> {
    let mut writer = WriterBuilder::new().terminator(Terminator::Any(b'\n')).from_writer(Vec::new());
    writer.write_record(cells).expect("memory takes every line");
    writer.into_inner().expect("memory takes every line")
}
