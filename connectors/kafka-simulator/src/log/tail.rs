//! Telling the torn tail of a file from damage in the middle of it.
//!
//! A kill tears the batch that was being written, and nothing lies behind that one. Where a sound batch does, something
//! else has happened, and what was acknowledged must not be cut off for it.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use super::batch::{self, BatchHeader, HEADER};

/// What is looked through at once.
const WINDOW: usize = 1 << 20;

/// Where the first sound batch behind `bad` begins. How long the bad one says that it is may be wrong, too, so every
/// byte may be the first. Nothing in the segment is before `base_offset`.
pub(super) fn sound_batch_behind(path: &Path, bad: u64, base_offset: i64) -> io::Result<Option<u64>> {
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    let mut start = bad + 1;
    let mut window = Vec::new();
    while length.saturating_sub(start) >= bytes(HEADER) {
        let left = usize::try_from(length - start).unwrap_or(usize::MAX);
        window.resize(WINDOW.min(left), 0);
        file.read_exact_at(&mut window, start)?;
        for (at, header) in (start..).zip(window.windows(HEADER)) {
            let Ok(header) = BatchHeader::parse(header) else { continue };
            if header.base_offset < base_offset || bytes(header.size) > length - at {
                continue;
            }
            let mut batch = vec![0; header.size];
            file.read_exact_at(&mut batch, at)?;
            if batch::checksum_is_right(&batch) {
                return Ok(Some(at));
            }
        }
        start += bytes(window.len() - HEADER + 1);
    }
    Ok(None)
}

/// The file holds no batch at `bad`, but one behind it.
pub(super) fn damaged_before(path: &Path, bad: u64, sound: u64) -> io::Error {
    let file = path.display();
    let message = format!(
        "{file} is damaged at byte {bad}; sound record batches follow from byte {sound} on, so no kill has torn it; \
         restore the file, or give up all its records from there on with `truncate -s {bad} {file}`"
    );
    io::Error::new(io::ErrorKind::InvalidData, message)
}

fn bytes(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
