//! One job: what it is to do, how far it is, and how calls show it.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};

use super::csv::Dialect;
use crate::data::{Origin, Refusal};
use crate::timestamp::Timestamp;

/// A job of either sort.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Job {
    pub(super) id: String,
    pub(super) operation: Operation,
    /// API name of the object.
    pub(super) object: String,
    pub(super) state: JobState,
    /// 59.0 is 590.
    pub(super) version: u32,
    pub(super) created_by: String,
    pub(super) created: Timestamp,
    /// When its state last changed.
    pub(super) modified: Timestamp,
    pub(super) dialect: Dialect,
    pub(super) work: Work,
    pub(super) processed: usize,
    pub(super) failed: usize,
    /// Milliseconds spent on it.
    pub(super) active: i64,
    /// Why it is [`JobState::Failed`].
    pub(super) error: Option<String>,
    /// What its changes are told to come from.
    pub(super) origin: Origin,
}

/// The states of a job. A query job starts as [`JobState::UploadComplete`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum JobState {
    Open,
    UploadComplete,
    InProgress,
    JobComplete,
    Failed,
    Aborted,
}

/// What is done with each row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Operation {
    Insert,
    Update,
    Upsert,
    Delete,
    HardDelete,
    Query,
    QueryAll,
}

/// What a job works on, and its results so far.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Work {
    Ingest(Ingest),
    Query(Search),
}

/// Rows to be written.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Ingest {
    /// Field that an upsert matches by.
    pub(super) external_id: Option<String>,
    pub(super) assignment_rule: Option<String>,
    /// The file, once it was uploaded.
    #[serde(skip)]
    pub(super) data: Option<Bytes>,
    /// The header of the file, once it was read.
    pub(super) columns: Vec<String>,
    /// Where in the file the first row stands that was not processed.
    pub(super) place: usize,
    #[serde(skip)]
    pub(super) successful: Vec<u8>,
    #[serde(skip)]
    pub(super) refused: Vec<u8>,
}

/// Rows to be read.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Search {
    pub(super) soql: String,
    /// The header line of each page of results.
    #[serde(skip)]
    pub(super) header: Vec<u8>,
    #[serde(skip)]
    pub(super) rows: Vec<u8>,
    /// Where in `rows` each row ends.
    #[serde(skip)]
    pub(super) ends: Vec<usize>,
}

impl Ingest {
    /// The same without what was uploaded and without results.
    pub(super) fn without_files(&self) -> Self {
        Self {
            external_id: self.external_id.clone(),
            assignment_rule: self.assignment_rule.clone(),
            columns: self.columns.clone(),
            place: self.place,
            ..Self::default()
        }
    }
}

impl Search {
    /// A search that has found nothing yet.
    pub(super) fn new(soql: &str) -> Self {
        Self { soql: soql.to_owned(), header: Vec::new(), rows: Vec::new(), ends: Vec::new() }
    }
}

impl JobState {
    /// The state with this name.
    pub(super) fn of(name: &str) -> Option<Self> {
        use JobState::{Aborted, Failed, InProgress, JobComplete, Open, UploadComplete};
        let all = [Open, UploadComplete, InProgress, JobComplete, Failed, Aborted];
        all.into_iter().find(|state| state.name() == name)
    }

    /// Its name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Open => "Open",
            Self::UploadComplete => "UploadComplete",
            Self::InProgress => "InProgress",
            Self::JobComplete => "JobComplete",
            Self::Failed => "Failed",
            Self::Aborted => "Aborted",
        }
    }

    /// Whether nothing more will happen.
    pub(super) fn ended(self) -> bool {
        matches!(self, Self::JobComplete | Self::Failed | Self::Aborted)
    }
}

impl Operation {
    /// The operation with this name.
    pub(super) fn of(name: &str) -> Option<Self> {
        use Operation::{Delete, HardDelete, Insert, Query, QueryAll, Update, Upsert};
        let all = [Insert, Update, Upsert, Delete, HardDelete, Query, QueryAll];
        all.into_iter().find(|operation| operation.name() == name)
    }

    /// Its name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Insert => "insert",
            Self::Update => "update",
            Self::Upsert => "upsert",
            Self::Delete => "delete",
            Self::HardDelete => "hardDelete",
            Self::Query => "query",
            Self::QueryAll => "queryAll",
        }
    }

    /// Whether it reads.
    pub(super) fn reads(self) -> bool {
        matches!(self, Self::Query | Self::QueryAll)
    }
}

impl Job {
    /// The answer to its creation.
    pub(super) fn created(&self) -> Json {
        let mut shown = self.identity();
        self.content_url(&mut shown);
        self.format(&mut shown);
        Json::Object(shown)
    }

    /// The answer to a change of its state.
    pub(super) fn changed(&self) -> Json {
        Json::Object(self.identity())
    }

    /// One line of the list of jobs.
    pub(super) fn listed(&self) -> Json {
        let mut shown = self.identity();
        shown.insert("jobType".to_owned(), json!(self.job_type()));
        self.content_url(&mut shown);
        self.format(&mut shown);
        Json::Object(shown)
    }

    /// Everything.
    pub(super) fn full(&self) -> Json {
        let mut shown = self.identity();
        shown.insert("jobType".to_owned(), json!(self.job_type()));
        self.content_url(&mut shown);
        self.format(&mut shown);
        if let Some(error) = &self.error {
            shown.insert("errorMessage".to_owned(), json!(error));
        }
        let total = if self.state.ended() { self.modified.millis() - self.created.millis() } else { 0 };
        shown.insert("retries".to_owned(), json!(0));
        shown.insert("totalProcessingTime".to_owned(), json!(total.max(self.active)));
        if let Work::Ingest(ingest) = &self.work {
            shown.insert("apiActiveProcessingTime".to_owned(), json!(self.active));
            shown.insert("apexProcessingTime".to_owned(), json!(0));
            if ingest.data.is_none() {
                return Json::Object(shown);
            }
            shown.insert("numberRecordsProcessed".to_owned(), json!(self.processed));
            shown.insert("numberRecordsFailed".to_owned(), json!(self.failed));
        } else {
            shown.insert("numberRecordsProcessed".to_owned(), json!(self.processed));
        }
        Json::Object(shown)
    }

    /// `V2Ingest` or `V2Query`.
    pub(super) fn job_type(&self) -> &'static str {
        match self.work {
            Work::Ingest(_) => "V2Ingest",
            Work::Query(_) => "V2Query",
        }
    }

    /// Moves on to another state.
    pub(super) fn enter(&mut self, state: JobState, now: Timestamp) {
        self.state = state;
        self.modified = now;
    }

    /// Its ingest part; a refusal when it is a query.
    pub(super) fn ingest(&self) -> Result<&Ingest, Refusal> {
        match &self.work {
            Work::Ingest(ingest) => Ok(ingest),
            Work::Query(_) => Err(Refusal::not_found()),
        }
    }

    fn identity(&self) -> Map<String, Json> {
        let mut shown = Map::new();
        let mut put = |key: &str, value: Json| shown.insert(key.to_owned(), value);
        put("id", json!(self.id));
        put("operation", json!(self.operation.name()));
        put("object", json!(self.object));
        put("createdById", json!(self.created_by));
        put("createdDate", json!(self.created.to_second().rest()));
        put("systemModstamp", json!(self.modified.to_second().rest()));
        put("state", json!(self.state.name()));
        if let Work::Ingest(ingest) = &self.work {
            if let Some(field) = &ingest.external_id {
                put("externalIdFieldName", json!(field));
            }
            if let Some(rule) = &ingest.assignment_rule {
                put("assignmentRuleId", json!(rule));
            }
        }
        put("concurrencyMode", json!("Parallel"));
        put("contentType", json!("CSV"));
        put("apiVersion", json!(f64::from(self.version) / 10.0));
        shown
    }

    /// Only an open job takes content.
    fn content_url(&self, shown: &mut Map<String, Json>) {
        if self.state == JobState::Open {
            let (version, id) = (f64::from(self.version) / 10.0, &self.id);
            let url = format!("services/data/v{version:.1}/jobs/ingest/{id}/batches");
            shown.insert("contentUrl".to_owned(), json!(url));
        }
    }

    fn format(&self, shown: &mut Map<String, Json>) {
        shown.insert("lineEnding".to_owned(), json!(self.dialect.ending.name()));
        shown.insert("columnDelimiter".to_owned(), json!(self.dialect.delimiter.name()));
    }
}
