//! Reads the rows of an object from where its snapshot is to the end, ahead of the source.
//!
//! The rows of a small object come page by page from queries, those of a large one from a Bulk job. What a job cannot do
//! queries do. Dropping the reader loses nothing: whoever goes on from the stored cursor reads the same rows.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use orgstream_api::{Found as OnTopics, Offsets, Produced, Sight};
use orgstream_salesforce::{ApiError, Org};
use tokio::sync::{Notify, mpsc};

use super::entry::Cursor;
use super::notes::Notes;
use super::part::{Found, Part, Place};
use super::query::Wanted;
use crate::config::SnapshotConfig;
use crate::error::SourceError;
use crate::patience::{Attempt, Patience};
use crate::rows::Rows;

/// Where a snapshot goes on.
#[derive(Debug, Clone)]
pub(crate) struct Resumed {
    pub(crate) cursor: Cursor,
    pub(crate) read_from: Offsets,
}

/// What reads one snapshot.
pub(super) struct Reader {
    pub(super) rows: Rows,
    pub(super) wanted: Wanted,
    pub(super) config: SnapshotConfig,
    pub(super) produced: Arc<dyn Produced>,
    pub(super) notes: Notes,
    pub(super) outlet: Outlet,
}

/// Where what is read goes.
pub(super) struct Outlet {
    pub(super) parts: mpsc::Sender<Result<Part, SourceError>>,
    /// Told of each part.
    pub(super) ready: Arc<Notify>,
    pub(super) calls: Arc<AtomicU64>,
}

/// Nobody wants the rows any more, or they cannot be read.
pub(super) enum Stopped {
    Unwanted,
    Failed(SourceError),
}

impl<E: Into<SourceError>> From<E> for Stopped {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// What became of a job.
pub(super) enum Bulk {
    /// All its rows were read.
    Read,
    /// The org does not know it any more.
    Gone,
    /// The org cannot do it, for this reason.
    Impossible(String),
}

impl Reader {
    /// Reads everything. The last part says that it is the last, or why nothing follows.
    pub(super) async fn run(mut self, resumed: Option<Resumed>) {
        match self.read(resumed).await {
            Ok(()) | Err(Stopped::Unwanted) => {}
            Err(Stopped::Failed(error)) => self.outlet.tell(Err(error)).await,
        }
    }

    async fn read(&mut self, resumed: Option<Resumed>) -> Result<(), Stopped> {
        if let Some(Resumed { cursor, read_from }) = resumed {
            if self.recall(&read_from).await? == OnTopics::All {
                match cursor {
                    Cursor::Query { after } => return self.read_queries(after).await,
                    Cursor::Bulk { job, locator, row } => {
                        match self.read_job(&job, None, locator, row).await? {
                            Bulk::Read => return Ok(()),
                            Bulk::Gone => self.says("its Bulk job is gone; it begins again"),
                            Bulk::Impossible(reason) => return self.read_without_job(&reason).await,
                        }
                    }
                }
            } else {
                self.says("what was produced since it began is not on the topics any more; it begins again");
            }
        }
        self.read_from_the_start().await
    }

    async fn read_from_the_start(&mut self) -> Result<(), Stopped> {
        let read_from = self.produced.ends(&self.wanted.object).await?;
        let total = self.count().await?;
        if total.is_some_and(|total| total <= self.config.bulk_above) {
            self.begins(Cursor::Query { after: None }, total, read_from).await?;
            return self.read_queries(None).await;
        }
        match self.read_new_job(total, read_from).await? {
            Bulk::Read => Ok(()),
            Bulk::Gone => self.read_without_job("the org lost the job").await,
            Bulk::Impossible(reason) => self.read_without_job(&reason).await,
        }
    }

    /// Reads everything by queries, whatever its size.
    async fn read_without_job(&mut self, reason: &str) -> Result<(), Stopped> {
        self.says(&format!("the org cannot read it by a Bulk job, so it is read by queries: {reason}"));
        let (read_from, total) = (self.produced.ends(&self.wanted.object).await?, self.count().await?);
        self.begins(Cursor::Query { after: None }, total, read_from).await?;
        self.read_queries(None).await
    }

    /// Reads back what was produced since the snapshot began.
    async fn recall(&self, read_from: &Offsets) -> Result<OnTopics, SourceError> {
        let mut note = |version: orgstream_api::Version| {
            let sight = Sight { stamp: version.stamp, deleted: version.deleted, whole: version.whole };
            self.notes.note(version.id, sight);
        };
        Ok(self.produced.from(&self.wanted.object, read_from, &mut note).await?)
    }

    /// How many rows there are; `None` where the org cannot count so many in time.
    async fn count(&self) -> Result<Option<u64>, SourceError> {
        let soql = self.wanted.count();
        let count = async || match self.wanted.repairs {
            Some(_) => self.org().query_all(&soql).await,
            None => self.org().query(&soql).await,
        };
        self.outlet.calls.fetch_add(1, Ordering::Relaxed);
        match self.patience().attempt(count).await {
            Ok(Attempt::Answered(page)) => Ok(Some(page.total)),
            Ok(Attempt::Blamed) => Ok(None),
            Err(error) if is_too_much(&error) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    async fn begins(&self, cursor: Cursor, total: Option<u64>, read_from: Offsets) -> Result<(), Stopped> {
        self.send(Vec::new(), 0, Place::Begins { cursor, total, read_from }).await
    }

    /// As [`Reader::begins`], of a job.
    pub(super) async fn begins_job(
        &self,
        job: &str,
        total: Option<u64>,
        read_from: Offsets,
    ) -> Result<(), Stopped> {
        self.begins(Cursor::Bulk { job: job.to_owned(), locator: None, row: 0 }, total, read_from).await
    }

    /// Hands on what is left of the `read` rows before a place.
    pub(super) async fn send(&self, rows: Vec<Found>, read: usize, place: Place) -> Result<(), Stopped> {
        self.outlet.parts.send(Ok(Part { rows, read, place })).await.map_err(|_| Stopped::Unwanted)?;
        self.outlet.ready.notify_one();
        Ok(())
    }

    pub(super) fn org(&self) -> &Org {
        self.patience().org()
    }

    pub(super) fn patience(&self) -> &Patience {
        self.rows.patience()
    }

    pub(super) fn says(&self, what: &str) {
        tracing::warn!(object = %self.wanted.object, "the snapshot: {what}");
    }
}

impl Outlet {
    async fn tell(&self, part: Result<Part, SourceError>) {
        // Without a receiver nobody has to be told.
        self.parts.send(part).await.ok();
        self.ready.notify_one();
    }
}

/// Whether the org gave up on a question because of its size.
fn is_too_much(error: &ApiError) -> bool {
    matches!(error.code(), Some("QUERY_TIMEOUT" | "OPERATION_TOO_LARGE" | "QUERY_TOO_COMPLICATED"))
}
