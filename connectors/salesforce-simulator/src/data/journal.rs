//! The data file while the org runs: what an org must not forget, one JSON line for each transaction.
//!
//! A line is written with one system call before the call is answered, so an acknowledged write survives `kill -9`
//! of the process (not a power cut: nothing is synced). A line cut short by a kill was never acknowledged and is
//! dropped at the next start, when the file is also rewritten without what was overwritten since; a file that has grown
//! to twice what it should hold is rewritten at once. The file holds the org's credentials, so only its owner can read
//! it.

use std::fs::{File, OpenOptions};
use std::io::{Error, Write as _};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::checked_lines::Sealer;
use super::entry::Entry;
use super::refusal::Refusal;
use crate::error::SimulatorError;

/// A file smaller than this is not worth rewriting before the next start, in bytes.
const SMALL: u64 = 1024 * 1024;

/// An open data file.
#[derive(Debug)]
pub(crate) struct Journal {
    path: PathBuf,
    /// Kept as long as the file is open: nobody else writes it.
    _lock: File,
    lines: Lines,
    /// Bytes that it had when it was last rewritten, and the rows and events that took them.
    compact: (u64, usize),
}

/// What a file is rewritten with.
pub(crate) struct Contents<I> {
    /// How many entries come.
    pub(crate) lines: usize,
    /// Who the org is, then everything else.
    pub(crate) entries: I,
    /// How many rows and events are among it.
    pub(crate) items: usize,
}

/// The lines of one file.
#[derive(Debug)]
struct Lines {
    file: File,
    /// Bytes of the lines in it: where the next one goes, whatever a write that failed has left there.
    length: u64,
    sealer: Sealer,
}

impl Journal {
    /// Replaces a file that is locked and opens it for more. The old file stays whole until the new one is.
    pub(super) fn create(
        path: PathBuf,
        lock: File,
        contents: Contents<impl Iterator<Item = Entry>>,
    ) -> Result<Self, SimulatorError> {
        let items = contents.items;
        let lines = replace(&path, contents).map_err(|source| unusable(&path, source))?;
        let compact = (lines.length, items);
        Ok(Self { path, _lock: lock, lines, compact })
    }

    /// Appends an entry. What could not be written is refused, since it would not survive a restart.
    pub(crate) fn append(&mut self, entry: &Entry) -> Result<(), Refusal> {
        self.lines.append(entry).map_err(|source| {
            tracing::error!(file = %self.path.display(), %source, "a change of the sandbox org cannot be kept");
            let message = format!("{}: {source}", unusable(&self.path, Error::from(source.kind())));
            Refusal::new(500, "UNKNOWN_EXCEPTION", message)
        })
    }

    /// Whether more than half of it was overwritten since it was rewritten, when the org has so many rows and events.
    pub(crate) fn is_overgrown(&self, items: usize) -> bool {
        let count = |items: usize| u64::try_from(items).unwrap_or(u64::MAX);
        let (bytes, then) = self.compact;
        let needed = bytes / count(then).max(1) * count(items);
        self.lines.length > SMALL && self.lines.length / 2 > needed
    }

    /// Replaces the file. If that fails it is as good as before, and grows to twice its size before it is tried again.
    pub(crate) fn rewrite(
        &mut self,
        contents: Contents<impl Iterator<Item = Entry>>,
    ) -> Result<(), SimulatorError> {
        let items = contents.items;
        let replaced = replace(&self.path, contents).map(|lines| self.lines = lines);
        self.compact = (self.lines.length, items);
        replaced.map_err(|source| unusable(&self.path, source))
    }
}

#[cfg(test)]
impl Journal {
    /// Lets every write fail, or none again: a disk that is full for a time.
    pub(crate) fn fill_disk(&mut self, full: bool) {
        self.lines.file = OpenOptions::new().read(true).write(!full).open(&self.path).unwrap();
    }
}

impl Lines {
    fn append(&mut self, entry: &Entry) -> Result<(), Error> {
        let line = self.sealer.seal(entry)?;
        self.file.write_all_at(&line, self.length)?;
        self.sealer.wrote(&line);
        self.length += u64::try_from(line.len()).unwrap_or(u64::MAX);
        Ok(())
    }
}

/// Writes a new file beside the old one and puts it in its place.
fn replace(path: &Path, contents: Contents<impl Iterator<Item = Entry>>) -> Result<Lines, Error> {
    let temporary = path.with_extension("new");
    let lines = write(&temporary, contents).and_then(|lines| {
        std::fs::rename(&temporary, path)?;
        Ok(lines)
    });
    // Half of a file is of no use, and may be what a full disk has no room for.
    lines.inspect_err(|_| drop(std::fs::remove_file(&temporary)))
}

fn write(path: &Path, contents: Contents<impl Iterator<Item = Entry>>) -> Result<Lines, Error> {
    let file = OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(path)?;
    let mut lines = Lines { file, length: 0, sealer: Sealer::default() };
    let mut entries = contents.entries;
    let mut left = contents.lines;
    let mut append = |lines: &mut Lines, entry: Option<Entry>| {
        left = left.checked_sub(usize::from(entry.is_some())).ok_or_else(miscounted)?;
        entry.map_or(Ok(false), |entry| lines.append(&entry).map(|()| true))
    };
    append(&mut lines, entries.next())?;
    lines.append(&Entry::Rewritten(contents.lines + 1))?;
    while append(&mut lines, entries.next())? {}
    if left > 0 {
        return Err(miscounted());
    }
    lines.file.flush()?;
    lines.file.sync_all()?;
    Ok(lines)
}

fn miscounted() -> Error {
    Error::other("its lines were miscounted")
}

pub(super) fn unusable(path: &Path, source: Error) -> SimulatorError {
    SimulatorError::Data { path: path.to_owned(), source }
}
