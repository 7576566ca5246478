//! Our records → JSON, as Kafka Connect's `JsonConverter` writes them: the value alone, or `{"schema": …, "payload": …}`.
//! Values are written straight into the bytes, without a tree of JSON in between.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use orgstream_api::{Field, Schema, Struct, Type, Value};
use serde_json::{Map, Value as Json, json};

use crate::codec::logical;

/// Schemas whose texts are remembered. A source has a few for each object.
const REMEMBERED: usize = 256;

/// The bytes of a value alone. Dates and times are the numbers that they are in Kafka Connect.
pub(in crate::codec) fn encode(value: &Struct) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::with_capacity(512);
    payload(value, &mut bytes)?;
    Ok(bytes)
}

/// Writes values with their schemas beside them. Clones share the texts.
#[derive(Clone, Default)]
pub(in crate::codec) struct WithSchema {
    /// By the schema's address; the schema is kept, so that no other comes to lie there.
    texts: Arc<Mutex<HashMap<usize, Text>>>,
}

/// A schema with its text.
type Text = (Arc<Schema>, Arc<str>);

impl WithSchema {
    /// The bytes of a value with its schema.
    pub(in crate::codec) fn encode(&self, value: &Struct) -> Result<Vec<u8>, String> {
        let schema = self.text(value.schema());
        let mut bytes = Vec::with_capacity(schema.len() + 512);
        bytes.extend_from_slice(b"{\"schema\":");
        bytes.extend_from_slice(schema.as_bytes());
        bytes.extend_from_slice(b",\"payload\":");
        payload(value, &mut bytes)?;
        bytes.push(b'}');
        Ok(bytes)
    }

    fn text(&self, schema: &Arc<Schema>) -> Arc<str> {
        let mut texts = self.texts.lock().unwrap_or_else(PoisonError::into_inner);
        let address = Arc::as_ptr(schema).addr();
        if let Some((_, text)) = texts.get(&address) {
            return Arc::clone(text);
        }
        if texts.len() == REMEMBERED {
            texts.clear();
        }
        let text: Arc<str> = Json::Object(of_struct(schema, false)).to_string().into();
        texts.insert(address, (Arc::clone(schema), Arc::clone(&text)));
        text
    }
}

/// The members stand in the converter's order.
fn of_struct(schema: &Schema, optional: bool) -> Map<String, Json> {
    let fields: Vec<Json> = schema.fields().iter().map(of_field).collect();
    let mut text = Map::new();
    text.insert("type".into(), json!("struct"));
    text.insert("fields".into(), Json::Array(fields));
    text.insert("optional".into(), json!(optional));
    text.insert("name".into(), json!(schema.name()));
    text
}

fn of_field(field: &Field) -> Json {
    let mut text = of_type(&field.kind, field.optional);
    if let Some(doc) = &field.doc {
        text.insert("doc".into(), json!(doc));
    }
    text.insert("field".into(), json!(field.name));
    Json::Object(text)
}

fn of_type(kind: &Type, optional: bool) -> Map<String, Json> {
    let (word, logical) = match kind {
        Type::Struct(schema) => return of_struct(schema, optional),
        Type::Boolean => ("boolean", None),
        Type::Int32 => ("int32", None),
        Type::Int64 => ("int64", None),
        Type::Float64 => ("double", None),
        Type::String => ("string", None),
        Type::Date => ("int32", Some(logical::DATE)),
        Type::Time => ("int32", Some(logical::TIME)),
        Type::Timestamp => ("int64", Some(logical::TIMESTAMP)),
        Type::Array(_) => ("array", None),
    };
    let mut text = Map::new();
    text.insert("type".into(), json!(word));
    if let Type::Array(items) = kind {
        text.insert("items".into(), Json::Object(of_type(items, false)));
    }
    text.insert("optional".into(), json!(optional));
    if let Some(name) = logical {
        text.insert("name".into(), json!(name));
        text.insert("version".into(), json!(1));
    }
    text
}

/// Appends the bytes of a value. After an error `out` ends with a part of them.
pub(super) fn payload(value: &Struct, out: &mut Vec<u8>) -> Result<(), String> {
    out.push(b'{');
    let fields = value.schema().fields().iter().zip(value.values());
    for (index, (field, value)) in fields.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        scalar(&field.name, out);
        out.push(b':');
        plain(value, out).map_err(|error| format!("field {}: {error}", field.name))?;
    }
    out.push(b'}');
    Ok(())
}

fn plain(value: &Value, out: &mut Vec<u8>) -> Result<(), String> {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Boolean(value) => scalar(value, out),
        Value::Int32(value) | Value::Date(value) | Value::Time(value) => scalar(value, out),
        Value::Int64(value) | Value::Timestamp(value) => scalar(value, out),
        Value::Float64(value) if value.is_finite() => scalar(value, out),
        Value::Float64(_) => return Err("JSON has no number for it".to_owned()),
        Value::String(value) => scalar(value, out),
        Value::Array(values) => {
            out.push(b'[');
            for (index, value) in values.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                plain(value, out)?;
            }
            out.push(b']');
        }
        Value::Struct(value) => payload(value, out)?,
    }
    Ok(())
}

fn scalar<T: serde::Serialize + ?Sized>(value: &T, out: &mut Vec<u8>) {
    // Fails only where writing fails or a map has a key that is no text.
    serde_json::to_writer(out, value).ok();
}
