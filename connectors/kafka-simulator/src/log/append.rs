//! Taking batches from producers. A batch is written whole or not at all, and a batch that is sent twice once.

use std::io;

use bytes::{Bytes, BytesMut};

use super::batch::{self, BadBatch, BatchHeader, HEADER};
use super::config::TimestampType;
use super::control;
use super::partition_log::PartitionLog;
use super::producers::{Refused, Verdict};
use super::record::Records;
use crate::producer::{Marker, ProducerId};

/// Where a batch is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Appended {
    /// The offset of its first record.
    pub(crate) base_offset: i64,
    /// The broker's time, where records get that.
    pub(crate) log_append_time: Option<i64>,
    /// Where the log starts.
    pub(crate) log_start_offset: i64,
}

/// Why a batch was not written. Each has its own error code in Kafka.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AppendError {
    /// The bytes are no batch, or the checksum is wrong.
    #[error("the record batch is corrupt")]
    Corrupt,
    /// It is a batch, but not one that a producer may send.
    #[error("the record batch is invalid: {0}")]
    Invalid(&'static str),
    /// It is of a format before Kafka 0.11.
    #[error("the record batch has a format before magic 2")]
    OldFormat,
    /// It is larger than `max.message.bytes`.
    #[error("the record batch has {size} bytes; the topic takes {max}")]
    TooLarge {
        /// Its size.
        size: usize,
        /// What is taken.
        max: usize,
    },
    /// It is larger than a whole segment may be.
    #[error("the record batch has {size} bytes; a segment has {max}")]
    LargerThanSegment {
        /// Its size.
        size: usize,
        /// What a segment holds.
        max: u64,
    },
    /// Its times are too far from now.
    #[error("the record time {0} is too far from now")]
    Timestamp(i64),
    /// Batches before it are missing.
    #[error("the sequence number is out of order")]
    Sequence,
    /// A newer producer has taken over.
    #[error("the producer's epoch is old")]
    Epoch,
    /// It is outside a transaction while one of its producer is open.
    #[error("a transaction of the producer is open")]
    Transaction,
    /// The disk.
    #[error("the log cannot be written")]
    Io(#[from] io::Error),
}

impl PartitionLog {
    /// Writes `records`, the one batch of a produce request, and gives it the next offsets.
    pub(crate) fn append(&mut self, records: &Bytes, now_ms: i64) -> Result<Appended, AppendError> {
        let mut header = self.checked(records, now_ms)?;
        let appended = |base_offset, log| Appended {
            base_offset,
            log_append_time: (log_time(log)).then_some(now_ms),
            log_start_offset: log.start_offset,
        };
        match self.producers.judge(&header) {
            Ok(Verdict::Append) => {}
            Ok(Verdict::Duplicate(base_offset)) => return Ok(appended(base_offset, self)),
            Err(Refused::Epoch) => return Err(AppendError::Epoch),
            Err(Refused::Sequence) => return Err(AppendError::Sequence),
            Err(Refused::Transaction) => return Err(AppendError::Transaction),
        }
        let mut batch = BytesMut::from(&records[..]);
        header.base_offset = self.next_offset;
        batch::place(&mut batch, header.base_offset);
        if log_time(self) {
            batch::stamp(&mut batch, now_ms);
            header.max_timestamp = now_ms;
        }
        self.write(&header, &batch, None, now_ms)?;
        Ok(appended(header.base_offset, self))
    }

    /// Ends the open transaction of `producer` here. Written also when none is open: its epoch fences what is older.
    pub(crate) fn append_marker(
        &mut self,
        producer: ProducerId,
        marker: Marker,
        coordinator_epoch: i32,
        now_ms: i64,
    ) -> io::Result<i64> {
        let base_offset = self.next_offset;
        let batch = control::marker(base_offset, producer, marker, coordinator_epoch, now_ms);
        let header = BatchHeader::parse(&batch).map_err(|_| io::Error::other("a marker is a batch"))?;
        self.write(&header, &batch, Some(marker), now_ms)?;
        Ok(base_offset)
    }

    fn write(
        &mut self,
        header: &BatchHeader,
        batch: &[u8],
        marker: Option<Marker>,
        now_ms: i64,
    ) -> io::Result<()> {
        self.roll_when_due(header.size, now_ms)?;
        self.active().append(header, batch, now_ms)?;
        self.producers.note(header, marker, now_ms);
        self.next_offset = header.last_offset() + 1;
        Ok(())
    }

    fn roll_when_due(&mut self, more: usize, now_ms: i64) -> io::Result<()> {
        let (segment_bytes, segment_ms) = (self.config.segment_bytes, self.config.segment_ms);
        let active = self.active();
        let full = active.size + u64::try_from(more).unwrap_or(u64::MAX) > segment_bytes;
        let old = active.began_ms.is_some_and(|began| now_ms.saturating_sub(began) >= segment_ms);
        if full || old { self.roll() } else { Ok(()) }
    }

    /// Everything that can be seen from the batch alone.
    fn checked(&self, records: &[u8], now_ms: i64) -> Result<BatchHeader, AppendError> {
        let header = BatchHeader::parse(records).map_err(|bad| match bad {
            BadBatch::OldFormat => AppendError::OldFormat,
            BadBatch::Truncated | BadBatch::Malformed => AppendError::Corrupt,
        })?;
        let max = self.config.max_message_bytes;
        if header.size > max {
            return Err(AppendError::TooLarge { size: header.size, max });
        }
        let segment = self.config.segment_bytes;
        if u64::try_from(header.size).unwrap_or(u64::MAX) > segment {
            return Err(AppendError::LargerThanSegment { size: header.size, max: segment });
        }
        match header.size.cmp(&records.len()) {
            std::cmp::Ordering::Greater => return Err(AppendError::Corrupt),
            std::cmp::Ordering::Less => {
                return Err(AppendError::Invalid("a request has one batch a partition"));
            }
            std::cmp::Ordering::Equal => {}
        }
        if !batch::checksum_is_right(records) {
            return Err(AppendError::Corrupt);
        }
        if header.is_control() {
            return Err(AppendError::Invalid("a producer writes no control batches"));
        }
        if header.record_count < 1 || header.record_count - 1 != header.last_offset_delta {
            return Err(AppendError::Invalid("the number of records does not fit the offsets"));
        }
        if header.producer().is_some() == (header.base_sequence < 0) {
            return Err(AppendError::Invalid("a producer id comes with a sequence number"));
        }
        self.checked_records(&header, &records[HEADER..])?;
        let early = now_ms.saturating_sub(self.config.timestamp_before_max_ms);
        let late = now_ms.saturating_add(self.config.timestamp_after_max_ms);
        let time = header.max_timestamp;
        if self.config.timestamp_type == TimestampType::CreateTime
            && (time > late || (time >= 0 && time < early))
        {
            return Err(AppendError::Timestamp(time));
        }
        Ok(header)
    }

    /// Compressed records are believed until somebody has to unpack them.
    fn checked_records(&self, header: &BatchHeader, bytes: &[u8]) -> Result<(), AppendError> {
        if header.compression() != 0 {
            return Ok(());
        }
        let records = Records::new(bytes, header.record_count);
        if !records.are_whole() {
            return Err(AppendError::Corrupt);
        }
        if self.config.cleanup.compact {
            for record in records {
                let record = record.map_err(|_| AppendError::Corrupt)?;
                if record.key.is_none() {
                    return Err(AppendError::Invalid("a record of a compacted topic needs a key"));
                }
            }
        }
        Ok(())
    }
}

fn log_time(log: &PartitionLog) -> bool {
    log.config.timestamp_type == TimestampType::LogAppendTime
}
