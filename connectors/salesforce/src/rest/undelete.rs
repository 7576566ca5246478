//! Undelete, which exists only in SOAP.

use std::time::Duration;

use crate::error::ApiError;
use crate::id::SalesforceId;
use crate::org::Org;
use crate::rest::WriteResult;

impl Org {
    /// Brings up to 200 records, of any objects, back from the recycle bin.
    pub async fn undelete_many(&self, ids: &[SalesforceId], timeout: Duration) -> Result<Vec<WriteResult>, ApiError> {
        todo!()
    }
}
