//! From a time to an offset, exact to the record.

use std::io;

use super::batch::{BatchHeader, HEADER};
use super::codec::unpacked;
use super::partition_log::PartitionLog;
use super::record::Records;
use super::segment::Segment;
use crate::isolation::Isolation;

impl PartitionLog {
    /// The first record with a time of at least `timestamp_ms` that such a reader can see: its offset and its time.
    pub(crate) fn offset_for_time(
        &self,
        timestamp_ms: i64,
        isolation: Isolation,
    ) -> io::Result<Option<(i64, i64)>> {
        let end = match isolation {
            Isolation::ReadUncommitted => self.next_offset,
            Isolation::ReadCommitted => self.last_stable_offset(),
        };
        for segment in self.segments.iter().filter(|segment| segment.max_timestamp >= timestamp_ms) {
            let mut position = segment.position_before_time(timestamp_ms);
            let late = |header: &BatchHeader| {
                header.max_timestamp >= timestamp_ms && header.last_offset() >= self.start_offset
            };
            while let Some((at, header)) = segment.find(position, late)? {
                if header.base_offset >= end {
                    return Ok(None);
                }
                if let Some(found) = self.record_at(segment, at, &header, timestamp_ms)? {
                    return Ok((found.0 < end).then_some(found));
                }
                position = at + u64::try_from(header.size).unwrap_or(u64::MAX);
            }
        }
        Ok(None)
    }

    /// The highest record time in the log and the offset of the first record that has it.
    pub(crate) fn max_timestamp(&self) -> io::Result<Option<(i64, i64)>> {
        let max = self.segments.iter().map(|segment| segment.max_timestamp).max().unwrap_or(-1);
        if max < 0 { Ok(None) } else { self.offset_for_time(max, Isolation::ReadUncommitted) }
    }

    fn record_at(
        &self,
        segment: &Segment,
        position: u64,
        header: &BatchHeader,
        timestamp_ms: i64,
    ) -> io::Result<Option<(i64, i64)>> {
        if header.has_log_append_time() {
            return Ok(Some((header.base_offset.max(self.start_offset), header.max_timestamp)));
        }
        let batch = segment.bytes_at(position, header.size)?;
        let sound =
            unpacked(header.compression(), batch.get(HEADER..).unwrap_or_default()).ok().filter(|records| {
                Records::new(records, header.record_count).survey(header.last_offset_delta).is_ok()
            });
        // Records that cannot be taken apart count as one, at the start of their batch.
        let Some(records) = sound else {
            return Ok(Some((header.base_offset.max(self.start_offset), header.max_timestamp)));
        };
        let times = Records::new(&records, header.record_count).flatten().map(|record| {
            let offset = header.base_offset.saturating_add(i64::from(record.offset_delta));
            (offset, header.base_timestamp.saturating_add(record.timestamp_delta))
        });
        let mut late = times.filter(|(offset, time)| *time >= timestamp_ms && *offset >= self.start_offset);
        Ok(late.next())
    }
}
