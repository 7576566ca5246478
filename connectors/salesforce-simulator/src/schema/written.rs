//! A mapping of an objects file, read key by key. What is wrong is said in the words of the file: the key, what stands
//! there, and what to write.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};

/// A mapping whose keys are all known.
#[derive(Debug)]
pub(super) struct Mapping(Map<String, Json>);

impl Mapping {
    /// The mapping, if it has no other keys than these.
    pub(super) fn read(json: Json, keys: &[&str]) -> Result<Self, String> {
        let Json::Object(entries) = json else {
            return Err(format!(
                "{} stands where keys belong; the keys are {}",
                shown(&json),
                keys.join(", ")
            ));
        };
        match entries.keys().find(|key| !keys.contains(&key.as_str())) {
            Some(unknown) => Err(format!("there is no key {unknown}; the keys are {}", keys.join(", "))),
            None => Ok(Self(entries)),
        }
    }

    /// Whether the key is there.
    pub(super) fn has(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    /// The value as it stands there.
    pub(super) fn value(&self, key: &str) -> Option<&Json> {
        self.0.get(key)
    }

    /// A text.
    pub(super) fn text(&self, key: &str) -> Result<Option<String>, String> {
        self.0.get(key).map(|json| text(key, json)).transpose()
    }

    /// A text that must be there.
    pub(super) fn needed(&self, key: &str) -> Result<String, String> {
        self.text(key)?.ok_or_else(|| format!("{key} is missing; write {key} and a text"))
    }

    /// A whole number; `None` without the key.
    pub(super) fn number(&self, key: &str) -> Result<Option<u32>, String> {
        let Some(json) = self.0.get(key) else { return Ok(None) };
        let number = json.as_u64().and_then(|number| u32::try_from(number).ok());
        match number {
            Some(number) => Ok(Some(number)),
            None => Err(format!("{key}: {} is no whole number; write one such as 18", shown(json))),
        }
    }

    /// True or false; `None` without the key.
    pub(super) fn yes(&self, key: &str) -> Result<Option<bool>, String> {
        let Some(json) = self.0.get(key) else { return Ok(None) };
        let wrong = || format!("{key}: {} is neither true nor false; write one of these", shown(json));
        json.as_bool().ok_or_else(wrong).map(Some)
    }

    /// One of these words.
    pub(super) fn word<T: DeserializeOwned>(&self, key: &str, words: &[&str]) -> Result<Option<T>, String> {
        self.0.get(key).map(|json| word(key, json, words)).transpose()
    }

    /// A list of some of these words.
    pub(super) fn words<T: DeserializeOwned>(&self, key: &str, known: &[&str]) -> Result<Vec<T>, String> {
        self.0.get(key).map_or_else(|| Ok(Vec::new()), |json| words(key, json, known))
    }

    /// A list of texts.
    pub(super) fn texts(&self, key: &str) -> Result<Vec<String>, String> {
        self.0.get(key).map_or_else(|| Ok(Vec::new()), |json| texts(key, json))
    }

    /// A list; empty without the key.
    pub(super) fn list(&self, key: &str) -> Result<&[Json], String> {
        self.0.get(key).map_or(Ok(&[]), |json| list(key, json))
    }

    /// Names and what stands behind them; empty without the key.
    pub(super) fn entries(&self, key: &str) -> Result<Vec<(&String, &Json)>, String> {
        match self.0.get(key) {
            None => Ok(Vec::new()),
            Some(Json::Object(entries)) => Ok(entries.iter().collect()),
            Some(other) => Err(format!("{key}: {} stands where names and their values belong", shown(other))),
        }
    }
}

/// A value as people find it in the file.
pub(super) fn shown(json: &Json) -> String {
    match json {
        Json::Null => "nothing".to_owned(),
        Json::String(text) => text.clone(),
        Json::Array(_) => "a list".to_owned(),
        Json::Object(_) => "a mapping".to_owned(),
        other => other.to_string(),
    }
}

/// A text, which must look like one: YAML reads `true` and `7` as something else.
pub(super) fn text(key: &str, json: &Json) -> Result<String, String> {
    match json {
        Json::String(text) if text.trim().is_empty() => Err(format!("{key}: the text is empty")),
        Json::String(text) => Ok(text.clone()),
        Json::Bool(_) | Json::Number(_) => {
            Err(format!("{key}: {} is not read as text; quote it: \"{}\"", shown(json), shown(json)))
        }
        other => Err(format!("{key}: {} stands where a text belongs", shown(other))),
    }
}

/// A list of texts.
pub(super) fn texts(key: &str, json: &Json) -> Result<Vec<String>, String> {
    list(key, json)?.iter().map(|json| text(key, json)).collect()
}

/// A list of some of these words.
pub(super) fn words<T: DeserializeOwned>(key: &str, json: &Json, known: &[&str]) -> Result<Vec<T>, String> {
    list(key, json)?.iter().map(|json| word(key, json, known)).collect()
}

fn list<'a>(key: &str, json: &'a Json) -> Result<&'a [Json], String> {
    match json {
        Json::Array(list) => Ok(list),
        other => Err(format!("{key}: {} is no list; write [ … ]", shown(other))),
    }
}

/// One of these words.
fn word<T: DeserializeOwned>(key: &str, json: &Json, words: &[&str]) -> Result<T, String> {
    let known = json.as_str().filter(|word| words.contains(word));
    let read = known.and_then(|word| serde_json::from_value(Json::from(word)).ok());
    read.ok_or_else(|| format!("{key}: there is no {}; write one of {}", shown(json), words.join(", ")))
}
