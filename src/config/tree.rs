//! YAML as a tree in which every key and value knows its place in the file.
//!
//! Nodes hold secrets in plain text, so nothing here has `Debug`.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Number;
use serde_saphyr::{MessageFormatter as _, Spanned, UserMessageFormatter};

use super::fault::{Fault, Place};

/// A value with its place.
pub(super) struct Node {
    /// Where the value starts.
    pub(super) at: Place,
    /// The value.
    pub(super) content: Content,
}

/// What a node holds.
pub(super) enum Content {
    Null,
    Boolean(bool),
    Number(Number),
    Text {
        text: String,
        /// Whether a part of it came from outside the file; such text may also be read as a number and is never shown.
        substituted: bool,
    },
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
    /// A value that could not be had and is reported already.
    Unknown,
}

/// A key of a map with its place.
pub(super) struct Key {
    pub(super) at: Place,
    pub(super) name: String,
}

impl Node {
    /// Reads one YAML document.
    ///
    /// # Errors
    /// The first place where `text` is not YAML. What follows it has no meaning, so there is one fault only.
    pub(super) fn parse(text: &str) -> Result<Self, Fault> {
        if text.trim().is_empty() {
            return Err(Fault {
                place: Place::START,
                key: String::new(),
                message: "the file is empty".to_owned(),
            });
        }
        // Otherwise `y`, `no` and `on` would be booleans, as in YAML 1.1.
        let options = serde_saphyr::options! { strict_booleans: true };
        serde_saphyr::from_str_with_options(text, options).map_err(|error| {
            let place = error
                .location()
                .map_or(Place::START, |at| Place { line: at.line().max(1), column: at.column().max(1) });
            // A snippet would show the neighbouring lines, and they may hold secrets.
            let message = UserMessageFormatter.format_message(error.without_snippet());
            let line = usize::try_from(place.line - 1).ok().and_then(|index| text.lines().nth(index));
            let hint = if line.is_some_and(|line| line.contains("${") || line.contains("{{")) {
                "; within { } a value with `${…}` or `{{…}}` needs quotes"
            } else {
                ""
            };
            Fault {
                place,
                key: String::new(),
                message: format!("not valid YAML: {}{hint}", message.replace(char::is_control, " ")),
            }
        })
    }

    /// The entry `name` of a map.
    pub(super) fn entry(&self, name: &str) -> Option<(&Key, &Node)> {
        match &self.content {
            Content::Map(entries) => {
                entries.iter().find(|(key, _)| key.name == name).map(|(key, node)| (key, node))
            }
            _ => None,
        }
    }

    /// The value of the entry `name` of a map.
    pub(super) fn entry_mut(&mut self, name: &str) -> Option<&mut Node> {
        match &mut self.content {
            Content::Map(entries) => {
                entries.iter_mut().find(|(key, _)| key.name == name).map(|(_, node)| node)
            }
            _ => None,
        }
    }

    /// The entries of the map under `name`, which is made where there is none.
    pub(super) fn section(&mut self, name: &str) -> &mut Vec<(Key, Node)> {
        if !matches!(self.content, Content::Map(_)) {
            self.content = Content::Map(Vec::new());
        }
        if self.entry(name).is_none_or(|(_, node)| !matches!(node.content, Content::Map(_)))
            && let Content::Map(entries) = &mut self.content
        {
            entries.retain(|(key, _)| key.name != name);
            let key = Key { at: Place::START, name: name.to_owned() };
            entries.push((key, Node { at: Place::START, content: Content::Map(Vec::new()) }));
        }
        match self.entry_mut(name).map(|node| &mut node.content) {
            Some(Content::Map(entries)) => entries,
            _ => unreachable!("it was made a map"),
        }
    }

    /// Takes out the entries of the map under `name`.
    pub(super) fn take(&mut self, name: &str) -> Vec<(Key, Node)> {
        std::mem::take(self.section(name))
    }

    /// The place of the value at `path`; of the deepest key that exists when there is no such value.
    pub(super) fn place_of(&self, path: &[&str]) -> Place {
        let mut place = Place::START;
        let mut node = self;
        for (depth, name) in path.iter().enumerate() {
            if let Content::List(items) = &node.content
                && let Some(item) = name.parse::<usize>().ok().and_then(|index| items.get(index))
            {
                (place, node) = (item.at, item);
                continue;
            }
            let Some((key, value)) = node.entry(name) else {
                break;
            };
            let is_value =
                depth + 1 == path.len() && !matches!(value.content, Content::Map(_) | Content::Null);
            place = if is_value { value.at } else { key.at };
            node = value;
        }
        place
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Spanned { value, referenced, .. } = Spanned::<Content>::deserialize(deserializer)?;
        Ok(Self { at: place(referenced), content: value })
    }
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ContentVisitor)
    }
}

struct ContentVisitor;

impl<'de> Visitor<'de> for ContentVisitor {
    type Value = Content;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML value")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Content, E> {
        Ok(Content::Null)
    }

    fn visit_none<E: de::Error>(self) -> Result<Content, E> {
        Ok(Content::Null)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Content, E> {
        Ok(Content::Boolean(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Content, E> {
        Ok(Content::Number(value.into()))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Content, E> {
        Ok(Content::Number(value.into()))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Content, E> {
        Ok(Number::from_f64(value).map_or(Content::Null, Content::Number))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Content, E> {
        self.visit_string(value.to_owned())
    }

    fn visit_string<E: de::Error>(self, text: String) -> Result<Content, E> {
        Ok(Content::Text { text, substituted: false })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Content, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            items.push(item);
        }
        Ok(Content::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Content, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = map.next_key::<Spanned<String>>()? {
            let key = Key { at: place(key.referenced), name: key.value };
            entries.push((key, map.next_value()?));
        }
        Ok(Content::Map(entries))
    }
}

fn place(location: serde_saphyr::Location) -> Place {
    Place { line: location.line(), column: location.column() }
}
