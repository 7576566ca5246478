//! Certificates and keys in PEM form: the text itself, or the path of a file.

use orgstream_api::Secret;

use super::Report;
use crate::config::substitute::Surroundings;
use crate::config::text_file::read_text;

/// What the text has to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pem {
    /// One certificate or more.
    Certificates,
    /// A private key.
    Key,
}

/// The PEM text that stands at `path` or lies in the file named there. What it says is for the connection to judge; here
/// it must only look right, so that a wrong path is found before anything runs.
pub(super) fn text(
    given: &str,
    path: &[&str],
    kind: Pem,
    from: &Surroundings<'_>,
    report: &mut Report<'_>,
) -> Option<Secret> {
    let (text, place) = if given.contains("-----BEGIN ") {
        (given.to_owned(), "the text".to_owned())
    } else {
        let file = from.resolve(given);
        match read_text(&file) {
            Ok(text) => (text, format!("`{}`", file.display())),
            Err(wrong) => {
                report.fault(path, format!("`{}` {wrong}", file.display()));
                return None;
            }
        }
    };
    let (mark, what) = match kind {
        Pem::Certificates => ("CERTIFICATE-----", "certificate"),
        Pem::Key => ("PRIVATE KEY-----", "private key"),
    };
    if text.contains("-----BEGIN ") && text.contains(mark) {
        return Some(Secret::new(text));
    }
    report.fault(path, format!("{place} holds no {what} in PEM form"));
    None
}

/// Whether a private key in PEM form has a password.
pub(super) fn is_encrypted(key: &Secret) -> bool {
    key.reveal().contains("BEGIN ENCRYPTED PRIVATE KEY") || key.reveal().contains("Proc-Type: 4,ENCRYPTED")
}
