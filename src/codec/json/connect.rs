//! JSON with its schema beside it: `{"schema": …, "payload": …}`, as Kafka Connect's `JsonConverter` writes it with
//! `schemas.enable`.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use orgstream_api::{Field, Schema, Struct, Value};
use serde_json::value::RawValue;
use serde_json::{Map, Value as Json};

use super::tree::{Members, Node};
use super::{number, plain};
use crate::codec::shape::Shape;
use crate::codec::{logical, spelling};

/// Schemas that are remembered. A topic has one or a few.
const REMEMBERED: usize = 64;

/// What keeps this from being read as what it is not.
const FORM: &str =
    "it is not an object of `schema` and `payload`, as JsonConverter writes it with schemas.enable=true";

/// Reads such records. Clones share the schemas they have read.
#[derive(Clone, Default)]
pub(in crate::codec) struct Connect {
    /// By their texts.
    known: Arc<Mutex<HashMap<String, Arc<Shape>>>>,
}

impl Connect {
    /// The record half that `bytes` are; `None` for null.
    pub(in crate::codec) fn decode(&self, bytes: &[u8]) -> Result<Option<Struct>, String> {
        let members: Members<'_> =
            serde_json::from_slice(bytes).map_err(|error| format!("{FORM}: {error}"))?;
        let (mut schema, mut payload) = (None, None);
        for (name, member) in members.0 {
            match name.as_ref() {
                "schema" => schema = Some(member),
                "payload" => payload = Some(member),
                other => return Err(format!("{FORM}: it has a member `{other}`")),
            }
        }
        let (Some(schema), Some(payload)) = (schema, payload) else { return Err(FORM.to_owned()) };
        let payload = Node::of(payload)?;
        if schema.get() == "null" {
            return if payload == Node::Null { Ok(None) } else { Err("its `schema` is null".to_owned()) };
        }
        let shape = self.shape(schema)?;
        Ok(plain::half(value(&shape, Some(&payload))?))
    }

    fn shape(&self, schema: &RawValue) -> Result<Arc<Shape>, String> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(shape) = known.get(schema.get()) {
            return Ok(Arc::clone(shape));
        }
        let json: Json =
            serde_json::from_str(schema.get()).map_err(|error| format!("its schema: {error}"))?;
        let shape = Arc::new(parse(&json, "").map_err(|error| format!("its schema: {error}"))?);
        if known.len() == REMEMBERED {
            known.clear();
        }
        known.insert(schema.get().to_owned(), Arc::clone(&shape));
        Ok(shape)
    }
}

fn parse(json: &Json, at: &str) -> Result<Shape, String> {
    let schema = json.as_object().ok_or_else(|| format!("{json} is no schema"))?;
    let shape = typed(schema, at)?;
    let optional = schema.get("optional").and_then(Json::as_bool).unwrap_or(false);
    let shape = if optional { Shape::Optional(Box::new(shape)) } else { shape };
    match schema.get("default") {
        None | Some(Json::Null) => Ok(shape),
        Some(default) => {
            let text = default.to_string();
            let default = value(&shape, Some(&Node::parse(text.as_bytes())?))
                .map_err(|error| format!("its default: {error}"))?;
            Ok(Shape::Defaulted(Box::new(shape), default))
        }
    }
}

fn typed(schema: &Map<String, Json>, at: &str) -> Result<Shape, String> {
    let text = |key: &str| schema.get(key).and_then(Json::as_str);
    let name = text("name");
    let kind = text("type").ok_or("a schema without `type`")?;
    Ok(match kind {
        "boolean" => Shape::Boolean,
        "int8" | "int16" | "int32" => name.and_then(logical::of_integer).unwrap_or(Shape::Int32),
        "int64" => name.and_then(logical::of_integer).unwrap_or(Shape::Int64),
        "float" | "double" => Shape::Float64,
        "string" => Shape::Text,
        "bytes" if name == Some(logical::DECIMAL) => {
            let scale = schema.get("parameters").and_then(|parameters| parameters.get("scale"));
            let scale = scale.and_then(Json::as_str).and_then(|scale| scale.parse().ok());
            Shape::Decimal { scale: scale.ok_or("a decimal that does not say its scale")? }
        }
        "bytes" => Shape::Bytes,
        "array" => {
            let items =
                Box::new(parse(schema.get("items").ok_or("an array that does not say of what")?, at)?);
            let plain = !items.is_optional() && !matches!(*items, Shape::Json(_));
            if plain { Shape::Array(items) } else { Shape::Json(items) }
        }
        "map" => {
            let values = parse(schema.get("values").ok_or("a map that does not say of what")?, at)?;
            Shape::Json(Box::new(values))
        }
        "struct" => structure(schema, name.unwrap_or(at))?,
        other => return Err(format!("`{other}` is no type of Kafka Connect")),
    })
}

fn structure(schema: &Map<String, Json>, name: &str) -> Result<Shape, String> {
    let listed = schema.get("fields").and_then(Json::as_array).ok_or("a struct without `fields`")?;
    let (mut fields, mut shapes) = (Vec::new(), Vec::new());
    for json in listed {
        let field = json.get("field").and_then(Json::as_str).ok_or("a field without `field`, its name")?;
        let shape = parse(json, field).map_err(|error| format!("field {field}: {error}"))?;
        let doc = json.get("doc").and_then(Json::as_str).map(str::to_owned);
        fields.push(Field { name: field.to_owned(), doc, optional: shape.is_optional(), kind: shape.kind() });
        shapes.push(shape);
    }
    Ok(Shape::Record(Arc::new(Schema::new(name, fields)), shapes))
}

/// The value of a payload; of one that is not there, what Kafka Connect takes it for.
fn value(shape: &Shape, payload: Option<&Node<'_>>) -> Result<Value, String> {
    let node = match (shape, payload) {
        (Shape::Defaulted(_, default), None) => return Ok(default.clone()),
        (Shape::Defaulted(inner, default), Some(Node::Null)) if !inner.is_optional() => {
            return Ok(default.clone());
        }
        (Shape::Defaulted(inner, _), payload) => return value(inner, payload),
        (Shape::Optional(_), None | Some(Node::Null)) => return Ok(Value::Null),
        (Shape::Optional(inner), payload) => return value(inner, payload),
        (_, None) => return Err("it is missing, and its schema does not make it optional".to_owned()),
        (_, Some(node)) => node,
    };
    let wrong = || format!("{node} is no {:?}", shape.kind());
    let found = match shape {
        Shape::Boolean => match node {
            Node::Boolean(value) => Some(Value::Boolean(*value)),
            _ => None,
        },
        Shape::Int32 | Shape::Int64 | Shape::Date | Shape::Time(_) | Shape::Timestamp(_) => match node {
            Node::Number(spelled) => number::integer(spelled).and_then(|number| shape.of_integer(number)),
            _ => None,
        },
        Shape::Float64 => match node {
            Node::Number(spelled) => spelled.parse().ok().map(Value::Float64),
            _ => None,
        },
        Shape::Text => node.text().map(|text| Value::String(text.to_owned())),
        // Base64 on the wire as it is here.
        Shape::Bytes => node
            .text()
            .filter(|text| spelling::from_base64(text).is_some())
            .map(|text| Value::String(text.into())),
        Shape::Decimal { scale } => return decimal(node, *scale).map(Value::String),
        Shape::Array(items) => match node {
            Node::List(list) => {
                let values = list.iter().map(|item| value(items, Some(item)));
                Some(Value::Array(values.collect::<Result<_, _>>()?))
            }
            _ => None,
        },
        Shape::Json(items) => Some(Value::String(collection(items, node)?.to_string())),
        Shape::Record(schema, shapes) => return record(schema, shapes, node),
        // A schema of Connect becomes none of these; the others were dealt with above.
        Shape::Null | Shape::Optional(_) | Shape::Single(_) | Shape::OneOf(_) | Shape::Defaulted(..) => None,
    };
    found.ok_or_else(wrong)
}

fn record(schema: &Arc<Schema>, shapes: &[Shape], node: &Node<'_>) -> Result<Value, String> {
    let Node::Object(members) = node else { return Err(format!("{node} is no object")) };
    let unknown = members.iter().find(|(name, _)| schema.position(name).is_none());
    if let Some((name, _)) = unknown {
        return Err(format!("field {name}: its schema does not have it"));
    }
    let mut found = Vec::with_capacity(shapes.len());
    for (place, (field, shape)) in schema.fields().iter().zip(shapes).enumerate() {
        // The converter writes the fields in the order of their schema.
        let here = members.get(place).filter(|(name, _)| *name == field.name).map(|(_, member)| member);
        let own = value(shape, here.or_else(|| node.member(&field.name)));
        found.push(own.map_err(|error| format!("field {}: {error}", field.name))?);
    }
    let found = Struct::of(Arc::clone(schema), found);
    found.map(Value::Struct).ok_or_else(|| "its schema has a field twice".to_owned())
}

/// `decimal.format` is one of the converter's settings: the unscaled number's bytes in base64, or a number.
fn decimal(node: &Node<'_>, scale: u32) -> Result<String, String> {
    match node {
        Node::Number(spelled) => number::decimal(spelled),
        Node::Text(text) => {
            let bytes =
                spelling::from_base64(text).ok_or_else(|| format!("{node} is no base64 of a decimal"))?;
            spelling::decimal(&bytes, scale)
        }
        other => Err(format!("{other} is no decimal")),
    }
}

/// Maps whose keys are no text are lists of pairs.
fn collection(items: &Shape, node: &Node<'_>) -> Result<Json, String> {
    let json = |node: &Node<'_>| value(items, Some(node)).map(|value| value.to_json());
    match node {
        Node::Object(members) => {
            // In the order of the names, so that equal maps are equal texts.
            let sorted: BTreeMap<_, _> = members.iter().map(|(name, member)| (name, member)).collect();
            sorted.into_iter().map(|(name, member)| Ok((name.to_string(), json(member)?))).collect()
        }
        Node::List(list) => {
            let pair = |item: &Node<'_>| match item {
                Node::List(pair) if pair.len() == 2 => {
                    Ok(Json::Array(vec![plain::value("key", &pair[0])?.to_json(), json(&pair[1])?]))
                }
                item => json(item),
            };
            list.iter().map(pair).collect()
        }
        other => Err(format!("{other} is neither an array nor an object")),
    }
}
