//! An error with its causes, on one line.

use std::error::Error;

/// The error's text and its causes', each once: what a text shows already is not said again.
pub fn with_causes(error: &(dyn Error + 'static)) -> String {
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

    #[derive(Debug, thiserror::Error)]
    #[error("{text}")]
    struct Told {
        text: &'static str,
        source: Option<Box<Told>>,
    }

    #[test]
    fn a_cause_is_told_once() {
        let told = |text, source| Told { text, source };
        let file = told("a.pem: no such file", Some(Box::new(told("no such file", None))));
        assert_eq!(with_causes(&told("org b", Some(Box::new(file)))), "org b: a.pem: no such file");
    }
}
