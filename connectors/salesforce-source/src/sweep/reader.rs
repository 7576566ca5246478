//! What a sweep of one object reads with.

use std::collections::HashMap;
use std::sync::Arc;

use orgstream_api::{LinkState, Links, Produced};
use orgstream_salesforce::{Describe, Org, SalesforceId};

use crate::error::SourceError;
use crate::moment::Moment;
use crate::polled::finds_deleted;
use crate::recent::{Certainty, Known, Recent};
use crate::record::STAMP;
use crate::rows::{Rows, unusable};
use crate::standing::Standing;
use crate::sweep::rows::{CREATED, DELETED, Shown};

/// The org, what was produced, and what the target has.
#[derive(Clone)]
pub(crate) struct Reader {
    pub(super) rows: Rows,
    pub(super) recent: Recent,
    pub(super) topics: Arc<dyn Produced>,
    /// `None` without a sink in the pipeline.
    pub(super) links: Option<Arc<dyn Links>>,
    /// The names of all objects of the source, by index.
    pub(super) names: Vec<Arc<str>>,
    /// The object that is read.
    pub(super) object: usize,
    pub(super) name: Arc<str>,
}

impl Reader {
    pub(crate) fn new(
        rows: Rows,
        recent: Recent,
        topics: Arc<dyn Produced>,
        links: Option<Arc<dyn Links>>,
        names: Vec<Arc<str>>,
        object: usize,
    ) -> Self {
        let name = Arc::clone(&names[object]);
        Self { rows, recent, topics, links, names, object, name }
    }

    /// Reads back what was produced since `from`, unless that is known.
    pub(super) async fn remember(&self, from: Moment) -> Result<(), SourceError> {
        self.recent.read_back(self.topics.as_ref(), &self.names, from).await
    }

    /// What the target knows of records; those that it does not know are left out.
    pub(crate) async fn link_states(
        &self,
        ids: impl Iterator<Item = SalesforceId>,
    ) -> Result<HashMap<SalesforceId, LinkState>, SourceError> {
        let Some(links) = &self.links else { return Ok(HashMap::new()) };
        let ids: Vec<SalesforceId> = ids.collect();
        let texts: Vec<String> = ids.iter().map(|id| id.as_str().to_owned()).collect();
        let states = links.states(&self.name, &texts).await?;
        Ok(ids.into_iter().zip(states).filter_map(|(id, state)| Some((id, state?))).collect())
    }

    /// What was produced of a record lately.
    pub(crate) fn known(&self, id: SalesforceId) -> Option<Known> {
        self.recent.known(&(self.object, id))
    }

    /// What the org says of the object.
    pub(super) async fn describe(&self) -> Result<Arc<Describe>, SourceError> {
        let patience = self.rows.patience();
        Ok(patience.call(|| patience.org().describe(&self.name)).await?)
    }

    /// Whether rows that were deleted lately are found among those that changed.
    pub(super) async fn finds_deleted(&self) -> Result<bool, SourceError> {
        Ok(finds_deleted(&*self.describe().await?))
    }

    /// Whether deleted rows can be seen for a while.
    async fn has_bin(&self) -> Result<bool, SourceError> {
        Ok(self.describe().await?.field(DELETED).is_some())
    }

    /// The field that dates the object's rows.
    pub(super) async fn stamp(&self) -> Result<&'static str, SourceError> {
        Ok(self.describe().await?.dated_by().unwrap_or(STAMP))
    }

    /// The beginning of a query for states of rows.
    pub(super) async fn select(&self) -> Result<String, SourceError> {
        let (describe, stamp) = (self.describe().await?, self.stamp().await?);
        // Not every object tells when its rows were created, and not every one has a recycle bin.
        let has = |name: &&str| *name != stamp && describe.field(name).is_some();
        let fields: Vec<&str> =
            ["Id", stamp].into_iter().chain([DELETED, CREATED].into_iter().filter(has)).collect();
        Ok(format!("SELECT {} FROM {}", fields.join(", "), self.name))
    }

    /// The states that a query of [`Reader::select`] shows, the recycle bin included where there is one.
    pub(super) async fn states(&self, soql: &str) -> Result<Vec<Shown>, SourceError> {
        let has_bin = self.has_bin().await?;
        let rows = if has_bin { self.rows.query_all(soql).await? } else { self.rows.query(soql).await? };
        rows.iter().map(|row| Shown::of(row).ok_or_else(|| unusable(&self.name, soql))).collect()
    }

    /// What the org shows of the time after `from`, when its stream began, and `since`, and what was not produced.
    pub(crate) async fn unseen(
        &self,
        from: Moment,
        since: Moment,
        certainty: Certainty,
    ) -> Result<Vec<(SalesforceId, Standing)>, SourceError> {
        self.remember(since).await?;
        let (select, stamp) = (self.select().await?, self.stamp().await?);
        let soql = format!("{select} WHERE {stamp} >= {}", from.max(since));
        let shown = self.states(&soql).await?;
        let is_unseen = |row: &Shown| {
            let known = self.recent.known(&(self.object, row.id));
            row.standing.stamp() >= from.stamp()
                && !known.is_some_and(|known| known.covers(row.standing, certainty))
        };
        Ok(shown.into_iter().filter(is_unseen).map(|row| (row.id, row.standing)).collect())
    }

    pub(crate) fn org(&self) -> &Org {
        self.rows.patience().org()
    }

    /// The org's time at its latest answer. Our own clock says nothing about the org's.
    pub(super) fn heard(&self) -> Option<Moment> {
        self.org().date().map(Moment)
    }
}
