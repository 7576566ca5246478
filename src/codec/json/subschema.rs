//! A place in a JSON Schema, and what stands there.

use orgstream_api::Value;
use serde_json::Value as Json;

use super::number;
use super::tree::Node;
use crate::codec::{logical, spelling};

/// How many steps a place may be from the beginning. What follows them recurses, and the stack is finite.
const DEEPEST: u16 = 400;

/// A schema within a document.
#[derive(Debug, Clone, Copy)]
pub(super) struct At<'s> {
    document: &'s Json,
    schema: &'s Json,
    depth: u16,
}

impl<'s> At<'s> {
    /// The beginning of a document.
    pub(super) fn root(document: &'s Json) -> Self {
        Self { document, schema: document, depth: 0 }
    }

    /// The document that the schema stands in.
    pub(super) fn document(self) -> &'s Json {
        self.document
    }

    /// A schema that was found by a reference.
    pub(super) fn in_document(self, document: &'s Json, schema: &'s Json) -> Self {
        Self { document, schema, ..self }
    }

    /// The same place a step further; `None` beyond all reason.
    pub(super) fn deeper(self) -> Option<Self> {
        (self.depth < DEEPEST).then_some(Self { depth: self.depth + 1, ..self })
    }

    /// The text behind a word.
    pub(super) fn text(self, word: &str) -> Option<&'s str> {
        self.schema.get(word).and_then(Json::as_str)
    }

    /// The schema behind a word, where it is one that says something.
    pub(super) fn child(self, word: &str) -> Option<Self> {
        self.schema.get(word).filter(|schema| schema.is_object()).map(|schema| Self { schema, ..self })
    }

    /// The schema of a member.
    pub(super) fn property(self, name: &str) -> Option<Self> {
        let schema = self.schema.get("properties")?.get(name)?;
        Some(Self { schema, ..self })
    }

    /// Members that have to be there.
    pub(super) fn required(&self) -> impl Iterator<Item = &'s str> + use<'s> {
        self.list("required").into_iter().flatten().filter_map(Json::as_str)
    }

    /// The schemas of which one holds.
    pub(super) fn alternatives(self) -> Option<Vec<Self>> {
        let list = self.list("oneOf").or_else(|| self.list("anyOf"))?;
        Some(list.iter().map(|schema| Self { schema, ..self }).collect())
    }

    /// The schemas that all hold beside this one.
    pub(super) fn parts(self) -> impl Iterator<Item = Self> {
        let list = self.list("allOf").into_iter().flatten();
        list.map(move |schema| Self { schema, ..self })
    }

    /// The types it names; none where it takes all.
    pub(super) fn types(self) -> Vec<&'s str> {
        match self.schema.get("type") {
            Some(Json::String(only)) => vec![only],
            Some(Json::Array(several)) => several.iter().filter_map(Json::as_str).collect(),
            _ => Vec::new(),
        }
    }

    /// Whether a value is of its types.
    pub(super) fn allows(self, node: &Node<'_>) -> bool {
        let names: &[&str] = match node {
            Node::Null => &["null"],
            Node::Boolean(_) => &["boolean"],
            Node::Number(_) => &["number", "integer"],
            Node::Text(_) => &["string"],
            Node::List(_) => &["array"],
            Node::Object(_) => &["object"],
        };
        let types = self.types();
        types.is_empty() || types.iter().any(|own| names.contains(own))
    }

    /// Whether its numbers are integers.
    pub(super) fn is_integer(self) -> bool {
        let types = self.types();
        types.contains(&"integer") && !types.contains(&"number")
    }

    fn list(self, word: &str) -> Option<&'s Vec<Json>> {
        self.schema.get(word).and_then(Json::as_array)
    }
}

/// What Kafka Connect's converter says of a value beside its type: a date, a time, an exact decimal. `None` where it is
/// as JSON has it.
pub(super) fn meaning(at: At<'_>, node: &Node<'_>) -> Option<Result<Value, String>> {
    let title = at.text("title")?;
    let wrong = || Err(format!("{node} is no value of {title}"));
    if title == logical::DECIMAL {
        let scale = at.schema["connect.parameters"]["scale"].as_str().and_then(|scale| scale.parse().ok());
        return Some(match (node, scale) {
            (Node::Number(spelled), _) => number::decimal(spelled).map(Value::String),
            (Node::Text(text), Some(scale)) => match spelling::from_base64(text) {
                Some(bytes) => spelling::decimal(&bytes, scale).map(Value::String),
                None => wrong(),
            },
            _ => wrong(),
        });
    }
    let shape = logical::of_integer(title)?;
    let number = match node {
        Node::Number(spelled) => number::integer(spelled),
        _ => None,
    };
    Some(number.and_then(|number| shape.of_integer(number)).map_or_else(wrong, Ok))
}
