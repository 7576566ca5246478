//! The directory of a `dev` run: the file, the state, the log. Fresh and gone at the end, or kept.

use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// The file that `dev` starts from.
const FILE: &str = include_str!("../../config/dev.yaml");

/// A directory with a file in it.
#[derive(Debug)]
pub struct Place {
    dir: PathBuf,
    /// Removes the directory when dropped.
    temporary: Option<TempDir>,
}

/// The directory cannot be had.
#[derive(Debug, thiserror::Error)]
#[error("the directory {} cannot be used", path.display())]
pub struct PlaceError {
    /// The directory.
    pub path: PathBuf,
    /// Why.
    #[source]
    pub source: io::Error,
}

impl Place {
    /// A fresh directory, removed when this is dropped.
    pub fn fresh() -> Result<Self, PlaceError> {
        let failed = |source| PlaceError { path: std::env::temp_dir(), source };
        let temporary = tempfile::Builder::new().prefix("orgstream-dev-").tempdir().map_err(failed)?;
        Self { dir: temporary.path().to_owned(), temporary: Some(temporary) }.with_file()
    }

    /// `dir`, made when it is not there, and kept.
    pub fn kept(dir: &Path) -> Result<Self, PlaceError> {
        let failed = |source| PlaceError { path: dir.to_owned(), source };
        std::fs::create_dir_all(dir).map_err(failed)?;
        let dir = dir.canonicalize().map_err(failed)?;
        Self { dir, temporary: None }.with_file()
    }

    /// The file. What a user has written into a kept one stays.
    pub fn file(&self) -> PathBuf {
        self.dir.join("dev.yaml")
    }

    /// The log of a run that shows something else on the terminal.
    pub fn log(&self) -> PathBuf {
        self.dir.join("orgstream.log")
    }

    /// The directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Whether it is still there afterwards.
    pub fn is_kept(&self) -> bool {
        self.temporary.is_none()
    }

    fn with_file(self) -> Result<Self, PlaceError> {
        let file = self.file();
        if !file.exists() {
            std::fs::write(&file, FILE).map_err(|source| PlaceError { path: self.dir.clone(), source })?;
        }
        Ok(self)
    }
}
