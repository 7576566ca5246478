//! JSON Schemas that say the type of every member, as Kafka Connect's converter writes them: values come back as the very
//! records that they were made from.
//!
//! A schema or a value that says less is none of these and is read member by member, as [`schema`](super::schema) does.

use std::borrow::Cow;
use std::sync::Arc;

use orgstream_api::{Field, Schema, Struct, Type, Value};
use serde_json::Value as Json;

use super::number;
use super::tree::Node;
use crate::codec::logical;
use crate::codec::shape::Shape;

/// How deep objects may nest. What reads them recurses, and the stack is finite.
const DEEPEST: u32 = 32;

/// An object all of whose members have a type.
#[derive(Debug)]
pub(super) struct Typed {
    schema: Arc<Schema>,
    kinds: Vec<Kind>,
}

#[derive(Debug)]
enum Kind {
    Boolean,
    Integer(Shape),
    Number,
    Text,
    List(Box<Kind>),
    Object(Typed),
}

impl Typed {
    /// Understands a schema; `None` where it leaves a type open or has one that only some values are of.
    pub(super) fn parse(json: &Json) -> Option<Self> {
        object(json, 0)
    }

    /// The schema of the records.
    pub(super) fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    /// The record that a value is; `None` where it is not of the schema or lacks a member.
    pub(super) fn read(&self, node: &Node<'_>) -> Option<Struct> {
        let Node::Object(members) = node else { return None };
        if members.len() != self.kinds.len() {
            return None;
        }
        let mut values = Vec::with_capacity(self.kinds.len());
        for (index, (field, kind)) in self.schema.fields().iter().zip(&self.kinds).enumerate() {
            match member(members, index, &field.name)? {
                Node::Null if field.optional => values.push(Value::Null),
                node => values.push(kind.read(node)?),
            }
        }
        Struct::of(Arc::clone(&self.schema), values)
    }
}

/// Members stand in the schema's order as a rule.
fn member<'m, 'a>(members: &'m [(Cow<'a, str>, Node<'a>)], index: usize, name: &str) -> Option<&'m Node<'a>> {
    let here = members.get(index).filter(|(own, _)| own == name);
    here.or_else(|| members.iter().find(|(own, _)| own == name)).map(|(_, node)| node)
}

impl Kind {
    fn read(&self, node: &Node<'_>) -> Option<Value> {
        match (self, node) {
            (Self::Boolean, Node::Boolean(value)) => Some(Value::Boolean(*value)),
            (Self::Integer(shape), Node::Number(spelled)) => shape.of_integer(number::integer(spelled)?),
            (Self::Number, Node::Number(spelled)) => {
                spelled.parse().ok().filter(|double: &f64| double.is_finite()).map(Value::Float64)
            }
            (Self::Text, Node::Text(text)) => Some(Value::String(text.clone().into_owned())),
            (Self::List(kind), Node::List(items)) => {
                items.iter().map(|item| kind.read(item)).collect::<Option<_>>().map(Value::Array)
            }
            (Self::Object(typed), node) => typed.read(node).map(Value::Struct),
            _ => None,
        }
    }

    /// The type of its values.
    fn of(&self) -> Type {
        match self {
            Self::Boolean => Type::Boolean,
            Self::Integer(shape) => shape.kind(),
            Self::Number => Type::Float64,
            Self::Text => Type::String,
            Self::List(items) => Type::Array(Arc::new(items.of())),
            Self::Object(typed) => Type::Struct(Arc::clone(&typed.schema)),
        }
    }
}

fn object(json: &Json, depth: u32) -> Option<Typed> {
    if depth > DEEPEST || json["type"] != "object" || json.get("connect.type").is_some() {
        return None;
    }
    let mut members: Vec<(u64, &String, &Json)> = Vec::new();
    for (name, member) in json["properties"].as_object()? {
        members.push((member["connect.index"].as_u64()?, name, member));
    }
    members.sort_by_key(|(index, _, _)| *index);
    let (mut fields, mut kinds) = (Vec::new(), Vec::new());
    for (_, name, member) in members {
        let (optional, own) = match member.get("oneOf").and_then(Json::as_array).map(Vec::as_slice) {
            Some([null, own]) if null["type"] == "null" => (true, own),
            Some(_) => return None,
            None => (false, member),
        };
        let kind = kind(own, depth)?;
        let doc = own["description"].as_str().map(str::to_owned);
        fields.push(Field { name: name.clone(), doc, optional, kind: kind.of() });
        kinds.push(kind);
    }
    Some(Typed { schema: Arc::new(Schema::new(json["title"].as_str()?, fields)), kinds })
}

fn kind(json: &Json, depth: u32) -> Option<Kind> {
    if depth > DEEPEST {
        return None;
    }
    let title = json["title"].as_str();
    Some(match (json["type"].as_str()?, json["connect.type"].as_str(), title) {
        ("object", None, _) => Kind::Object(object(json, depth + 1)?),
        ("integer", Some(_), Some(title)) => Kind::Integer(logical::of_integer(title)?),
        ("integer", Some("int32"), None) => Kind::Integer(Shape::Int32),
        ("integer", Some("int64"), None) => Kind::Integer(Shape::Int64),
        ("number", Some("float64"), None) => Kind::Number,
        ("boolean", None, None) => Kind::Boolean,
        ("string", None, None) => Kind::Text,
        ("array", None, None) => Kind::List(Box::new(self::kind(json.get("items")?, depth + 1)?)),
        _ => return None,
    })
}
