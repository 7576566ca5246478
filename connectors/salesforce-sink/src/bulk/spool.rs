//! Two files that lie on disk while a job is filled and at work: its rows as org B takes them, and the records as they came.
//!
//! The files have no name any more once they are open, so nothing is left of them when the process ends, however it ends.

use std::fs::File;
use std::io::{BufWriter, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use bytes::Bytes;
use orgstream_api::StoreError;

/// A file that only grows.
#[derive(Debug)]
struct Pile {
    file: BufWriter<File>,
    size: u64,
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

impl Pile {
    fn make(dir: &Path) -> std::io::Result<Self> {
        Ok(Self { file: BufWriter::new(tempfile::tempfile_in(dir)?), size: 0 })
    }

    fn add(&mut self, bytes: &[u8]) -> std::io::Result<Place> {
        self.file.write_all(bytes)?;
        let place = Place { at: self.size, size: bytes.len() };
        self.size += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        Ok(place)
    }

    fn read(&mut self, at: u64, size: usize) -> std::io::Result<Vec<u8>> {
        self.file.flush()?;
        let file = self.file.get_mut();
        file.seek(SeekFrom::Start(at))?;
        let mut bytes = vec![0; size];
        file.read_exact(&mut bytes)?;
        file.seek(SeekFrom::End(0))?;
        Ok(bytes)
    }
}

impl Spool {
    /// Empty files in `dir`.
    pub(super) fn make(dir: &Path) -> Result<Self, StoreError> {
        let make = || {
            std::fs::create_dir_all(dir)?;
            Ok(Self { rows: Pile::make(dir)?, records: Pile::make(dir)? })
        };
        make().map_err(|error| failed("make", error))
    }

    /// Adds a line of rows.
    pub(super) fn add_row(&mut self, line: &[u8]) -> Result<(), StoreError> {
        self.rows.add(line).map(drop).map_err(|error| failed("write", error))
    }

    /// Adds a record.
    pub(super) fn add_record(&mut self, bytes: &[u8]) -> Result<Place, StoreError> {
        self.records.add(bytes).map_err(|error| failed("write", error))
    }

    /// The bytes of all lines.
    pub(super) fn size(&self) -> u64 {
        self.rows.size
    }

    /// All lines.
    pub(super) fn all_rows(&mut self) -> Result<Bytes, StoreError> {
        let size = usize::try_from(self.rows.size).unwrap_or(usize::MAX);
        self.rows.read(0, size).map(Bytes::from).map_err(|error| failed("read", error))
    }

    /// A record.
    pub(super) fn record(&mut self, place: Place) -> Result<Vec<u8>, StoreError> {
        self.records.read(place.at, place.size).map_err(|error| failed("read", error))
    }
}

fn failed(what: &str, error: std::io::Error) -> StoreError {
    StoreError {
        what: format!(
            "cannot {what} the rows of a bulk job on disk; make room there, or write without bulk jobs (`sink.bulk`)"
        ),
        source: Some(Box::new(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_added_is_read_back_in_any_order_and_no_file_is_left() {
        let dir = tempfile::tempdir().unwrap();
        let mut spool = Spool::make(&dir.path().join("bulk")).unwrap();
        spool.add_row(b"a,b\n").unwrap();
        let first = spool.add_record(b"first").unwrap();
        let second = spool.add_record(b"the second").unwrap();
        assert_eq!(spool.record(second).unwrap(), b"the second");
        spool.add_row(b"1,2\n").unwrap();
        assert_eq!(spool.record(first).unwrap(), b"first");
        let third = spool.add_record(b"3").unwrap();
        assert_eq!(spool.record(third).unwrap(), b"3");
        assert_eq!((spool.all_rows().unwrap(), spool.size()), (Bytes::from_static(b"a,b\n1,2\n"), 8));
        assert_eq!(std::fs::read_dir(dir.path().join("bulk")).unwrap().count(), 0);
    }
}
