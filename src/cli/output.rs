//! Results to stdout, errors to stderr.

use std::io::{self, Write as _};

use serde::Serialize;

use super::exit::Failure;

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

/// Prints an error with its causes to stderr. Nothing can be done when that fails too.
pub(super) fn error(error: &anyhow::Error) {
    writeln!(io::stderr().lock(), "{}", with_causes(error)).ok();
}

/// An error with its causes on one line. A cause whose text its parent shows already is not repeated.
fn with_causes(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if text.is_empty() {
            text = cause;
        } else if !text.contains(&cause) {
            text.push_str(": ");
            text.push_str(&cause);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_told_once() {
        let error = anyhow::anyhow!("no such file").context("a.pem: no such file").context("org b");
        assert_eq!(with_causes(&error), "org b: a.pem: no such file");
    }
}
