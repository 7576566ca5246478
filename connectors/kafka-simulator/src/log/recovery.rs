//! Opening a log: whatever a killed broker left is read from the batch headers; a torn tail is cut off.

use std::io;
use std::path::{Path, PathBuf};

use super::batch;
use super::checkpoint;
use super::config::LogConfig;
use super::control;
use super::partition_log::{COMPACTED, PartitionLog, START};
use super::producers::Producers;
use super::scan::{Scan, Want, damaged};
use super::segment::{self, Segment};
use super::swap;
use super::tail;

impl PartitionLog {
    /// Opens the log in `dir`, or makes one.
    pub(crate) fn open(dir: PathBuf, config: LogConfig, now_ms: i64) -> io::Result<Self> {
        std::fs::create_dir_all(&dir)?;
        swap::discard_unfinished(&dir)?;
        swap::finish(&dir)?;
        let kept_start = checkpoint::read(&dir, START)?.unwrap_or(0);
        let mut producers = Producers::default();
        let mut segments = Vec::new();
        let found = segment_files(&dir)?;
        let last = found.len().saturating_sub(1);
        for (at, (base_offset, path)) in found.into_iter().enumerate() {
            let whole = recover(&path, base_offset, at == last, now_ms, &mut producers)?;
            segments.push(whole);
        }
        let next_offset = segments.last().map_or(kept_start, |last: &Segment| last.last_offset + 1);
        let next_offset = next_offset.max(kept_start);
        let goes_on = segments.last().is_some_and(|last| last.last_offset + 1 == next_offset);
        if !goes_on {
            // New, or everything up to a start offset beyond the end was deleted and a torn tail after it lost.
            segments.push(Segment::create(&dir, next_offset)?);
        }
        let first = segments.first().map_or(0, |first| first.base_offset);
        let compacted_to = checkpoint::read(&dir, COMPACTED)?.unwrap_or(0);
        let mut log = Self {
            dir,
            config,
            segments,
            producers,
            start_offset: first,
            next_offset,
            // A hint only: what is compacted twice stays the same.
            compacted_to: compacted_to.min(next_offset),
            written_ms: now_ms,
        };
        log.start_at(kept_start)?;
        Ok(log)
    }
}

/// The segment files of a directory by base offset.
fn segment_files(dir: &Path) -> io::Result<Vec<(i64, PathBuf)>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let base_offset = name.strip_suffix(".log").and_then(|base| base.parse().ok());
        if let Some(base_offset) = base_offset.filter(|base| Segment::file_name(*base) == name) {
            found.push((base_offset, path));
        }
    }
    found.sort_unstable();
    Ok(found)
}

/// Reads the headers of a segment. In the last one checksums count too, and the file ends where they stop being right,
/// unless they are right again behind that.
fn recover(
    path: &Path,
    base_offset: i64,
    last: bool,
    now_ms: i64,
    producers: &mut Producers,
) -> io::Result<Segment> {
    let mut scan = Scan::open(path, if last { Want::Batches } else { Want::Headers })?;
    let mut segment = Segment::at(path.to_owned(), base_offset);
    let mut least = base_offset;
    while let Some((header, bytes)) = scan.next_batch()? {
        if header.base_offset < least || (last && !batch::checksum_is_right(bytes)) {
            break;
        }
        let marker = if header.is_control() { control::read(bytes) } else { None };
        producers.note(&header, marker, now_ms);
        segment.note(&header);
        least = header.last_offset().saturating_add(1);
    }
    if segment.size < scan.length() {
        if !last {
            return Err(damaged(path, segment.size));
        }
        if let Some(sound) = tail::sound_batch_behind(path, segment.size, base_offset)? {
            return Err(tail::damaged_before(path, segment.size, sound));
        }
        tracing::warn!(file = %path.display(), from = segment.size, to = scan.length(), "A torn tail is cut off.");
        Segment::truncate(path, segment.size)?;
    }
    if segment.size > 0 {
        segment.began_ms = Some(segment::began(&std::fs::metadata(path)?)?.min(now_ms));
    }
    Ok(segment)
}
