//! The data file at a start: locked first, then read line by line, then rewritten.
//!
//! The lock comes first because the org that had the file may only just be ending: what it wrote last is read too.
//! Damage is noticed, and the file left as it is: each line has a checksum, and what was rewritten counts its own lines.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{BufRead as _, BufReader, ErrorKind};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::checked_lines::{Broken, Unsealer};
use super::entry::Entry;
use super::journal::{Contents, Journal, unusable};
use crate::error::SimulatorError;
use crate::tenant::Identity;

/// Bytes read at once.
const BUFFER: usize = 256 * 1024;

/// A data file that nobody else has.
#[derive(Debug)]
pub(crate) struct DataFile {
    path: PathBuf,
    lock: File,
    /// `None` when there is no file yet, or nothing in it.
    lines: Option<BufReader<File>>,
    unsealer: Unsealer,
    line: Vec<u8>,
    /// Lines that must be there.
    least: usize,
    /// Lines read.
    read: usize,
}

impl DataFile {
    /// Takes a file, whether it is there or not.
    pub(crate) fn lock(path: &Path) -> Result<Self, SimulatorError> {
        let path = resolved(path)?;
        if path.extension().is_some_and(|extension| extension == "lock") {
            let reason =
                std::io::Error::new(ErrorKind::InvalidInput, "a name that ends in .lock is one of a lock");
            return Err(unusable(&path, reason));
        }
        let lock = lock(&path)?;
        let mut lines = match File::open(&path) {
            Ok(file) => Some(BufReader::with_capacity(BUFFER, file)),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(source) => return Err(unusable(&path, source)),
        };
        let start = lines.as_mut().map(|lines| lines.fill_buf().map(<[u8]>::to_vec)).transpose();
        let start = start.map_err(|source| unusable(&path, source))?.unwrap_or_default();
        let lines = lines.filter(|_| !start.is_empty());
        let unsealer = if start.starts_with(b"{") {
            let message = "an earlier version wrote the data file, without checksums: what is damaged in it may go \
                           unnoticed this once";
            tracing::warn!(file = %path.display(), "{message}");
            Unsealer::without_checksums()
        } else {
            Unsealer::default()
        };
        Ok(Self { path, lock, lines, unsealer, line: Vec::new(), least: 1, read: 0 })
    }

    /// Whose file it is; `None` when it is nobody's yet. Comes before the other entries.
    pub(crate) fn identity(&mut self) -> Result<Option<Identity>, SimulatorError> {
        match self.next()? {
            None => Ok(None),
            Some(Entry::Org(identity)) => Ok(Some(*identity)),
            Some(_) => Err(self.damaged("it does not say whose file it is".to_owned())),
        }
    }

    /// The next entry.
    pub(crate) fn next(&mut self) -> Result<Option<Entry>, SimulatorError> {
        let Some(lines) = &mut self.lines else { return Ok(None) };
        self.line.clear();
        lines.read_until(b'\n', &mut self.line).map_err(|source| unusable(&self.path, source))?;
        self.read += 1;
        let json = match self.line.split_last() {
            Some((b'\n', line)) => self.unsealer.unseal(line).map(Some),
            _ => self.unsealer.end(&self.line).map(|()| None),
        };
        let Some(json) = json.map_err(|Broken(reason)| self.damaged(reason.to_owned()))? else {
            let cut_off = self.read <= self.least;
            return if cut_off { Err(self.damaged("it is cut off here".to_owned())) } else { Ok(None) };
        };
        let entry = serde_json::from_slice(json).map_err(|error| self.damaged(error.to_string()))?;
        if let Entry::Rewritten(lines) = entry {
            self.least = lines;
        }
        Ok(Some(entry))
    }

    /// The entry that came last is not what the objects of the org allow.
    pub(crate) fn misfit(&self, reason: String) -> SimulatorError {
        SimulatorError::Misfit { path: self.path.clone(), line: self.read, reason }
    }

    /// Rewrites it and opens it for more.
    pub(crate) fn rewrite(
        self,
        contents: Contents<impl Iterator<Item = Entry>>,
    ) -> Result<Journal, SimulatorError> {
        Journal::create(self.path, self.lock, contents)
    }

    fn damaged(&self, reason: String) -> SimulatorError {
        SimulatorError::Damaged { path: self.path.clone(), line: self.read, reason }
    }
}

/// The file itself, whatever links lead to it: two names of one file are one org.
fn resolved(path: &Path) -> Result<PathBuf, SimulatorError> {
    match path.canonicalize() {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(path.to_owned()),
        found => found.map_err(|source| unusable(path, source)),
    }
}

/// Keeps a second process from writing the same org. The lock is a file beside the data, since that one is replaced.
fn lock(path: &Path) -> Result<File, SimulatorError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let open = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(name);
    let file = open.map_err(|source| unusable(path, source))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(SimulatorError::InUse { path: path.to_owned() }),
        Err(TryLockError::Error(source)) => Err(unusable(path, source)),
    }
}
