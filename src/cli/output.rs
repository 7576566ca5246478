//! Results to stdout, errors to stderr.

use std::io::{self, Write as _};

use serde::Serialize;

use super::exit::Failure;
use orgstream_api::with_causes;

/// Prints `text` and a line feed to stdout.
pub(super) fn line(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    let written = writeln!(out, "{text}").and_then(|()| out.flush());
    match written {
        // The reader has seen enough, as in `orgstream verify … | head`.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result.map_err(Failure::failed),
    }
}

/// Prints `value` as JSON of several lines to stdout.
pub(super) fn json(value: &impl Serialize) -> Result<(), Failure> {
    line(&serde_json::to_string_pretty(value).map_err(Failure::failed)?)
}

/// Prints words for a person to stderr, beside what a program reads from stdout.
pub(super) fn note(text: &str) {
    writeln!(io::stderr().lock(), "{text}").ok();
}

/// Prints an error with its causes to stderr. Nothing can be done when that fails too.
pub(super) fn error(error: &anyhow::Error) {
    writeln!(io::stderr().lock(), "{}", with_causes(error.as_ref())).ok();
}
