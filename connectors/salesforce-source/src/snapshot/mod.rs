//! All rows of an object, beside the stream.
//!
//! # Layout, in reading order
//!
//! - this file: a snapshot, from being asked for to its end
//! - [`entry`]: what is stored of it
//! - `query`: which rows, in SOQL
//! - `reader`, `pages`, `bulk`: reading them, ahead of the source
//! - `notes`: what the stream produces meanwhile
//! - [`part`]: rows as they were read, and those that may be produced
//! - `turn`: the part of a source that brings its snapshots on
//! - `orders`: those that somebody orders while the source runs
//!
//! The rows are read ahead; what becomes of them is decided one after the other with the events, when they are about to
//! be produced. So a row never steps behind what the stream produced of its record.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use orgstream_api::{Produced, Progress, Seen, Sight, SourcePosition};
use orgstream_salesforce::{Row, SalesforceId};
use tokio::sync::{Notify, mpsc};
use tokio::task::AbortHandle;
use tokio::time::Instant;

use crate::config::{SnapshotConfig, Start};
use crate::error::SourceError;
use crate::moment::Moment;
use crate::position::Gap;
use crate::record::stamp_of;
use crate::returned::Return;
use crate::rows::{Rows, id_of};
use crate::standing::Standing;

mod bulk;
mod notes;
mod orders;
mod pages;
mod query;
mod reader;
mod turn;

pub(crate) mod entry;
use entry::Cursor;
pub(crate) use entry::{SnapshotEntry, SnapshotName, SnapshotState};

pub(crate) mod part;
pub(crate) use part::{Page, Part, Place};

pub(crate) use notes::Notes;
pub(crate) use orders::{Orders, Reply};
pub(crate) use query::Wanted;
use reader::{Outlet, Reader, Resumed};

/// What snapshots of a source share.
#[derive(Clone)]
pub(crate) struct Ground {
    pub(crate) config: SnapshotConfig,
    pub(crate) produced: Arc<dyn Produced>,
    pub(crate) seen: Arc<dyn Seen>,
    /// Told when rows of any snapshot have been read.
    pub(crate) ready: Arc<Notify>,
}

/// A snapshot that is not done.
pub(crate) struct Snapshot {
    /// What somebody who ordered it called it; `None` for the object's own.
    pub(crate) order: Option<String>,
    /// As it is once the batch at hand is in Kafka.
    entry: SnapshotEntry,
    /// What the stream produces; `None` before its first record in this run.
    notes: Option<Notes>,
    reading: Option<Reading>,
    /// Calls made in this run.
    calls: Arc<AtomicU64>,
    /// Calls made in earlier runs.
    calls_before: u64,
    /// Jobs that it read from and does not need any more.
    spent_jobs: Vec<String>,
    /// When this run produced its first rows, and how many had been read before.
    since: Option<(Instant, u64)>,
}

/// Rows on their way. Dropping it ends the reading.
struct Reading {
    parts: mpsc::Receiver<Result<Part, SourceError>>,
    task: AbortHandle,
}

impl Snapshot {
    /// One that was stored as this, or is to be made.
    pub(crate) fn new(order: Option<String>, entry: SnapshotEntry) -> Self {
        let calls_before = entry.calls;
        Self {
            order,
            entry,
            notes: None,
            reading: None,
            calls: Arc::default(),
            calls_before,
            spent_jobs: Vec::new(),
            since: None,
        }
    }

    /// The snapshot that an object needs, by what is stored of its last one and by its open `gap`; `anew` as in
    /// [`SourceContext`](crate::SourceContext).
    pub(crate) fn needed(
        start: Start,
        stored: Option<&SnapshotEntry>,
        gap: Option<&Gap>,
        anew: bool,
    ) -> Option<Self> {
        let unfinished = stored.filter(|snapshot| !snapshot.state.is_over());
        let by_start = start == Start::Snapshot && (stored.is_none() || gap.is_some());
        if !anew && unfinished.is_none() && !by_start {
            return None;
        }
        // Whoever asks for everything anew misses something, of which nobody knows since when.
        let asked = anew.then_some(Moment::BEGINNING);
        let repairs = [asked, unfinished.and_then(|snapshot| snapshot.repairs), gap.map(|gap| gap.from)];
        let repairs = repairs.into_iter().flatten().min();
        Some(match unfinished {
            // Deletions that are missed now were not looked for in the part that is done.
            Some(stored) if !anew && stored.repairs == repairs => Self::new(None, stored.clone()),
            Some(stored) => {
                let mut begun = Self::new(None, SnapshotEntry { filter: None, ..stored.clone() });
                begun.begins_anew(repairs);
                begun
            }
            None => Self::new(None, SnapshotEntry::asked(None, repairs)),
        })
    }

    /// Begins anew, so that what happened since `since` is in it, deletes included.
    pub(crate) fn repair_from(&mut self, since: Moment) {
        let repairs = self.entry.repairs.map_or(since, |repairs| repairs.min(since));
        self.begins_anew(Some(repairs));
    }

    /// Begins anew, once it is its turn. Where it is counts on rows that no other snapshot produces meanwhile: what is
    /// read back for it leaves those of snapshots out.
    pub(crate) fn begins_again(&mut self) {
        self.begins_anew(self.entry.repairs);
    }

    fn begins_anew(&mut self, repairs: Option<Moment>) {
        self.spends_job();
        let returned = self.entry.returned;
        self.entry = SnapshotEntry { returned, ..SnapshotEntry::asked(self.entry.filter.take(), repairs) };
        (self.reading, self.since) = (None, None);
        (self.calls, self.calls_before) = (Arc::default(), 0);
    }

    /// What it reads from is of no use any more.
    fn spends_job(&mut self) {
        if let Some(Cursor::Bulk { job, .. }) = self.entry.cursor.take() {
            self.spent_jobs.push(job);
        }
    }

    /// The jobs that are not needed any more, once.
    pub(crate) fn take_spent_jobs(&mut self) -> Vec<String> {
        std::mem::take(&mut self.spent_jobs)
    }

    /// Reads no more, until it is told to read from where it is.
    pub(crate) fn halt(&mut self) {
        self.reading = None;
    }

    /// Whether a row of it may have been read.
    pub(crate) fn has_begun(&self) -> bool {
        self.entry.started.is_some()
    }

    /// When it began, and since when deletions are in it, where they are.
    pub(crate) fn span(&self) -> Option<(Moment, Moment)> {
        self.entry.started.zip(self.entry.repairs)
    }

    /// Whether nothing from before it is missing once it is done, deletes included.
    pub(crate) fn is_repair(&self) -> bool {
        self.entry.repairs.is_some()
    }

    /// The records that came back and are the reason for it.
    pub(crate) fn returned(&self) -> Option<Return> {
        self.entry.returned
    }

    /// What is stored of it; `object` is its name in the org.
    pub(crate) fn stored(&self, object: &str) -> SourcePosition {
        let name = SnapshotName { object: object.to_owned(), order: self.order.clone() };
        // Nobody ordered it who would ask what became of it.
        if self.entry.returned.is_some() && self.entry.state.is_over() {
            return name.forgotten();
        }
        self.entry.stored(&name)
    }

    /// How far it is.
    pub(crate) fn progress(&self, object: &str) -> Progress {
        let rate = self.since.map_or(0.0, |(since, before)| {
            let rows = u32::try_from(self.entry.rows.saturating_sub(before)).map_or(f64::INFINITY, f64::from);
            rows / since.elapsed().as_secs_f64().max(0.001)
        });
        Progress {
            object: object.to_owned(),
            rows: self.entry.rows,
            total: self.entry.total,
            rate,
            calls: self.calls_before + self.calls.load(Ordering::Relaxed),
            returned: self.returned().map_or(0, |returned| returned.records),
        }
    }

    /// The stream produced this of a record.
    pub(crate) fn note(&mut self, ground: &Ground, id: SalesforceId, sight: Sight) {
        self.notes(ground).note(id.to_string(), sight);
    }

    /// Reads, if that is not on its way. `object` is its name in the org.
    pub(crate) fn read(&mut self, ground: &Ground, rows: &Rows, object: &str, now: Moment) {
        if self.reading.is_some() {
            return;
        }
        self.entry.started.get_or_insert(now);
        let resumed = match (&self.entry.cursor, &self.entry.read_from) {
            (Some(cursor), Some(read_from)) => {
                Some(Resumed { cursor: cursor.clone(), read_from: read_from.clone() })
            }
            // Another version kept less.
            _ => None,
        };
        let (sender, parts) = mpsc::channel(1);
        let reader = Reader {
            rows: rows.in_background(),
            wanted: Wanted {
                object: object.to_owned(),
                filter: self.entry.filter.clone(),
                repairs: self.entry.repairs,
            },
            config: ground.config,
            produced: Arc::clone(&ground.produced),
            notes: self.notes(ground).clone(),
            outlet: Outlet {
                parts: sender,
                ready: Arc::clone(&ground.ready),
                calls: Arc::clone(&self.calls),
            },
        };
        let task = tokio::spawn(reader.run(resumed)).abort_handle();
        self.reading = Some(Reading { parts, task });
    }

    /// Whether rows wait to be produced.
    pub(crate) fn is_ready(&self) -> bool {
        self.reading.as_ref().is_some_and(|reading| !reading.parts.is_empty() || reading.parts.is_closed())
    }

    /// The rows that wait. After an error they are read anew from where the snapshot is.
    pub(crate) fn take(&mut self) -> Result<Part, SourceError> {
        let gone = SourceError::TaskGone("reading a snapshot");
        let part = match &mut self.reading {
            Some(reading) => reading.parts.try_recv().unwrap_or(Err(gone)),
            None => Err(gone),
        };
        if part.is_err() {
            self.reading = None;
        }
        part
    }

    /// What decides about its rows.
    pub(crate) fn sieve(&mut self, ground: &Ground) -> (Notes, Arc<AtomicU64>) {
        (self.notes(ground).clone(), Arc::clone(&self.calls))
    }

    /// Moves behind a page.
    pub(crate) fn passed(&mut self, page: &Page, now: Moment) {
        let entry = &mut self.entry;
        entry.state = SnapshotState::Running;
        if let Place::Begins { .. } = page.place {
            (entry.rows, self.since) = (0, None);
        }
        if page.read > 0 {
            self.since.get_or_insert((Instant::now(), entry.rows));
        }
        entry.rows += page.read as u64;
        entry.calls = self.calls_before + self.calls.load(Ordering::Relaxed);
        match &page.place {
            Place::Begins { cursor, total, read_from } => {
                self.spends_job();
                let entry = &mut self.entry;
                (entry.cursor, entry.total) = (Some(cursor.clone()), *total);
                entry.read_from = Some(read_from.clone());
            }
            Place::At(cursor) => entry.cursor = Some(cursor.clone()),
            Place::End => self.ends(SnapshotState::Done, now),
            Place::Failed { reason } => {
                self.entry.reason = Some(reason.clone());
                self.ends(SnapshotState::Failed, now);
            }
        }
    }

    fn ends(&mut self, state: SnapshotState, now: Moment) {
        self.spends_job();
        (self.entry.state, self.entry.done, self.entry.read_from) = (state, Some(now), None);
    }

    fn notes(&mut self, ground: &Ground) -> &Notes {
        self.notes.get_or_insert_with(|| Notes::new(Arc::clone(&ground.seen)))
    }
}

impl std::fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Snapshot")
            .field("order", &self.order)
            .field("entry", &self.entry)
            .finish_non_exhaustive()
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The id, the state and its time of a row with at least its id and stamp. Where objects have no recycle bin, rows live.
pub(crate) fn state_of(row: &Row) -> Option<(SalesforceId, Standing, Moment)> {
    let id = id_of(row)?;
    let at = stamp_of(row)?;
    let is_deleted = row.get("IsDeleted").is_some_and(|deleted| deleted.as_bool() == Some(true));
    let standing = if is_deleted { Standing::Deleted(at.stamp()) } else { Standing::Row(at.stamp()) };
    Some((id, standing, at))
}
