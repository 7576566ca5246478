//! What both connectors know of a Salesforce org. No Kafka, no SQLite.
//!
//! # Layout, in reading order
//!
//! - [`config`]: where an org is and how to log in
//! - [`options`], [`keystore`]: how it is called, and the key in a PKCS#12 file
//! - [`org`]: an org that is logged in to; everything else hangs on it
//! - `auth`: the OAuth flows, one file each, and the one token of an org
//! - `call`: one HTTP call, with its time-out, its token and its error
//! - [`error`], [`catalogue`]: what went wrong, and what to do about each code
//! - [`breaker`], [`report`]: whether the org can be called at all, and whose trouble a failed call is
//! - [`writing`]: what an org is told beside the records that are written to it
//! - [`calls`]: which calls were made, and how long they took
//! - [`usage`], [`allowances`], [`quota`]: how much of what the org allows is used, and who may still call
//! - [`rest`]: the resources, one file each
//! - [`survey`]: what a look at an object finds, before anything is read or written
//! - [`id`], [`describe`], [`schema`], [`event_schema`], [`value`], [`plain_row`], [`csv`], [`datetime`], [`soql`]: Salesforce's data, and ours

pub mod config;
pub use config::{Auth, OrgConfig};

pub mod options;
pub use options::{AllowanceOptions, ApiVersion, OrgOptions, Proxy, Reserve, Timeouts};

pub mod keystore;

pub mod org;
pub use org::Org;

mod auth;
pub use auth::{LoginCounts, Token};

mod call;

pub mod calls;
pub use calls::{CallCounts, CallKind};

mod clock;
mod http;
mod kept_columns;

pub mod error;
pub use error::{ApiError, CallName, Executed, RecordError};

pub mod catalogue;
pub use catalogue::Disposition;

pub mod breaker;
pub use breaker::{Breaker, BreakerState};

pub mod report;
pub use report::Blame;

pub mod usage;
pub use usage::ApiUsage;

pub mod allowances;
pub use allowances::{Allowance, METERED};

pub mod quota;
pub use quota::Priority;

pub mod rest;
pub use rest::{
    COLLECTION, COLLECTIONS, Collection, Deletions, ExternalIdField, HEADER_SIZE, Ingest, IngestJob,
    IngestState, JobState, Limit, Limits, NULL_CELL, NextPage, Page, QueryJob, ResultError, Results, Row,
    Rows, WriteResult, WrittenRows, can_be_in_composite,
};

pub mod writing;
pub use writing::{Assignment, WriteOptions};

pub mod id;
pub use id::{MalformedId, OrgId, SalesforceId};

pub mod describe;
pub use describe::{ChildRelationship, DATES, Describe, DescribeField, FieldKind, PicklistValue};

pub mod event_schema;
pub mod schema;

pub mod value;
pub use value::{ValueError, to_json, to_value};

pub mod plain_row;
pub use plain_row::PlainRow;

pub mod csv;
pub use csv::{Columns, CsvError, CsvRow, CsvRows};

pub mod datetime;
pub mod soql;

pub mod survey;
pub use survey::Surveyed;
