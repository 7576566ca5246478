//! Single message transforms as keys of the file, which are expressions in CEL where something is computed.
//!
//! - `fields`: `InsertField`, `ReplaceField`, `Cast`
//! - `filter`: `Filter` with its predicate
//! - `router`: `RegexRouter`

mod fields;
mod filter;
mod router;

use super::document::{Map, Value};
use super::kind::Kind;
use super::part::Making;
use super::settings::listed;

/// The half of a pipeline that a connector becomes, with what transforms may change of it.
pub(super) struct Changed<'m> {
    /// Its kind.
    pub(super) kind: Kind,
    /// The keys of the half.
    pub(super) half: &'m mut Map,
    /// The keys of the objects.
    pub(super) objects: &'m mut Map,
    /// The one topic of a source, where it is one.
    pub(super) topic: Option<String>,
}

/// A transform.
pub(super) struct Transform {
    /// Its name among the others.
    alias: String,
    /// The property that says its type.
    property: String,
}

impl Transform {
    /// The property of this option.
    fn option(&self, name: &str) -> String {
        format!("transforms.{}.{name}", self.alias)
    }

    /// The value of this option, where there is one.
    fn get<'g>(&self, making: &'g Making<'_, '_>, name: &str) -> Option<&'g str> {
        making.settings.given.get(&self.option(name)).map(str::trim).filter(|text| !text.is_empty())
    }

    /// Refuses the transform.
    fn refuse(&self, making: &mut Making<'_, '_>, message: impl Into<String>) {
        making.settings.refuse(&self.property, message);
    }
}

/// Other transforms of Kafka Connect, with what does the same in a file.
const OTHERS: [(&str, &str); 15] = [
    ("MaskField", "`objects.NAME.source.fields: { Email: { value: '\"***\"', type: string } }`"),
    ("ExtractField", "records have all their fields; an expression takes one: `value.Name`"),
    ("HoistField", "records have their fields at the top, where sinks look for them"),
    ("Flatten", "`objects.NAME.source.fields: { City: { value: 'value.Address.City', type: string } }`"),
    ("ValueToKey", "the key is the record's id, so that the changes of a record stay in order"),
    ("SetSchemaMetadata", "schemas are named after their objects"),
    (
        "TimestampConverter",
        "`objects.NAME.source.fields: { Day: { value: 'value.CreatedDate', type: date } }`",
    ),
    ("TimestampRouter", "put a field into the topic: `topic: leads.${CreatedDate}`"),
    (
        "InsertHeader",
        "headers say where a record comes from by themselves: `orgstream.org`, `orgstream.channel` and others",
    ),
    (
        "HeaderFrom",
        "headers say where a record comes from by themselves: `orgstream.org`, `orgstream.channel` and others",
    ),
    ("DropHeaders", "a sink needs the headers of a source to know what a record carries"),
    ("MessageTimestampRouter", "put a field into the topic: `topic: leads.${CreatedDate}`"),
    ("ExtractTopic", "put a field into the topic: `topic: leads.${LeadSource}`"),
    ("Drop", "`source.filter`, an expression such as `value.LeadSource != \"Test\"`"),
    ("GzipDecompress", "values are read as `input` says"),
];

/// Does what the connector's transforms say, in their order.
pub(super) fn transforms(making: &mut Making<'_, '_>, changed: &mut Changed<'_>) {
    let aliases = making.settings.list("transforms");
    for alias in &aliases {
        let property = format!("transforms.{alias}.type");
        let transform = Transform { alias: alias.clone(), property };
        let Some(class) = transform.get(making, "type").map(str::to_owned) else {
            let property = &transform.property;
            transform.refuse(
                making,
                format!("Missing required configuration \"{property}\" which has no default value."),
            );
            continue;
        };
        let name = class.rsplit('.').next().unwrap_or(&class);
        if name != "Filter" && transform.get(making, "predicate").is_some() {
            let message = "a transform of some records alone is an expression: `value.LeadSource == \"Web\" ? \"a\" : \"b\"` under \
                           `objects.NAME.source.fields`";
            making.settings.refuse(&transform.option("predicate"), message);
        }
        match name {
            "InsertField$Value" => fields::insert(making, &transform, changed),
            "ReplaceField$Value" => fields::replace(making, &transform, changed),
            "Cast$Value" => fields::cast(making, &transform, changed),
            "Filter" => filter::filter(making, &transform, changed),
            "RegexRouter" => router::route(making, &transform, changed),
            other => transform.refuse(making, instead(other)),
        }
    }
    unused(making, &aliases);
}

/// What to use in place of a transform that there is not.
fn instead(class: &str) -> String {
    let (name, half) = class.split_once('$').unwrap_or((class, ""));
    if half == "Key" {
        return format!("`{class}`: keys stay as they are, so that the changes of a record stay in order");
    }
    match OTHERS.iter().find(|(known, _)| *known == name) {
        Some((_, instead)) => format!("there is no `{class}`; in a file: {instead}"),
        None => format!(
            "there is no `{class}`; in a file, `fields` computes values, `filter` chooses records and `topic` names topics, by \
             expressions in CEL. Here there are InsertField, ReplaceField, Cast, Filter and RegexRouter"
        ),
    }
}

/// Says of options that nobody asks for them.
fn unused(making: &mut Making<'_, '_>, aliases: &[String]) {
    let predicates = making.settings.list("predicates");
    let idle = |name: &&String| {
        let of = |prefix: &str, known: &[String]| {
            let alias = name.strip_prefix(prefix)?;
            Some(!known.iter().any(|known| alias.starts_with(&format!("{known}."))))
        };
        of("transforms.", aliases).or_else(|| of("predicates.", &predicates)).unwrap_or(false)
    };
    let names: Vec<String> = making.settings.given.properties.keys().filter(idle).cloned().collect();
    for name in names {
        let list = if name.starts_with('t') { "transforms" } else { "predicates" };
        making.settings.ignore(&name, format!("`{list}` does not name it"));
    }
}

/// A text as CEL writes it.
fn literal(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// `a:b` pairs of a list.
fn pairs(text: &str) -> Result<Vec<(String, String)>, String> {
    let pair = |item: String| match item.split_once(':') {
        Some((left, right)) if !left.trim().is_empty() && !right.trim().is_empty() => {
            Ok((left.trim().to_owned(), right.trim().to_owned()))
        }
        _ => Err(format!("`{item}` is not of the form name:name")),
    };
    listed(text).into_iter().map(pair).collect()
}

/// What stands behind `path` in each object.
fn each_object(objects: &mut Map, path: &[&str], mut change: impl FnMut(&mut Map)) {
    let names: Vec<String> = objects.keys().into_iter().map(str::to_owned).collect();
    for name in names {
        change(objects.map(&name).at(path));
    }
}

/// The list behind `key` with more in it.
fn extend(map: &mut Map, key: &str, more: Vec<String>, from: Option<super::document::Origin>) {
    let mut list = match map.get(key) {
        Some(Value::List(list)) => list.clone(),
        _ => Vec::new(),
    };
    list.extend(more);
    map.put(key, list, from);
}
