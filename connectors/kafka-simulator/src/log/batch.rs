//! The header of a record batch (magic 2), taken from bytes that nobody vouches for.
//!
//! Source: the message format section of Kafka's protocol documentation.

use bytes::{BufMut, BytesMut};

use crate::producer::ProducerId;

/// Bytes before the records.
pub(super) const HEADER: usize = 61;

/// Bytes that the length in the header does not count: the base offset and the length itself.
const UNCOUNTED: usize = 12;

/// Where the checksum stands, and where what it covers begins.
const CRC: usize = 17;
const COVERED: usize = 21;

const COMPRESSION: i16 = 0x07;
const LOG_APPEND_TIME: i16 = 0x08;
const TRANSACTIONAL: i16 = 0x10;
const CONTROL: i16 = 0x20;
const DELETE_HORIZON: i16 = 0x40;

/// A batch's header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BatchHeader {
    /// The offset of its first record, as the log gave it.
    pub(super) base_offset: i64,
    /// Bytes of the whole batch.
    pub(super) size: usize,
    pub(super) attributes: i16,
    /// At least 0.
    pub(super) last_offset_delta: i32,
    /// The time that record times count from; with a delete horizon that is the horizon.
    pub(super) base_timestamp: i64,
    pub(super) max_timestamp: i64,
    /// -1 without idempotence.
    pub(super) producer_id: i64,
    pub(super) producer_epoch: i16,
    pub(super) base_sequence: i32,
    /// At least 0; less than `last_offset_delta + 1` after compaction.
    pub(super) record_count: i32,
}

/// Why bytes are no batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BadBatch {
    /// The bytes end before the batch does.
    Truncated,
    /// Magic 0 or 1: the formats before Kafka 0.11.
    OldFormat,
    /// A number that no batch has.
    Malformed,
}

impl BatchHeader {
    /// Reads the header at the front of `bytes`, which may end anywhere behind it.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, BadBatch> {
        let header = bytes.first_chunk::<HEADER>().ok_or(match bytes.get(16) {
            Some(0 | 1) => BadBatch::OldFormat,
            _ => BadBatch::Truncated,
        })?;
        match header[16] {
            0 | 1 => return Err(BadBatch::OldFormat),
            2 => {}
            _ => return Err(BadBatch::Malformed),
        }
        let length = usize::try_from(i32_at(header, 8)).map_err(|_| BadBatch::Malformed)?;
        let header = Self {
            base_offset: i64_at(header, 0),
            size: length + UNCOUNTED,
            attributes: i16_at(header, 21),
            last_offset_delta: i32_at(header, 23),
            base_timestamp: i64_at(header, 27),
            max_timestamp: i64_at(header, 35),
            producer_id: i64_at(header, 43),
            producer_epoch: i16_at(header, 51),
            base_sequence: i32_at(header, 53),
            record_count: i32_at(header, 57),
        };
        let sound = header.size >= HEADER && header.last_offset_delta >= 0 && header.record_count >= 0;
        if sound { Ok(header) } else { Err(BadBatch::Malformed) }
    }

    /// The offset of its last record, whether that is still there or not.
    pub(super) fn last_offset(&self) -> i64 {
        self.base_offset.saturating_add(i64::from(self.last_offset_delta))
    }

    /// The sequence number of its last record; they start over at 0 behind `i32::MAX`.
    pub(super) fn last_sequence(&self) -> i32 {
        self.base_sequence.wrapping_add(self.last_offset_delta) & i32::MAX
    }

    /// Its producer, when it is an idempotent one.
    pub(super) fn producer(&self) -> Option<ProducerId> {
        (self.producer_id >= 0).then_some(ProducerId { id: self.producer_id, epoch: self.producer_epoch })
    }

    pub(super) fn is_transactional(&self) -> bool {
        self.attributes & TRANSACTIONAL != 0
    }

    pub(super) fn is_control(&self) -> bool {
        self.attributes & CONTROL != 0
    }

    /// 0 for none, otherwise Kafka's number of the codec.
    pub(super) fn compression(&self) -> i16 {
        self.attributes & COMPRESSION
    }

    pub(super) fn has_log_append_time(&self) -> bool {
        self.attributes & LOG_APPEND_TIME != 0
    }

    /// From when on its tombstones may go, in milliseconds since 1970; unknown before it was compacted once.
    pub(super) fn delete_horizon(&self) -> Option<i64> {
        (self.attributes & DELETE_HORIZON != 0).then_some(self.base_timestamp)
    }

    /// The same with record times counted from `horizon`, from when on tombstones may go.
    pub(super) fn with_delete_horizon(self, horizon: i64) -> Self {
        Self { attributes: self.attributes | DELETE_HORIZON, base_timestamp: horizon, ..self }
    }

    /// The same when it is known that the records count.
    pub(super) fn decided(self) -> Self {
        Self { attributes: self.attributes & !TRANSACTIONAL, ..self }
    }

    /// The same without records: it still says what offsets and sequence numbers they had.
    pub(super) fn emptied(self) -> Self {
        let attributes = self.attributes & !(TRANSACTIONAL | COMPRESSION | DELETE_HORIZON);
        Self { attributes, record_count: 0, max_timestamp: -1, ..self }
    }
}

/// Who wrote a batch, before anything else of it is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BatchProducer {
    pub(crate) id: ProducerId,
    pub(crate) transactional: bool,
}

/// The idempotent producer of the batch at the front of `records`, if it is one.
pub(crate) fn batch_producer(records: &[u8]) -> Option<BatchProducer> {
    let header = BatchHeader::parse(records).ok()?;
    Some(BatchProducer { id: header.producer()?, transactional: header.is_transactional() })
}

/// Whether the checksum of a whole batch is right.
pub(super) fn checksum_is_right(batch: &[u8]) -> bool {
    match (batch.get(CRC..COVERED), batch.get(COVERED..)) {
        (Some(crc), Some(covered)) => crc == crc32c::crc32c(covered).to_be_bytes(),
        _ => false,
    }
}

/// Gives a whole batch its place in the log. Neither number is covered by the checksum.
pub(super) fn place(batch: &mut [u8], base_offset: i64) {
    batch[..8].copy_from_slice(&base_offset.to_be_bytes());
    // The leader epoch of a broker that never changes.
    batch[12..16].copy_from_slice(&0i32.to_be_bytes());
}

/// Gives all records of a whole batch the broker's time.
pub(super) fn stamp(batch: &mut [u8], now_ms: i64) {
    let attributes = i16::from_be_bytes([batch[21], batch[22]]) | LOG_APPEND_TIME;
    batch[21..23].copy_from_slice(&attributes.to_be_bytes());
    set_max_timestamp(batch, now_ms);
}

/// Says in the header of a whole batch what its highest record time is.
pub(super) fn set_max_timestamp(batch: &mut [u8], timestamp: i64) {
    batch[35..43].copy_from_slice(&timestamp.to_be_bytes());
    seal(batch);
}

/// A batch with the fields of `header` and these records, its length and checksum filled in.
pub(super) fn build(header: &BatchHeader, records: &[u8]) -> BytesMut {
    let mut batch = BytesMut::with_capacity(HEADER + records.len());
    batch.put_i64(header.base_offset);
    batch.put_i32(0);
    batch.put_i32(0);
    batch.put_u8(2);
    batch.put_u32(0);
    batch.put_i16(header.attributes);
    batch.put_i32(header.last_offset_delta);
    batch.put_i64(header.base_timestamp);
    batch.put_i64(header.max_timestamp);
    batch.put_i64(header.producer_id);
    batch.put_i16(header.producer_epoch);
    batch.put_i32(header.base_sequence);
    batch.put_i32(header.record_count);
    batch.put_slice(records);
    let length = i32::try_from(batch.len() - UNCOUNTED).expect("a batch is far smaller than 2 GiB");
    batch[8..12].copy_from_slice(&length.to_be_bytes());
    seal(&mut batch);
    batch
}

/// The attributes of a control batch.
pub(super) const fn control_attributes() -> i16 {
    TRANSACTIONAL | CONTROL
}

fn seal(batch: &mut [u8]) {
    let crc = crc32c::crc32c(&batch[COVERED..]);
    batch[CRC..COVERED].copy_from_slice(&crc.to_be_bytes());
}

fn i16_at(bytes: &[u8; HEADER], at: usize) -> i16 {
    i16::from_be_bytes([bytes[at], bytes[at + 1]])
}

fn i32_at(bytes: &[u8; HEADER], at: usize) -> i32 {
    i32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn i64_at(bytes: &[u8; HEADER], at: usize) -> i64 {
    let mut number = [0; 8];
    number.copy_from_slice(&bytes[at..at + 8]);
    i64::from_be_bytes(number)
}
