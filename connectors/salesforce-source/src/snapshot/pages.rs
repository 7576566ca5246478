//! Reads a snapshot by queries, in the order of the ids.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use orgstream_salesforce::{Page as Answer, Row, SalesforceId};

use super::entry::Cursor;
use super::part::{Found, Place};
use super::reader::{Reader, Stopped};
use super::state_of;
use crate::batch_size::BatchSize;
use crate::described::Described;
use crate::error::SourceError;
use crate::patience::{Attempt, Patience};
use crate::record::Image;
use crate::rows::{Reading, unusable};
use crate::standing::Standing;

/// A page of a query.
struct Page {
    rows: Vec<Found>,
    /// How many there were with those whose deletion nobody misses.
    read: usize,
    /// The last id, where another page may follow.
    next: Option<SalesforceId>,
}

impl Reader {
    /// Reads what follows `after`.
    pub(super) async fn read_queries(&mut self, mut after: Option<SalesforceId>) -> Result<(), Stopped> {
        let sizes = BatchSize::new(usize::try_from(self.config.page).unwrap_or(usize::MAX));
        let mut backoff = Patience::backoff();
        loop {
            let most = sizes.rows();
            match self.read_page(after, most).await? {
                Attempt::Blamed => {
                    sizes.failed(most);
                    tokio::time::sleep(backoff.pause()).await;
                }
                Attempt::Answered(Page { rows, read, next: None }) => {
                    return self.send(rows, read, Place::End).await;
                }
                Attempt::Answered(Page { rows, read, next }) => {
                    sizes.answered(most);
                    backoff.reset();
                    after = next;
                    self.send(rows, read, Place::At(Cursor::Query { after })).await?;
                }
            }
        }
    }

    async fn read_page(
        &self,
        after: Option<SalesforceId>,
        most: usize,
    ) -> Result<Attempt<Page>, SourceError> {
        let mut reading = Reading::Known;
        loop {
            let described = self.rows.describe(&self.wanted.object, reading).await?;
            let whole = self.wanted.whole_rows(described.describe(), after, most);
            let soql = match &whole {
                Some(soql) => soql.clone(),
                None => self.wanted.states(described.describe(), after, most),
            };
            let (found, is_cut) = match self.query(&soql).await {
                Ok(Attempt::Answered(page)) => page,
                Ok(Attempt::Blamed) => return Ok(Attempt::Blamed),
                // A field of the cached description is gone.
                Err(SourceError::Api(error))
                    if error.code() == Some("INVALID_FIELD") && reading == Reading::Known =>
                {
                    reading = Reading::Anew;
                    continue;
                }
                Err(error) => return Err(error),
            };
            let mut rows = Vec::with_capacity(found.len());
            let mut last = None;
            for row in &found {
                let (id, standing, at) = state_of(row).ok_or_else(|| unusable(&self.wanted.object, &soql))?;
                last = Some(id);
                match standing {
                    Standing::Deleted(_) if self.wanted.repairs.is_some_and(|since| at >= since) => {
                        rows.push(Found::Deleted { id, at });
                    }
                    Standing::Deleted(_) => {}
                    Standing::Row(_) if whole.is_some() => rows.push(image(&described, row, id)),
                    Standing::Row(_) => rows.push(Found::Unfit(id)),
                }
            }
            let next = last.filter(|_| is_cut || found.len() >= most);
            return Ok(Attempt::Answered(Page { rows, read: found.len(), next }));
        }
    }

    /// The rows that a query finds, in the order of their ids, and whether there are more: an org answers one of wide
    /// rows in smaller pages than it is asked for. What follows is asked for by its own query, so that no more is held.
    async fn query(&self, soql: &str) -> Result<Attempt<(Vec<Row>, bool)>, SourceError> {
        let ask = async || match self.wanted.repairs {
            // The recycle bin is read only where deletes may be missing.
            Some(_) => self.org().query_all(soql).await,
            None => self.org().query(soql).await,
        };
        self.outlet.calls.fetch_add(1, Ordering::Relaxed);
        let mut asked = self.patience().attempt(ask).await?;
        loop {
            match asked {
                // Without a row nothing says where the next query begins.
                Attempt::Answered(Answer { rows, next: Some(next), .. }) if rows.is_empty() => {
                    self.outlet.calls.fetch_add(1, Ordering::Relaxed);
                    asked = self.patience().attempt(|| self.org().query_next(&next)).await?;
                }
                Attempt::Answered(page) => return Ok(Attempt::Answered((page.rows, page.next.is_some()))),
                Attempt::Blamed => return Ok(Attempt::Blamed),
            }
        }
    }
}

fn image(described: &Arc<Described>, row: &Row, id: SalesforceId) -> Found {
    // What does not fit is read by its id, where the object is described anew for it.
    Image::of_row(described, row).map_or(Found::Unfit(id), Found::Row)
}
