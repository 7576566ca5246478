//! An error with its causes, on one line.

use std::error::Error;

/// The error's text and its causes', each once: what a text shows already is not said again.
pub(crate) fn with_causes(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text.push_str(": ");
            text.push_str(&inner_text);
        }
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_told_once() {
        let error = anyhow::anyhow!("no such file").context("a.pem: no such file").context("org b");
        assert_eq!(with_causes(error.as_ref()), "org b: a.pem: no such file");
    }
}
