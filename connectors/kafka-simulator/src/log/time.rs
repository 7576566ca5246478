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
        let mut max = -1;
        for segment in &self.segments {
            let whole = segment.base_offset >= self.start_offset;
            max = max.max(if whole { segment.max_timestamp } else { self.max_timestamp_left(segment)? });
        }
        if max < 0 { Ok(None) } else { self.offset_for_time(max, Isolation::ReadUncommitted) }
    }

    /// The highest record time in a segment of which some records were deleted.
    fn max_timestamp_left(&self, segment: &Segment) -> io::Result<i64> {
        let mut max = -1;
        let mut position = segment.position_before(self.start_offset);
        let left = |header: &BatchHeader| header.last_offset() >= self.start_offset;
        while let Some((at, header)) = segment.find(position, left)? {
            // Only a higher time is worth looking into the batch.
            if header.max_timestamp > max {
                let times = self.times(segment, at, &header)?;
                max = times.into_iter().map(|(_, time)| time).fold(max, i64::max);
            }
            position = at + u64::try_from(header.size).unwrap_or(u64::MAX);
        }
        Ok(max)
    }

    fn record_at(
        &self,
        segment: &Segment,
        position: u64,
        header: &BatchHeader,
        timestamp_ms: i64,
    ) -> io::Result<Option<(i64, i64)>> {
        let times = self.times(segment, position, header)?;
        Ok(times.into_iter().find(|(_, time)| *time >= timestamp_ms))
    }

    /// Offset and time of each record of a batch that was not deleted. Where all have the same time, and where records
    /// cannot be taken apart, one stands for all.
    fn times(&self, segment: &Segment, position: u64, header: &BatchHeader) -> io::Result<Vec<(i64, i64)>> {
        let one = vec![(header.base_offset.max(self.start_offset), header.max_timestamp)];
        if header.has_log_append_time() {
            return Ok(one);
        }
        let batch = segment.bytes_at(position, header.size)?;
        let sound =
            unpacked(header.compression(), batch.get(HEADER..).unwrap_or_default()).ok().filter(|records| {
                Records::new(records, header.record_count).survey(header.last_offset_delta).is_ok()
            });
        let Some(records) = sound else { return Ok(one) };
        let times = Records::new(&records, header.record_count).flatten().map(|record| {
            let offset = header.base_offset.saturating_add(i64::from(record.offset_delta));
            (offset, header.base_timestamp.saturating_add(record.timestamp_delta))
        });
        Ok(times.filter(|(offset, _)| *offset >= self.start_offset).collect())
    }
}
