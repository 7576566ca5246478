//! The JSON Schema of the file, for editors and for the structure check.

use schemars::Schema;
use schemars::generate::SchemaSettings;
use schemars::transform::{RecursiveTransform, Transform};
use serde_json::{Value, json};

use super::raw::File;

/// The JSON Schema (draft 2020-12) of a configuration file.
pub fn json_schema() -> Value {
    let mut settings = SchemaSettings::draft2020_12();
    // Without references the structure check and the messages need no resolver.
    settings.inline_subschemas = true;
    let mut schema = settings.into_generator().into_root_schema_for::<File>();
    RecursiveTransform(tighten).transform(&mut schema);
    schema.to_value()
}

/// Optional keys may be left out, which is not the same as null; and keys that are not listed are errors.
fn tighten(schema: &mut Schema) {
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|name| name != "null");
        if types.len() == 1 {
            let only = types.remove(0);
            schema.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(choices)) = schema.get("anyOf") {
        let mut rest: Vec<_> =
            choices.iter().filter(|choice| choice.get("type") != Some(&json!("null"))).cloned().collect();
        if rest.len() == 1 && rest.len() < choices.len() {
            schema.remove("anyOf");
            if let Value::Object(only) = rest.remove(0) {
                for (keyword, value) in only {
                    // What the field says of itself is nearer than what its type says.
                    if schema.get(&keyword).is_none() {
                        schema.insert(keyword, value);
                    }
                }
            }
        }
    }
    if let Some(Value::Array(choices)) = schema.remove("anyOf") {
        // A word or a map: the words stand beside the map.
        let words = |choice: Value| match choice {
            Value::Object(mut choice) if choice.contains_key("oneOf") => match choice.remove("oneOf") {
                Some(Value::Array(words)) => words,
                _ => Vec::new(),
            },
            choice => vec![choice],
        };
        schema.insert("oneOf".to_owned(), choices.into_iter().flat_map(words).collect());
    }
    let is_open = schema.get("additionalProperties").is_some_and(Value::is_object);
    if schema.get("properties").is_some() && !is_open {
        schema.insert("additionalProperties".to_owned(), json!(false));
    }
    schema.remove("format");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every_schema<'a>(schema: &'a Value, path: &str, visit: &mut dyn FnMut(&str, &'a Value)) {
        visit(path, schema);
        for (name, child) in schema["properties"].as_object().into_iter().flatten() {
            every_schema(child, &format!("{path}.{name}"), visit);
        }
        if schema["additionalProperties"].is_object() {
            every_schema(&schema["additionalProperties"], &format!("{path}.*"), visit);
        }
        for (index, child) in schema["oneOf"].as_array().into_iter().flatten().enumerate() {
            every_schema(child, &format!("{path}[{index}]"), visit);
        }
    }

    #[test]
    fn every_key_is_described_and_closed_to_unknown_keys() {
        let schema = json_schema();
        every_schema(&schema, "", &mut |path, schema| {
            // The word that tells the flows apart is described by its flow.
            if path.rsplit('.').next() != Some("flow") {
                assert!(schema.get("description").is_some(), "{path} has no description");
            }
            assert!(schema.get("anyOf").is_none() && schema.get("$ref").is_none(), "{path}: {schema}");
            if schema.get("properties").is_some() && !schema["additionalProperties"].is_object() {
                assert_eq!(schema["additionalProperties"], json!(false), "{path}");
            }
        });
    }
}
