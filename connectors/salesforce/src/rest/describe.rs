//! Describes, kept for the life of the org.

use std::sync::Arc;

use crate::describe::Describe;
use crate::error::ApiError;
use crate::org::Org;

impl Org {
    /// The object as the org described it when it was first asked.
    pub async fn describe(&self, object: &str) -> Result<Arc<Describe>, ApiError> {
        todo!()
    }

    /// Asks the org anew, for when its fields have changed.
    pub async fn describe_again(&self, object: &str) -> Result<Arc<Describe>, ApiError> {
        todo!()
    }
}
