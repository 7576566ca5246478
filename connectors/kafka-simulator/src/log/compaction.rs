//! Keeping the newest record of each key.
//!
//! Only segments that are not active and lie before the first open transaction are compacted. What remains there is
//! decided, so it is written as plain records: aborted ones go, markers go, and nothing is transactional any more.
//! Offsets stay. The newest batch of each producer stays, if only as a header, so that its sequence is known after a
//! restart.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::fs::File;
use std::hash::BuildHasher as _;
use std::io::{self, BufWriter, Write as _};

use bytes::{Bytes, BytesMut};

use super::batch::{self, BatchHeader, HEADER};
use super::codec::unpacked;
use super::partition_log::PartitionLog;
use super::record::{Record, Records};
use super::segment::Segment;
use super::swap;

/// Keys that are kept in memory at once; a log with more is compacted in several runs.
const MAX_KEYS: usize = 4_000_000;

/// The newest offset of each key. Two hashes of 64 bits stand for a key.
struct Newest {
    hashers: [RandomState; 2],
    offsets: HashMap<[u64; 2], i64>,
}

impl PartitionLog {
    /// Compacts what is worth it.
    pub(super) fn compact(&mut self, now_ms: i64) -> io::Result<()> {
        let count = self.compactable(now_ms)?;
        let Some(last) = count.checked_sub(1) else { return Ok(()) };
        let bytes = |dirty: bool| -> u64 {
            let of = |segment: &&Segment| (segment.last_offset >= self.compacted_to) == dirty;
            self.segments[..count].iter().filter(of).map(|segment| segment.size).sum()
        };
        let (dirty, clean) = (bytes(true), bytes(false));
        // Sizes of log files are far below the numbers that floats hold exactly.
        #[expect(clippy::cast_precision_loss, reason = "a ratio needs no more")]
        let ratio = dirty as f64 / (dirty + clean).max(1) as f64;
        if dirty == 0 || ratio < self.config.min_cleanable_dirty_ratio {
            return Ok(());
        }
        let (newest, taken) = self.newest(count)?;
        let end = self.segments[taken.min(last)].last_offset + 1;
        let taken = taken.min(last) + 1;
        self.rewrite(taken, &newest, now_ms)?;
        self.compacted_to = end;
        self.producers.forget_aborted_before(end);
        Ok(())
    }

    /// How many segments from the first on may be compacted.
    fn compactable(&self, now_ms: i64) -> io::Result<usize> {
        let stable = self.last_stable_offset();
        let young = now_ms.saturating_sub(self.config.min_compaction_lag_ms);
        let mut count = 0;
        for segment in &self.segments[..self.segments.len() - 1] {
            let too_young = self.config.min_compaction_lag_ms > 0 && segment.modified_ms()? > young;
            if segment.last_offset >= stable || too_young {
                break;
            }
            count += 1;
        }
        Ok(count)
    }

    /// The newest offset of each key in the first `count` segments, as far as memory allows; and the last of them
    /// that was looked at.
    fn newest(&self, count: usize) -> io::Result<(Newest, usize)> {
        let mut newest =
            Newest { hashers: [RandomState::new(), RandomState::new()], offsets: HashMap::new() };
        for (at, segment) in self.segments[..count].iter().enumerate() {
            for_each_batch(segment, |header, bytes| {
                if header.is_control() || self.is_aborted(header) {
                    return Ok(());
                }
                let Ok(records) = unpacked(header.compression(), &bytes[HEADER..]) else { return Ok(()) };
                for record in Records::new(&records, header.record_count).flatten() {
                    if let Some(key) = record.key {
                        let key = newest.hash(key);
                        newest.offsets.insert(key, header.base_offset + record.offset_delta);
                    }
                }
                Ok(())
            })?;
            if newest.offsets.len() > MAX_KEYS {
                return Ok((newest, at));
            }
        }
        Ok((newest, count))
    }

    fn is_aborted(&self, header: &BatchHeader) -> bool {
        header.is_transactional() && self.producers.is_aborted(header.producer_id, header.base_offset)
    }

    /// Writes the first `count` segments anew, as few files as their size allows.
    fn rewrite(&mut self, count: usize, newest: &Newest, now_ms: i64) -> io::Result<()> {
        let mut start = 0;
        let mut rewritten = Vec::new();
        while start < count {
            let mut stop = start + 1;
            let mut size = self.segments[start].size;
            while stop < count && size + self.segments[stop].size <= self.config.segment_bytes {
                size += self.segments[stop].size;
                stop += 1;
            }
            rewritten.push(self.rewrite_group(start, stop, newest, now_ms)?);
            start = stop;
        }
        self.segments.splice(..count, rewritten);
        Ok(())
    }

    fn rewrite_group(&self, start: usize, stop: usize, newest: &Newest, now_ms: i64) -> io::Result<Segment> {
        let group = &self.segments[start..stop];
        let base_offset = group[0].base_offset;
        let end = group[group.len() - 1].last_offset + 1;
        let unfinished = self.dir.join(swap::unfinished_name(base_offset));
        let mut file = BufWriter::new(File::create(&unfinished)?);
        let mut segment = Segment::at(self.dir.join(Segment::file_name(base_offset)), base_offset);
        let mut modified = std::time::SystemTime::UNIX_EPOCH;
        for old in group {
            modified = modified.max(std::fs::metadata(old.path())?.modified()?);
            // A tombstone is readable for a while after its segment was compacted for the first time.
            let cleaned = old.last_offset < self.compacted_to;
            let age = now_ms.saturating_sub(old.modified_ms()?);
            let drop_tombstones = cleaned && age > self.config.delete_retention_ms;
            for_each_batch(old, |header, bytes| {
                if let Some((header, batch)) = self.kept(header, bytes, newest, drop_tombstones) {
                    file.write_all(&batch)?;
                    segment.note(&header);
                }
                Ok(())
            })?;
        }
        let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
        // The time of the youngest part: a rewrite must not keep tombstones alive.
        file.set_modified(modified)?;
        file.sync_all()?;
        swap::swap(&self.dir, base_offset, end)?;
        segment.last_offset = end - 1;
        segment.began_ms = Some(now_ms);
        Ok(segment)
    }

    /// What remains of a batch.
    fn kept(
        &self,
        header: &BatchHeader,
        bytes: &Bytes,
        newest: &Newest,
        drop_tombstones: bool,
    ) -> Option<(BatchHeader, Bytes)> {
        if header.is_control() {
            return None;
        }
        let nothing = |header: &BatchHeader| {
            // Without records the header still says what the producer's last sequence was.
            let empty = BatchHeader { attributes: header.plain_attributes(), record_count: 0, ..*header };
            self.producers.is_newest(header).then(|| rebuilt(&empty, &[]))
        };
        if self.is_aborted(header) {
            return nothing(header);
        }
        let Ok(records) = unpacked(header.compression(), &bytes[HEADER..]) else {
            return Some((*header, bytes.clone()));
        };
        let stays = |record: &Record<'_>| match record.key {
            None => true,
            Some(key) => {
                let newest = newest.offsets.get(&newest.hash(key)).copied();
                let offset = header.base_offset + record.offset_delta;
                newest.is_none_or(|newest| newest <= offset) && (record.has_value || !drop_tombstones)
            }
        };
        let mut kept = BytesMut::new();
        let mut count = 0;
        for record in Records::new(&records, header.record_count).flatten().filter(stays) {
            kept.extend_from_slice(record.bytes);
            count += 1;
        }
        if count == header.record_count && !header.is_transactional() {
            return Some((*header, bytes.clone()));
        }
        if count == 0 {
            return nothing(header);
        }
        let remaining = BatchHeader { attributes: header.plain_attributes(), record_count: count, ..*header };
        Some(rebuilt(&remaining, &kept))
    }
}

impl Newest {
    fn hash(&self, key: &[u8]) -> [u64; 2] {
        [self.hashers[0].hash_one(key), self.hashers[1].hash_one(key)]
    }
}

fn rebuilt(header: &BatchHeader, records: &[u8]) -> (BatchHeader, Bytes) {
    let batch = batch::build(header, records).freeze();
    (BatchHeader { size: batch.len(), ..*header }, batch)
}

/// Reads one batch after the other.
fn for_each_batch(
    segment: &Segment,
    mut work: impl FnMut(&BatchHeader, &Bytes) -> io::Result<()>,
) -> io::Result<()> {
    let mut position = 0;
    while let Some((at, header)) = segment.find(position, |_| true)? {
        let bytes = Bytes::from(segment.bytes_at(at, header.size)?);
        work(&header, &bytes)?;
        position = at + u64::try_from(header.size).unwrap_or(u64::MAX);
    }
    Ok(())
}
