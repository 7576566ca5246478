//! References to the answers of earlier subrequests: `@{account.id}`, `@{found.records[0].Name}`.
//!
//! A text that is one reference becomes the value itself; inside a longer text the value is written out.

use std::collections::HashMap;

use serde_json::{Map, Value as Json};

use crate::server::percent_decode;

/// From this version on a null that is referred to is a null, before it is an error.
const NULLS_COUNT: u32 = 520;

/// The answers so far, by reference id.
#[derive(Debug)]
pub(super) struct References<'a> {
    version: u32,
    answers: HashMap<&'a str, Json>,
}

impl<'a> References<'a> {
    /// No answers yet; `version` is that of the outer call.
    pub(super) fn new(version: u32) -> Self {
        Self { version, answers: HashMap::new() }
    }

    /// Adds the body of a successful answer.
    pub(super) fn add(&mut self, id: &'a str, body: &Json) {
        self.answers.insert(id, body.clone());
    }

    /// A URL with its references replaced, values percent-encoded. References may be percent-encoded themselves.
    pub(super) fn in_url(&self, url: &str) -> Result<String, String> {
        let encode = |value: &Json| url::form_urlencoded::byte_serialize(text(value).as_bytes()).collect();
        self.replaced(&with_plain_references(url), encode)
    }

    /// A body with its references replaced, in keys' values at any depth.
    pub(super) fn in_body(&self, body: &Json) -> Result<Json, String> {
        Ok(match body {
            Json::String(text) => match whole(text) {
                Some(path) => self.value(path)?.clone(),
                None => Json::String(self.replaced(text, self::text)?),
            },
            Json::Array(items) => {
                Json::Array(items.iter().map(|item| self.in_body(item)).collect::<Result<_, _>>()?)
            }
            Json::Object(fields) => {
                let fields: Result<Map<_, _>, String> =
                    fields.iter().map(|(key, value)| Ok((key.clone(), self.in_body(value)?))).collect();
                Json::Object(fields?)
            }
            other => other.clone(),
        })
    }

    fn replaced(&self, text: &str, write: impl Fn(&Json) -> String) -> Result<String, String> {
        let mut done = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("@{") {
            let Some((path, behind)) = after.split_once('}') else { break };
            done.push_str(before);
            done.push_str(&write(self.value(path)?));
            rest = behind;
        }
        done.push_str(rest);
        Ok(done)
    }

    /// The value at a path, or the text that refuses the subrequest.
    fn value(&self, path: &str) -> Result<&Json, String> {
        let id = path.split(['.', '[']).next().unwrap_or_default();
        let unknown = || {
            let mut message = format!("Invalid reference specified. No value for {path} found in {id}.");
            if self.version < NULLS_COUNT {
                message.push_str(&malformed_id(path));
                message = message.replace(".Provided", ". Provided");
            }
            message
        };
        let mut value = self.answers.get(id).ok_or_else(unknown)?;
        for step in steps(path.get(id.len()..).unwrap_or_default()) {
            value = match (step, value) {
                (Step::Key(key), Json::Object(fields)) => fields.get(key),
                (Step::Index(index), Json::Array(items)) => items.get(index),
                _ => None,
            }
            .ok_or_else(unknown)?;
        }
        let scalar = !value.is_object() && !value.is_array();
        let counts = !value.is_null() || self.version >= NULLS_COUNT;
        if scalar && counts { Ok(value) } else { Err(unknown()) }
    }
}

/// Whether this may name a subrequest.
pub(super) fn well_formed(id: &str) -> bool {
    id.starts_with(|first: char| first.is_ascii_alphanumeric())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// What is said of an id that is not well formed.
pub(super) fn malformed_id(id: &str) -> String {
    format!(
        "Provided referenceId ('{id}') must start with a letter or a number, and it can contain only letters, numbers \
         and underscores ('_')."
    )
}

/// The same URL with its references, and nothing else of it, percent-decoded.
fn with_plain_references(url: &str) -> String {
    let mut plain = String::with_capacity(url.len());
    let mut rest = url;
    while let Some(first) = rest.chars().next() {
        let reference = one_of(rest, &["@", "%40"])
            .and_then(|behind| one_of(behind, &["{", "%7B", "%7b"]))
            .and_then(|inside| {
                let ends = inside
                    .char_indices()
                    .find_map(|(at, _)| Some((at, one_of(inside.get(at..)?, &["}", "%7D", "%7d"])?)))?;
                Some((inside.get(..ends.0)?, ends.1))
            });
        if let Some((path, behind)) = reference {
            plain.extend(["@{", &percent_decode(path), "}"]);
            rest = behind;
        } else {
            plain.push(first);
            rest = rest.get(first.len_utf8()..).unwrap_or_default();
        }
    }
    plain
}

/// What is behind one of these at the beginning of a text.
fn one_of<'a>(text: &'a str, beginnings: &[&str]) -> Option<&'a str> {
    beginnings.iter().find_map(|beginning| text.strip_prefix(beginning))
}

enum Step<'a> {
    Key(&'a str),
    /// An index that is none finds nothing.
    Index(usize),
}

/// `.records[0].Id` as its steps.
fn steps(path: &str) -> impl Iterator<Item = Step<'_>> {
    path.split(['.', '[']).filter(|step| !step.is_empty()).map(|step| match step.strip_suffix(']') {
        Some(index) => Step::Index(index.parse().unwrap_or(usize::MAX)),
        None => Step::Key(step),
    })
}

/// The path of a text that is nothing but one reference.
fn whole(text: &str) -> Option<&str> {
    let path = text.strip_prefix("@{")?.strip_suffix('}')?;
    (!path.contains('}')).then_some(path)
}

fn text(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Null => String::new(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn references_reach_into_objects_and_lists_and_keep_the_type() {
        let mut references = References::new(600);
        references.add("a", &json!({"id": "001", "n": 3, "none": null, "records": [{"Name": "x y"}]}));
        let body =
            json!({"whole": "@{a.n}", "part": "<@{a.records[0].Name}> @{a.id}", "list": ["@{a.none}"]});
        assert_eq!(references.in_body(&body), Ok(json!({"whole": 3, "part": "<x y> 001", "list": [null]})));
        assert_eq!(references.in_url("/x/@{a.id}?q=@{a.records[0].Name}").as_deref(), Ok("/x/001?q=x+y"));
        for url in ["/x/%40%7Ba.id%7D/%7B%40", "/x/@%7ba.id%7d/%7B%40", "/x/%40{a.id}/%7B%40"] {
            assert_eq!(references.in_url(url).as_deref(), Ok("/x/001/%7B%40"), "{url}");
        }
        let nested = references.in_url("/x/%40%7Ba.records%5B0%5D.Name%7D");
        assert_eq!(nested.as_deref(), Ok("/x/x+y"));
        for path in ["b.id", "a.Id", "a.records[1].Name", "a.records", "a.records[x]"] {
            let message = references.in_url(&format!("@{{{path}}}")).unwrap_err();
            assert!(
                message.starts_with(&format!("Invalid reference specified. No value for {path} found in "))
            );
        }
        let mut old = References::new(510);
        old.add("a", &json!({"none": null}));
        assert!(old.in_url("@{a.none}").unwrap_err().ends_with("underscores ('_')."));
    }
}
