//! The text of a schema, as Confluent's AvroConverter registers it for the same Connect schema.
//!
//! It is generated here and not by the Avro library, which drops the `connect.*` attributes. Readers of the topic
//! get back the very Connect schema from them: the struct's name, and dates that are dates.

use std::collections::HashMap;

use orgstream_api::{Field, Schema, Type};
use serde_json::{Map, Value as Json, json};

use super::AvroError;
use crate::codec::logical;

/// The text of `schema`.
pub fn schema_text(schema: &Schema) -> Result<String, AvroError> {
    let mut known = HashMap::new();
    Ok(record(schema, None, &mut known)?.to_string())
}

/// Written the first time, a name afterwards: Avro allows one definition of a name.
fn record<'a>(
    schema: &'a Schema,
    enclosing: Option<&str>,
    known: &mut HashMap<&'a str, &'a Schema>,
) -> Result<Json, AvroError> {
    let (namespace, name) = match schema.name().rsplit_once('.') {
        Some((namespace, name)) => (Some(namespace), name),
        None => (None, schema.name()),
    };
    if let Some(first) = known.insert(schema.name(), schema) {
        if first != schema {
            return Err(AvroError(format!("two different schemas have the name {}", schema.name())));
        }
        return Ok(json!(if namespace == enclosing { name } else { schema.name() }));
    }
    let mut fields = Vec::with_capacity(schema.fields().len());
    for field in schema.fields() {
        fields.push(member(field, namespace, known)?);
    }
    let mut text = Map::new();
    text.insert("type".into(), json!("record"));
    text.insert("name".into(), json!(name));
    if namespace != enclosing {
        text.insert("namespace".into(), json!(namespace.unwrap_or_default()));
    }
    text.insert("fields".into(), Json::Array(fields));
    text.insert("connect.name".into(), json!(schema.name()));
    Ok(Json::Object(text))
}

fn member<'a>(
    field: &'a Field,
    namespace: Option<&str>,
    known: &mut HashMap<&'a str, &'a Schema>,
) -> Result<Json, AvroError> {
    let kind = kind(&field.kind, field.doc.as_deref(), namespace, known)?;
    Ok(if field.optional {
        json!({ "name": field.name, "type": ["null", kind], "default": null })
    } else {
        json!({ "name": field.name, "type": kind })
    })
}

fn kind<'a>(
    kind: &'a Type,
    doc: Option<&str>,
    namespace: Option<&str>,
    known: &mut HashMap<&'a str, &'a Schema>,
) -> Result<Json, AvroError> {
    let (avro, logical) = match kind {
        Type::Boolean => ("boolean", None),
        Type::Int32 => ("int", None),
        Type::Int64 => ("long", None),
        Type::Float64 => ("double", None),
        Type::String => ("string", None),
        Type::Date => ("int", Some((logical::DATE, "date"))),
        Type::Time => ("int", Some((logical::TIME, "time-millis"))),
        Type::Timestamp => ("long", Some((logical::TIMESTAMP, "timestamp-millis"))),
        Type::Array(_) => ("array", None),
        Type::Struct(schema) => return record(schema, namespace, known),
    };
    let items = match kind {
        Type::Array(items) => Some(self::kind(items, None, namespace, known)?),
        _ => None,
    };
    if doc.is_none() && logical.is_none() && items.is_none() {
        return Ok(json!(avro));
    }
    let mut text = Map::new();
    text.insert("type".into(), json!(avro));
    if let Some(items) = items {
        text.insert("items".into(), items);
    }
    // AvroConverter keeps a field's doc with its type, because Connect has it there.
    if let Some(doc) = doc {
        text.insert("connect.doc".into(), json!(doc));
    }
    if let Some((connect, avro)) = logical {
        text.insert("connect.version".into(), json!(1));
        text.insert("connect.name".into(), json!(connect));
        text.insert("logicalType".into(), json!(avro));
    }
    Ok(Json::Object(text))
}
