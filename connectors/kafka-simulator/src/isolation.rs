//! How much of a log a reader sees.

/// The isolation level of a fetch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Isolation {
    /// Everything up to the high watermark.
    ReadUncommitted,
    /// Everything up to the first open transaction; aborted transactions are listed for the reader to leave out.
    ReadCommitted,
}
