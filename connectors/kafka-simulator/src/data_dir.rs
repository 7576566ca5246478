//! The directory where everything lies. One broker uses it at a time.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use uuid::Uuid;

use crate::broker::BrokerError;

/// Says that a directory is a broker's, and how it is written.
const FORMAT_FILE: &str = "format";

/// How this program writes it.
const FORMAT: &str = "orgstream-broker 1";

/// Held as long as a broker runs.
const LOCK: &str = "lock";

/// A locked directory; removed at the end when nobody asked to keep it.
#[derive(Debug)]
pub(crate) struct DataDir {
    path: PathBuf,
    temporary: bool,
    _lock: File,
}

impl DataDir {
    /// Makes the directory where it is missing, and locks it. Without a path it is a temporary one.
    pub(crate) fn open(path: Option<&Path>) -> Result<Self, BrokerError> {
        let temporary = || std::env::temp_dir().join(format!("orgstream-broker-{}", Uuid::new_v4()));
        let wanted = path.map_or_else(temporary, Path::to_owned);
        let failed = |source| BrokerError::Data { path: wanted.clone(), source };
        std::fs::create_dir_all(&wanted).map_err(failed)?;
        // Before anything is written into a directory that may be somebody else's.
        let has_format = has_format(&wanted).map_err(failed)?;
        let lock = OpenOptions::new().write(true).create(true).truncate(false).open(wanted.join(LOCK));
        let lock = lock.map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(BrokerError::InUse { path: wanted }),
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        if !has_format {
            std::fs::write(wanted.join(FORMAT_FILE), FORMAT).map_err(failed)?;
        }
        Ok(Self { path: wanted, temporary: path.is_none(), _lock: lock })
    }

    /// The directory.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The cluster's id, drawn when the directory was made.
    pub(crate) fn cluster_id(&self) -> io::Result<String> {
        let path = self.path.join("cluster-id");
        match std::fs::read_to_string(&path) {
            Ok(text) if !text.trim().is_empty() => return Ok(text.trim().to_owned()),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let id = Uuid::new_v4().simple().to_string();
        std::fs::write(path, &id)?;
        Ok(id)
    }
}

/// Whether the directory says that it is a broker's. One that does not must be new, or an older broker's, which has a
/// cluster id.
fn has_format(dir: &Path) -> io::Result<bool> {
    let refused = |message| Err(io::Error::new(io::ErrorKind::InvalidData, message));
    match std::fs::read_to_string(dir.join(FORMAT_FILE)) {
        Ok(format) if format == FORMAT => return Ok(true),
        // Killed before the first thing was written.
        Ok(format) if format.is_empty() => {}
        Ok(format) => {
            return refused(format!(
                "its file `{FORMAT_FILE}` says `{}`, and this version of the program knows `{FORMAT}`; choose another \
                 directory, or use the version that wrote this one",
                format.lines().next().unwrap_or_default()
            ));
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    if dir.join("cluster-id").exists() {
        return Ok(false);
    }
    for entry in std::fs::read_dir(dir)? {
        let name = entry?.file_name();
        if name != LOCK && name != FORMAT_FILE {
            return refused(format!(
                "it holds `{}` and is no broker's; choose an empty directory",
                name.to_string_lossy()
            ));
        }
    }
    Ok(false)
}

impl Drop for DataDir {
    fn drop(&mut self) {
        if self.temporary
            && let Err(error) = std::fs::remove_dir_all(&self.path)
        {
            tracing::warn!(%error, dir = %self.path.display(), "The broker's temporary directory stays behind.");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_directory_that_somebody_asked_for_stays() {
        let temporary = DataDir::open(None).unwrap();
        let path = temporary.path().to_owned();
        assert!(path.is_dir());
        drop(temporary);
        assert!(!path.exists());
        let asked_for = tempfile::tempdir().unwrap();
        drop(DataDir::open(Some(asked_for.path())).unwrap());
        assert!(asked_for.path().is_dir());
    }
}
