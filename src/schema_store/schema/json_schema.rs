//! JSON Schemas: understood as JSON, and compared by the one change that records of an org need, fields that are added.
//!
//! A schema is taken to describe all fields that its writers write. Every other difference may change what is valid in
//! ways that only a proof over the whole language would tell; so it is refused as one that cannot be checked.

use serde_json::{Map, Value as Json};

/// What says nothing about which values are valid.
const ANNOTATIONS: [&str; 8] =
    ["title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly", "$comment"];

type Object = Map<String, Json>;

/// Says why a JSON text is no JSON Schema.
pub(super) fn validate(json: &Json) -> Result<(), String> {
    match json {
        Json::Bool(_) | Json::Object(_) => Ok(()),
        other => Err(format!("a JSON Schema is an object or a boolean, not {other}")),
    }
}

/// Why `reader` may refuse data that `writer` takes for valid.
pub(super) fn obstacle(reader: &Json, writer: &Json) -> Option<String> {
    compare(reader, writer, "#").err()
}

fn compare(reader: &Json, writer: &Json, at: &str) -> Result<(), String> {
    if reader == writer {
        return Ok(());
    }
    let (Json::Object(reader), Json::Object(writer)) = (reader, writer) else {
        return Err(unchecked(at, "a schema that is no object"));
    };
    let mut keywords: Vec<&String> = reader.keys().chain(writer.keys()).collect();
    keywords.sort_unstable();
    keywords.dedup();
    for keyword in keywords {
        let (reads, writes) = (reader.get(keyword), writer.get(keyword));
        match keyword.as_str() {
            "properties" => properties(reader, writer, at)?,
            "required" => required(reader, writer, at)?,
            "$defs" | "definitions" => definitions(reads, writes, &format!("{at}/{keyword}"))?,
            "items" => match (reads, writes) {
                (Some(reads), Some(writes)) => compare(reads, writes, &format!("{at}/items"))?,
                _ => return Err(unchecked(at, "items")),
            },
            word if is_annotation(word) => {}
            word if reads != writes => return Err(unchecked(at, word)),
            _ => {}
        }
    }
    Ok(())
}

fn properties(reader: &Object, writer: &Object, at: &str) -> Result<(), String> {
    let none = Object::new();
    let reads = members(reader, "properties", at)?.unwrap_or(&none);
    let writes = members(writer, "properties", at)?.unwrap_or(&none);
    for (name, written) in writes {
        match reads.get(name) {
            Some(read) => compare(read, written, &format!("{at}/properties/{name}"))?,
            None if is_open(reader) => {}
            None => {
                return Err(format!(
                    "{at}: property {name} is not known, and additional properties are refused"
                ));
            }
        }
    }
    Ok(())
}

fn required(reader: &Object, writer: &Object, at: &str) -> Result<(), String> {
    let names = |object: &Object| match object.get("required") {
        None => Ok(Vec::new()),
        Some(Json::Array(names)) => Ok(names.clone()),
        // Draft 3 has a flag on the property itself.
        Some(_) => Err(unchecked(at, "required")),
    };
    let written = names(writer)?;
    match names(reader)?.into_iter().find(|name| !written.contains(name)) {
        Some(name) => Err(format!("{at}: property {name} is required, and that data may be without it")),
        None => Ok(()),
    }
}

fn definitions(reader: Option<&Json>, writer: Option<&Json>, at: &str) -> Result<(), String> {
    let (Some(Json::Object(reader)), Some(Json::Object(writer))) = (reader, writer) else {
        // Nothing that both sides have can refer to what one side lacks.
        return if reader.is_none() || writer.is_none() { Ok(()) } else { Err(unchecked(at, "its form")) };
    };
    for (name, read) in reader {
        if let Some(written) = writer.get(name) {
            compare(read, written, &format!("{at}/{name}"))?;
        }
    }
    Ok(())
}

fn members<'a>(object: &'a Object, keyword: &str, at: &str) -> Result<Option<&'a Object>, String> {
    match object.get(keyword) {
        None => Ok(None),
        Some(Json::Object(members)) => Ok(Some(members)),
        Some(_) => Err(unchecked(at, keyword)),
    }
}

/// Whether properties that the schema does not name are valid, whatever they hold.
fn is_open(object: &Object) -> bool {
    let additional = object.get("additionalProperties");
    let any =
        additional.is_none_or(|schema| *schema == Json::Bool(true) || *schema == Json::Object(Map::new()));
    any && !object.contains_key("patternProperties") && !object.contains_key("unevaluatedProperties")
}

/// Connect's converter numbers the fields with attributes of its own, which change when one is added.
fn is_annotation(keyword: &str) -> bool {
    ANNOTATIONS.contains(&keyword) || keyword.starts_with("connect.")
}

fn unchecked(at: &str, what: &str) -> String {
    format!(
        "{at}: a change of `{what}` cannot be checked; only optional properties may be added to a JSON Schema"
    )
}
