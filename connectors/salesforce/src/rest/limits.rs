//! The org's allocations and what is left of them.

use std::collections::HashMap;

use serde::Deserialize;

use crate::call::Call;
use crate::error::ApiError;
use crate::org::Org;

/// One allocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Limit {
    /// What is allowed.
    pub max: i64,
    /// What is left; below zero where an org may overrun.
    pub remaining: i64,
}

/// Allocations by name, such as `DailyApiRequests`.
pub type Limits = HashMap<String, Limit>;

impl Org {
    /// All allocations.
    pub async fn limits(&self) -> Result<Limits, ApiError> {
        self.call(Call::get(&["limits"])).await?.json()
    }
}
