//! What two answers have in common: the status, the shape of the JSON, and the words of errors.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json};

use super::Answer;

/// How two answers differ, each side in a few words; `None` where they are the same.
pub(super) fn difference(there: &Answer, here: &Answer) -> Option<(String, String)> {
    if there.status != here.status {
        return Some((there.status.to_string(), here.status.to_string()));
    }
    let (one, other) = (shape(there), shape(here));
    if one != other {
        let only = |one: &BTreeSet<String>, other: &BTreeSet<String>| {
            let only: Vec<&str> = one.difference(other).map(String::as_str).collect();
            if only.is_empty() { "nothing".to_owned() } else { only.join(", ") }
        };
        return Some((only(&one, &other), only(&other, &one)));
    }
    let (said, ours) = (&there.body["message"], &here.body["message"]);
    if said != ours {
        return Some((format!("{}, its words", there.status), format!("{}, other words", here.status)));
    }
    None
}

/// The places in an answer, each with the type of what stands there.
fn shape(answer: &Answer) -> BTreeSet<String> {
    let mut places = BTreeSet::new();
    if answer.has_location {
        places.insert("`Location`".to_owned());
    }
    note(&answer.body, "", &mut places);
    places
}

fn note(value: &Json, place: &str, places: &mut BTreeSet<String>) {
    let is_properties = |all: &Map<String, Json>| all.contains_key("connector.class");
    let kind = match value {
        Json::Null => Some("nothing"),
        Json::Bool(_) => Some("a truth"),
        Json::Number(_) => Some("a number"),
        Json::String(_) => Some("a text"),
        Json::Array(_) => Some("a list"),
        Json::Object(all) if is_properties(all) => Some("properties"),
        Json::Object(_) => None,
    };
    if let Some(kind) = kind {
        places.insert(format!("`{place}` {kind}"));
    }
    match value {
        Json::Array(all) => all.iter().for_each(|one| note(one, &format!("{place}[]"), places)),
        Json::Object(all) if !is_properties(all) => {
            // The names of loggers are each program's own.
            let are_loggers = !all.is_empty() && all.values().all(|one| one.get("last_modified").is_some());
            for (name, one) in all {
                let name = if are_loggers { "LOGGER" } else { name.as_str() };
                note(one, &format!("{place}.{name}"), places);
            }
        }
        _ => {}
    }
}
