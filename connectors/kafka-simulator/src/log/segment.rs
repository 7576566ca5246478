//! One file of a log: batches behind each other, and a sparse index in memory.

use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use super::batch::{BatchHeader, HEADER};
use super::open_files::{OPEN_FILES, OpenFile};
use super::scan::damaged;

/// One index entry for so many bytes. A read walks at most so far to its first batch.
const INDEX_INTERVAL: u64 = 16 << 10;

/// What is read at once while a batch is looked for: an interval and a header.
const LOOK: usize = (16 << 10) + HEADER;

/// A segment. Only one that is written to may hold its file open, so that many logs need few file handles.
#[derive(Debug)]
pub(super) struct Segment {
    path: PathBuf,
    /// The offset its name says: nothing in it is lower.
    pub(super) base_offset: i64,
    /// Bytes.
    pub(super) size: u64,
    /// The highest record time in it; -1 without records.
    pub(super) max_timestamp: i64,
    /// The offset of the last record that was ever in it; one less than the base when there was none.
    pub(super) last_offset: i64,
    /// When its first batch was written, milliseconds since 1970.
    pub(super) began_ms: Option<i64>,
    index: Vec<IndexEntry>,
    file: Option<OpenFile>,
}

/// Where a batch begins.
#[derive(Debug, Clone, Copy)]
struct IndexEntry {
    base_offset: i64,
    position: u64,
    /// The highest record time before it.
    timestamp_before: i64,
}

impl Segment {
    /// The name of the file of a segment that starts at `base_offset`.
    pub(super) fn file_name(base_offset: i64) -> String {
        format!("{base_offset:020}.log")
    }

    /// An empty segment in `dir`.
    pub(super) fn create(dir: &Path, base_offset: i64) -> io::Result<Self> {
        let segment = Self::at(dir.join(Self::file_name(base_offset)), base_offset);
        File::create(&segment.path)?;
        Ok(segment)
    }

    /// A segment whose batches are still to be [`noted`](Self::note).
    pub(super) fn at(path: PathBuf, base_offset: i64) -> Self {
        Self {
            path,
            base_offset,
            size: 0,
            max_timestamp: -1,
            last_offset: base_offset - 1,
            began_ms: None,
            index: Vec::new(),
            file: None,
        }
    }

    /// Whether it keeps its file open.
    pub(super) fn holds_file(&self) -> bool {
        self.file.is_some()
    }

    /// Lets go of the file; the next use opens it.
    pub(super) fn release_file(&mut self) {
        self.file = None;
    }

    /// Writes a batch behind the others. What a write that fails half-way leaves is cut off, or written over.
    pub(super) fn append(&mut self, header: &BatchHeader, batch: &[u8], now_ms: i64) -> io::Result<()> {
        let open = || OpenOptions::new().read(true).write(true).open(&self.path);
        if self.file.is_none() {
            self.file = OPEN_FILES.open(open)?;
        }
        let once;
        let file = match &self.file {
            Some(held) => held.file(),
            None => {
                once = open()?;
                &once
            }
        };
        if let Err(error) = file.write_all_at(batch, self.size) {
            if let Err(error) = file.set_len(self.size) {
                tracing::warn!(%error, file = %self.path.display(), "Half a batch stays until the next one is written.");
            }
            return Err(error);
        }
        self.began_ms.get_or_insert(now_ms);
        self.note(header);
        Ok(())
    }

    /// Takes note of a batch that lies at the end of what is known of the file.
    pub(super) fn note(&mut self, header: &BatchHeader) {
        if self.index.last().is_none_or(|last| self.size - last.position >= INDEX_INTERVAL) {
            self.index.push(IndexEntry {
                base_offset: header.base_offset,
                position: self.size,
                timestamp_before: self.max_timestamp,
            });
        }
        self.size += u64::try_from(header.size).unwrap_or(u64::MAX);
        self.max_timestamp = self.max_timestamp.max(header.max_timestamp);
        self.last_offset = self.last_offset.max(header.last_offset());
    }

    /// Where to start to look for the batch that holds `offset`: at it or before it.
    pub(super) fn position_before(&self, offset: i64) -> u64 {
        let after = self.index.partition_point(|entry| entry.base_offset <= offset);
        after.checked_sub(1).map_or(0, |at| self.index[at].position)
    }

    /// Where to start to look for the first batch with a record time of at least `timestamp`.
    pub(super) fn position_before_time(&self, timestamp: i64) -> u64 {
        let after = self.index.partition_point(|entry| entry.timestamp_before < timestamp);
        after.checked_sub(1).map_or(0, |at| self.index[at].position)
    }

    /// The first batch whose last offset is `offset` or higher, and where it begins.
    pub(super) fn batch_with(&self, offset: i64) -> io::Result<Option<(u64, BatchHeader)>> {
        self.find(self.position_before(offset), |header| header.last_offset() >= offset)
    }

    /// The first batch from `position` on that is `wanted`, and where it begins.
    pub(super) fn find(
        &self,
        mut position: u64,
        wanted: impl Fn(&BatchHeader) -> bool,
    ) -> io::Result<Option<(u64, BatchHeader)>> {
        let mut start = position;
        let mut chunk = Vec::new();
        while position < self.size {
            let at = usize::try_from(position - start).unwrap_or(usize::MAX);
            let header = match chunk.get(at..).map(BatchHeader::parse) {
                Some(Ok(header)) => header,
                _ => {
                    (start, chunk) = (position, self.bytes_at(position, LOOK)?);
                    BatchHeader::parse(&chunk).map_err(|_| damaged(&self.path, position))?
                }
            };
            if wanted(&header) {
                return Ok(Some((position, header)));
            }
            position += u64::try_from(header.size).unwrap_or(u64::MAX);
        }
        Ok(None)
    }

    /// Up to `length` bytes from `position` on; fewer at the end.
    pub(super) fn bytes_at(&self, position: u64, length: usize) -> io::Result<Vec<u8>> {
        let left = usize::try_from(self.size.saturating_sub(position)).unwrap_or(usize::MAX);
        let mut bytes = vec![0; length.min(left)];
        match &self.file {
            Some(held) => held.file().read_exact_at(&mut bytes, position)?,
            None => File::open(&self.path)?.read_exact_at(&mut bytes, position)?,
        }
        Ok(bytes)
    }

    /// Cuts off everything behind `size`.
    pub(super) fn truncate(path: &Path, size: u64) -> io::Result<()> {
        OpenOptions::new().write(true).open(path)?.set_len(size)
    }

    /// Removes the file.
    pub(super) fn remove(self) -> io::Result<()> {
        std::fs::remove_file(&self.path)
    }

    /// The file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The highest record time; without any, when the file was written last. Milliseconds since 1970.
    pub(super) fn time(&self) -> io::Result<i64> {
        if self.max_timestamp >= 0 {
            return Ok(self.max_timestamp);
        }
        Ok(milliseconds(std::fs::metadata(&self.path)?.modified()?))
    }
}

/// When a file was made, or written last where the file system does not know; milliseconds since 1970.
pub(super) fn began(file: &Metadata) -> io::Result<i64> {
    file.created().or_else(|_| file.modified()).map(milliseconds)
}

fn milliseconds(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
