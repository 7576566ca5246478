//! Reads all rows of an object, page by page, beside the stream.
//!
//! Pages and the rows of events are read by one task, one after the other, and what is read is produced before the
//! next is read; so a page is never older than what the stream produced before it. [`Seen`] holds even where the
//! org answers with an older state.

use orgstream_api::EventType;
use orgstream_salesforce::{Row, SalesforceId, datetime, soql};
use serde_json::Value;

use crate::error::SourceError;
use crate::hydrate::Produced;
use crate::moment::Moment;
use crate::object::Object;
use crate::position::{SnapshotPosition, SnapshotState};
use crate::record::{Destination, Image, Origin, STAMP};
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
    /// A snapshot that also repairs what is missing since `repairs`.
    pub(crate) fn new(repairs: Option<Moment>) -> Self {
        Self { place: Place { after: None, repairs }, ..Self::default() }
    }

    /// Whether nothing from before it is missing once it is done, deletes included.
    pub(crate) fn is_repair(&self) -> bool {
        self.place.repairs.is_some()
    }

    /// What is stored of it.
    pub(crate) fn position(&self, state: SnapshotState) -> SnapshotPosition {
        SnapshotPosition { state, started: self.started, repairs: self.place.repairs }
    }

    /// The page to read next.
    pub(crate) fn place(&self) -> Place {
        self.place
    }

    /// Moves past a page; false when it was the last.
    pub(crate) fn goes_on(&mut self, page: &Page) -> bool {
        self.place.after = page.next;
        page.next.is_some()
    }
}

impl Page {
    /// How many rows were read.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The records of those rows that do not step behind the stream.
    pub(crate) fn produce(self, seen: &Seen, object: usize, destination: &Destination) -> Vec<Produced> {
        self.rows
            .into_iter()
            .filter(|read| seen.lets_pass(&read.image.id, read.standing))
            .map(|Read { image, standing }| {
                let kind = if standing.is_deleted() { EventType::Deleted } else { EventType::Created };
                let id = image.id;
                let record = image.into_record(kind, Origin::Snapshot, destination);
                Produced { record, object, id, standing }
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

/// The next object whose snapshot is not done, once the channels of all of them are subscribed: what changes behind
/// a page comes through its channel.
pub(crate) fn next(objects: &[Object]) -> Option<usize> {
    let all = objects.iter().all(Object::is_subscribed);
    objects.iter().position(|object| object.snapshot.is_some()).filter(|_| all)
}
