//! A file of JSON lines that only grows, until it is written anew: what coordinators must know after a kill.
//!
//! A line is with the operating system before the call that caused it is answered. A torn last line is cut off. Lines
//! are written where the last whole one ends, whatever lies there, so what a failed write leaves is never part of the
//! next line.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, BufReader};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

/// A file this much larger than after it was written anew is written anew again.
const GROWTH: u64 = 8 << 20;

/// An open journal.
#[derive(Debug)]
pub(crate) struct Journal {
    path: PathBuf,
    file: File,
    size: u64,
    rewritten_size: u64,
}

impl Journal {
    /// Reads the entries of `path`, oldest first, and opens it for more. The file need not exist.
    pub(crate) fn open<T: DeserializeOwned>(path: &Path) -> io::Result<(Self, Vec<T>)> {
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        let (entries, size) = read(&mut file, path)?;
        if size < file.metadata()?.len() {
            tracing::warn!(file = %path.display(), from = size, "A torn line is cut off.");
            file.set_len(size)?;
        }
        Ok((Self { path: path.to_owned(), file, size, rewritten_size: size }, entries))
    }

    /// Adds an entry.
    pub(crate) fn append(&mut self, entry: &impl Serialize) -> io::Result<()> {
        let mut line = serde_json::to_vec(entry)?;
        line.push(b'\n');
        self.file.write_all_at(&line, self.size)?;
        self.size += u64::try_from(line.len()).unwrap_or(u64::MAX);
        Ok(())
    }

    /// Whether it has grown so much that its owner should write it anew.
    pub(crate) fn has_grown(&self) -> bool {
        self.size - self.rewritten_size.min(self.size) > GROWTH
    }

    /// Replaces everything by `entries`. A kill leaves the old file or the new one.
    pub(crate) fn rewrite<T: Serialize>(&mut self, entries: impl Iterator<Item = T>) -> io::Result<()> {
        let new = self.path.with_extension("new");
        let mut text = Vec::new();
        for entry in entries {
            serde_json::to_writer(&mut text, &entry)?;
            text.push(b'\n');
        }
        // Kept open across the rename: opened again, it might fail, and lines would go to a file without a name.
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(&new)?;
        file.write_all_at(&text, 0)?;
        std::fs::rename(&new, &self.path)?;
        self.file = file;
        self.size = u64::try_from(text.len()).unwrap_or(u64::MAX);
        self.rewritten_size = self.size;
        Ok(())
    }
}

/// The entries, and how many bytes they take.
fn read<T: DeserializeOwned>(file: &mut File, path: &Path) -> io::Result<(Vec<T>, u64)> {
    let length = file.metadata()?.len();
    let mut reader = BufReader::new(file);
    let (mut entries, mut size) = (Vec::new(), 0);
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = u64::try_from(reader.read_until(b'\n', &mut line)?).unwrap_or(u64::MAX);
        if read == 0 {
            return Ok((entries, size));
        }
        match serde_json::from_slice(&line) {
            Ok(entry) if line.ends_with(b"\n") => entries.push(entry),
            // Only the last line can be torn.
            _ if size + read == length => return Ok((entries, size)),
            _ => {
                let message = format!("{} is damaged in line {}", path.display(), entries.len() + 1);
                return Err(io::Error::new(io::ErrorKind::InvalidData, message));
            }
        }
        size += read;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn a_journal_cut_anywhere_keeps_every_whole_line(entries: Vec<String>, cut in 0..200usize) {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("journal");
            let (mut journal, _) = Journal::open::<String>(&path).unwrap();
            let mut ends = vec![0];
            for entry in &entries {
                journal.append(entry).unwrap();
                ends.push(journal.size);
            }
            let cut = u64::try_from(cut).unwrap().min(journal.size);
            journal.file.set_len(cut).unwrap();
            let whole = ends.iter().filter(|end| **end <= cut).count() - 1;
            let (mut journal, read) = Journal::open::<String>(&path).unwrap();
            prop_assert_eq!(&read[..], &entries[..whole]);
            journal.append(&"more").unwrap();
            let (_, read) = Journal::open::<String>(&path).unwrap();
            prop_assert_eq!(read.len(), whole + 1);
        }
    }

    #[test]
    fn what_a_failed_write_left_is_no_part_of_the_next_line() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal");
        for next in ["short", "longer than half a line was"] {
            let (mut journal, before) = Journal::open::<String>(&path).unwrap();
            journal.append(&"whole").unwrap();
            let end = journal.size;
            journal.file.write_all_at(b"\"half a line", end).unwrap();
            journal.append(&next).unwrap();
            let (_, read) = Journal::open::<String>(&path).unwrap();
            assert_eq!(read[before.len()..], ["whole", next]);
        }
    }

    #[test]
    fn a_journal_that_cannot_be_rewritten_goes_on_in_the_old_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal");
        let (mut journal, _) = Journal::open::<u32>(&path).unwrap();
        journal.append(&1).unwrap();
        let in_the_way = path.with_extension("new");
        std::fs::create_dir(&in_the_way).unwrap();
        journal.rewrite([9].iter()).unwrap_err();
        journal.append(&2).unwrap();
        assert_eq!(Journal::open::<u32>(&path).unwrap().1, [1, 2]);
    }

    #[test]
    fn what_was_rewritten_is_all_there_is() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal");
        let (mut journal, _) = Journal::open::<u32>(&path).unwrap();
        journal.append(&1).unwrap();
        journal.rewrite([2, 3].iter()).unwrap();
        journal.append(&4).unwrap();
        assert_eq!(Journal::open::<u32>(&path).unwrap().1, [2, 3, 4]);
    }

    #[test]
    fn damage_in_the_middle_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal");
        std::fs::write(&path, "1\nx\n2\n").unwrap();
        assert!(Journal::open::<u32>(&path).unwrap_err().to_string().contains("line 2"));
    }
}
