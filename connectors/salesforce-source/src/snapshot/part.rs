//! Rows as they were read, and those of them that may be produced.
//!
//! Rows are read ahead of the stream, those of a Bulk job minutes ahead. So it is decided only when a part is about to be
//! produced which of its rows still are news: nothing else is read between that and their place on the topic.

use std::sync::atomic::{AtomicU64, Ordering};

use orgstream_api::{EventType, Offsets};
use orgstream_salesforce::SalesforceId;

use super::entry::Cursor;
use super::notes::Notes;
use crate::error::SourceError;
use crate::moment::Moment;
use crate::produce::Draft;
use crate::record::{Image, Origin};
use crate::rows::Rows;
use crate::standing::{Standing, Verdict, verdict};

/// The state of one row, as it was read.
#[derive(Debug)]
pub(crate) enum Found {
    Row(Image),
    Deleted {
        id: SalesforceId,
        at: Moment,
    },
    /// A row that is there but does not fit what is known of its object.
    Unfit(SalesforceId),
}

/// Rows of a snapshot, and where it is behind them.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) rows: Vec<Found>,
    /// How many were read for it; more than its rows where a deletion is missed by nobody.
    pub(crate) read: usize,
    pub(crate) place: Place,
}

/// Where a snapshot is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// It begins, from the start.
    Begins { cursor: Cursor, total: Option<u64>, read_from: Offsets },
    /// It goes on here.
    At(Cursor),
    /// It is at its end.
    End,
    /// It was ordered, and cannot be read.
    Failed { reason: String },
}

/// The rows of a part that may be produced.
#[derive(Debug)]
pub(crate) struct Page {
    /// In the order they were read.
    pub(crate) reads: Vec<Read>,
    /// How many stand behind what the stream produced.
    pub(crate) superseded: usize,
    /// How many were read.
    pub(crate) read: usize,
    pub(crate) place: Place,
}

/// A row that may be produced.
#[derive(Debug)]
pub(crate) struct Read {
    image: Image,
    standing: Standing,
    kind: EventType,
    /// As in [`Draft`].
    back: Option<u8>,
}

impl Read {
    /// Whatever it was before, a snapshot shows it.
    fn new(image: Image, standing: Standing) -> Self {
        let kind = if standing.is_deleted() { EventType::Deleted } else { EventType::Created };
        Self { image, standing, kind, back: None }
    }
}

impl Found {
    fn id(&self) -> SalesforceId {
        match self {
            Self::Row(Image { id, .. }) | Self::Deleted { id, .. } | Self::Unfit(id) => *id,
        }
    }

    /// `None` where it has to be read once more.
    fn standing(&self) -> Option<Standing> {
        match self {
            Self::Row(image) => Some(Standing::Row(image.stamp.stamp())),
            Self::Deleted { at, .. } => Some(Standing::Deleted(at.stamp())),
            Self::Unfit(_) => None,
        }
    }
}

impl Part {
    /// Leaves out what stands behind the stream. A record of which the stream brought a part is read once more, whole.
    pub(crate) async fn sift(
        self,
        rows: &Rows,
        object: &str,
        notes: &Notes,
        calls: &AtomicU64,
    ) -> Result<Page, SourceError> {
        let Self { rows: found, read, place } = self;
        let count = found.len();
        let ids: Vec<SalesforceId> = found.iter().map(Found::id).collect();
        let seen = if ids.is_empty() { Vec::new() } else { notes.of(&ids).await? };
        let verdicts: Vec<Verdict> = found
            .iter()
            .zip(&seen)
            .map(|(found, seen)| found.standing().map_or(Verdict::ReadAgain, |read| verdict(*seen, read)))
            .collect();
        let again: Vec<SalesforceId> = ids
            .iter()
            .zip(&verdicts)
            .filter(|(_, verdict)| **verdict == Verdict::ReadAgain)
            .map(|(id, _)| *id)
            .collect();
        calls.fetch_add(u64::from(!again.is_empty()), Ordering::Relaxed);
        let mut images = rows.images(object, &again).await?;
        let mut reads = Vec::with_capacity(count);
        for ((found, verdict), seen) in found.into_iter().zip(verdicts).zip(seen) {
            let image = match (verdict, found) {
                (Verdict::Superseded, _) => continue,
                (Verdict::Passes, Found::Row(image)) => image,
                (Verdict::Passes, Found::Deleted { id, at }) => {
                    let (image, standing) =
                        (rows.deleted(object, id, at).await?, Standing::Deleted(at.stamp()));
                    reads.push(Read::new(image, standing));
                    continue;
                }
                // A row that is gone by now was deleted meanwhile, and its delete event follows. One that is there is
                // no older than what an event told of it, though its stamp may be: an event bears the time of the
                // commit, or of its own. Only after a deletion it has to be newer.
                (_, found) => match images.remove(&found.id()) {
                    Some(image)
                        if seen.is_none_or(|seen| !seen.deleted || image.stamp.stamp() >= seen.stamp) =>
                    {
                        image
                    }
                    _ => continue,
                },
            };
            let standing = Standing::Row(image.stamp.stamp());
            reads.push(Read::new(image, standing));
        }
        let superseded = count - reads.len();
        Ok(Page { reads, superseded, read, place })
    }
}

impl Page {
    /// No rows, since they cannot be read.
    pub(crate) fn failed(reason: String) -> Self {
        Self { reads: Vec::new(), superseded: 0, read: 0, place: Place::Failed { reason } }
    }

    /// The records that live.
    pub(crate) fn ids(&self) -> impl Iterator<Item = SalesforceId> {
        self.reads.iter().filter(|read| !read.standing.is_deleted()).map(|read| read.image.id)
    }

    /// Says of those that live what they are, and whether they came back.
    pub(crate) fn tell_kinds(&mut self, kind: impl Fn(SalesforceId) -> (EventType, Option<u8>)) {
        for read in self.reads.iter_mut().filter(|read| !read.standing.is_deleted()) {
            (read.kind, read.back) = kind(read.image.id);
        }
    }

    /// The drafts of an object, by its index.
    pub(crate) fn drafts(reads: Vec<Read>, object: usize) -> impl Iterator<Item = Draft> {
        reads.into_iter().map(move |Read { image, standing, kind, back }| Draft {
            object,
            kind,
            standing,
            image,
            origin: Origin::Snapshot,
            back,
        })
    }
}
