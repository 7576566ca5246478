//! The keys that say what is done with records that cannot be written.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

/// What is done with a record that is refused, by Salesforce's error code (or orgstream's own), which stands in the place of
/// NAME; `default` is for all others. Errors of the whole org, such as a used-up quota, are waited for and cannot stand here.
#[derive(Deserialize, JsonSchema, Default)]
#[schemars(extend("x-example" = "{ default: stop }"))]
pub(in crate::config) struct OnError {
    /// What is done with a record that is refused for good. Of Confluent's words `fail` is `stop`, `log` is `dead_letter` and
    /// `ignore` is `skip`.
    #[schemars(extend("default" = "dead_letter", "x-confluent" = ["behavior.on.api.errors"]))]
    pub(in crate::config) default: Option<OtherErrors>,
    /// By code.
    #[serde(flatten)]
    pub(in crate::config) codes: BTreeMap<String, ErrorAction>,
}

/// What is done with a record that is refused for good.
#[derive(Deserialize, JsonSchema, Clone, Copy)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum OtherErrors {
    /// It becomes a dead letter, and the task goes on.
    DeadLetter,
    /// It is passed over, and counted under its code. Nothing but that count and the log tells of it.
    Skip,
    /// The task fails. The record is not settled: it comes again at the next start.
    Stop,
}

/// What is done with a record that is refused with this code.
#[derive(Deserialize, JsonSchema, Clone, Copy)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum ErrorAction {
    /// It is tried again for `retry_for`; then `default` is done.
    Retry,
    /// It becomes a dead letter, without being tried again.
    Reject,
    /// It is passed over, and counted under the code.
    Skip,
    /// The task fails. The record is not settled: it comes again at the next start.
    Stop,
}

/// Stops the task when too many records are rejected: something is wrong with all of them. What was rejected is in the dead
/// letters, and the next start goes on behind it.
#[derive(Deserialize, JsonSchema, Default)]
#[schemars(extend("x-example" = "{ rejected: 5, of: 100 }"))]
pub(in crate::config) struct StopAfter {
    /// So many rejections
    #[schemars(required, range(min = 1, max = 100_000))]
    pub(in crate::config) rejected: Option<usize>,
    /// among so many of the last records.
    #[schemars(required, range(min = 1, max = 100_000))]
    pub(in crate::config) of: Option<usize>,
}

/// Topics that are told what became of each record. Key: the record's key as JSON. Headers: `input_record_offset`,
/// `input_record_timestamp`, `input_record_partition`, `input_record_topic`.
#[derive(Deserialize, JsonSchema, Default)]
pub(in crate::config) struct Reports {
    /// The topic of records that were written. `${pipeline}` (or `${connector}`) in it stands for the pipeline's name.
    #[schemars(extend("x-confluent" = ["reporter.result.topic.name"]))]
    pub(in crate::config) success: Option<String>,
    /// The topic of records that were refused, those that `on_error` passes over included; as `success`.
    #[schemars(extend("x-confluent" = ["reporter.error.topic.name"]))]
    pub(in crate::config) error: Option<String>,
    /// The value of a report: an expression, such as `{"source": event.id, "target": response.id}`. Beside the variables of
    /// filters it sees `topic`, `partition`, `offset` and `response` (`success`, `id`, `created`, `code`, `message`, `fields`).
    /// Default: a text that says what happened.
    pub(in crate::config) body: Option<String>,
}
