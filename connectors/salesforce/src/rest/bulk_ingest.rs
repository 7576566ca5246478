//! Ingest jobs of Bulk API 2.0: many rows of one object in a few calls, written by the org in its own time.
//!
//! A job is made, takes one upload, and begins when it is closed. From then on it goes on by itself, whoever made it, so a
//! job that was closed has to be waited for before anything else is written of its rows. Its rows are matched to their results
//! by a column alone that is unique among them.

use std::time::Duration;

use bytes::Bytes;
use csv::{ByteRecord, ReaderBuilder};
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::call::Call;
use crate::error::ApiError;
use crate::id::SalesforceId;
use crate::org::Org;
use crate::rest::WriteResult;

/// How long an upload, or a page of results, may take.
const CONTENT_TIMEOUT: Duration = Duration::from_mins(5);

/// The column of results with the record's id.
const RESULT_ID: &str = "sf__Id";

/// The column of results that says whether the record is new.
const RESULT_CREATED: &str = "sf__Created";

/// What clears a field. A cell with this text cannot be written in any other way.
pub const NULL_CELL: &str = "#N/A";

/// The most characters of the line that names the columns.
pub const HEADER_SIZE: usize = 32_000;

/// What a job does with its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ingest<'a> {
    /// Creates or changes records, found by this external-id field.
    Upsert(&'a str),
    /// Changes records by their `Id`.
    Update,
}

/// An ingest job.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IngestJob {
    /// Its id.
    pub id: String,
    /// How far it is.
    pub state: IngestState,
    /// How many rows it has worked on, the failed ones included.
    #[serde(default, rename = "numberRecordsProcessed")]
    pub processed: u64,
    /// How many of these it did not write.
    #[serde(default, rename = "numberRecordsFailed")]
    pub failed: u64,
    /// Why it failed.
    #[serde(default)]
    pub error_message: Option<String>,
}

/// How far a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum IngestState {
    /// It takes its rows. It does nothing until it is closed.
    Open,
    /// It waits for its turn.
    UploadComplete,
    /// The org works on it.
    InProgress,
    /// All rows were tried.
    JobComplete,
    /// Somebody stopped it; what was written stays.
    Aborted,
    /// It could not go on; what was written stays.
    Failed,
}

/// The rows that a job wrote, as its file of results has them.
pub struct WrittenRows {
    reader: csv::Reader<std::io::Cursor<Bytes>>,
    record: ByteRecord,
    id: usize,
    created: usize,
    key: usize,
}

/// The file of results is not what it should be.
#[derive(Debug, thiserror::Error)]
pub enum ResultError {
    /// It is no CSV.
    #[error("the results of a bulk job are no CSV: {0}")]
    Malformed(#[from] csv::Error),
    /// A column is missing.
    #[error("the results of a bulk job have no column {0}")]
    Column(String),
}

impl IngestState {
    /// Whether the org is done with it, or was never asked.
    pub fn is_over(self) -> bool {
        matches!(self, Self::JobComplete | Self::Aborted | Self::Failed)
    }
}

impl Org {
    /// Makes a job for rows of `object`. A call that got no usable answer may have made one, which does nothing.
    pub async fn create_ingest_job(&self, object: &str, ingest: Ingest<'_>) -> Result<IngestJob, ApiError> {
        let mut body = json!({
            "object": object, "operation": "update", "contentType": "CSV", "columnDelimiter": "COMMA", "lineEnding": "LF",
        });
        if let Ingest::Upsert(field) = ingest {
            body["operation"] = Json::from("upsert");
            body["externalIdFieldName"] = Json::from(field);
        }
        if let Some(rule) = self.writing.rule_of_job(object) {
            body["assignmentRuleId"] = Json::from(rule.as_str());
        }
        let call = Call::as_read(Method::POST, &["jobs", "ingest"]).headers(self.writing.of_call());
        self.call(call.json(&body)).await?.json()
    }

    /// Gives an open job its rows: a line of columns, then a line each. Once only.
    pub async fn upload_rows(&self, id: &str, csv: Bytes) -> Result<(), ApiError> {
        let call = Call::new(Method::PUT, &["jobs", "ingest", id, "batches"], CONTENT_TIMEOUT);
        self.call(call.csv(csv)).await.map(drop)
    }

    /// Has the org begin. From here on the job writes, whatever becomes of whoever made it.
    pub async fn close_ingest_job(&self, id: &str, timeout: Duration) -> Result<(), ApiError> {
        let call = Call::new(Method::PATCH, &["jobs", "ingest", id], timeout);
        self.call(call.json(&json!({"state": "UploadComplete"}))).await.map(drop)
    }

    /// Stops a job. Rows that it is at work on may still be written.
    pub async fn abort_ingest_job(&self, id: &str) -> Result<(), ApiError> {
        let call = Call::as_read(Method::PATCH, &["jobs", "ingest", id]);
        self.call(call.json(&json!({"state": "Aborted"}))).await.map(drop)
    }

    /// A job as it is now.
    pub async fn ingest_job(&self, id: &str) -> Result<IngestJob, ApiError> {
        self.call(Call::get(&["jobs", "ingest", id])).await?.json()
    }

    /// The rows that a job which is over wrote. `key` is the column that tells its rows apart.
    pub async fn written_rows(&self, id: &str, key: &str) -> Result<WrittenRows, ApiError> {
        let call = Call::get(&["jobs", "ingest", id, "successfulResults"]);
        // Org B says all that it was sent; what came of it is a small part of that.
        let call = call.columns(&[RESULT_ID, RESULT_CREATED, key]).timeout(CONTENT_TIMEOUT);
        let reply = self.call(call).await?;
        WrittenRows::read(reply.body(), key).map_err(|error| reply.unreadable(error))
    }
}

impl WrittenRows {
    /// Reads the line of columns.
    pub fn read(csv: Bytes, key: &str) -> Result<Self, ResultError> {
        let mut reader = ReaderBuilder::new().has_headers(false).from_reader(std::io::Cursor::new(csv));
        let mut record = ByteRecord::new();
        reader.read_byte_record(&mut record)?;
        let place = |name: &str| {
            let found = record.iter().position(|cell| cell.eq_ignore_ascii_case(name.as_bytes()));
            found.ok_or_else(|| ResultError::Column(name.to_owned()))
        };
        let (id, created, key) = (place(RESULT_ID)?, place(RESULT_CREATED)?, place(key)?);
        Ok(Self { reader, record, id, created, key })
    }

    /// The next row that was written: its key, and what the org says of it. Ends where the file does, and where it is cut.
    pub fn next_row(&mut self) -> Option<(String, WriteResult)> {
        loop {
            if !self.reader.read_byte_record(&mut self.record).ok()? {
                return None;
            }
            let cell = |place: usize| std::str::from_utf8(self.record.get(place)?).ok();
            let Some((key, Ok(id))) = cell(self.key).zip(cell(self.id).map(SalesforceId::parse)) else {
                continue;
            };
            let created = cell(self.created) == Some("true");
            let result =
                WriteResult { id: Some(id), success: true, created: Some(created), errors: Vec::new() };
            return Some((key.to_owned(), result));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_rows_are_told_apart_by_their_key_whatever_else_they_hold() {
        let csv = "\"sf__Id\",\"sf__Created\",OrgA_Id__c,Name\n\
                   \"0015g00000AAAAAAA5\",\"true\",\"k1\",\"two\nlines, and \"\"quotes\"\"\"\n\
                   \"oops\",\"true\",\"k2\",\"\"\n\
                   \"0015g00000AAAABAA5\",\"false\",\"k3\",\"#N/A\"\n\
                   \"0015g00000AAAABAA5\",\"fal";
        let mut rows = WrittenRows::read(Bytes::from_static(csv.as_bytes()), "orga_id__C").unwrap();
        let read: Vec<_> = std::iter::from_fn(|| rows.next_row())
            .map(|(key, result)| (key, result.created.unwrap()))
            .collect();
        assert_eq!(read, [("k1".to_owned(), true), ("k3".to_owned(), false)]);
    }

    #[test]
    fn a_file_without_the_key_says_nothing_of_any_row() {
        let csv = Bytes::from_static(b"\"sf__Id\",\"sf__Created\",Name\n");
        assert!(matches!(WrittenRows::read(csv, "Key__c"), Err(ResultError::Column(_))));
    }
}
