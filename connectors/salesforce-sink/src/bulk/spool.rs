//! Two files that lie on disk while a job is filled and at work: its rows as org B takes them, and the records as they came.
//!
//! The files have no name any more once they are open, so nothing is left of them when the process ends, however it ends. A disk
//! that takes no more loses nothing: what was added last is still in memory, and [`Spool::trouble`] says that nothing is to be
//! added.

use std::fmt;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

use bytes::Bytes;
use orgstream_api::{StoreError, with_causes};

/// Bytes that are written at once.
const PART: usize = 128 * 1024;

/// What bytes lie on.
pub(super) trait Disk: Read + Write + Seek + Send + Sync {}

impl<T: Read + Write + Seek + Send + Sync> Disk for T {}

/// A file that only grows.
struct Pile {
    disk: Box<dyn Disk>,
    /// Bytes on disk.
    written: u64,
    /// Those behind them.
    pending: Vec<u8>,
    /// Why no more can be written.
    full: Option<String>,
}

/// Where a record lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    at: u64,
    size: usize,
}

/// Rows and records on disk.
#[derive(Debug)]
pub(super) struct Spool {
    rows: Pile,
    records: Pile,
}

impl fmt::Debug for Pile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pile").field("size", &self.size()).field("full", &self.full).finish_non_exhaustive()
    }
}

impl Pile {
    fn on(disk: impl Disk + 'static) -> Self {
        Self { disk: Box::new(disk), written: 0, pending: Vec::new(), full: None }
    }

    fn size(&self) -> u64 {
        self.written + length(&self.pending)
    }

    fn add(&mut self, bytes: &[u8]) -> Place {
        let place = Place { at: self.size(), size: bytes.len() };
        self.pending.extend_from_slice(bytes);
        if self.pending.len() >= PART && self.full.is_none() {
            match self.write() {
                Ok(()) => {
                    self.written = self.size();
                    self.pending.clear();
                }
                Err(error) => self.full = Some(with_causes(&error)),
            }
        }
        place
    }

    fn write(&mut self) -> std::io::Result<()> {
        // A part that went wrong midway is written over, or never read.
        self.disk.seek(SeekFrom::Start(self.written))?;
        self.disk.write_all(&self.pending)?;
        self.disk.flush()
    }

    fn read(&mut self, Place { at, size }: Place) -> std::io::Result<Vec<u8>> {
        let mut bytes = Vec::with_capacity(size);
        let on_disk = usize::try_from(self.written.saturating_sub(at)).unwrap_or(usize::MAX).min(size);
        if on_disk > 0 {
            bytes.resize(on_disk, 0);
            self.disk.seek(SeekFrom::Start(at))?;
            self.disk.read_exact(&mut bytes)?;
        }
        let from = usize::try_from(at.saturating_sub(self.written)).unwrap_or(usize::MAX);
        bytes.extend(self.pending.iter().skip(from).take(size - on_disk));
        Ok(bytes)
    }
}

impl Spool {
    /// Empty files in `dir`.
    pub(super) fn make(dir: &Path) -> Result<Self, StoreError> {
        let file = || -> std::io::Result<File> {
            std::fs::create_dir_all(dir)?;
            tempfile::tempfile_in(dir)
        };
        let made = || Ok((file()?, file()?));
        let (rows, records) = made().map_err(|error| failed("make", error))?;
        Ok(Self::on(rows, records))
    }

    /// On these disks, which are empty.
    pub(super) fn on(rows: impl Disk + 'static, records: impl Disk + 'static) -> Self {
        Self { rows: Pile::on(rows), records: Pile::on(records) }
    }

    /// Adds a line of rows.
    pub(super) fn add_row(&mut self, line: &[u8]) {
        self.rows.add(line);
    }

    /// Adds a record.
    pub(super) fn add_record(&mut self, bytes: &[u8]) -> Place {
        self.records.add(bytes)
    }

    /// Why nothing more is to be added; what was added is there.
    pub(super) fn trouble(&self) -> Option<&str> {
        self.rows.full.as_deref().or(self.records.full.as_deref())
    }

    /// The bytes of all lines.
    pub(super) fn size(&self) -> u64 {
        self.rows.size()
    }

    /// All lines.
    pub(super) fn all_rows(&mut self) -> Result<Bytes, StoreError> {
        let size = usize::try_from(self.rows.size()).unwrap_or(usize::MAX);
        self.rows.read(Place { at: 0, size }).map(Bytes::from).map_err(|error| failed("read", error))
    }

    /// A record.
    pub(super) fn record(&mut self, place: Place) -> Result<Vec<u8>, StoreError> {
        self.records.read(place).map_err(|error| failed("read", error))
    }
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

fn failed(what: &str, error: std::io::Error) -> StoreError {
    StoreError {
        what: format!("cannot {what} the rows of a bulk job on disk"),
        source: Some(Box::new(error)),
    }
}

/// A disk for so many bytes.
#[cfg(test)]
pub(super) struct Small {
    bytes: std::io::Cursor<Vec<u8>>,
    room: usize,
}

#[cfg(test)]
impl Small {
    pub(super) fn new(room: usize) -> Self {
        Self { bytes: std::io::Cursor::default(), room }
    }
}

#[cfg(test)]
impl Read for Small {
    fn read(&mut self, bytes: &mut [u8]) -> std::io::Result<usize> {
        self.bytes.read(bytes)
    }
}

#[cfg(test)]
impl Seek for Small {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        self.bytes.seek(to)
    }
}

#[cfg(test)]
impl Write for Small {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let left = self.room.saturating_sub(usize::try_from(self.bytes.position()).unwrap());
        if left == 0 {
            return Err(std::io::ErrorKind::StorageFull.into());
        }
        self.bytes.write(&bytes[..left.min(bytes.len())])
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_added_is_read_back_in_any_order_and_no_file_is_left() {
        let dir = tempfile::tempdir().unwrap();
        let mut spool = Spool::make(&dir.path().join("bulk")).unwrap();
        spool.add_row(b"a,b\n");
        let first = spool.add_record(b"first");
        let second = spool.add_record(&vec![7; 2 * PART]);
        assert_eq!(spool.record(second).unwrap(), vec![7; 2 * PART]);
        spool.add_row(b"1,2\n");
        assert_eq!(spool.record(first).unwrap(), b"first");
        let third = spool.add_record(b"3");
        assert_eq!(spool.record(third).unwrap(), b"3");
        assert_eq!((spool.all_rows().unwrap(), spool.size()), (Bytes::from_static(b"a,b\n1,2\n"), 8));
        assert_eq!(spool.trouble(), None);
        assert_eq!(std::fs::read_dir(dir.path().join("bulk")).unwrap().count(), 0);
    }

    #[test]
    fn what_was_added_to_a_disk_that_takes_no_more_is_read_back_all_the_same() {
        let mut spool = Spool::on(Small::new(PART), Small::new(2 * PART + PART / 2));
        let mut places = Vec::new();
        while spool.trouble().is_none() {
            let number = u8::try_from(places.len() % 256).unwrap();
            places.push((number, spool.add_record(&[number; 1_000])));
            assert!(places.len() < 1_000, "the disk is smaller than that");
        }
        assert!(spool.trouble().unwrap().contains("no storage space"), "{:?}", spool.trouble());
        for (number, place) in places.into_iter().rev() {
            assert_eq!(spool.record(place).unwrap(), [number; 1_000]);
        }
    }
}
