//! Collects faults by key path and finds their places.

use crate::config::fault::{Fault, nearest};
use crate::config::tree::{Content, Node};

/// The faults found so far, and the file they are in.
pub(in crate::config) struct Report<'a> {
    tree: &'a Node,
    faults: Vec<Fault>,
}

impl<'a> Report<'a> {
    /// A report that goes on after `faults`.
    pub(in crate::config) fn new(tree: &'a Node, faults: Vec<Fault>) -> Self {
        Self { tree, faults }
    }

    /// Adds a fault of the key at `path`.
    pub(in crate::config) fn fault(&mut self, path: &[&str], message: impl Into<String>) {
        let mut message = message.into();
        match self.content(path) {
            Some(content @ Content::Text { .. }) => message = veiled(message, content),
            Some(Content::List(items)) => {
                message = items.iter().fold(message, |message, item| veiled(message, &item.content));
            }
            _ => {}
        }
        self.faults.push(Fault { place: self.tree.place_of(path), key: path.join("."), message });
    }

    /// The keys of the map at `path` as they stand in the file, right or wrong.
    pub(super) fn keys(&self, path: &[&str]) -> Vec<&'a str> {
        match self.content(path) {
            Some(Content::Map(entries)) => entries.iter().map(|(key, _)| key.name.as_str()).collect(),
            _ => Vec::new(),
        }
    }

    /// Whether there is a map at `path` and nothing in it.
    pub(super) fn is_empty(&self, path: &[&str]) -> bool {
        match self.content(path) {
            Some(Content::Map(entries)) => entries.is_empty(),
            Some(Content::Null) => true,
            _ => false,
        }
    }

    /// Whether the map at `path` has the key `name`, or one that is misspelt and reported as such.
    pub(super) fn has(&self, path: &[&str], name: &str) -> bool {
        self.keys(path).into_iter().any(|key| nearest(key, [name]).is_some())
    }

    fn content(&self, path: &[&str]) -> Option<&'a Content> {
        let mut node = self.tree;
        for name in path {
            (_, node) = node.entry(name)?;
        }
        Some(&node.content)
    }

    /// All faults.
    pub(in crate::config) fn into_faults(self) -> Vec<Fault> {
        self.faults
    }
}

/// `message` without what it quotes of `content`, where that came from outside the file.
fn veiled(message: String, content: &Content) -> String {
    match content {
        Content::Text { text, substituted: true } => veil(&message, text),
        _ => message,
    }
}

/// `message` without what it quotes of `text`, which came from outside the file and may be a secret.
fn veil(message: &str, text: &str) -> String {
    let parts: Vec<_> = message
        .split('`')
        .enumerate()
        .map(|(index, part)| if index % 2 == 1 && text.contains(part) { "…" } else { part })
        .collect();
    parts.join("`")
}
