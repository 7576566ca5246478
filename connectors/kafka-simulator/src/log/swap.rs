//! Putting a rewritten segment in the place of old ones, so that a kill at any moment leaves the old ones or the new.
//!
//! `BASE.cleaned` is unfinished and thrown away. `BASE-END.swap` is whole: it replaces every segment from BASE to
//! before END, now or at the next start.

use std::io;
use std::path::Path;

use super::segment::Segment;

/// The name while it is written.
pub(super) fn unfinished_name(base_offset: i64) -> String {
    format!("{base_offset:020}.cleaned")
}

/// Replaces the segments from `base_offset` to before `end`.
pub(super) fn swap(dir: &Path, base_offset: i64, end: i64) -> io::Result<()> {
    let whole = dir.join(format!("{base_offset:020}-{end:020}.swap"));
    std::fs::rename(dir.join(unfinished_name(base_offset)), whole)?;
    finish(dir)
}

/// Throws away what was not finished. Nobody else may be writing.
pub(super) fn discard_unfinished(dir: &Path) -> io::Result<()> {
    for name in names(dir)?.iter().filter(|name| name.strip_suffix(".cleaned").is_some()) {
        std::fs::remove_file(dir.join(name))?;
    }
    Ok(())
}

/// Finishes the replacements that were begun.
pub(super) fn finish(dir: &Path) -> io::Result<()> {
    let names = names(dir)?;
    for name in &names {
        let Some((base, end)) = range(name) else { continue };
        for old in &names {
            let offset = old.strip_suffix(".log").and_then(|offset| offset.parse::<i64>().ok());
            if offset.is_some_and(|offset| base <= offset && offset < end) {
                std::fs::remove_file(dir.join(old))?;
            }
        }
        std::fs::rename(dir.join(name), dir.join(Segment::file_name(base)))?;
    }
    Ok(())
}

fn names(dir: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        names.extend(entry?.file_name().into_string());
    }
    Ok(names)
}

fn range(name: &str) -> Option<(i64, i64)> {
    let (base, end) = name.strip_suffix(".swap")?.split_once('-')?;
    Some((base.parse().ok()?, end.parse().ok()?))
}
