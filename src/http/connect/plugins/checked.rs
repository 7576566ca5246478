//! Properties with what is wrong with them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::definition::{Definition, add, definitions, group, shown};
use crate::confluent::catalog;
use crate::confluent::{Kind, Verdict};
use crate::connectors;
use crate::http::connect::Connect;
use crate::http::connect::body::Properties;

/// What is wrong with each property, in Kafka Connect's shape.
pub(super) fn of(connect: &Connect, kind: Kind, class: &str, sent: &Properties) -> Value {
    let filled: BTreeMap<String, String> =
        sent.iter().filter_map(|(name, value)| Some((name.clone(), value.clone()?))).collect();
    let errors = errors(connect, sent, &filled);
    let mut all = definitions(kind);
    let names = filled.keys().filter(|name| catalog::of_connector(kind, name).is_some());
    for name in names.chain(errors.keys()) {
        if all.iter().all(|known| known.name != *name) {
            add(&mut all, kind, name);
        }
    }
    let hidden = connectors::shown(Some(kind), &filled);
    let groups: BTreeSet<&str> = all.iter().map(|definition| group(&definition.name)).collect();
    let configs: Vec<Value> = all.iter().map(|definition| config(definition, &hidden, &errors)).collect();
    json!({
        "name": class,
        "error_count": errors.values().map(Vec::len).sum::<usize>(),
        "groups": groups,
        "configs": configs,
    })
}

fn config(
    definition: &Definition,
    sent: &BTreeMap<String, String>,
    errors: &BTreeMap<String, Vec<String>>,
) -> Value {
    let value = sent.get(&definition.name).map(String::as_str).or_else(|| definition.default());
    json!({
        "definition": shown(definition),
        "value": {
            "name": definition.name,
            "value": value,
            "recommended_values": definition.choices(),
            "errors": errors.get(&definition.name).cloned().unwrap_or_default(),
            "visible": true,
        },
    })
}

/// What nothing can run with, by property.
fn errors(
    connect: &Connect,
    sent: &Properties,
    filled: &BTreeMap<String, String>,
) -> BTreeMap<String, Vec<String>> {
    let mut errors: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut say = |property: &str, message: String| {
        let said = errors.entry(property.to_owned()).or_default();
        if !said.contains(&message) {
            said.push(message);
        }
    };
    for (name, _) in sent.iter().filter(|(_, value)| value.is_none()) {
        say(name, "Null value can not be supplied as the configuration value.".to_owned());
    }
    let mut examined = filled.clone();
    // A connector without a name is looked at all the same.
    if filled.get("name").is_none_or(|name| name.trim().is_empty()) {
        say("name", "Missing required configuration \"name\" which has no default value.".to_owned());
        examined.insert("name".to_owned(), UNNAMED.to_owned());
    }
    for found in connect.declared.examine(&examined) {
        if found.verdict == Verdict::Refused {
            // What is said of no single property stands at the one that all of them have.
            let of = if found.property.is_empty() { "connector.class" } else { &found.property };
            say(of, found.message);
        }
    }
    errors
}

/// What a connector without a name is called while it is looked at.
const UNNAMED: &str = "unnamed";
