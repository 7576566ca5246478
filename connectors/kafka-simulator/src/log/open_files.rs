//! How many files the logs hold open: a broker with thousands of partitions must not run out of file handles.
//!
//! Whoever finds a place keeps its file open, which saves two system calls for each append. Whoever finds none opens
//! its file for each use.

use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A common soft limit is 1024, and connections need their share.
pub(super) static OPEN_FILES: OpenFiles = OpenFiles::new(256);

/// Places for open files.
#[derive(Debug)]
pub(super) struct OpenFiles {
    free: AtomicUsize,
}

/// An open file and its place.
#[derive(Debug)]
pub(super) struct OpenFile {
    file: File,
    places: &'static OpenFiles,
}

impl OpenFiles {
    /// So many places.
    pub(super) const fn new(places: usize) -> Self {
        Self { free: AtomicUsize::new(places) }
    }

    /// Opens a file to keep it open, when there is a place.
    pub(super) fn open(
        &'static self,
        open: impl FnOnce() -> io::Result<File>,
    ) -> io::Result<Option<OpenFile>> {
        let taken = self.free.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |free| free.checked_sub(1));
        if taken.is_err() {
            return Ok(None);
        }
        match open() {
            Ok(file) => Ok(Some(OpenFile { file, places: self })),
            Err(error) => {
                self.give_back();
                Err(error)
            }
        }
    }

    fn give_back(&self) {
        self.free.fetch_add(1, Ordering::Relaxed);
    }
}

impl OpenFile {
    /// The file.
    pub(super) fn file(&self) -> &File {
        &self.file
    }
}

impl Drop for OpenFile {
    fn drop(&mut self) {
        self.places.give_back();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_files_are_held_than_there_are_places() {
        static PLACES: OpenFiles = OpenFiles::new(2);
        let open = || PLACES.open(tempfile::tempfile).unwrap();
        let (first, second) = (open(), open());
        assert!(first.is_some() && second.is_some());
        assert!(open().is_none());
        drop(first);
        assert!(open().is_some());
    }

    #[test]
    fn a_file_that_cannot_be_opened_takes_no_place() {
        static PLACES: OpenFiles = OpenFiles::new(1);
        assert!(PLACES.open(|| Err(io::Error::other("no"))).is_err());
        assert!(PLACES.open(tempfile::tempfile).unwrap().is_some());
    }
}
