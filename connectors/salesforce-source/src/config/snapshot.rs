//! How all rows of an object are read.

/// How all rows of an object are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SnapshotConfig {
    /// Objects with more rows are read by a Bulk query.
    pub bulk_above: u64,
    /// Rows of one REST answer, 1 to 2,000.
    pub page: u32,
}

impl Default for SnapshotConfig {
    fn default() -> Self {
        Self { bulk_above: 10_000, page: 2_000 }
    }
}
