//! Reads a text file that the user names. A device or a wrong path is a fault, and no end of memory.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

/// What no secret, key or description reaches.
pub(super) const LARGEST: u64 = 1 << 20;

/// The text of `path`, at most [`LARGEST`] bytes; else what is wrong with it, such as "cannot be read: …".
pub(super) fn read_text(path: &Path) -> Result<String, String> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes));
    let length = read.map_err(|error| format!("cannot be read: {error}"))?;
    if length as u64 > LARGEST {
        return Err(format!("is larger than {} KiB, so it is not what belongs here", LARGEST / 1024));
    }
    String::from_utf8(bytes).map_err(|error| {
        format!("is not text in UTF-8; byte {} is wrong", error.utf8_error().valid_up_to() + 1)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_text_file_is_told_by_its_kind() {
        let dir = tempfile::tempdir().unwrap();
        let binary = dir.path().join("binary");
        std::fs::write(&binary, b"ab\xff").unwrap();
        let cases = [
            (Path::new("/dev/zero"), "is larger than 1024 KiB"),
            (dir.path(), "cannot be read: Is a directory"),
            (&dir.path().join("none"), "cannot be read: No such file"),
            (&binary, "is not text in UTF-8; byte 3 is wrong"),
        ];
        for (path, expected) in cases {
            let message = read_text(path).unwrap_err();
            assert!(message.starts_with(expected), "{}: {message}", path.display());
        }
    }
}
