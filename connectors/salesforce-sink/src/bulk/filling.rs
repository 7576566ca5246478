//! The rows of a job that is being filled, and what is with each of them here.
//!
//! Every row has a value that no other row of the job has, by which org B's results are matched: the external id in an upsert,
//! the `Id` in an update. A record that CSV cannot carry unchanged goes another way.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use orgstream_api::{StoreError, TopicPartition, with_causes};
use orgstream_salesforce::{HEADER_SIZE, Ingest, SalesforceId, WriteResult};

use super::cells::{Columns, line, only, parent_column};
use super::entry::Entry;
use super::spool::Spool;
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

/// Bytes of the records of one job as they were consumed. The runtime holds them until they are settled, for whoever is refused.
const RECORDS: usize = 32 * 1024 * 1024;

/// Rows of one job.
#[derive(Debug)]
pub(crate) struct Filling {
    /// What they have in common.
    pub(crate) group: Group,
    /// Their object.
    pub(crate) target: Arc<Target>,
    kind: Option<Kind>,
    columns: Columns,
    spool: Spool,
    /// By what tells the row from the others, as org B compares it.
    entries: BTreeMap<String, Box<Entry>>,
    /// Records that org B would take for one of the rows.
    behind: VecDeque<Work>,
    /// Bytes of the records.
    consumed: usize,
}

/// What the job does with its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Upserts by external id.
    Upsert,
    /// Updates by id.
    Update,
}

/// Why records of an object cannot go by a job.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// It has too many fields: their names have so many characters.
    Header(usize),
    /// The disk does not take them, for this reason.
    Disk(String),
}

impl Filling {
    /// No rows yet.
    pub(crate) fn of(group: Group, target: Arc<Target>, dir: &Path) -> Result<Self, Unfit> {
        // Every field that an upsert may have an update may have, too.
        let header = header(&column_names(&target, Kind::Update));
        if header.len() > HEADER_SIZE {
            return Err(Unfit::Header(header.len()));
        }
        let spool = Spool::make(dir).map_err(|error| Unfit::Disk(with_causes(&error)))?;
        Ok(Self::on(group, target, spool))
    }

    fn on(group: Group, target: Arc<Target>, spool: Spool) -> Self {
        Self {
            group,
            target,
            kind: None,
            columns: Columns::default(),
            spool,
            entries: BTreeMap::new(),
            behind: VecDeque::new(),
            consumed: 0,
        }
    }

    /// How many rows there are.
    pub(crate) fn rows(&self) -> usize {
        self.entries.len()
    }

    /// Whether it takes no more.
    pub(crate) fn is_full(&self) -> bool {
        self.entries.len() >= ROWS
            || self.spool.size() >= BYTES
            || self.consumed >= RECORDS
            || self.trouble().is_some()
    }

    /// Why the disk takes no more. All rows can be taken back.
    pub(crate) fn trouble(&self) -> Option<&str> {
        self.spool.trouble()
    }

    /// Has the job do what most of the first rows need.
    pub(crate) fn decide(&mut self, first: &[Prepared]) {
        if self.kind.is_some() || first.is_empty() {
            return;
        }
        let updates = first.iter().filter(|prepared| kind(prepared) == Some(Kind::Update)).count();
        let kind = if 2 * updates > first.len() { Kind::Update } else { Kind::Upsert };
        let names = column_names(&self.target, kind);
        let with_parents: Vec<String> = names.iter().cloned().chain(parents(first)).collect();
        let names = if header(&with_parents).len() <= HEADER_SIZE { with_parents } else { names };
        self.spool.add_row(&header(&names));
        self.columns = Columns::new(names);
        self.kind = Some(kind);
    }

    /// Takes a row in, or gives it back where it cannot be one of this job's. A record that org B would take for that of another
    /// row waits for the job.
    pub(crate) fn push(&mut self, mut prepared: Prepared) -> Option<Prepared> {
        let fits = self.kind.is_some() && kind(&prepared) == self.kind && !self.is_full();
        let Some(key) = key(&prepared).filter(|_| fits).map(|key| self.compared(&key)) else {
            return Some(prepared);
        };
        if self.entries.contains_key(&key) {
            let item = prepared.item;
            self.behind.push_back(Work { papers: item.papers, task: Task::Change(item.change) });
            return None;
        }
        let mut row = prepared.row.clone();
        complete(&mut row, &prepared.item, &self.target);
        let record = Entry::bytes(&prepared);
        let Some((line, record)) = self.columns.line(&row).zip(record) else {
            return Some(prepared);
        };
        self.spool.add_row(&line);
        let place = self.spool.add_record(&record);
        // The record lies on disk: its room is free for others.
        self.consumed += prepared.item.papers.leave_room();
        self.entries.insert(key, Box::new(Entry::of(prepared, place)));
        None
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
        let entries = self.entries.values();
        entries
            .map(|entry| (entry.change.version.at.partition.clone(), entry.papers.tenure.clone()))
            .collect()
    }

    /// What is with the row of this key, without its fields.
    pub(crate) fn take(&mut self, key: &str) -> Result<Option<Prepared>, StoreError> {
        let entry = self.entries.remove(&self.compared(key));
        entry.map(|entry| entry.prepared(&mut self.spool)).transpose()
    }

    /// A row of an update that wrote all of its rows, and what org B would say of it.
    pub(crate) fn any_updated(&self) -> Option<(String, WriteResult)> {
        let (key, _) = self.entries.first_key_value()?;
        let id = SalesforceId::parse(key).ok();
        Some((key.clone(), WriteResult { id, success: true, created: Some(false), errors: Vec::new() }))
    }

    /// Any row of the job, as it was before it became one.
    pub(crate) fn take_back(&mut self) -> Result<Option<Work>, StoreError> {
        let entry = self.entries.pop_first();
        entry.map(|(_, entry)| entry.work(&mut self.spool)).transpose()
    }

    /// Any record that waited for the job without being a row of it.
    pub(crate) fn take_behind(&mut self) -> Option<Work> {
        self.behind.pop_front()
    }

    fn compared(&self, key: &str) -> String {
        match self.kind {
            Some(Kind::Upsert) => self.target.compared(key).into_owned(),
            Some(Kind::Update) | None => key.to_owned(),
        }
    }
}

/// All fields that a row may have.
fn column_names(target: &Target, kind: Kind) -> Vec<String> {
    let references = target.references.iter().map(|reference| &reference.field);
    let fields = target.columns.iter().chain(references).filter(|field| match kind {
        Kind::Upsert => field.createable && field.updateable,
        Kind::Update => field.updateable,
    });
    let id = (kind == Kind::Update).then(|| "Id".to_owned());
    let keys = id.into_iter().chain(target.external_id.clone());
    keys.chain(fields.map(|field| field.name.clone())).collect()
}

fn header(names: &[String]) -> Vec<u8> {
    line(names.iter().map(String::as_str))
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
    fields.filter_map(|(name, value)| Some(parent_column(name, only(value.as_object()?)?.0))).collect()
}
