//! Whether changes flow from an org, in the control API's words.

use serde::{Deserialize, Serialize};

/// What a source says of its stream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FlowStatus {
    /// Whether changes flow.
    #[serde(flatten)]
    pub flow: Flow,
    /// How fresh everything in Kafka is.
    #[serde(flatten)]
    pub freshness: Freshness,
    /// Each channel.
    #[serde(default)]
    pub channels: Vec<ChannelStatus>,
    /// Each snapshot that is not done.
    #[serde(default)]
    pub snapshots: Vec<SnapshotStatus>,
}

/// One channel of a source.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChannelStatus {
    /// As the org names it, or `polling` with the object that no channel brings.
    pub name: String,
    /// The objects whose changes it brings.
    pub objects: Vec<String>,
    /// What it never brings, by its nature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remark: Option<String>,
    /// Whether it brings them.
    #[serde(flatten)]
    pub flow: Flow,
    /// How fresh they are.
    #[serde(flatten)]
    pub freshness: Freshness,
}

/// Whether changes flow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flow {
    /// In a word.
    pub flow: FlowWord,
    /// Why, where something is degraded or has failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Since when it is degraded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// When the next attempt is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_attempt: Option<String>,
}

/// The states of a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FlowWord {
    /// There is no session yet.
    Connecting,
    /// What happens comes at once.
    Live,
    /// What happened earlier still has to be read.
    CatchingUp,
    /// What is missing is being read.
    Repairing,
    /// Something does not come.
    Degraded,
    /// The source has ended.
    Failed,
}

/// How fresh what Kafka holds is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Freshness {
    /// Everything that happened up to here, by the org's clock, is in Kafka; absent before the first subscription.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<String>,
    /// How long ago that is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age_seconds: Option<u64>,
}

/// How far a snapshot is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SnapshotStatus {
    /// The object.
    pub object: String,
    /// Rows read.
    pub rows: u64,
    /// Rows there are to read, where the org says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    /// Rows per second.
    pub rate: f64,
    /// How long the rest takes at this rate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds_left: Option<u64>,
    /// Calls made for it.
    pub calls: u64,
    /// Records that came back from the recycle bin, where the rows that point at them are read or wait their turn.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub returned: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl FlowWord {
    /// The word shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Live => "live",
            Self::CatchingUp => "catching_up",
            Self::Repairing => "repairing",
            Self::Degraded => "degraded",
            Self::Failed => "failed",
        }
    }
}
