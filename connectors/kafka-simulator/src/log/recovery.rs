//! Opening a log: whatever a killed broker left is read from the batch headers; a torn tail is cut off.

use std::io;
use std::path::{Path, PathBuf};

use super::batch::{self, BatchHeader, HEADER};
use super::config::LogConfig;
use super::control;
use super::partition_log::PartitionLog;
use super::producers::Producers;
use super::segment::Segment;
use super::swap;

/// What is read at once.
const CHUNK: usize = 1 << 20;

impl PartitionLog {
    /// Opens the log in `dir`, or makes one.
    pub(crate) fn open(dir: PathBuf, config: LogConfig, now_ms: i64) -> io::Result<Self> {
        std::fs::create_dir_all(&dir)?;
        swap::finish(&dir)?;
        let kept_start = Self::kept_start(&dir)?;
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
        match segments.last_mut() {
            Some(last) if last.last_offset + 1 == next_offset => last.activate()?,
            // Records up to a start offset beyond the end were deleted, and a torn tail after them was lost.
            _ => segments.push(Segment::create(&dir, next_offset)?),
        }
        let first = segments.first().map_or(0, |first| first.base_offset);
        let mut log =
            Self { dir, config, segments, producers, start_offset: first, next_offset, compacted_to: 0 };
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
        if let Some(base_offset) = name.strip_suffix(".log").and_then(|base| base.parse().ok()) {
            found.push((base_offset, path));
        }
    }
    found.sort_unstable();
    Ok(found)
}

/// Reads the headers of a segment. In the last one checksums count too, and the file ends where they stop being right.
fn recover(
    path: &Path,
    base_offset: i64,
    last: bool,
    now_ms: i64,
    producers: &mut Producers,
) -> io::Result<Segment> {
    let length = std::fs::metadata(path)?.len();
    let mut segment = Segment::at(path.to_owned(), base_offset);
    let mut batches = Batches {
        path: path.to_owned(),
        file: std::fs::File::open(path)?,
        length,
        start: 0,
        chunk: Vec::new(),
    };
    let mut least = base_offset;
    while let Some((header, bytes)) = batches.at(segment.size, last)? {
        if header.base_offset < least || (last && !batch::checksum_is_right(bytes)) {
            break;
        }
        let marker = if header.is_control() { control::read(bytes) } else { None };
        producers.note(&header, marker, now_ms);
        segment.note(&header);
        least = header.last_offset() + 1;
    }
    if segment.size < length {
        if !last {
            let message = format!("{} is damaged at byte {}", path.display(), segment.size);
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        tracing::warn!(file = %path.display(), from = segment.size, to = length, "A torn tail is cut off.");
        Segment::truncate(path, segment.size)?;
    }
    if segment.size > 0 {
        segment.began_ms = Some(now_ms);
    }
    Ok(segment)
}

/// Goes through a file in large reads.
struct Batches {
    path: PathBuf,
    file: std::fs::File,
    length: u64,
    start: u64,
    chunk: Vec<u8>,
}

impl Batches {
    /// The batch at `position`: its header, and all its bytes where they matter. `None` where no whole batch is.
    fn at(&mut self, position: u64, whole: bool) -> io::Result<Option<(BatchHeader, &[u8])>> {
        let left = usize::try_from(self.length.saturating_sub(position)).unwrap_or(usize::MAX);
        if left < HEADER {
            return Ok(None);
        }
        self.need(position, HEADER)?;
        let Ok(header) = BatchHeader::parse(self.bytes(position)) else { return Ok(None) };
        if header.size > left {
            return Ok(None);
        }
        // What a control batch says stands behind its header.
        if whole || header.is_control() {
            self.need(position, header.size)?;
        }
        let bytes = self.bytes(position);
        Ok(Some((header, &bytes[..header.size.min(bytes.len())])))
    }

    fn bytes(&self, position: u64) -> &[u8] {
        let at = usize::try_from(position - self.start).unwrap_or(usize::MAX);
        self.chunk.get(at..).unwrap_or_default()
    }

    /// Makes sure that so many bytes from `position` on are in the chunk.
    fn need(&mut self, position: u64, count: usize) -> io::Result<()> {
        use std::os::unix::fs::FileExt as _;
        if position >= self.start && self.bytes(position).len() >= count {
            return Ok(());
        }
        let left = usize::try_from(self.length - position).unwrap_or(usize::MAX);
        self.chunk.resize(CHUNK.max(count).min(left), 0);
        self.start = position;
        self.file
            .read_exact_at(&mut self.chunk, position)
            .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", self.path.display())))
    }
}
