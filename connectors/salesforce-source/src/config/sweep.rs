//! What is done about changes that no event brought.

use std::time::Duration;

/// How changes are found that no event brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SweepConfig {
    /// How often each object is asked for them; `None`: never.
    pub every: Option<Duration>,
    /// How far a sweep looks back behind where the one before it ended.
    pub overlap: Duration,
    /// Records that may be missing in the org at once, in percent of those that are linked, before none of them is
    /// taken for deleted.
    pub max_missing: u8,
}

/// What is done about a gap in the events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnGap {
    /// What happened in it is read by a sweep.
    #[default]
    Repair,
    /// The source stops.
    Fail,
    /// The source goes on with the oldest event that the org retains; the gap stays.
    Earliest,
    /// The source goes on with the next event; the gap stays.
    Latest,
}

impl Default for SweepConfig {
    fn default() -> Self {
        Self { every: Some(Duration::from_mins(10)), overlap: Duration::from_mins(15), max_missing: 10 }
    }
}
