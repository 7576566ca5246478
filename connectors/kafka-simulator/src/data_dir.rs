//! The directory where everything lies. One broker uses it at a time.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use uuid::Uuid;

use crate::broker::BrokerError;

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
        let lock = OpenOptions::new().write(true).create(true).truncate(false).open(wanted.join("lock"));
        let lock = lock.map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: wanted, temporary: path.is_none(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(BrokerError::InUse { path: wanted }),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
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

impl Drop for DataDir {
    fn drop(&mut self) {
        if self.temporary
            && let Err(error) = std::fs::remove_dir_all(&self.path)
        {
            tracing::warn!(%error, dir = %self.path.display(), "The broker's temporary directory stays behind.");
        }
    }
}
