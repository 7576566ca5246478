//! A set of properties as it was given: a file of properties, a file of JSON, or a map.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value as Json;

use super::catalog::{self, Type};
use super::finding::{Finding, Verdict};
use super::kind::Kind;
use super::properties::Properties;
use super::providers::Providers;

/// The name of a connector, and its class.
pub(super) const NAME: &str = "name";
/// Which connector it is.
pub(super) const CLASS: &str = "connector.class";

/// The properties of a connector or of a worker.
#[derive(Clone, Default)]
pub struct Given {
    /// What findings call it: its file, or its connector's name.
    pub of: String,
    /// The properties by name.
    pub properties: BTreeMap<String, String>,
    /// The line of each, where there are lines.
    pub lines: BTreeMap<String, usize>,
    /// Those whose values stand elsewhere and are shown nowhere.
    pub hidden: BTreeSet<String>,
    /// What was found while it was read.
    pub findings: Vec<Finding>,
    /// The properties as they were given, before values were put in that stand elsewhere.
    pub written: BTreeMap<String, String>,
}

impl Given {
    /// The properties of a connector that came as a map.
    pub fn of_map(of: impl Into<String>, properties: BTreeMap<String, String>) -> Self {
        Self { of: of.into(), properties, ..Self::default() }
    }

    /// The properties of the connector `name` that came over REST, into which only those config providers put values that the file of
    /// `worker` names: nobody reads a file or a variable of this machine by naming it in a request.
    pub fn sent(name: &str, properties: BTreeMap<String, String>, worker: Option<&Given>) -> Self {
        let mut given = Self::of_map(name, properties);
        given.resolve(&Providers::named_by(worker), |file| {
            std::fs::read(file).map_err(|error| format!("{}: cannot be read: {error}", file.display()))
        });
        let kind = given.get(CLASS).and_then(|class| Kind::of_class(class).ok());
        let is_secret = |name: &str| {
            let known = kind.and_then(|kind| catalog::of_connector(kind, name));
            known.is_some_and(|known| known.kind == Type::Secret)
        };
        let odd = given.properties.iter().filter(|(name, value)| value.contains("{{") && !is_secret(name));
        let odd: Vec<String> = odd.map(|(name, _)| name.clone()).collect();
        for name in odd {
            given.find(
                &name,
                Verdict::Refused,
                "`{{` stands for a secret of a file, which is not had over REST",
            );
        }
        given
    }

    /// The properties in the bytes of `path`: JSON where the name says so, else a property file.
    ///
    /// # Errors
    /// What is wrong with the file as a whole, with its place.
    pub fn read(path: &Path, bytes: &[u8]) -> Result<Self, String> {
        let of = path.display().to_string();
        // Editors of Windows put it before the text.
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json")) {
            return Self::of_json(of.clone(), bytes).map_err(|wrong| format!("{of}: {wrong}"));
        }
        let read = Properties::parse(bytes).map_err(|error| format!("{of}:{}: {error}", error.line))?;
        let mut given = Self { of, ..Self::default() };
        for property in read.properties {
            if let Some(first) = given.lines.insert(property.name.clone(), property.line) {
                let message = format!("stands in line {first} as well; the later one counts, as in Java");
                given.find(&property.name, Verdict::Differs, message);
            }
            given.properties.insert(property.name, property.value);
        }
        for line in read.foreign {
            let name = given.lines.iter().find(|(_, at)| **at == line).map(|(name, _)| name.clone());
            let message = "holds characters beyond ASCII, which are read as ISO-8859-1, as Java does; from UTF-8 write \
                           them as `\\u00e9`";
            given.find(&name.unwrap_or_default(), Verdict::Differs, message);
        }
        Ok(given)
    }

    /// `{"name": …, "config": {…}}`, as it is sent to a worker, or the inner object alone.
    fn of_json(of: String, bytes: &[u8]) -> Result<Self, String> {
        let json: Json = serde_json::from_slice(bytes).map_err(|error| format!("is not JSON: {error}"))?;
        let whole = json.as_object().ok_or("is not an object of properties")?;
        let inner = match whole.get("config") {
            None => whole,
            Some(config) => config.as_object().ok_or("`config` is not an object of properties")?,
        };
        let mut given = Self { of, ..Self::default() };
        if whole.contains_key("config") {
            given.find_outer(whole);
        }
        if let Some(name) = whole.get(NAME).and_then(Json::as_str) {
            given.properties.insert(NAME.to_owned(), name.to_owned());
        }
        for (name, value) in inner {
            let value = match value {
                Json::String(text) => text.clone(),
                Json::Bool(_) | Json::Number(_) => value.to_string(),
                // Kafka Connect takes a null for no property.
                Json::Null => continue,
                _ => return Err(format!("`{name}` is no text")),
            };
            if let Some(outer) = given.properties.get(name).filter(|outer| **outer != value) {
                return Err(format!("`{name}` is `{outer}` beside `config` and `{value}` in it"));
            }
            given.properties.insert(name.clone(), value);
        }
        Ok(given)
    }

    /// Says what becomes of what stands beside `config`.
    fn find_outer(&mut self, whole: &serde_json::Map<String, Json>) {
        for (name, value) in whole {
            match name.as_str() {
                NAME | "config" => {}
                "initial_state" => {
                    let runs = value.as_str().is_some_and(|state| state.eq_ignore_ascii_case("RUNNING"));
                    if !runs {
                        let message = "what a file names runs at once; leave the file out until it is to run, or write `RUNNING`";
                        self.find(name, Verdict::Refused, message);
                    }
                }
                _ => {
                    let message = "stands beside `config`, where nothing but `name` is looked at; properties stand in `config`";
                    self.find(name, Verdict::Unknown, message);
                }
            }
        }
    }

    /// Whether these are a connector's properties, and not a worker's.
    pub fn is_connector(&self) -> bool {
        self.properties.contains_key(CLASS)
    }

    /// The value of `name`, where it is given, without the blanks around it.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.properties.get(name).map(|value| trimmed(value))
    }

    /// Says what became of `property`.
    pub(super) fn find(&mut self, property: &str, verdict: Verdict, message: impl Into<String>) {
        let finding = self.finding(property, verdict, message);
        self.findings.push(finding);
    }

    /// A finding about `property`.
    pub(super) fn finding(&self, property: &str, verdict: Verdict, message: impl Into<String>) -> Finding {
        let (of, line) = (self.of.clone(), self.lines.get(property).copied());
        Finding { of, line, property: property.to_owned(), verdict, message: message.into() }
    }
}

/// A value without the blanks around it, as Kafka Connect takes every value, passwords included: what `String.trim` of Java's
/// takes for blank.
pub(super) fn trimmed(value: &str) -> &str {
    value.trim_matches(|c| c <= ' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent_to_a_worker_and_its_inner_object_are_the_same() {
        let path = Path::new("connector.json");
        let whole = br#"{"name": "s", "config": {"name": "s", "tasks.max": 1, "topics": "t", "x": null}}"#;
        let inner = br#"{"name": "s", "tasks.max": "1", "topics": "t"}"#;
        let (whole, inner) = (Given::read(path, whole).unwrap(), Given::read(path, inner).unwrap());
        assert_eq!(whole.properties, inner.properties);
        let wrong = Given::read(path, br#"{"name": "s", "config": {"name": "t"}}"#).err();
        assert_eq!(wrong.as_deref(), Some("connector.json: `name` is `s` beside `config` and `t` in it"));
    }

    #[test]
    fn what_stands_beside_the_config_is_told_and_a_connector_that_is_not_to_run_is_refused() {
        let read = |outer: &str| {
            let text = format!(r#"{{"name": "s", {outer}, "config": {{"name": "s"}}}}"#);
            let given = Given::read(Path::new("c.json"), text.as_bytes()).unwrap();
            given
                .findings
                .iter()
                .map(|finding| (finding.property.clone(), finding.verdict))
                .collect::<Vec<_>>()
        };
        for state in ["STOPPED", "PAUSED", ""] {
            let found = read(&format!(r#""initial_state": "{state}""#));
            assert_eq!(found, [("initial_state".to_owned(), Verdict::Refused)]);
        }
        assert_eq!(read(r#""initial_state": "running""#), []);
        assert_eq!(read(r#""tasks.max": 2"#), [("tasks.max".to_owned(), Verdict::Unknown)]);
    }

    #[test]
    fn files_of_windows_are_read_as_any_other() {
        let text = "\u{feff}name=s\r\ntopics=a,\\\r\n  b\r\nsalesforce.password=p \r\n";
        let given = Given::read(Path::new("a.properties"), text.as_bytes()).unwrap();
        assert_eq!((given.get("name"), given.get("topics")), (Some("s"), Some("a,b")));
        assert_eq!(given.get("salesforce.password"), Some("p"));
        assert!(given.findings.is_empty(), "{:?}", given.findings);
        let text = "\u{feff}{\r\n \"name\": \"s\"\r\n}\r\n";
        let given = Given::read(Path::new("a.json"), text.as_bytes()).unwrap();
        assert_eq!(given.get("name"), Some("s"));
    }

    #[test]
    fn the_later_of_two_counts_and_is_told_with_both_lines() {
        let given = Given::read(Path::new("a.properties"), b"x=1\n\nx=2\n").unwrap();
        assert_eq!(given.get("x"), Some("2"));
        assert_eq!(
            given.findings[0].to_string(),
            "a.properties:3: differs: x: stands in line 1 as well; the later one counts, as in Java"
        );
    }
}
