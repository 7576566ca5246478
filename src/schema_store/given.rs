//! The highest id that the store has given out, in a file of its own.
//!
//! An id in a record means the schema that it was given for. A database that was cut, removed or put back from an older
//! copy would give ids out once more, for other schemas, and records would be read with those. The number is written after
//! the database and before the answer, so no crash leaves it ahead of the database.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

/// Keeps the highest id. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Given(Option<Arc<Kept>>);

#[derive(Debug)]
struct Kept {
    path: PathBuf,
    highest: Mutex<u32>,
}

impl Given {
    /// Keeps it in the file `path`; a store without such a file cannot tell that its database lost something.
    pub fn kept_in(path: PathBuf) -> io::Result<Self> {
        let highest = match std::fs::read_to_string(&path) {
            Ok(text) => text.trim().parse().map_err(|_| {
                io::Error::new(io::ErrorKind::InvalidData, format!("{} holds no number", path.display()))
            })?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
            Err(error) => return Err(error),
        };
        Ok(Self(Some(Arc::new(Kept { path, highest: Mutex::new(highest) }))))
    }

    /// The highest id that is known to be given out.
    pub(super) fn highest(&self) -> u32 {
        self.0.as_ref().map_or(0, |kept| *kept.highest.lock().expect("no holder of this lock panics"))
    }

    /// `id` is about to be given out. Blocks.
    pub(super) fn note(&self, id: u32) -> io::Result<()> {
        let Some(kept) = &self.0 else { return Ok(()) };
        let mut highest = kept.highest.lock().expect("no holder of this lock panics");
        if id <= *highest {
            return Ok(());
        }
        // Written aside first, so that a crash leaves one number or the other.
        let aside = kept.path.with_extension("new");
        let mut file = File::create(&aside)?;
        file.write_all(id.to_string().as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&aside, &kept.path)?;
        *highest = id;
        Ok(())
    }
}
