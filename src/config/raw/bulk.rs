//! Keys of bulk jobs.

use schemars::JsonSchema;
use serde::Deserialize;

/// When records are written by jobs of Bulk API 2.0: many records in a few calls, but none before all of its job.
#[derive(Deserialize, JsonSchema, Default)]
pub(in crate::config) struct Bulk {
    /// From so many waiting records of one object on, or `off`. Deletions never go by a job. While a job is at work, what lies
    /// behind its records waits, and their children wait for them.
    #[schemars(extend("type" = ["integer", "string"], "x-form" = "count", "default" = "off"))]
    pub(in crate::config) from: Option<String>,
}
