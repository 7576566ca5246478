//! Query jobs of Bulk API 2.0: all rows of an object in a few calls.
//!
//! The org works the job off by itself and keeps its results for seven days, so a job may be asked for again by its id,
//! also by another process. The results are as old as the job.

use std::time::Duration;

use bytes::Bytes;
use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use crate::call::Call;
use crate::error::ApiError;
use crate::org::Org;

/// How long one page of results may take.
const RESULTS_TIMEOUT: Duration = Duration::from_mins(2);

/// What stands for the locator on the last page. Four letters, not a missing header.
const NO_LOCATOR: &str = "null";

/// Which rows a query finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    /// Those that live.
    Living,
    /// Also those in the recycle bin.
    All,
}

/// A query job.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct QueryJob {
    /// Its id.
    pub id: String,
    /// How far it is.
    pub state: JobState,
    /// How many rows it has found so far.
    #[serde(default, rename = "numberRecordsProcessed")]
    pub rows: u64,
    /// Why it failed.
    #[serde(default)]
    pub error_message: Option<String>,
}

/// How far a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum JobState {
    /// It waits for its turn.
    UploadComplete,
    /// The org works on it.
    InProgress,
    /// Its results can be read.
    JobComplete,
    /// Somebody stopped it.
    Aborted,
    /// The org could not do it.
    Failed,
}

/// A page of a job's results.
#[derive(Debug, Clone)]
pub struct Results {
    /// A line with the columns' names, then one for each row.
    pub csv: Bytes,
    /// How many rows the org says it has; `None` where it does not say.
    pub rows: Option<u64>,
    /// Where the next page begins; `None` on the last.
    pub next: Option<String>,
}

impl Org {
    /// Makes a job of `soql`. A call that got no usable answer may have made one, which then waits in vain.
    pub async fn create_query_job(&self, soql: &str, rows: Rows) -> Result<QueryJob, ApiError> {
        let operation = match rows {
            Rows::Living => "query",
            Rows::All => "queryAll",
        };
        let call = Call::as_read(Method::POST, &["jobs", "query"]).json(&json!({
            "operation": operation, "query": soql, "contentType": "CSV", "columnDelimiter": "COMMA", "lineEnding": "LF",
        }));
        self.call(call).await?.json()
    }

    /// A job as it is now.
    pub async fn query_job(&self, id: &str) -> Result<QueryJob, ApiError> {
        self.call(Call::get(&["jobs", "query", id])).await?.json()
    }

    /// Stops a job that has not ended.
    pub async fn abort_query_job(&self, id: &str) -> Result<(), ApiError> {
        let call = Call::as_read(Method::PATCH, &["jobs", "query", id]);
        self.call(call.json(&json!({"state": "Aborted"}))).await.map(drop)
    }

    /// Deletes a job that has ended, with its results.
    pub async fn delete_query_job(&self, id: &str) -> Result<(), ApiError> {
        self.call(Call::as_read(Method::DELETE, &["jobs", "query", id])).await.map(drop)
    }

    /// Up to `most` rows of a complete job, from a locator of an earlier page on. They can only be read with the version
    /// of the API that made the job.
    pub async fn query_results(
        &self,
        id: &str,
        locator: Option<&str>,
        most: usize,
    ) -> Result<Results, ApiError> {
        let mut call = Call::get(&["jobs", "query", id, "results"]).query("maxRecords", most.to_string());
        if let Some(locator) = locator {
            call = call.query("locator", locator);
        }
        let reply = self.call(call.timeout(RESULTS_TIMEOUT)).await?;
        let next = match reply.header("sforce-locator") {
            Some(NO_LOCATOR) => None,
            Some(locator) => Some(locator.to_owned()),
            // To take it for the end would lose rows without a word.
            None => return Err(reply.unreadable("it does not say where its next page is")),
        };
        let rows = reply.header("sforce-numberofrecords").and_then(|rows| rows.parse().ok());
        Ok(Results { csv: reply.into_body(), rows, next })
    }
}

impl JobState {
    /// Whether the org still works on it.
    pub fn is_open(self) -> bool {
        matches!(self, Self::UploadComplete | Self::InProgress)
    }
}
