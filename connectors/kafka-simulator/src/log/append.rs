//! Taking batches from producers. A batch is written whole or not at all, and a batch that is sent twice once.

use std::io;

use bytes::{Bytes, BytesMut};

use super::batch::{self, BadBatch, BatchHeader, HEADER};
use super::codec;
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
    /// It is larger than `max.message.bytes`.
    #[error("the record batch has {size} bytes; the topic takes {max}")]
    TooLarge {
        /// Its size.
        size: usize,
        /// What is taken.
        max: usize,
    },
    /// It is larger than a segment.
    #[error("the record batch has {size} bytes; a segment of the topic takes {max}")]
    LargerThanSegment {
        /// Its size.
        size: usize,
        /// What a segment takes.
        max: u64,
    },
    /// Its times are too far from now.
    #[error("the record time {0} is too far from now, or is not the producer's own")]
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
        let (mut header, max_timestamp) = self.checked(records, now_ms)?;
        let broker_time = self.config.timestamp_type == TimestampType::LogAppendTime;
        match self.producers.judge(&header) {
            Ok(Verdict::Append) => {}
            Ok(Verdict::Duplicate { base_offset, timestamp }) => {
                return Ok(self.appended(base_offset, broker_time.then_some(timestamp)));
            }
            Err(Refused::Epoch) => return Err(AppendError::Epoch),
            Err(Refused::Sequence) => return Err(AppendError::Sequence),
            Err(Refused::Transaction) => return Err(AppendError::Transaction),
        }
        let mut batch = BytesMut::from(&records[..]);
        header.base_offset = self.next_offset;
        batch::place(&mut batch, header.base_offset);
        if broker_time {
            batch::stamp(&mut batch, now_ms);
            header.max_timestamp = now_ms;
        } else if header.max_timestamp != max_timestamp {
            // Readers look for times by what the header says, so it says what is true.
            batch::set_max_timestamp(&mut batch, max_timestamp);
            header.max_timestamp = max_timestamp;
        }
        self.write(&header, &batch, None, now_ms)?;
        Ok(self.appended(header.base_offset, broker_time.then_some(now_ms)))
    }

    fn appended(&self, base_offset: i64, log_append_time: Option<i64>) -> Appended {
        Appended { base_offset, log_append_time, log_start_offset: self.start_offset }
    }

    /// Ends the open transaction of `producer` here and answers where. Written also when none is open: its epoch fences
    /// what is older. A producer that is fenced itself has nothing left to end, so nothing is written for it.
    pub(crate) fn append_marker(
        &mut self,
        producer: ProducerId,
        marker: Marker,
        coordinator_epoch: i32,
        now_ms: i64,
    ) -> io::Result<i64> {
        let base_offset = self.next_offset;
        if self.producers.is_fenced(producer) {
            return Ok(base_offset);
        }
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
        self.written_ms = now_ms;
        Ok(())
    }

    fn roll_when_due(&mut self, more: usize, now_ms: i64) -> io::Result<()> {
        let (segment_bytes, segment_ms) = (self.config.segment_bytes, self.config.segment_ms);
        let active = self.active();
        let full = active.size + u64::try_from(more).unwrap_or(u64::MAX) > segment_bytes;
        let old = active.began_ms.is_some_and(|began| now_ms.saturating_sub(began) >= segment_ms);
        if full || old { self.roll() } else { Ok(()) }
    }

    /// Everything that can be seen from the batch alone: its header and its highest record time.
    fn checked(&self, records: &[u8], now_ms: i64) -> Result<(BatchHeader, i64), AppendError> {
        let header = BatchHeader::parse(records).map_err(|bad| match bad {
            BadBatch::OldFormat => AppendError::Invalid("only magic 2 is taken"),
            BadBatch::Truncated => AppendError::Invalid("a request has one whole batch for each partition"),
            BadBatch::Malformed => AppendError::Corrupt,
        })?;
        if header.size != records.len() {
            return Err(AppendError::Invalid("a request has one whole batch for each partition"));
        }
        let max = self.config.max_message_bytes;
        if header.size > max {
            return Err(AppendError::TooLarge { size: header.size, max });
        }
        let max = self.config.segment_bytes;
        if u64::try_from(header.size).is_ok_and(|size| size > max) {
            return Err(AppendError::LargerThanSegment { size: header.size, max });
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
        if header.producer().is_some() && header.base_sequence < 0 {
            return Err(AppendError::Invalid("a producer id comes with a sequence number"));
        }
        if header.producer().is_none() && header.is_transactional() {
            return Err(AppendError::Invalid("a transaction has a producer id"));
        }
        if !codec::is_known(header.compression()) || header.delete_horizon().is_some() {
            return Err(AppendError::Invalid("the attributes are not those of a producer"));
        }
        if header.has_log_append_time() {
            return Err(AppendError::Timestamp(header.max_timestamp));
        }
        let max_timestamp = self.checked_records(&header, &records[HEADER..], now_ms)?;
        Ok((header, max_timestamp))
    }

    /// Compressed records are believed until somebody has to unpack them, as a log does that is compacted.
    fn checked_records(&self, header: &BatchHeader, bytes: &[u8], now_ms: i64) -> Result<i64, AppendError> {
        let compact = self.config.cleanup.compact;
        if header.compression() != 0 && !compact {
            self.check_time(header.max_timestamp, now_ms)?;
            return Ok(header.max_timestamp);
        }
        let records = codec::unpacked(header.compression(), bytes)
            .map_err(|_| AppendError::Invalid("the records cannot be unpacked"))?;
        let survey = Records::new(&records, header.record_count)
            .survey(header.last_offset_delta)
            .map_err(|_| AppendError::Invalid("the records are malformed"))?;
        if compact && survey.keyless {
            return Err(AppendError::Invalid("a record of a compacted topic needs a key"));
        }
        let time = |delta| header.base_timestamp.saturating_add(delta);
        self.check_time(time(survey.least_timestamp_delta), now_ms)?;
        self.check_time(time(survey.greatest_timestamp_delta), now_ms)?;
        Ok(time(survey.greatest_timestamp_delta))
    }

    /// Records without a time (-1) have none that could be wrong.
    fn check_time(&self, time: i64, now_ms: i64) -> Result<(), AppendError> {
        let early = now_ms.saturating_sub(self.config.timestamp_before_max_ms);
        let late = now_ms.saturating_add(self.config.timestamp_after_max_ms);
        let broker_time = self.config.timestamp_type == TimestampType::LogAppendTime;
        if broker_time || time == -1 || (early..=late).contains(&time) {
            Ok(())
        } else {
            Err(AppendError::Timestamp(time))
        }
    }
}
