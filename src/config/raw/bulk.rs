//! Keys of bulk jobs.

use schemars::JsonSchema;
use serde::Deserialize;

/// When records are written by jobs of Bulk API 2.0: many records in a few calls, but none before all of its job.
#[derive(Deserialize, JsonSchema, Default)]
#[schemars(extend("x-example" = "{ from: off }"))]
pub(in crate::config) struct Bulk {
    /// From so many waiting records of one object on, those in the topic included that lay there when the task came to it. `auto`: from
    /// 7,000 of these, or from 1,000 of those that a full sink holds, if they become 7,000 rows or more, so that a job costs
    /// fewer calls than others would. Deletions never go by a job. While a job is at work,
    /// what lies behind its records waits, and children that cannot be without them.
    #[schemars(extend("type" = ["integer", "string"], "x-form" = "waiting", "x-switch" = ["off", "auto"], "default" = "auto"))]
    pub(in crate::config) from: Option<String>,
    /// A job that is at work for longer is stopped, and the rows that it did not write go by other calls.
    #[schemars(extend("x-form" = "duration", "default" = "1h"))]
    pub(in crate::config) give_up_after: Option<String>,
}
