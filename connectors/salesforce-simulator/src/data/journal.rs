//! The data file: what an org must not forget, one JSON line for each transaction.
//!
//! A line is written with one system call before the call is answered, so an acknowledged write survives `kill -9`
//! of the process (not a power cut: nothing is synced). A line cut short by a kill was never acknowledged and is
//! dropped at the next start, when the file is also rewritten without what was overwritten since. Any other damage is
//! noticed, and the file left as it is: each line has a checksum, and what was rewritten counts its own lines. The file
//! holds the org's credentials, so only its owner can read it.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value as Json};

use super::checked_lines::{Sealer, unseal};
use crate::bulk::JobEntry;
use crate::error::SimulatorError;
use crate::setup::Setting;
use crate::tenant::Identity;
use crate::tooling::Definition;

/// One line of the data file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Entry {
    /// Who the org is: always the first line.
    Org(Box<Identity>),
    /// So many lines, this one included, were there when the file was last rewritten.
    Rewritten(usize),
    /// How far its clock is ahead, in milliseconds.
    Clock(i64),
    /// What is custom, where the files of the user do not say it.
    Definition(Definition),
    /// All refresh tokens that are good: the last such line counts.
    RefreshTokens(BTreeSet<String>),
    /// Events up to this replay id were forgotten.
    Forgotten(u64),
    /// Changes of bulk jobs.
    Jobs(Vec<JobEntry>),
    /// What was set up while the org ran.
    Setting(Setting),
    /// The rows and events of one transaction, the last replay id given out, and the bulk job that it belongs to.
    Commit {
        rows: Vec<StoredRow>,
        events: Vec<Arc<StoredEvent>>,
        last_replay_id: u64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        job: Option<Box<JobEntry>>,
    },
}

/// A row after its change.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct StoredRow {
    pub(crate) object: String,
    /// `None`: live. Empty: in the recycle bin. `hard`: deleted for good. Otherwise in the bin with this parent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) place: Option<String>,
    /// Since when it is in the recycle bin, in milliseconds by the org's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) since: Option<i64>,
    pub(crate) fields: Map<String, Json>,
}

/// An event that can be replayed. Its JSON is written once, when it is raised: delivering it is copying bytes.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct StoredEvent {
    pub(crate) replay_id: u64,
    /// Every channel that brings it: a change event has one of its object and one of all objects.
    pub(crate) channels: Arc<[Arc<str>]>,
    /// Milliseconds since 1970 by the org's clock.
    pub(crate) created: i64,
    /// The `data` of the message as delivered.
    pub(crate) data: Box<RawValue>,
}

/// An open data file.
#[derive(Debug)]
pub(crate) struct Journal {
    path: PathBuf,
    file: File,
    /// Bytes of the lines in it: where the next one goes, whatever a write that failed has left there.
    length: u64,
    sealer: Sealer,
    _lock: File,
}

impl Journal {
    /// The entries of a file; empty when there is no file yet.
    pub(crate) fn read(path: &Path) -> Result<Vec<Entry>, SimulatorError> {
        let mut bytes = Vec::new();
        match File::open(path) {
            Ok(mut file) => file.read_to_end(&mut bytes).map_err(|source| unusable(path, source))?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => return Err(unusable(path, source)),
        };
        let damaged = |line, reason| SimulatorError::Damaged { path: path.to_owned(), line, reason };
        let lines = if bytes.starts_with(b"{") {
            without_checksums(path, &bytes)
        } else {
            unseal(&bytes).map_err(|broken| damaged(broken.line, broken.reason.to_owned()))?
        };
        let entries: Vec<Entry> = lines
            .into_iter()
            .enumerate()
            .map(|(at, json)| {
                serde_json::from_slice(json).map_err(|error| damaged(at + 1, error.to_string()))
            })
            .collect::<Result<_, _>>()?;
        let least = entries.iter().find_map(|entry| match entry {
            Entry::Rewritten(lines) => Some(*lines),
            _ => None,
        });
        if !bytes.is_empty() && entries.len() < least.unwrap_or(1) {
            return Err(damaged(entries.len() + 1, "it is cut off here".to_owned()));
        }
        Ok(entries)
    }

    /// Replaces the file by these entries and opens it for more. The old file stays whole until the new one is.
    pub(crate) fn rewrite(path: &Path, entries: &[Entry]) -> Result<Self, SimulatorError> {
        let lock = lock(path)?;
        let temporary = path.with_extension("new");
        let mut sealer = Sealer::default();
        let mut write = || -> std::io::Result<(File, u64)> {
            let mut file =
                OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(&temporary)?;
            for entry in entries {
                let line = sealer.seal(entry)?;
                file.write_all(&line)?;
                sealer.wrote(&line);
            }
            file.sync_all()?;
            std::fs::rename(&temporary, path)?;
            let length = file.metadata()?.len();
            Ok((file, length))
        };
        let (file, length) = write().map_err(|source| unusable(path, source))?;
        Ok(Self { path: path.to_owned(), file, length, sealer, _lock: lock })
    }

    /// Appends an entry.
    pub(crate) fn append(&mut self, entry: &Entry) -> Result<(), SimulatorError> {
        let write = || -> std::io::Result<Vec<u8>> {
            let line = self.sealer.seal(entry)?;
            self.file.write_all_at(&line, self.length)?;
            Ok(line)
        };
        let line = write().map_err(|source| unusable(&self.path, source))?;
        self.sealer.wrote(&line);
        self.length += u64::try_from(line.len()).unwrap_or(u64::MAX);
        Ok(())
    }
}

/// The whole lines of a file as the first versions wrote it: JSON alone. It gets its checksums when it is rewritten.
fn without_checksums<'a>(path: &Path, bytes: &'a [u8]) -> Vec<&'a [u8]> {
    let message = "an earlier version wrote the data file, without checksums: what is damaged in it may go unnoticed \
                   this once";
    tracing::warn!(file = %path.display(), "{message}");
    let mut lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
    lines.pop();
    lines
}

/// Keeps a second process from writing the same org. The lock is a file beside the data, since that one is replaced.
fn lock(path: &Path) -> Result<File, SimulatorError> {
    let open = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(path.with_extension("lock"));
    let file = open.map_err(|source| unusable(path, source))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(SimulatorError::InUse { path: path.to_owned() }),
        Err(TryLockError::Error(source)) => Err(unusable(path, source)),
    }
}

fn unusable(path: &Path, source: std::io::Error) -> SimulatorError {
    SimulatorError::Data { path: path.to_owned(), source }
}
