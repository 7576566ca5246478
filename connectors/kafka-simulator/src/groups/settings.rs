//! Limits of groups; the defaults are Kafka's, but for the first rebalance, which nobody at a laptop wants to wait for.

use std::time::Duration;

/// What a group coordinator is told.
#[derive(Debug, Clone)]
pub(crate) struct GroupSettings {
    /// How long an empty group waits for more members before its first rebalance.
    pub(crate) initial_rebalance_delay: Duration,
    pub(crate) min_session_timeout: Duration,
    pub(crate) max_session_timeout: Duration,
    /// Members of one group.
    pub(crate) max_members: usize,
    /// Groups with members. Clients that nobody vouches for must not fill the memory.
    pub(crate) max_groups: usize,
    /// Bytes of all members together: their names, what they tell the assignor, what they are assigned.
    pub(crate) max_bytes: usize,
    /// Bytes of a commit's metadata.
    pub(crate) max_metadata: usize,
}

impl Default for GroupSettings {
    fn default() -> Self {
        Self {
            initial_rebalance_delay: Duration::from_millis(50),
            min_session_timeout: Duration::from_secs(6),
            max_session_timeout: Duration::from_mins(30),
            max_members: 1_000,
            max_groups: 10_000,
            max_bytes: 64 << 20,
            max_metadata: 4_096,
        }
    }
}
