//! An offset in a small file of its own, beside the segments. It is replaced whole, so a kill leaves the old or the new.

use std::io;
use std::path::Path;

/// Keeps `offset` under `name`.
pub(super) fn write(dir: &Path, name: &str, offset: i64) -> io::Result<()> {
    let new = dir.join(format!("{name}.new"));
    std::fs::write(&new, offset.to_string())?;
    std::fs::rename(new, dir.join(name))
}

/// What is kept under `name`.
pub(super) fn read(dir: &Path, name: &str) -> io::Result<Option<i64>> {
    let path = dir.join(name);
    match std::fs::read_to_string(&path) {
        Ok(text) => match text.trim().parse() {
            Ok(offset) if offset >= 0 => Ok(Some(offset)),
            _ => {
                let message = format!(
                    "{} holds no offset; delete the topic, or move its directory away",
                    path.display()
                );
                Err(io::Error::new(io::ErrorKind::InvalidData, message))
            }
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_is_kept_and_anything_else_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(read(dir.path(), "start").unwrap(), None);
        write(dir.path(), "start", 12).unwrap();
        write(dir.path(), "start", 15).unwrap();
        assert_eq!(read(dir.path(), "start").unwrap(), Some(15));
        for damaged in ["", "-1", "x", "99999999999999999999"] {
            std::fs::write(dir.path().join("start"), damaged).unwrap();
            let error = read(dir.path(), "start").unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{damaged:?}");
        }
    }
}
