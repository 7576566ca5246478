//! Reads all rows of an object, page by page, beside the stream.
//!
//! Pages and the rows of events are read by one task, one after the other, and what is read is produced before the
//! next is read; so a page is never older than what the stream produced before it. [`Seen`] holds even where the
//! org answers with an older state.

use orgstream_api::{EventType, Progress};
use orgstream_salesforce::{Row, SalesforceId, datetime, soql};
use serde_json::Value;

use crate::config::Start;
use crate::error::SourceError;
use crate::moment::Moment;
use crate::position::{Gap, SnapshotPosition, SnapshotState};
use crate::produce::Draft;
use crate::record::{Image, Origin, STAMP};
use crate::rows::{Rows, id_of, unusable};
use crate::standing::{Seen, Standing};

/// Rows of one page.
const PAGE: usize = 2_000;

/// A snapshot on its way.
#[derive(Debug, Default)]
pub(crate) struct Snapshot {
    /// When its first page was read.
    pub(crate) started: Option<Moment>,
    /// What the stream produced meanwhile.
    pub(crate) seen: Seen,
    place: Place,
    /// Rows that were read.
    rows: u64,
}

/// Which page is read, and how.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Place {
    /// The last id that was read.
    after: Option<SalesforceId>,
    /// Rows that were deleted since this time become deletes.
    repairs: Option<Moment>,
}

/// The state of one row, as it was read.
#[derive(Debug)]
struct Read {
    image: Image,
    standing: Standing,
}

/// One page, as it was read.
#[derive(Debug)]
pub(crate) struct Page {
    rows: Vec<Read>,
    /// The last id, after which the next page begins; `None` after the last page.
    next: Option<SalesforceId>,
}

impl Place {
    /// Reads the page.
    pub(crate) async fn read(self, rows: &Rows, object: &str) -> Result<Page, SourceError> {
        let after = self.after.map(|id| format!("WHERE Id > {} ", soql::literal(id.as_str())));
        let soql = format!(
            "SELECT Id, IsDeleted, {STAMP} FROM {object} {}ORDER BY Id LIMIT {PAGE}",
            after.unwrap_or_default()
        );
        // The recycle bin is read only where deletes may be missing.
        let found = match self.repairs {
            Some(_) => rows.query_all(&soql).await?,
            None => rows.query(&soql).await?,
        };
        let found: Vec<(SalesforceId, Standing, Moment)> = found
            .iter()
            .map(|row| state_of(row).ok_or_else(|| unusable(object, &soql)))
            .collect::<Result<_, _>>()?;
        let living: Vec<SalesforceId> =
            found.iter().filter(|(_, standing, _)| !standing.is_deleted()).map(|(id, ..)| *id).collect();
        let mut images = rows.images(object, &living).await?;

        let mut page = Vec::with_capacity(found.len());
        for (id, standing, at) in &found {
            match standing {
                Standing::Deleted(_) if self.repairs.is_some_and(|since| *at >= since) => {
                    let image = rows.deleted(object, *id, *at).await?;
                    page.push(Read { image, standing: *standing });
                }
                Standing::Deleted(_) => {}
                // A row that is gone by now was deleted meanwhile, and its delete event follows.
                Standing::Row(_) => {
                    if let Some(image) = images.remove(id) {
                        let standing = Standing::Row(image.stamp.stamp());
                        page.push(Read { image, standing });
                    }
                }
            }
        }
        let next = found.last().map(|(id, ..)| *id).filter(|_| found.len() >= PAGE);
        Ok(Page { rows: page, next })
    }
}

impl Snapshot {
    /// The snapshot that an object needs, by what is stored of its last one and by its open `gap`; `anew` as in
    /// [`SourceContext`](crate::SourceContext).
    pub(crate) fn needed(
        start: Start,
        stored: Option<&SnapshotPosition>,
        gap: Option<&Gap>,
        anew: bool,
    ) -> Option<Self> {
        let unfinished = stored.filter(|snapshot| snapshot.state != SnapshotState::Done);
        let by_start = start == Start::Snapshot && (stored.is_none() || gap.is_some());
        if !anew && unfinished.is_none() && !by_start {
            return None;
        }
        // Whoever asks for everything anew misses something, of which nobody knows since when.
        let asked = anew.then_some(Moment::BEGINNING);
        let repairs = [asked, unfinished.and_then(|snapshot| snapshot.repairs), gap.map(|gap| gap.from)];
        let repairs = repairs.into_iter().flatten().min();
        Some(Self { place: Place { after: None, repairs }, ..Self::default() })
    }

    /// Begins anew, so that what happened since `since` is in it, deletes included.
    pub(crate) fn repair_from(&mut self, since: Moment) {
        let repairs = self.place.repairs.map_or(since, |repairs| repairs.min(since));
        self.place = Place { after: None, repairs: Some(repairs) };
    }

    /// Whether nothing from before it is missing once it is done, deletes included.
    pub(crate) fn is_repair(&self) -> bool {
        self.place.repairs.is_some()
    }

    /// What is stored of it.
    pub(crate) fn position(&self, state: SnapshotState) -> SnapshotPosition {
        SnapshotPosition { state, started: self.started, repairs: self.place.repairs }
    }

    /// How far it is.
    pub(crate) fn progress(&self, object: &str) -> Progress {
        Progress { object: object.to_owned(), rows: self.rows, ..Progress::default() }
    }

    /// The page to read next.
    pub(crate) fn place(&self) -> Place {
        self.place
    }

    /// Moves past a page; false when it was the last.
    pub(crate) fn goes_on(&mut self, page: &Page) -> bool {
        self.place.after = page.next;
        self.rows += page.len() as u64;
        page.next.is_some()
    }
}

impl Page {
    /// How many rows were read.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Those rows of `object`, an index, that do not step behind the stream.
    pub(crate) fn drafts(self, seen: &Seen, object: usize) -> Vec<Draft> {
        self.rows
            .into_iter()
            .filter(|read| seen.lets_pass(&read.image.id, read.standing))
            .map(|Read { image, standing }| {
                let kind = if standing.is_deleted() { EventType::Deleted } else { EventType::Created };
                Draft { object, kind, standing, image, origin: Origin::Snapshot }
            })
            .collect()
    }
}

/// The id, the state and its time of a row of `SELECT Id, IsDeleted, SystemModstamp`.
pub(crate) fn state_of(row: &Row) -> Option<(SalesforceId, Standing, Moment)> {
    let id = id_of(row)?;
    let at = Moment(datetime::parse_datetime(row.get(STAMP)?.as_str()?).ok()?);
    let is_deleted = row.get("IsDeleted").and_then(Value::as_bool)?;
    let standing = if is_deleted { Standing::Deleted(at.stamp()) } else { Standing::Row(at.stamp()) };
    Some((id, standing, at))
}
