//! Rows by id.

use crate::error::ApiError;
use crate::id::SalesforceId;
use crate::org::Org;
use crate::rest::Row;

impl Org {
    /// The rows of `ids`, at most 2,000, in their order; `None` for what is deleted or cannot be seen.
    pub async fn retrieve(&self, object: &str, ids: &[SalesforceId], fields: &[String]) -> Result<Vec<Option<Row>>, ApiError> {
        todo!()
    }
}
