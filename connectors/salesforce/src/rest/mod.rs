//! The resources, one file each. All are methods of [`Org`](crate::Org).

mod bulk_ingest;
pub use bulk_ingest::{HEADER_SIZE, Ingest, IngestJob, IngestState, NULL_CELL, ResultError, WrittenRows};

mod bulk_query;
pub use bulk_query::{JobState, QueryJob, Results, Rows};

mod collections;
pub use collections::{COLLECTION, WriteResult};

mod composite;
pub use composite::{COLLECTIONS, Collection, can_be_in_composite};

mod custom_field;
pub use custom_field::ExternalIdField;

mod describe;

mod event_schema;

mod limits;
pub use limits::{Limit, Limits};

mod objects;

mod query;
pub use query::{NextPage, Page};

mod record;

mod replication;
pub use replication::Deletions;

mod retrieve;

pub(crate) mod soap;

mod undelete;

/// A row as Salesforce sends it, with its `attributes`; as orgstream sends it, without.
pub type Row = serde_json::Map<String, serde_json::Value>;

mod versions;
