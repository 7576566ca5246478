//! The tree against the JSON Schema: unknown, missing, mistyped and impossible values.
//!
//! What is right is handed on as JSON and what is wrong is left out, so that the checks that follow can
//! report their faults in the same run.

use serde_json::{Map, Value};

use super::fault::{Fault, Place, hint, nearest};
use super::tree::{Content, Key, Node};

/// The right part of `root`, as JSON.
pub(super) fn conform(root: &Node, schema: &Value, faults: &mut Vec<Fault>) -> Value {
    let mut check = Check { faults };
    let at = At { path: String::new(), place: Place::START };
    check.value(root, schema, &at).unwrap_or_else(|| Value::Object(Map::new()))
}

/// Where the check is: the key path, and the place of the key.
struct At {
    path: String,
    place: Place,
}

impl At {
    fn entry(&self, key: &Key) -> Self {
        Self { path: self.join(&key.name), place: key.at }
    }

    fn join(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }
}

struct Check<'a> {
    faults: &'a mut Vec<Fault>,
}

impl Check<'_> {
    fn value(&mut self, node: &Node, schema: &Value, at: &At) -> Option<Value> {
        if matches!(node.content, Content::Unknown) {
            return None;
        }
        if let Some(choices) = schema["oneOf"].as_array() {
            return self.choice(node, choices, at);
        }
        if let Content::Boolean(switch) = node.content
            && let Some(word) = schema["x-switch"][usize::from(switch)].as_str()
        {
            self.report(node.at, &at.path, format!("is {switch}; write `{word}`"));
            return None;
        }
        match schema["type"].as_str() {
            Some("object") => self.map(node, schema, at),
            Some("array") => self.list(node, schema, at),
            Some("integer") => self.integer(node, schema, at),
            Some("boolean") => self.boolean(node, at),
            _ if schema["x-form"] == "property" => self.property(node, at).map(Value::String),
            _ if schema.get("x-form").is_some() => self.formed(node, at).map(Value::String),
            _ => self.text(node, at).map(Value::String),
        }
    }

    /// A text with a form of its own. A number lacks its unit, which the check of the value says with the units there are.
    fn formed(&mut self, node: &Node, at: &At) -> Option<String> {
        match &node.content {
            Content::Number(number) => Some(number.to_string()),
            _ => self.text(node, at),
        }
    }

    /// A property of a client: a scalar of any kind, also an empty text.
    fn property(&mut self, node: &Node, at: &At) -> Option<String> {
        match &node.content {
            Content::Number(number) => Some(number.to_string()),
            Content::Boolean(switch) => Some(switch.to_string()),
            Content::Text { text, .. } => Some(text.clone()),
            _ => {
                self.mistyped(node, "text, a number, true or false", at);
                None
            }
        }
    }

    /// One of several words, a word or a map, or one of several maps that a word in them tells apart.
    fn choice(&mut self, node: &Node, choices: &[Value], at: &At) -> Option<Value> {
        if let Some(words) = words(choices) {
            return self.word(node, &words, at).map(Value::String);
        }
        if let Some((words, map)) = words_or_map(choices) {
            return match node.content {
                Content::Map(_) => self.map(node, map, at),
                Content::Text { .. } => self.word(node, &words, at).map(Value::String),
                _ => {
                    self.mistyped(node, &format!("one of {}, or a map of keys", list(&words)), at);
                    None
                }
            };
        }
        let tag = tag(choices)?;
        let Content::Map(_) = node.content else {
            self.mistyped(node, "a map of keys", at);
            return None;
        };
        let Some((key, value)) = node.entry(tag) else {
            self.missing(tag, at);
            return None;
        };
        let of = |choice: &Value| choice["properties"][tag]["const"].as_str().map(str::to_owned);
        let words: Vec<_> = choices.iter().filter_map(of).collect();
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        let word = self.word(value, &words, &at.entry(key))?;
        let choice = choices.iter().find(|choice| of(choice).as_deref() == Some(&word))?;
        self.map(node, choice, at)
    }

    fn map(&mut self, node: &Node, schema: &Value, at: &At) -> Option<Value> {
        let empty = Vec::new();
        let entries = match &node.content {
            Content::Map(entries) => entries,
            // `Account:` with nothing behind it is a map without entries.
            Content::Null => &empty,
            _ => {
                let example = schema["x-example"].as_str();
                let such = example.map(|example| format!(" such as `{example}`")).unwrap_or_default();
                self.mistyped(node, &format!("a map of keys{such}"), at);
                return None;
            }
        };
        let mut right = Map::new();
        let mut meant = Vec::new();
        if let Some(properties) = schema["properties"].as_object() {
            for (key, value) in entries {
                let at = at.entry(key);
                let others = Some(&schema["additionalProperties"]).filter(|others| others.is_object());
                let Some(property) = properties.get(&key.name).or(others) else {
                    let known = properties.keys().map(String::as_str);
                    meant.extend(nearest(&key.name, known.clone()));
                    let hint = hint(&key.name, known);
                    self.report(at.place, &at.path, format!("unknown key{hint}"));
                    continue;
                };
                let value = self.tagged(value, property, &at);
                right.extend(value.map(|value| (key.name.clone(), value)));
            }
            for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                // A misspelt key is one fault, not two.
                if !entries.iter().any(|(key, _)| key.name == name) && !meant.contains(&name) {
                    self.missing(name, at);
                }
            }
        } else {
            for (key, value) in entries {
                let value = self.value(value, &schema["additionalProperties"], &at.entry(key));
                right.extend(value.map(|value| (key.name.clone(), value)));
            }
        }
        Some(Value::Object(right))
    }

    /// As `value`; a property that is one word only was read by `choice` already.
    fn tagged(&mut self, node: &Node, schema: &Value, at: &At) -> Option<Value> {
        match schema.get("const") {
            Some(word) => Some(word.clone()),
            None => self.value(node, schema, at),
        }
    }

    fn list(&mut self, node: &Node, schema: &Value, at: &At) -> Option<Value> {
        let Content::List(items) = &node.content else {
            self.mistyped(node, "a list", at);
            return None;
        };
        let items = items.iter().enumerate().filter_map(|(index, item)| {
            let at = At { path: at.join(&index.to_string()), place: item.at };
            self.value(item, &schema["items"], &at)
        });
        Some(Value::Array(items.collect()))
    }

    fn integer(&mut self, node: &Node, schema: &Value, at: &At) -> Option<Value> {
        let number = match &node.content {
            Content::Number(number) => number.as_i64(),
            Content::Text { text, substituted } if *substituted => text.trim().parse().ok(),
            _ => None,
        };
        let Some(number) = number else {
            self.mistyped(node, "a whole number", at);
            return None;
        };
        let (least, most) = (schema["minimum"].as_i64(), schema["maximum"].as_i64());
        if least.is_some_and(|least| number < least) || most.is_some_and(|most| number > most) {
            let (least, most) = (least.unwrap_or(i64::MIN), most.unwrap_or(i64::MAX));
            self.report(node.at, &at.path, format!("{number} is not between {least} and {most}"));
            return None;
        }
        Some(Value::from(number))
    }

    fn boolean(&mut self, node: &Node, at: &At) -> Option<Value> {
        let value = match &node.content {
            Content::Boolean(value) => Some(*value),
            Content::Text { text, substituted } if *substituted => text.trim().parse().ok(),
            _ => None,
        };
        if value.is_none() {
            self.mistyped(node, "true or false", at);
        }
        value.map(Value::Bool)
    }

    fn text(&mut self, node: &Node, at: &At) -> Option<String> {
        match &node.content {
            Content::Text { text, .. } if text.trim().is_empty() => {
                self.report(node.at, &at.path, "has no value".to_owned());
                None
            }
            Content::Text { text, .. } => Some(text.clone()),
            _ => {
                self.mistyped(node, "text", at);
                None
            }
        }
    }

    fn word(&mut self, node: &Node, words: &[&str], at: &At) -> Option<String> {
        let word = self.text(node, at)?;
        if words.contains(&word.as_str()) {
            return Some(word);
        }
        let message = if let Content::Text { substituted: true, .. } = node.content {
            format!("the value put in is not one of {}", list(words))
        } else {
            let hint = nearest(&word, words.iter().copied())
                .map(|name| format!("; did you mean `{name}`?"))
                .unwrap_or_default();
            format!("`{word}` is not one of {}{hint}", list(words))
        };
        self.report(node.at, &at.path, message);
        None
    }

    fn missing(&mut self, name: &str, at: &At) {
        let path = at.join(name);
        self.report(at.place, &path, "this key is missing".to_owned());
    }

    /// Says what a value is and what it should be, without showing it: it may be a secret.
    fn mistyped(&mut self, node: &Node, wanted: &str, at: &At) {
        let message = match &node.content {
            Content::Null => "has no value".to_owned(),
            Content::Boolean(_) | Content::Number(_) if wanted == "text" => {
                format!("is {}, not text; put it in quotes", kind(node))
            }
            _ => format!("is {}, not {wanted}", kind(node)),
        };
        self.report(node.at, &at.path, message);
    }

    fn report(&mut self, place: Place, path: &str, message: String) {
        self.faults.push(Fault { place, key: path.to_owned(), message });
    }
}

fn kind(node: &Node) -> &'static str {
    match node.content {
        Content::Null | Content::Unknown => "nothing",
        Content::Boolean(_) => "true or false",
        Content::Number(_) => "a number",
        Content::Text { .. } => "text",
        Content::List(_) => "a list",
        Content::Map(_) => "a map of keys",
    }
}

/// The words of an enumeration; `None` when the choices are maps.
fn words(choices: &[Value]) -> Option<Vec<&str>> {
    choices.iter().map(|choice| choice["const"].as_str()).collect()
}

/// The words and the one map of choices that are both.
fn words_or_map(choices: &[Value]) -> Option<(Vec<&str>, &Value)> {
    let (words, maps): (Vec<_>, Vec<_>) = choices.iter().partition(|choice| choice["const"].is_string());
    match (words.is_empty(), maps.as_slice()) {
        (false, &[map]) => Some((words.iter().filter_map(|word| word["const"].as_str()).collect(), map)),
        _ => None,
    }
}

/// The property that is a different fixed word in every choice.
fn tag(choices: &[Value]) -> Option<&str> {
    let properties = choices.first()?["properties"].as_object()?;
    properties.iter().find(|(_, schema)| schema.get("const").is_some()).map(|(name, _)| name.as_str())
}

fn list(words: &[&str]) -> String {
    let words: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
    words.join(", ")
}
