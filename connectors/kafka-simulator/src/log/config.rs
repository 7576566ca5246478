//! How a log behaves: Kafka's topic settings as typed values. Times are milliseconds, sizes bytes.

/// What is done with old records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cleanup {
    /// Whole segments go when they are too old or too many.
    pub(crate) delete: bool,
    /// Records go when their key has a newer one.
    pub(crate) compact: bool,
}

/// Which time a record has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TimestampType {
    /// The producer's.
    CreateTime,
    /// The broker's.
    LogAppendTime,
}

/// The settings of one log, named as Kafka names them.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LogConfig {
    pub(crate) cleanup: Cleanup,
    /// `None`: for ever.
    pub(crate) retention_ms: Option<i64>,
    /// `None`: without limit.
    pub(crate) retention_bytes: Option<u64>,
    pub(crate) segment_bytes: u64,
    pub(crate) segment_ms: i64,
    /// The largest batch that is taken.
    pub(crate) max_message_bytes: usize,
    pub(crate) min_compaction_lag_ms: i64,
    /// How long a tombstone stays readable after it was cleaned once.
    pub(crate) delete_retention_ms: i64,
    /// The share of bytes not yet compacted from which on compaction pays.
    pub(crate) min_cleanable_dirty_ratio: f64,
    pub(crate) timestamp_type: TimestampType,
    /// How much older than now a record's time may be.
    pub(crate) timestamp_before_max_ms: i64,
    /// How much later than now a record's time may be.
    pub(crate) timestamp_after_max_ms: i64,
}

impl Default for LogConfig {
    /// Kafka's own defaults.
    fn default() -> Self {
        const DAY: i64 = 24 * 60 * 60 * 1_000;
        Self {
            cleanup: Cleanup { delete: true, compact: false },
            retention_ms: Some(7 * DAY),
            retention_bytes: None,
            segment_bytes: 1 << 30,
            segment_ms: 7 * DAY,
            max_message_bytes: 1_048_588,
            min_compaction_lag_ms: 0,
            delete_retention_ms: DAY,
            min_cleanable_dirty_ratio: 0.5,
            timestamp_type: TimestampType::CreateTime,
            timestamp_before_max_ms: i64::MAX,
            timestamp_after_max_ms: 60 * 60 * 1_000,
        }
    }
}
