//! Every setting of a file with its value and the layer that the value comes from, for people who ask why.
//!
//! What stands in the file is shown as it stands there, placeholders unfilled, so that no secret is read for it; a secret
//! that stands there itself is shown as `***`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::fault::Faults;
use super::load::{parse, read};
use super::schema::json_schema;
use super::substitute::{Surroundings, is_placeholder};
use super::tree::{Content, Node};
use crate::kafka::KafkaConfig;
use crate::kafka::effective::clients;
use crate::kafka::properties::is_secret;

/// What is shown in place of a secret.
pub(crate) const HIDDEN: &str = "***";

/// One setting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Setting {
    /// Its key, such as `kafka.topics.partitions`; librdkafka's properties stand under `librdkafka.KIND`, with the kind of client.
    pub key: String,
    /// Its value as text.
    pub value: String,
    /// Where the value comes from: `default`, `line N` of the file, or the key that a property follows from.
    pub layer: String,
}

/// The settings of a file, in the order of the reference of keys, and what its Kafka clients are told.
///
/// # Errors
/// Every fault of the file.
pub fn effective(path: &Path) -> Result<Vec<Setting>, Faults> {
    read(path, |text, from| of_text(text, path, from))
}

fn of_text(text: &str, path: &Path, from: &Surroundings<'_>) -> Result<Vec<Setting>, Faults> {
    let config = parse(text, path, from)?;
    // Of this tree nothing was put in.
    let root = Node::parse(text).map_err(|fault| Faults::new(path, vec![fault]))?;
    let mut settings = Vec::new();
    section(&json_schema(), Some(&root), "", Shown::ToPeople, &mut settings);
    let kafka = KafkaConfig {
        bootstrap_servers: match config.kafka.brokers {
            super::Brokers::At(servers) => servers,
            super::Brokers::Embedded => "(embedded)".to_owned(),
        },
        partitions: None,
        replication_factor: None,
        settings: config.kafka.settings,
    };
    settings.extend(clients(&kafka).into_iter().map(|setting| as_written(setting, &root)));
    Ok(settings)
}

/// A property of a client with the file's own words for its value, where a part of it comes from outside the file.
fn as_written(setting: Setting, root: &Node) -> Setting {
    let Some(Content::Text { text: words, .. }) = at(root, &setting.layer).map(|node| &node.content) else {
        return setting;
    };
    if setting.value == HIDDEN || !(words.contains("${") || words.contains("{{")) {
        return setting;
    }
    // Java's login is one text, of which the user is no secret and the password is.
    let value = if is_secret(property(&setting.layer)) { in_place_of(words) } else { first_line(words) };
    Setting { value, ..setting }
}

/// What stands at `key`, whose parts may have dots of their own.
fn at<'a>(node: &'a Node, key: &str) -> Option<&'a Node> {
    let Content::Map(entries) = &node.content else { return None };
    entries.iter().find_map(|(name, child)| match key.strip_prefix(name.name.as_str())? {
        "" => Some(child),
        rest => at(child, rest.strip_prefix('.')?),
    })
}

/// Who sees the values.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    /// People, who see no secret and no long text.
    ToPeople,
    /// The program, which tells two files apart by them.
    Whole,
}

/// What a file comes to, key by key, with secrets in it: only for telling two files apart. `tree` is the file with everything
/// put in.
pub(super) fn whole(schema: &Value, tree: &Node) -> BTreeMap<String, String> {
    let mut settings = Vec::new();
    section(schema, Some(tree), "", Shown::Whole, &mut settings);
    settings.into_iter().map(|setting| (setting.key, setting.value)).collect()
}

/// The settings of `node`, or the defaults where the file says nothing.
fn section(schema: &Value, node: Option<&Node>, path: &str, to: Shown, settings: &mut Vec<Setting>) {
    if let Some(map) = map_of(schema, node) {
        let entries: &[_] = match node.map(|node| &node.content) {
            Some(Content::Map(entries)) => entries,
            _ => &[],
        };
        // A section that is there with nothing in it is not one that is left out.
        if let (Shown::Whole, true, Some(node)) = (to, entries.is_empty(), node) {
            let value = verbatim(&node.content);
            settings.push(Setting { key: path.to_owned(), value, layer: String::new() });
        }
        let properties = map["properties"].as_object();
        for (name, child) in properties.into_iter().flatten() {
            let node = entries.iter().find(|(key, _)| key.name == *name).map(|(_, node)| node);
            if node.is_some() || !is_opt_in(child) {
                section(child, node, &join(path, name), to, settings);
            }
        }
        let named = |name: &str| properties.is_some_and(|properties| properties.contains_key(name));
        for (key, node) in entries.iter().filter(|(key, _)| !named(&key.name)) {
            section(&map["additionalProperties"], Some(node), &join(path, &key.name), to, settings);
        }
        return;
    }
    let (value, layer) = match (node, &schema["default"]) {
        (Some(node), _) if to == Shown::Whole => (verbatim(&node.content), String::new()),
        (Some(node), _) => (shown(node, schema, path), format!("line {}", node.at.line)),
        (None, Value::Null) => return,
        (None, Value::String(word)) => (word.clone(), "default".to_owned()),
        (None, default) => (default.to_string(), "default".to_owned()),
    };
    settings.push(Setting { key: path.to_owned(), value, layer });
}

/// The schema of the map that `node` is, or would be.
fn map_of<'a>(schema: &'a Value, node: Option<&Node>) -> Option<Cow<'a, Value>> {
    let is_map =
        |schema: &&Value| schema["properties"].is_object() || schema["additionalProperties"].is_object();
    let Some(choices) = schema["oneOf"].as_array() else {
        return Some(schema).filter(is_map).map(Cow::Borrowed);
    };
    let Content::Map(entries) = &node?.content else { return None };
    let fits = |choice: &&Value| {
        choice["properties"].as_object().is_some_and(|properties| {
            properties.iter().filter_map(|(name, child)| Some((name, child["const"].as_str()?))).all(
                |(name, word)| {
                    let given =
                        entries.iter().find(|(key, _)| key.name == *name).map(|(_, node)| &node.content);
                    matches!(given, Some(Content::Text { text, .. }) if text == word)
                },
            )
        })
    };
    let mut maps = choices.iter().filter(is_map);
    let choice = maps.clone().find(fits).map(Cow::Borrowed);
    choice.or_else(|| maps.next().map(|_| Cow::Owned(union(choices))))
}

/// The keys of all choices, of a map that comes to its choice by a word from outside the file. What is a secret in one of them
/// is a secret.
fn union(choices: &[Value]) -> Value {
    let mut all = Map::new();
    for (name, child) in choices.iter().filter_map(|choice| choice["properties"].as_object()).flatten() {
        let is_first = !all.contains_key(name);
        if is_first || child["x-secret"] == true {
            let mut child = child.clone();
            // Another choice has it not even as a default.
            child["x-opt-in"] = json!(true);
            all.insert(name.clone(), child);
        }
    }
    json!({ "properties": all })
}

/// Whether a section that is left out is not there at all, rather than there with its defaults.
fn is_opt_in(schema: &Value) -> bool {
    schema["x-opt-in"] == true || schema["required"].as_array().is_some_and(|required| !required.is_empty())
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn shown(node: &Node, schema: &Value, path: &str) -> String {
    let secret = schema["x-secret"] == true || schema["x-form"] == "property" && is_secret(property(path));
    match &node.content {
        // Nobody knows what it is, so it may be a secret.
        _ if !schema.is_object() => HIDDEN.to_owned(),
        Content::Text { text, .. } if secret => in_place_of(text),
        _ if secret => HIDDEN.to_owned(),
        content => text(content),
    }
}

/// The value so that no other one looks the same.
fn verbatim(content: &Content) -> String {
    match content {
        Content::Null | Content::Unknown => String::new(),
        Content::Boolean(switch) => switch.to_string(),
        Content::Number(number) => number.to_string(),
        Content::Text { text, .. } => text.clone(),
        Content::List(items) => {
            json!(items.iter().map(|item| verbatim(&item.content)).collect::<Vec<_>>()).to_string()
        }
        Content::Map(entries) => {
            let entries = entries.iter().map(|(key, node)| (&key.name, verbatim(&node.content)));
            json!(entries.collect::<BTreeMap<_, _>>()).to_string()
        }
    }
}

/// The name of the property at this key.
fn property(key: &str) -> &str {
    key.rsplit_once("properties.").map_or(key, |(_, name)| name)
}

/// A placeholder is no secret.
fn in_place_of(secret: &str) -> String {
    let text = secret.trim();
    if is_placeholder(text) { text.to_owned() } else { HIDDEN.to_owned() }
}

/// A certificate that stands in the file is named by its first line.
fn first_line(text: &str) -> String {
    match text.trim_end().split_once('\n') {
        Some((first, _)) => format!("{first} …"),
        None => text.to_owned(),
    }
}

fn text(content: &Content) -> String {
    match content {
        Content::Null | Content::Unknown => String::new(),
        Content::Boolean(switch) => switch.to_string(),
        Content::Number(number) => number.to_string(),
        Content::Text { text, .. } => first_line(text),
        Content::List(items) => {
            let items: Vec<_> = items.iter().map(|item| text(&item.content)).collect();
            format!("[{}]", items.join(", "))
        }
        Content::Map(entries) if entries.is_empty() => "{}".to_owned(),
        // Its keys have rows of their own; where they have none, nobody knows which are secrets.
        Content::Map(_) => HIDDEN.to_owned(),
    }
}

#[cfg(test)]
mod tests;
