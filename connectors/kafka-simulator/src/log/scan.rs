//! Going through a segment file from its start, in large reads; from header to header where the batches between them are
//! large.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use super::batch::{BatchHeader, HEADER};

/// What is read at once.
const CHUNK: usize = 1 << 20;

/// Batches of so many bytes are stepped over where only their headers are wanted. With smaller ones that takes more
/// reads, and from a disk more time, than to read on.
const SKIPPED: usize = 64 << 10;

/// What is read at once where batches are stepped over.
const SMALL_CHUNK: usize = 4 << 10;

/// How much of each batch is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Want {
    /// The header; all bytes of control batches, because what they say stands behind it.
    Headers,
    /// All bytes.
    Batches,
}

/// The batches of a file, one after the other.
#[derive(Debug)]
pub(super) struct Scan {
    path: PathBuf,
    file: File,
    want: Want,
    /// Bytes of the file.
    length: u64,
    /// Where the next batch begins.
    position: u64,
    /// Bytes of the batch before it; the next one is taken to have about as many.
    last_size: usize,
    /// Where the chunk begins.
    start: u64,
    chunk: Vec<u8>,
}

impl Scan {
    /// Starts at the first batch.
    pub(super) fn open(path: &Path, want: Want) -> io::Result<Self> {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        let path = path.to_owned();
        Ok(Self { path, file, want, length, position: 0, last_size: 0, start: 0, chunk: Vec::new() })
    }

    /// Bytes of the file.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// The next batch and as much of it as is wanted; `None` at the end, and where no whole batch is.
    pub(super) fn next_batch(&mut self) -> io::Result<Option<(BatchHeader, &[u8])>> {
        let left = usize::try_from(self.length.saturating_sub(self.position)).unwrap_or(usize::MAX);
        if left < HEADER {
            return Ok(None);
        }
        let position = self.position;
        self.need(position, HEADER)?;
        let Ok(header) = BatchHeader::parse(self.bytes(position)) else { return Ok(None) };
        if header.size > left {
            return Ok(None);
        }
        if self.want == Want::Batches || header.is_control() {
            self.need(position, header.size)?;
        }
        self.position += u64::try_from(header.size).unwrap_or(u64::MAX);
        self.last_size = header.size;
        let bytes = self.bytes(position);
        Ok(Some((header, &bytes[..header.size.min(bytes.len())])))
    }

    /// Says where the file is damaged, when the batches ended before it did.
    pub(super) fn finish(self) -> io::Result<()> {
        if self.position == self.length { Ok(()) } else { Err(damaged(&self.path, self.position)) }
    }

    fn bytes(&self, position: u64) -> &[u8] {
        let at = usize::try_from(position - self.start).unwrap_or(usize::MAX);
        self.chunk.get(at..).unwrap_or_default()
    }

    /// Makes sure that so many bytes from `position` on are in the chunk. The file has them.
    fn need(&mut self, position: u64, count: usize) -> io::Result<()> {
        if self.bytes(position).len() >= count {
            return Ok(());
        }
        let left = usize::try_from(self.length - position).unwrap_or(usize::MAX);
        let skips = self.want == Want::Headers && self.last_size >= SKIPPED;
        let chunk = if skips { SMALL_CHUNK } else { CHUNK };
        self.chunk.resize(chunk.max(count).min(left), 0);
        self.start = position;
        self.file.read_exact_at(&mut self.chunk, position)
    }
}

/// A file holds no batch where one has to be.
pub(super) fn damaged(path: &Path, position: u64) -> io::Error {
    let message = format!(
        "{} holds no whole record batch at byte {position}; delete the topic, or move its directory away",
        path.display()
    );
    io::Error::new(io::ErrorKind::InvalidData, message)
}
