//! `${env:NAME}`, `${file:PATH}` and `{{secrets.NAME}}`: text from outside the file, put in once, after parsing.
//!
//! What is put in is never looked at again, so a value cannot smuggle in another substitution or YAML. A bare
//! `${name}` belongs to templates and stays.

use std::path::{Path, PathBuf};

use super::fault::Fault;
use super::secrets::Secrets;
use super::text_file::read_text;
use super::tree::{Content, Node};

/// Where values come from that do not stand in the file.
pub(super) struct Surroundings<'a> {
    /// The directory that relative paths start from.
    pub(super) directory: &'a Path,
    /// Environment variables.
    pub(super) variable: &'a dyn Fn(&str) -> Option<String>,
}

impl Surroundings<'_> {
    /// `path`, relative to the file.
    pub(super) fn resolve(&self, path: &str) -> PathBuf {
        self.directory.join(path)
    }
}

/// Replaces all placeholders under `node` and reports those that cannot be.
pub(super) fn substitute(
    node: &mut Node,
    path: &str,
    from: &Surroundings<'_>,
    secrets: &Secrets,
    faults: &mut Vec<Fault>,
) {
    match &mut node.content {
        Content::Map(entries) => {
            for (key, value) in entries {
                let path = if path.is_empty() { key.name.clone() } else { format!("{path}.{}", key.name) };
                substitute(value, &path, from, secrets, faults);
            }
        }
        Content::List(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                substitute(item, &format!("{path}.{index}"), from, secrets, faults);
            }
        }
        Content::Text { text, substituted } => {
            let (new, messages) = replace(text, from, secrets);
            if messages.is_empty() {
                *substituted = *text != new;
                *text = new;
                return;
            }
            faults.extend(messages.into_iter().map(|message| Fault {
                place: node.at,
                key: path.to_owned(),
                message,
            }));
            node.content = Content::Unknown;
        }
        Content::Null | Content::Boolean(_) | Content::Number(_) | Content::Unknown => {}
    }
}

/// `text` with its `${env:NAME}` and `${file:PATH}` put in, as far as they can be had.
pub(super) fn without_secrets(text: &str, from: &Surroundings<'_>) -> String {
    let (text, _) = replace_by(text, from, &|_, placeholder| Ok(placeholder.to_owned()));
    text
}

/// Whether `text` is one placeholder and nothing else.
pub(super) fn is_placeholder(text: &str) -> bool {
    next(text).is_some_and(|(_, placeholder)| placeholder == text && read(placeholder).is_some())
}

fn replace(text: &str, from: &Surroundings<'_>, secrets: &Secrets) -> (String, Vec<String>) {
    replace_by(text, from, &|name, _| secrets.find(name, from))
}

/// `secret` knows the value of a secret by its name, or else by the whole placeholder.
fn replace_by(
    text: &str,
    from: &Surroundings<'_>,
    secret: &dyn Fn(&str, &str) -> Result<String, String>,
) -> (String, Vec<String>) {
    let mut out = String::new();
    let mut messages = Vec::new();
    let mut rest = text;
    while let Some((start, placeholder)) = next(rest) {
        out.push_str(&rest[..start]);
        rest = &rest[start + placeholder.len()..];
        let value = match read(placeholder) {
            Some(Placeholder::Of { kind, name }) => value(kind, name, from),
            Some(Placeholder::Secret(name)) => secret(name, placeholder),
            None => Ok(placeholder.to_owned()),
        };
        match value {
            Ok(value) => out.push_str(&value),
            Err(message) => {
                out.push_str(placeholder);
                messages.push(message);
            }
        }
    }
    out.push_str(rest);
    (out, messages)
}

/// What stands between braces.
enum Placeholder<'a> {
    /// `${kind:name}`.
    Of { kind: &'a str, name: &'a str },
    /// `{{secrets.name}}`.
    Secret(&'a str),
}

/// The first text between `${` and `}`, or from `{{secrets.` to `}}`, and where it begins.
fn next(text: &str) -> Option<(usize, &str)> {
    let closed = |start: usize, close: &str| {
        let length = text[start..].find(close)? + close.len();
        Some((start, &text[start..start + length]))
    };
    let names_secret = |at: &usize| {
        text[*at..].strip_prefix("{{").is_some_and(|rest| rest.trim_start().starts_with("secrets."))
    };
    let secret = text.char_indices().map(|(at, _)| at).find(names_secret).and_then(|at| closed(at, "}}"));
    let other = text.find("${").and_then(|at| closed(at, "}"));
    [other, secret].into_iter().flatten().min_by_key(|(start, _)| *start)
}

/// `None` for braces that mean nothing here.
fn read(placeholder: &str) -> Option<Placeholder<'_>> {
    if let Some(inner) = placeholder.strip_prefix("${") {
        let (kind, name) = inner.strip_suffix('}')?.split_once(':')?;
        return Some(Placeholder::Of { kind, name });
    }
    let inner = placeholder.strip_prefix("{{")?.strip_suffix("}}")?;
    inner.trim().strip_prefix("secrets.").map(Placeholder::Secret)
}

fn value(kind: &str, name: &str, from: &Surroundings<'_>) -> Result<String, String> {
    match kind {
        "env" => (from.variable)(name).ok_or_else(|| format!("the environment variable `{name}` is not set")),
        "file" => {
            let path = from.resolve(name);
            match read_text(&path) {
                // Editors and `echo` end a file with a line feed that is no part of the secret.
                Ok(text) => Ok(text.trim_end_matches(['\r', '\n']).to_owned()),
                Err(wrong) => Err(format!("`{}` {wrong}", path.display())),
            }
        }
        other => Err(format!(
            "`${{{other}:…}}` is no substitution; there are `${{env:NAME}}`, `${{file:PATH}}` and `{{{{secrets.NAME}}}}`"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replaced(text: &str) -> (String, Vec<String>) {
        let variable = |name: &str| match name {
            "A" => Some("${env:A}".to_owned()),
            "SECRET_S" => Some("{{secrets.S}}".to_owned()),
            _ => None,
        };
        let from = Surroundings { directory: Path::new("/nowhere"), variable: &variable };
        let secrets = Secrets::of(&Node::parse("a: b").unwrap_or_else(|_| unreachable!()), &from);
        replace(text, &from, &secrets)
    }

    #[test]
    fn what_is_put_in_is_not_looked_at_again() {
        assert_eq!(replaced("x${env:A}y"), ("x${env:A}y".to_owned(), Vec::new()));
        assert_eq!(
            replaced("{{x {{secrets.S}}-{{ secrets.S }}${env:A}"),
            ("{{x {{secrets.S}}-{{secrets.S}}${env:A}".to_owned(), Vec::new())
        );
    }

    #[test]
    fn a_bare_name_and_an_open_brace_stay() {
        for text in ["a.${object}", "pa${ss", "$", "${}", "{{", "{{x}}", "{a: {b: 1}}", "}}{{", "{{secrets"] {
            assert_eq!(replaced(text), (text.to_owned(), Vec::new()));
        }
    }

    #[test]
    fn a_placeholder_is_told_from_text_with_one() {
        for whole in ["${env:A}", "${file:a b}", "{{secrets.A}}", "{{ secrets.A }}"] {
            assert!(is_placeholder(whole), "{whole}");
        }
        for text in ["x${env:A}", "${env:A}x", "${env:A}${env:B}", "${object}", "{{x}}", "", "x"] {
            assert!(!is_placeholder(text), "{text}");
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        let (_, messages) = replaced("${env:B}${file:no}${vault:x}{{secrets.T}}");
        assert_eq!(messages.len(), 4, "{messages:?}");
        assert!(messages[3].contains("`SECRET_T`"), "{messages:?}");
        assert!(messages[0].contains("`B` is not set"), "{messages:?}");
        assert!(messages[1].contains("/nowhere/no"), "{messages:?}");
        assert!(messages[2].contains("vault"), "{messages:?}");
    }
}
