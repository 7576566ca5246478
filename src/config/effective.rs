//! Every setting of a file with its value and the layer that the value comes from, for people who ask why.
//!
//! What stands in the file is shown as it stands there, placeholders unfilled, so that no secret is read for it; a secret
//! that stands there itself is shown as `***`.

use std::path::Path;

use serde::Serialize;
use serde_json::Value;

use super::fault::Faults;
use super::load::load;
use super::schema::json_schema;
use super::text_file::read_text;
use super::tree::{Content, Node};
use crate::kafka::KafkaConfig;
use crate::kafka::effective::clients;

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
    let config = load(path)?;
    let mut settings = Vec::new();
    // The file was read a moment ago; what it says has no value that was put in.
    if let Ok(root) = read_text(path).map_err(drop).and_then(|text| Node::parse(&text).map_err(drop)) {
        section(&json_schema(), Some(&root), "", &mut settings);
    }
    let kafka = KafkaConfig {
        bootstrap_servers: match config.kafka.brokers {
            super::Brokers::At(servers) => servers,
            super::Brokers::Embedded => "(embedded)".to_owned(),
        },
        partitions: None,
        replication_factor: None,
        settings: config.kafka.settings,
    };
    settings.extend(clients(&kafka));
    Ok(settings)
}

/// The settings of `node`, or the defaults where the file says nothing.
fn section(schema: &Value, node: Option<&Node>, path: &str, settings: &mut Vec<Setting>) {
    if let Some(map) = map_of(schema, node) {
        let entries: &[_] = match node.map(|node| &node.content) {
            Some(Content::Map(entries)) => entries,
            _ => &[],
        };
        let properties = map["properties"].as_object();
        for (name, child) in properties.into_iter().flatten() {
            let node = entries.iter().find(|(key, _)| key.name == *name).map(|(_, node)| node);
            if node.is_some() || !is_opt_in(child) {
                section(child, node, &join(path, name), settings);
            }
        }
        let named = |name: &str| properties.is_some_and(|properties| properties.contains_key(name));
        for (key, node) in entries.iter().filter(|(key, _)| !named(&key.name)) {
            section(&map["additionalProperties"], Some(node), &join(path, &key.name), settings);
        }
        return;
    }
    let (value, layer) = match (node, &schema["default"]) {
        (Some(node), _) => (shown(node, schema, path), format!("line {}", node.at.line)),
        (None, Value::Null) => return,
        (None, Value::String(word)) => (word.clone(), "default".to_owned()),
        (None, default) => (default.to_string(), "default".to_owned()),
    };
    settings.push(Setting { key: path.to_owned(), value, layer });
}

/// The schema of the map that `node` is, or would be.
fn map_of<'a>(schema: &'a Value, node: Option<&Node>) -> Option<&'a Value> {
    let is_map =
        |schema: &&Value| schema["properties"].is_object() || schema["additionalProperties"].is_object();
    let Some(choices) = schema["oneOf"].as_array() else { return Some(schema).filter(is_map) };
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
    choices.iter().filter(is_map).find(fits)
}

/// Whether a section that is left out is not there at all, rather than there with its defaults.
fn is_opt_in(schema: &Value) -> bool {
    schema["x-opt-in"] == true || schema["required"].as_array().is_some_and(|required| !required.is_empty())
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn shown(node: &Node, schema: &Value, path: &str) -> String {
    let name = path.rsplit_once("properties.").map_or(path, |(_, name)| name);
    let secret = schema["x-secret"] == true
        || schema["x-form"] == "property" && crate::kafka::properties::is_secret(name);
    match &node.content {
        Content::Text { text, .. } if secret => in_place_of(text),
        _ if secret => HIDDEN.to_owned(),
        content => text(content),
    }
}

/// A placeholder is no secret.
fn in_place_of(secret: &str) -> String {
    let text = secret.trim();
    let whole = |open: &str, close: &str| {
        text.strip_prefix(open)
            .and_then(|rest| rest.strip_suffix(close))
            .is_some_and(|inner| !inner.contains(['{', '}']))
    };
    if whole("${", "}") || whole("{{", "}}") { text.to_owned() } else { HIDDEN.to_owned() }
}

fn text(content: &Content) -> String {
    match content {
        Content::Null | Content::Unknown => String::new(),
        Content::Boolean(switch) => switch.to_string(),
        Content::Number(number) => number.to_string(),
        // A certificate that stands in the file is named by its first line.
        Content::Text { text, .. } => match text.trim_end().split_once('\n') {
            Some((first, _)) => format!("{first} …"),
            None => text.clone(),
        },
        Content::List(items) => {
            let items: Vec<_> = items.iter().map(|item| text(&item.content)).collect();
            format!("[{}]", items.join(", "))
        }
        Content::Map(entries) => {
            let entries: Vec<_> =
                entries.iter().map(|(key, node)| format!("{}: {}", key.name, text(&node.content))).collect();
            format!("{{{}}}", entries.join(", "))
        }
    }
}
