//! Keys of records that wait in Kafka.

use schemars::JsonSchema;
use serde::Deserialize;

/// Records that cannot be written yet. They wait in the topic `PIPELINE.parked`, and all others of their partitions go on; only
/// later records of the same id wait behind them.
#[derive(Deserialize, JsonSchema, Default)]
pub(in crate::config) struct Parked {
    /// How long a record is tried again after a transient error before it waits in Kafka. So long the partition that it came
    /// from waits, too. Both times are part of `retry_for`.
    #[schemars(extend("x-form" = "duration", "default" = "30s"))]
    pub(in crate::config) after: Option<String>,
    /// How long a record waits for a parent that it cannot be written without. It is written as soon as that is there.
    #[schemars(extend("x-form" = "duration", "default" = "24h"))]
    pub(in crate::config) expire_after: Option<String>,
    /// What becomes of the record when the parent has not come by then.
    #[schemars(extend("default" = "reject"))]
    pub(in crate::config) then: Option<Expired>,
    /// With so many waiting records a task reads the partitions that they came from no further, and says that it waits. So with
    /// 128 MB of them. Each of `tasks` counts its own.
    #[schemars(range(min = 1, max = 1_000_000), extend("default" = 10_000))]
    pub(in crate::config) max: Option<usize>,
}

/// What becomes of a record whose parent has not come in time.
#[derive(Deserialize, JsonSchema, Clone, Copy)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum Expired {
    /// It is rejected with `REQUIRED_PARENT_MISSING`.
    Reject,
    /// It is written without the reference where the target takes it so: the field may be empty there, but cannot be set later.
    /// Where the field is required the record is rejected.
    WriteWithout,
}
