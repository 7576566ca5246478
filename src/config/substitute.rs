//! `${env:NAME}` and `${file:PATH}`: text from outside the file, put in once, after parsing.
//!
//! What is put in is never looked at again, so a value cannot smuggle in another substitution or YAML. A bare
//! `${name}` belongs to templates and stays.

use std::path::{Path, PathBuf};

use super::fault::Fault;
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
pub(super) fn substitute(node: &mut Node, path: &str, from: &Surroundings<'_>, faults: &mut Vec<Fault>) {
    match &mut node.content {
        Content::Map(entries) => {
            for (key, value) in entries {
                let path = if path.is_empty() { key.name.clone() } else { format!("{path}.{}", key.name) };
                substitute(value, &path, from, faults);
            }
        }
        Content::List(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                substitute(item, &format!("{path}.{index}"), from, faults);
            }
        }
        Content::Text { text, substituted } => {
            let (new, messages) = replace(text, from);
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

fn replace(text: &str, from: &Surroundings<'_>) -> (String, Vec<String>) {
    let mut out = String::new();
    let mut messages = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let Some(length) = rest[start..].find('}') else {
            break;
        };
        let placeholder = &rest[start..=start + length];
        out.push_str(&rest[..start]);
        rest = &rest[start + length + 1..];
        match placeholder[2..length].split_once(':') {
            None => out.push_str(placeholder),
            Some((kind, name)) => match value(kind, name, from) {
                Ok(value) => out.push_str(&value),
                Err(message) => {
                    out.push_str(placeholder);
                    messages.push(message);
                }
            },
        }
    }
    out.push_str(rest);
    (out, messages)
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
            "`${{{other}:…}}` is no substitution; there are `${{env:NAME}}` and `${{file:PATH}}`"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replaced(text: &str) -> (String, Vec<String>) {
        let variable = |name: &str| (name == "A").then(|| "${env:A}".to_owned());
        let from = Surroundings { directory: Path::new("/nowhere"), variable: &variable };
        replace(text, &from)
    }

    #[test]
    fn what_is_put_in_is_not_looked_at_again() {
        assert_eq!(replaced("x${env:A}y"), ("x${env:A}y".to_owned(), Vec::new()));
    }

    #[test]
    fn a_bare_name_and_an_open_brace_stay() {
        for text in ["a.${object}", "pa${ss", "$", "${}"] {
            assert_eq!(replaced(text), (text.to_owned(), Vec::new()));
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        let (_, messages) = replaced("${env:B}${file:no}${vault:x}");
        assert_eq!(messages.len(), 3, "{messages:?}");
        assert!(messages[0].contains("`B` is not set"), "{messages:?}");
        assert!(messages[1].contains("/nowhere/no"), "{messages:?}");
        assert!(messages[2].contains("vault"), "{messages:?}");
    }
}
