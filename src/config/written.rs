//! A pipeline as it stands in the file, key by key. What comes from outside the file is shown by its placeholder.

use std::collections::BTreeMap;

use super::tree::{Content, Node};

/// Keys with dots in them, such as `source.org`, and their values as text; by pipeline.
pub type Written = BTreeMap<String, BTreeMap<String, String>>;

/// The pipelines of a file in which nothing has been put in yet.
pub(super) fn written(file: &Node) -> Written {
    let Some((_, pipelines)) = file.entry("pipelines") else { return Written::new() };
    let Content::Map(entries) = &pipelines.content else { return Written::new() };
    let keys = |pipeline: &Node| {
        let mut keys = BTreeMap::new();
        flatten(pipeline, "", &mut keys);
        keys
    };
    entries.iter().map(|(name, pipeline)| (name.name.clone(), keys(pipeline))).collect()
}

/// The keys under `node`, with dots in them, and their values as text.
pub(super) fn flatten(node: &Node, path: &str, into: &mut BTreeMap<String, String>) {
    if let Content::Map(entries) = &node.content {
        for (key, value) in entries {
            let path = if path.is_empty() { key.name.clone() } else { format!("{path}.{}", key.name) };
            flatten(value, &path, into);
        }
    } else if !path.is_empty() {
        into.insert(path.to_owned(), shown(&node.content));
    }
}

fn shown(content: &Content) -> String {
    match content {
        Content::Null | Content::Unknown | Content::Map(_) => String::new(),
        Content::Boolean(truth) => truth.to_string(),
        Content::Number(number) => number.to_string(),
        Content::Text { text, .. } => text.clone(),
        Content::List(items) => items.iter().map(|item| shown(&item.content)).collect::<Vec<_>>().join(","),
    }
}
