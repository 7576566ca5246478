//! Writes of up to 200 records in one call, each with its own result (`allOrNone` is false).

use std::time::Duration;

use crate::error::{ApiError, RecordError};
use crate::id::SalesforceId;
use crate::org::Org;
use crate::rest::Row;

/// What became of one record of a write. Results stand in the order of the records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriteResult {
    /// The record's id; `None` for a create that failed.
    pub id: Option<SalesforceId>,
    /// Whether it was written.
    pub success: bool,
    /// Whether an upsert made a new record; `None` for other writes.
    pub created: Option<bool>,
    /// Why it was not written.
    pub errors: Vec<RecordError>,
}

impl Org {
    /// Creates records of `object`, without ids.
    pub async fn create_many(&self, object: &str, records: &[Row], timeout: Duration) -> Result<Vec<WriteResult>, ApiError> {
        todo!()
    }

    /// Changes records of `object`; each has its `Id` beside the fields to change.
    pub async fn update_many(&self, object: &str, records: &[Row], timeout: Duration) -> Result<Vec<WriteResult>, ApiError> {
        todo!()
    }

    /// Creates or changes records of `object`, found by the value of `external_id_field`, which each has beside the other fields.
    pub async fn upsert_many(
        &self,
        object: &str,
        external_id_field: &str,
        records: &[Row],
        timeout: Duration,
    ) -> Result<Vec<WriteResult>, ApiError> {
        todo!()
    }

    /// Moves records, of any objects, to the recycle bin.
    pub async fn delete_many(&self, ids: &[SalesforceId], timeout: Duration) -> Result<Vec<WriteResult>, ApiError> {
        todo!()
    }
}
