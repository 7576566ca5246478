//! What compaction leaves of a batch.
//!
//! Everything that is compacted is decided: aborted records go, markers go, and what stays is no longer transactional.
//! Offsets, sequence numbers, times, headers and the codec stay. A record stays when no newer one has its key, a
//! tombstone until the delete horizon that its batch gets when it is compacted for the first time (KIP-534). That is
//! when the older records of its key go, so no sooner than all of them are known.

use std::collections::HashMap;
use std::io;

use bytes::{Bytes, BytesMut};

use super::batch::{self, BatchHeader, HEADER};
use super::codec;
use super::newest::Newest;
use super::producers::Aborted;
use super::record::{Record, Records};

/// What is known of the log when its compaction begins.
#[derive(Debug)]
pub(super) struct Knowledge {
    /// By producer, in the order of their markers.
    pub(super) aborted: HashMap<i64, Vec<Aborted>>,
    /// Where the newest batch of each producer begins; that one stays, if only as a header.
    pub(super) newest_batches: HashMap<i64, i64>,
    /// The offset of the last record that is looked at. Its batch stays, if only as a header or a marker, so that
    /// readers get to the end.
    pub(super) last_offset: i64,
    pub(super) now_ms: i64,
    pub(super) delete_retention_ms: i64,
}

impl Knowledge {
    /// Whether the records of a batch were given up.
    pub(super) fn is_aborted(&self, header: &BatchHeader) -> bool {
        if !header.is_transactional() {
            return false;
        }
        let Some(aborted) = self.aborted.get(&header.producer_id) else { return false };
        let ended_before = aborted.partition_point(|aborted| aborted.marker_offset < header.base_offset);
        aborted.get(ended_before).is_some_and(|aborted| aborted.first_offset <= header.base_offset)
    }

    /// What stays of a batch.
    pub(super) fn survivors(
        &self,
        header: &BatchHeader,
        batch: &Bytes,
        newest: &Newest,
    ) -> io::Result<Option<(BatchHeader, Bytes)>> {
        if header.is_control() {
            return Ok(self.is_last(header).then(|| (*header, batch.clone())));
        }
        if self.is_aborted(header) {
            return Ok(self.emptied(header));
        }
        let decided = header.decided();
        let packed = &batch[HEADER..];
        let sound = codec::unpacked(header.compression(), packed).ok().filter(|records| {
            Records::new(records, header.record_count).survey(header.last_offset_delta).is_ok()
        });
        // What cannot be taken apart stays whole.
        let Some(unpacked) = sound else { return Ok(Some(with_header(header, decided, batch, packed))) };
        let complete = header.last_offset() < newest.complete_to;
        let expired = complete && header.delete_horizon().is_some_and(|horizon| horizon <= self.now_ms);
        let records = Records::new(&unpacked, header.record_count).flatten();
        let kept: Vec<Record<'_>> = records
            .filter(|record| match record.key {
                // Kafka leaves out what has no key, too.
                None => false,
                Some(key) => {
                    let offset = header.base_offset.saturating_add(i64::from(record.offset_delta));
                    (record.has_value || !expired) && !newest.is_superseded(key, offset)
                }
            })
            .collect();
        if kept.is_empty() {
            return Ok(self.emptied(header));
        }
        let first_time = complete && header.delete_horizon().is_none();
        let horizon = (first_time && kept.iter().any(|record| !record.has_value))
            .then(|| self.now_ms.saturating_add(self.delete_retention_ms));
        let count = i32::try_from(kept.len()).unwrap_or(header.record_count);
        if count == header.record_count && horizon.is_none() {
            return Ok(Some(with_header(header, decided, batch, packed)));
        }
        let time = |record: &Record<'_>| header.base_timestamp.saturating_add(record.timestamp_delta);
        let mut remaining = BatchHeader { record_count: count, ..decided };
        if !header.has_log_append_time() {
            remaining.max_timestamp = kept.iter().map(time).max().unwrap_or(-1);
        }
        if let Some(horizon) = horizon {
            remaining = remaining.with_delete_horizon(horizon);
        }
        let mut records = BytesMut::with_capacity(unpacked.len());
        for record in &kept {
            match horizon {
                None => records.extend_from_slice(record.bytes),
                Some(horizon) => record.put_with_time(&mut records, time(record).saturating_sub(horizon)),
            }
        }
        let packed = codec::packed(header.compression(), &records)?;
        Ok(Some(rebuilt(remaining, &packed)))
    }

    /// The newest batch of a producer says without records what the producer's last sequence number was.
    fn emptied(&self, header: &BatchHeader) -> Option<(BatchHeader, Bytes)> {
        let newest = self.newest_batches.get(&header.producer_id) == Some(&header.base_offset);
        (newest || self.is_last(header)).then(|| rebuilt(header.emptied(), &[]))
    }

    fn is_last(&self, header: &BatchHeader) -> bool {
        header.last_offset() >= self.last_offset
    }
}

/// The same records under another header, as they are when it is no other.
fn with_header(old: &BatchHeader, new: BatchHeader, batch: &Bytes, packed: &[u8]) -> (BatchHeader, Bytes) {
    if *old == new { (new, batch.clone()) } else { rebuilt(new, packed) }
}

fn rebuilt(header: BatchHeader, packed: &[u8]) -> (BatchHeader, Bytes) {
    let batch = batch::build(&header, packed).freeze();
    (BatchHeader { size: batch.len(), ..header }, batch)
}
