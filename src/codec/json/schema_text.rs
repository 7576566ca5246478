//! The JSON Schema of a schema of ours, as Confluent's JsonSchemaConverter registers it for the same Connect schema: the
//! names of structs and logical types are titles, and `connect.*` attributes say what JSON Schema cannot.
//!
//! It takes no other members than its own. Under an open schema a member of a new field could always have been there
//! before, with any value, so that registries refuse the field.

use orgstream_api::{Field, Schema, Type};
use serde_json::{Map, Value as Json, json};

use crate::codec::logical;

/// The text of `schema`.
pub(in crate::codec) fn schema_text(schema: &Schema) -> String {
    Json::Object(object(schema)).to_string()
}

fn object(schema: &Schema) -> Map<String, Json> {
    let members = schema.fields().iter().enumerate();
    let properties: Map<_, _> =
        members.map(|(index, field)| (field.name.clone(), member(index, field))).collect();
    let required = schema.fields().iter().filter(|field| !field.optional).map(|field| json!(field.name));
    let required: Vec<Json> = required.collect();
    let mut text = Map::new();
    text.insert("type".into(), json!("object"));
    text.insert("title".into(), json!(schema.name()));
    text.insert("properties".into(), Json::Object(properties));
    if !required.is_empty() {
        text.insert("required".into(), Json::Array(required));
    }
    text.insert("additionalProperties".into(), json!(false));
    text
}

fn member(index: usize, field: &Field) -> Json {
    let mut own = of_type(&field.kind);
    if let Some(doc) = &field.doc {
        own.insert("description".into(), json!(doc));
    }
    if !field.optional {
        own.insert("connect.index".into(), json!(index));
        return Json::Object(own);
    }
    json!({ "oneOf": [{ "type": "null" }, own], "connect.index": index })
}

fn of_type(kind: &Type) -> Map<String, Json> {
    let (word, connect, logical) = match kind {
        Type::Struct(schema) => return object(schema),
        Type::Boolean => ("boolean", None, None),
        Type::Int32 => ("integer", Some("int32"), None),
        Type::Int64 => ("integer", Some("int64"), None),
        Type::Float64 => ("number", Some("float64"), None),
        Type::String => ("string", None, None),
        Type::Date => ("integer", Some("int32"), Some(logical::DATE)),
        Type::Time => ("integer", Some("int32"), Some(logical::TIME)),
        Type::Timestamp => ("integer", Some("int64"), Some(logical::TIMESTAMP)),
        Type::Array(_) => ("array", None, None),
    };
    let mut text = Map::new();
    text.insert("type".into(), json!(word));
    if let Some(title) = logical {
        text.insert("title".into(), json!(title));
        text.insert("connect.version".into(), json!(1));
    }
    if let Some(connect) = connect {
        text.insert("connect.type".into(), json!(connect));
    }
    if let Type::Array(items) = kind {
        text.insert("items".into(), Json::Object(of_type(items)));
    }
    text
}
