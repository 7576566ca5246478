//! Writes of a single record, for what collections are too much for, such as PushTopics.

use std::time::Duration;

use crate::error::ApiError;
use crate::id::SalesforceId;
use crate::org::Org;
use crate::rest::Row;

impl Org {
    /// Creates a record of `object` and returns its id.
    pub async fn create_one(&self, object: &str, record: &Row, timeout: Duration) -> Result<SalesforceId, ApiError> {
        todo!()
    }

    /// Changes a record of `object`; `record` has the fields to change and no id.
    pub async fn update_one(&self, object: &str, id: &SalesforceId, record: &Row, timeout: Duration) -> Result<(), ApiError> {
        todo!()
    }
}
