//! Handing batches to consumers, as they lie in the file.

use std::io;

use bytes::Bytes;

use super::batch::BatchHeader;
use super::partition_log::PartitionLog;
use crate::isolation::Isolation;

/// What a reader gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Read {
    /// Whole batches; the first one holds the offset asked for. Empty at the end.
    pub(crate) records: Bytes,
    pub(crate) high_watermark: i64,
    pub(crate) last_stable_offset: i64,
    pub(crate) log_start_offset: i64,
    /// Transactions whose records are to be left out; only for readers of committed records.
    pub(crate) aborted: Vec<AbortedTransaction>,
}

/// A transaction that was given up: the records of this producer from this offset to its next marker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AbortedTransaction {
    pub(crate) producer_id: i64,
    pub(crate) first_offset: i64,
}

/// Nothing can be read there.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    /// Before the start, or behind the end.
    #[error("the offset is outside the log")]
    OutOfRange,
    /// The disk.
    #[error("the log cannot be read")]
    Io(#[from] io::Error),
}

impl PartitionLog {
    /// Batches from `from` on, together at most `max_bytes`, but at least one.
    pub(crate) fn read(&self, from: i64, max_bytes: usize, isolation: Isolation) -> Result<Read, ReadError> {
        self.read_within(from, max_bytes, usize::MAX, isolation)
    }

    /// As [`Self::read`], but none when the first one alone is larger.
    pub(crate) fn read_at_most(
        &self,
        from: i64,
        max_bytes: usize,
        isolation: Isolation,
    ) -> Result<Read, ReadError> {
        self.read_within(from, max_bytes, max_bytes, isolation)
    }

    fn read_within(
        &self,
        from: i64,
        max_bytes: usize,
        max_first: usize,
        isolation: Isolation,
    ) -> Result<Read, ReadError> {
        if from < self.start_offset || from > self.next_offset {
            return Err(ReadError::OutOfRange);
        }
        let last_stable_offset = self.last_stable_offset();
        let end = match isolation {
            Isolation::ReadUncommitted => self.next_offset,
            Isolation::ReadCommitted => last_stable_offset,
        };
        let (records, read_to) = self.batches(from, end, max_bytes, max_first)?;
        let aborted = match isolation {
            Isolation::ReadUncommitted => Vec::new(),
            Isolation::ReadCommitted => self.producers.aborted_in(from, read_to),
        };
        Ok(Read {
            records,
            high_watermark: self.next_offset,
            last_stable_offset,
            log_start_offset: self.start_offset,
            aborted,
        })
    }

    /// Whole batches between two offsets, and the offset behind the last of them.
    fn batches(&self, from: i64, end: i64, max_bytes: usize, max_first: usize) -> io::Result<(Bytes, i64)> {
        if max_first == 0 {
            return Ok((Bytes::new(), from));
        }
        let first = self.segments.partition_point(|segment| segment.last_offset < from);
        for segment in &self.segments[first..] {
            let Some((position, header)) = segment.batch_with(from)? else { continue };
            // The start may lie in the middle of a batch whose transaction is open.
            if header.last_offset() >= end || header.size > max_first {
                break;
            }
            let bytes = segment.bytes_at(position, max_bytes.max(header.size))?;
            let (length, read_to) = whole_batches(&bytes, end);
            return Ok((Bytes::from(bytes).slice(..length), read_to));
        }
        Ok((Bytes::new(), from))
    }
}

/// How many bytes are whole batches before the offset `end`, and the offset behind the last of them.
fn whole_batches(bytes: &[u8], end: i64) -> (usize, i64) {
    let (mut length, mut read_to) = (0, 0);
    while let Ok(header) = BatchHeader::parse(&bytes[length..]) {
        if header.last_offset() >= end || length + header.size > bytes.len() {
            break;
        }
        length += header.size;
        read_to = header.last_offset() + 1;
    }
    (length, read_to)
}
