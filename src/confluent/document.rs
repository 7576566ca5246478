//! A file of orgstream's while it is put together: keys in order, each with the property that it comes from.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Where a key comes from: the connector (or worker) by its number, and the property.
pub(super) type Origin = (usize, String);

/// Keys with their values.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Map {
    entries: Vec<Entry>,
}

#[derive(Debug, Clone, PartialEq)]
struct Entry {
    key: String,
    value: Value,
    from: Option<Origin>,
}

/// What stands behind a key.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    /// Text, in quotes where it needs them.
    Text(String),
    /// A number, a boolean, or nothing at all.
    Plain(String),
    /// Texts in one line.
    List(Vec<String>),
    /// Keys.
    Map(Map),
}

impl Value {
    /// Whether both are the same, wherever they come from.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Map(one), Self::Map(other)) => {
                let pairs = one.entries.iter().zip(&other.entries);
                one.entries.len() == other.entries.len()
                    && pairs.into_iter().all(|(a, b)| a.key == b.key && a.value.is_like(&b.value))
            }
            (one, other) => one == other,
        }
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Plain(value.to_string())
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Plain(value.to_string())
    }
}

impl From<Vec<String>> for Value {
    fn from(list: Vec<String>) -> Self {
        Self::List(list)
    }
}

impl From<Map> for Value {
    fn from(map: Map) -> Self {
        Self::Map(map)
    }
}

impl Map {
    /// Whether it has no key.
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Sets `key`. What it had is gone.
    pub(super) fn put(&mut self, key: impl Into<String>, value: impl Into<Value>, from: Option<Origin>) {
        let entry = Entry { key: key.into(), value: value.into(), from };
        match self.entries.iter_mut().find(|known| known.key == entry.key) {
            Some(known) => *known = entry,
            None => self.entries.push(entry),
        }
    }

    /// The keys behind `key`, which are made where there are none.
    pub(super) fn map(&mut self, key: &str) -> &mut Map {
        let index = self.entries.iter().position(|entry| entry.key == key).unwrap_or_else(|| {
            self.entries.push(Entry { key: key.to_owned(), value: Value::Map(Map::default()), from: None });
            self.entries.len() - 1
        });
        let value = &mut self.entries[index].value;
        if !matches!(value, Value::Map(_)) {
            *value = Value::Map(Map::default());
        }
        match value {
            Value::Map(map) => map,
            _ => unreachable!("it was made one"),
        }
    }

    /// The keys behind the last of `path`.
    pub(super) fn at(&mut self, path: &[&str]) -> &mut Map {
        path.iter().fold(self, |map, key| map.map(key))
    }

    /// The keys in order.
    pub(super) fn keys(&self) -> Vec<&str> {
        self.entries.iter().map(|entry| entry.key.as_str()).collect()
    }

    /// Takes `key` out.
    pub(super) fn remove(&mut self, key: &str) {
        self.entries.retain(|entry| entry.key != key);
    }

    /// Adds the keys of `other`; where both have one, those behind it, and else the other's.
    pub(super) fn merge(&mut self, other: Self) {
        for entry in other.entries {
            match (self.entries.iter_mut().find(|known| known.key == entry.key), entry.value) {
                (Some(Entry { value: Value::Map(own), .. }), Value::Map(map)) => own.merge(map),
                (Some(known), value) => *known = Entry { key: entry.key, value, from: entry.from },
                (None, value) => self.entries.push(Entry { key: entry.key, value, from: entry.from }),
            }
        }
    }

    /// Where `key` comes from, where it comes from a property.
    pub(super) fn from(&self, key: &str) -> Option<Origin> {
        self.entries.iter().find(|entry| entry.key == key)?.from.clone()
    }

    /// Takes `key` over from `other`, where it is there.
    pub(super) fn merge_one(&mut self, key: &str, other: &Self) {
        if let Some(entry) = other.entries.iter().find(|entry| entry.key == key) {
            self.put(key, entry.value.clone(), entry.from.clone());
        }
    }

    /// The value of `key`.
    pub(super) fn get(&self, key: &str) -> Option<&Value> {
        self.entries.iter().find(|entry| entry.key == key).map(|entry| &entry.value)
    }

    /// Where each key comes from, by its path with dots.
    pub(super) fn origins(&self) -> BTreeMap<String, Origin> {
        let mut origins = BTreeMap::new();
        self.collect("", &mut origins);
        origins
    }

    fn collect(&self, above: &str, origins: &mut BTreeMap<String, Origin>) {
        for entry in &self.entries {
            let path = if above.is_empty() { entry.key.clone() } else { format!("{above}.{}", entry.key) };
            if let Value::Map(map) = &entry.value {
                map.collect(&path, origins);
            }
            if let Some(from) = &entry.from {
                origins.insert(path, from.clone());
            }
        }
    }

    /// The text of the file; behind each value the property that it comes from.
    pub(super) fn to_yaml(&self) -> String {
        let mut text = String::new();
        self.write(0, &mut text);
        text
    }

    fn write(&self, depth: usize, out: &mut String) {
        for entry in &self.entries {
            let indent = "  ".repeat(depth);
            let key = scalar(&entry.key);
            let comment =
                entry.from.as_ref().map(|(_, property)| format!("  # {property}")).unwrap_or_default();
            let _infallible = match &entry.value {
                Value::Map(map) if map.is_empty() => writeln!(out, "{indent}{key}: {{}}{comment}"),
                Value::Map(map) => {
                    let _infallible = writeln!(out, "{indent}{key}:{comment}");
                    map.write(depth + 1, out);
                    continue;
                }
                Value::Text(text) => writeln!(out, "{indent}{key}: {}{comment}", scalar(text)),
                Value::Plain(text) => writeln!(out, "{indent}{key}: {text}{comment}"),
                Value::List(list) => {
                    let items: Vec<_> = list.iter().map(|item| scalar(item)).collect();
                    writeln!(out, "{indent}{key}: [{}]{comment}", items.join(", "))
                }
            };
        }
    }
}

/// A text as YAML: bare where nothing else can be read in it, else as JSON writes it, which YAML reads alike.
fn scalar(text: &str) -> String {
    const WORDS: [&str; 9] = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    let bare = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
        && !WORDS.contains(&text.to_lowercase().as_str());
    if bare {
        return text.to_owned();
    }
    // JSON leaves signs as they are that YAML takes for line ends, or not at all.
    let sign = |c: char| c >= '\u{7f}' && !c.is_alphanumeric();
    let json = serde_json::Value::from(text).to_string();
    json.chars().map(|c| if sign(c) { format!("\\U{:08x}", u32::from(c)) } else { c.to_string() }).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn keys_stand_in_their_order_with_where_they_come_from() {
        let mut map = Map::default();
        map.at(&["orgs", "a"]).put("url", "https://x", Some((0, "salesforce.instance".to_owned())));
        map.map("pipelines").put("p", Map::default(), None);
        map.put("n", 3_i64, None);
        assert_eq!(
            map.to_yaml(),
            "orgs:\n  a:\n    url: \"https://x\"  # salesforce.instance\npipelines:\n  p: {}\n\"n\": 3\n"
        );
        assert_eq!(
            map.origins(),
            BTreeMap::from([("orgs.a.url".to_owned(), (0, "salesforce.instance".to_owned()))])
        );
    }

    proptest! {
        #[test]
        fn any_text_is_the_same_text_in_the_file(key in ".{1,20}", text in ".*") {
            let mut map = Map::default();
            map.put(key.clone(), text.clone(), None);
            let read: BTreeMap<String, String> = serde_saphyr::from_str(&map.to_yaml()).expect("it is YAML");
            prop_assert_eq!(read, BTreeMap::from([(key, text)]));
        }
    }
}
