//! Keeping the newest record of each key.
//!
//! Only segments that are not active and lie before the first open transaction are compacted. Nobody writes to those,
//! so the work is done beside the log: [`PartitionLog::clean`] says what there is to do, [`Compaction::run`] writes new
//! files without holding the log up, and [`PartitionLog::install`] puts them in the place of the old ones. The active
//! segment, whose name says how far the log goes, is left alone.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use bytes::Bytes;
use tokio_util::sync::CancellationToken;

use super::batch::{BatchHeader, HEADER};
use super::checkpoint;
use super::codec;
use super::newest::{Full, MAX_KEYS, Newest};
use super::partition_log::{COMPACTED, PartitionLog};
use super::record::Records;
use super::scan::{Scan, Want};
use super::segment::Segment;
use super::survivors::Knowledge;
use super::swap;

/// A compaction that is worth it, not yet begun.
#[derive(Debug)]
pub(crate) struct Compaction {
    dir: PathBuf,
    parts: Vec<Part>,
    /// No key comes twice before this offset.
    clean_to: i64,
    segment_bytes: u64,
    /// Keys that are known at once.
    pub(super) max_keys: usize,
    knowledge: Knowledge,
}

/// A segment to be compacted.
#[derive(Debug, Clone)]
struct Part {
    path: PathBuf,
    base_offset: i64,
    last_offset: i64,
    size: u64,
}

/// What a compaction has written, not yet part of the log.
#[derive(Debug)]
pub(crate) struct Compacted {
    groups: Vec<Group>,
    clean_to: i64,
    /// Behind the last offset that was rewritten.
    end: i64,
}

/// A new segment and those it replaces.
#[derive(Debug)]
struct Group {
    replaces: Vec<i64>,
    segment: Segment,
}

impl PartitionLog {
    /// What compaction has to do, when it pays.
    pub(super) fn plan_compaction(&self, now_ms: i64) -> io::Result<Option<Compaction>> {
        let parts = self.compactable(now_ms)?;
        let of = |dirty: bool| {
            let chosen = parts.iter().filter(move |part| (part.last_offset >= self.compacted_to) == dirty);
            chosen.map(|part| part.size).sum::<u64>()
        };
        let (dirty, clean) = (of(true), of(false));
        // Sizes of log files are far below the numbers that floats hold exactly.
        #[expect(clippy::cast_precision_loss, reason = "a ratio needs no more")]
        let ratio = dirty as f64 / (dirty + clean).max(1) as f64;
        if ratio <= self.config.min_cleanable_dirty_ratio {
            return Ok(None);
        }
        let last_offset = parts.last().map_or(-1, |last| last.last_offset);
        Ok(Some(Compaction {
            dir: self.dir.clone(),
            parts,
            clean_to: self.compacted_to,
            segment_bytes: self.config.segment_bytes,
            max_keys: MAX_KEYS,
            knowledge: Knowledge {
                aborted: self.producers.aborted(),
                newest_batches: self.producers.newest_batches(),
                last_offset,
                now_ms,
                delete_retention_ms: self.config.delete_retention_ms,
            },
        }))
    }

    /// The segments from the first on that may be compacted.
    fn compactable(&self, now_ms: i64) -> io::Result<Vec<Part>> {
        let stable = self.last_stable_offset();
        let lag = self.config.min_compaction_lag_ms;
        let mut parts = Vec::new();
        for segment in &self.segments[..self.segments.len() - 1] {
            let dirty = segment.last_offset >= self.compacted_to;
            let young = dirty && lag > 0 && segment.time()? > now_ms.saturating_sub(lag);
            if segment.last_offset >= stable || young {
                break;
            }
            parts.push(Part {
                path: segment.path().to_owned(),
                base_offset: segment.base_offset,
                // There was a record at the base, even when compaction has left nothing.
                last_offset: segment.last_offset.max(segment.base_offset),
                size: segment.size,
            });
        }
        Ok(parts)
    }

    /// Puts new segments in the place of old ones. Where the old ones are no longer there, the new one is thrown away.
    pub(crate) fn install(&mut self, compacted: Compacted) -> io::Result<()> {
        let mut all = true;
        for group in compacted.groups {
            let base_offset = group.segment.base_offset;
            let at = self.segments.iter().position(|segment| segment.base_offset == base_offset);
            let place = at.map(|at| at..at + group.replaces.len()).filter(|place| {
                let now = self.segments.get(place.clone()).unwrap_or_default();
                now.iter().map(|segment| segment.base_offset).eq(group.replaces.iter().copied())
            });
            let Some(place) = place else {
                all = false;
                std::fs::remove_file(self.dir.join(swap::unfinished_name(base_offset)))?;
                continue;
            };
            swap::swap(&self.dir, base_offset, group.segment.last_offset + 1)?;
            self.segments.splice(place, [group.segment]);
        }
        if all {
            checkpoint::write(&self.dir, COMPACTED, compacted.clean_to)?;
            self.compacted_to = compacted.clean_to;
            self.producers.forget_aborted_before(compacted.end);
        }
        Ok(())
    }
}

impl Compaction {
    /// Writes the new segments. Takes as long as it takes and touches nothing that the log uses; `Interrupted` when it
    /// is told to stop meanwhile.
    pub(crate) fn run(self, stop: &CancellationToken) -> io::Result<Compacted> {
        let newest = self.newest(stop)?;
        let clean_to = newest.complete_to;
        // Behind what is known of the keys nothing would change.
        let count = self.parts.partition_point(|part| part.base_offset < clean_to);
        let parts = &self.parts[..count];
        let mut groups = Vec::new();
        let mut start = 0;
        while start < parts.len() {
            let mut end = start + 1;
            let mut size = parts[start].size;
            while end < parts.len() && size + parts[end].size <= self.segment_bytes {
                size += parts[end].size;
                end += 1;
            }
            let segment = self.rewrite(&parts[start..end], &newest, stop)?;
            groups.push(Group {
                replaces: parts[start..end].iter().map(|part| part.base_offset).collect(),
                segment,
            });
            start = end;
        }
        let end = parts.last().map_or(0, |last| last.last_offset + 1);
        Ok(Compacted { groups, clean_to, end })
    }

    /// The newest offset of each key in what is not yet clean, as far as there is room.
    fn newest(&self, stop: &CancellationToken) -> io::Result<Newest> {
        let mut newest = Newest::new(self.max_keys, self.clean_to);
        for part in self.parts.iter().filter(|part| part.last_offset >= self.clean_to) {
            let mut scan = Scan::open(&part.path, Want::Batches)?;
            while let Some((header, batch)) = scan.next_batch()? {
                go_on(stop)?;
                if header.last_offset() < self.clean_to {
                    continue;
                }
                if let Err(full_at) = self.note_keys(&header, batch, &mut newest) {
                    newest.complete_to = full_at;
                    return Ok(newest);
                }
            }
            scan.finish()?;
            newest.complete_to = part.last_offset + 1;
        }
        Ok(newest)
    }

    /// Notes the keys of a batch; the error is the offset of the first record that did not fit.
    fn note_keys(&self, header: &BatchHeader, batch: &[u8], newest: &mut Newest) -> Result<(), i64> {
        if header.is_control() || self.knowledge.is_aborted(header) {
            return Ok(());
        }
        let Ok(records) = codec::unpacked(header.compression(), &batch[HEADER..]) else { return Ok(()) };
        let records = Records::new(&records, header.record_count);
        if records.clone().survey(header.last_offset_delta).is_err() {
            return Ok(());
        }
        for record in records.flatten() {
            let offset = header.base_offset.saturating_add(i64::from(record.offset_delta));
            if let Some(key) = record.key {
                newest.note(key, offset).map_err(|Full| offset)?;
            }
        }
        Ok(())
    }

    /// Writes what stays of some segments into one.
    fn rewrite(&self, parts: &[Part], newest: &Newest, stop: &CancellationToken) -> io::Result<Segment> {
        let (first, last) = (&parts[0], &parts[parts.len() - 1]);
        let unfinished = self.dir.join(swap::unfinished_name(first.base_offset));
        let path = self.dir.join(Segment::file_name(first.base_offset));
        let written = self.write(parts, newest, &unfinished, Segment::at(path, first.base_offset), stop);
        let Ok(mut segment) = written else {
            // The log never knew of it; what cannot be removed now is when the log is opened.
            std::fs::remove_file(&unfinished).ok();
            return written;
        };
        segment.last_offset = last.last_offset;
        segment.began_ms = Some(self.knowledge.now_ms);
        Ok(segment)
    }

    fn write(
        &self,
        parts: &[Part],
        newest: &Newest,
        to: &Path,
        mut segment: Segment,
        stop: &CancellationToken,
    ) -> io::Result<Segment> {
        let mut file = BufWriter::new(File::create(to)?);
        let mut modified = SystemTime::UNIX_EPOCH;
        for part in parts {
            modified = modified.max(std::fs::metadata(&part.path)?.modified()?);
            let mut scan = Scan::open(&part.path, Want::Batches)?;
            while let Some((header, batch)) = scan.next_batch()? {
                go_on(stop)?;
                let batch = Bytes::copy_from_slice(batch);
                if let Some((header, batch)) = self.knowledge.survivors(&header, &batch, newest)? {
                    file.write_all(&batch)?;
                    segment.note(&header);
                }
            }
            scan.finish()?;
        }
        let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
        // Records without a time are as old as their file, and that does not change.
        file.set_modified(modified)?;
        file.sync_all()?;
        Ok(segment)
    }
}

fn go_on(stop: &CancellationToken) -> io::Result<()> {
    if stop.is_cancelled() { Err(io::ErrorKind::Interrupted.into()) } else { Ok(()) }
}
