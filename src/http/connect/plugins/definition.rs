//! A property as Kafka Connect defines one.

use serde_json::{Value, json};

use crate::confluent::Kind;
use crate::confluent::catalog::{self, Default, Fate, Known, Type};

/// A property of a connector, and where it stands among those of its group.
#[derive(Debug, Clone)]
pub(super) struct Definition {
    /// Its name. Where a row of the catalog stands for many names, one of them.
    pub(super) name: String,
    /// What is known of it; nothing where nobody knows it.
    pub(super) known: Option<&'static Known>,
    order: usize,
}

/// Those of a kind of connector, without those whose names others make up.
pub(super) fn definitions(kind: Kind) -> Vec<Definition> {
    let named = catalog::connectors().filter(|known| known.of.contains(&kind) && !known.name.contains('*'));
    let mut all: Vec<Definition> = Vec::new();
    for known in named {
        let order = next(&all, known.name);
        all.push(Definition { name: known.name.to_owned(), known: Some(known), order });
    }
    all
}

/// One more, of this name.
pub(super) fn add(all: &mut Vec<Definition>, kind: Kind, name: &str) {
    let known = catalog::of_connector(kind, name);
    let order = next(all, name);
    all.push(Definition { name: name.to_owned(), known, order });
}

fn next(all: &[Definition], name: &str) -> usize {
    1 + all.iter().filter(|other| group(&other.name) == group(name)).count()
}

/// Where people look for it.
pub(super) fn group(name: &str) -> &'static str {
    const GROUPS: &[(&str, &str)] = &[
        ("transforms", "Transforms"),
        ("predicates", "Predicates"),
        ("errors.", "Error Handling"),
        ("topic.creation.", "Topic Creation"),
        ("salesforce.", "Salesforce"),
        ("reporter.", "Reporter"),
        ("confluent.", "Confluent Platform"),
        ("producer.override.", "Client Overrides"),
        ("consumer.override.", "Client Overrides"),
        ("admin.override.", "Client Overrides"),
    ];
    GROUPS.iter().find(|(start, _)| name.starts_with(start)).map_or("Common", |(_, group)| group)
}

impl Definition {
    /// What holds where it is left out.
    pub(super) fn default(&self) -> Option<&'static str> {
        match self.known?.default {
            Default::Is(value) => Some(value),
            Default::Required | Default::Null => None,
        }
    }

    /// Whether it must be there.
    pub(super) fn is_required(&self) -> bool {
        self.known.is_some_and(|known| known.default == Default::Required)
    }

    /// The values that somebody may choose from; none where any will do.
    pub(super) fn choices(&self) -> &'static [&'static str] {
        match self.known.map(|known| known.kind) {
            Some(Type::Word(words)) => words,
            Some(Type::Boolean) => &["true", "false"],
            _ => &[],
        }
    }
}

/// As Kafka Connect shows it.
pub(super) fn shown(definition: &Definition) -> Value {
    json!({
        "name": definition.name,
        "type": definition.known.map_or("STRING", |known| kind(known.kind)),
        "required": definition.is_required(),
        "default_value": definition.default(),
        "importance": importance(definition),
        "documentation": definition.known.map_or_else(String::new, |known| documentation(known.fate)),
        "group": group(&definition.name),
        "width": "MEDIUM",
        "display_name": definition.name,
        "dependents": [],
        "order": definition.order,
    })
}

fn kind(kind: Type) -> &'static str {
    match kind {
        Type::Text | Type::Word(_) => "STRING",
        Type::Secret => "PASSWORD",
        Type::Boolean => "BOOLEAN",
        Type::Number(_, most) if most <= i64::from(i32::MAX) => "INT",
        Type::Number(..) => "LONG",
        Type::List => "LIST",
    }
}

fn importance(definition: &Definition) -> &'static str {
    match definition.known.map(|known| known.fate) {
        _ if definition.is_required() => "HIGH",
        Some(Fate::Same(_) | Fate::Differs(..)) => "MEDIUM",
        Some(Fate::Ignored(_) | Fate::Refused(_)) | None => "LOW",
    }
}

fn documentation(fate: Fate) -> String {
    let key = |key: &str| if key.is_empty() { String::new() } else { format!("Becomes `{key}`. ") };
    match fate {
        Fate::Same(place) => key(place).trim_end().to_owned(),
        Fate::Differs(place, what) => format!("{}Other than there: {what}.", key(place)),
        Fate::Ignored(why) => format!("Accepted without effect: {why}."),
        Fate::Refused(instead) => format!("Nothing can run with it: {instead}."),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_property_of_a_kind_is_defined_once_and_has_a_place_in_its_group() {
        for kind in Kind::ALL {
            let all = definitions(kind);
            let names: BTreeSet<&str> = all.iter().map(|definition| &*definition.name).collect();
            assert_eq!(names.len(), all.len(), "{kind:?}");
            assert!(names.contains("name") && names.contains("salesforce.password"), "{kind:?}");
            let places: BTreeSet<(&str, usize)> =
                all.iter().map(|definition| (group(&definition.name), definition.order)).collect();
            assert_eq!(places.len(), all.len(), "{kind:?}");
            let name = all.iter().find(|definition| definition.name == "name").map(shown).unwrap();
            assert_eq!((&name["required"], &name["type"]), (&json!(true), &json!("STRING")));
        }
    }
}
