//! The directory of a `dev` run: the file, the state, the log. Fresh and gone at a good end, or kept.

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
    /// A fresh directory, removed when this is dropped, unless [`Place::keep`] is called.
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

    /// Keeps a fresh one too.
    pub fn keep(&mut self) {
        if let Some(temporary) = &mut self.temporary {
            temporary.disable_cleanup(true);
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fresh_directory_stays_only_when_it_is_kept() {
        for keep in [false, true] {
            let mut place = Place::fresh().unwrap();
            if keep {
                place.keep();
            }
            let dir = place.dir().to_owned();
            drop(place);
            assert_eq!(dir.exists(), keep);
            if keep {
                std::fs::remove_dir_all(dir).unwrap();
            }
        }
    }
}
