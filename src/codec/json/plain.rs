//! JSON that nobody describes: values are of the types that JSON knows. What a date or an amount is, only the field says
//! that it is written to.

use std::sync::Arc;

use orgstream_api::{Field, Schema, Struct, Value};

use super::number;
use super::tree::Node;

/// The name of the schema of a value that nobody names.
const NAME: &str = "json";

/// What a JSON text is; `None` for null.
pub(in crate::codec) fn decode(bytes: &[u8]) -> Result<Option<Struct>, String> {
    Ok(half(value(NAME, &Node::parse(bytes)?)?))
}

/// A value as a half of a record.
pub(super) fn half(value: Value) -> Option<Struct> {
    match value {
        Value::Null => None,
        Value::Struct(value) => Some(value),
        bare => Some(Struct::bare(bare)),
    }
}

/// The value of a tree; `name` is that of its member.
pub(super) fn value(name: &str, node: &Node<'_>) -> Result<Value, String> {
    Ok(match node {
        Node::Null => Value::Null,
        Node::Boolean(value) => Value::Boolean(*value),
        Node::Number(spelled) => number::value(spelled)?,
        Node::Text(text) => Value::String(text.clone().into_owned()),
        Node::List(items) => list(items.iter().map(|item| value(name, item)).collect::<Result<_, _>>()?),
        Node::Object(members) => {
            let values = members.iter().map(|(name, member)| Ok((name.as_ref(), value(name, member)?)));
            Value::Struct(object(name, values)?)
        }
    })
}

/// A struct of these members, whose schema says no more than that.
pub(super) fn object<'n>(
    name: &str,
    members: impl Iterator<Item = Result<(&'n str, Value), String>>,
) -> Result<Struct, String> {
    let (mut fields, mut values) = (Vec::new(), Vec::new());
    for member in members {
        let (name, value) = member?;
        fields.push(Field::optional(name, value.kind()));
        values.push(value);
    }
    let schema = Arc::new(Schema::new(name, fields));
    Struct::of(schema, values).ok_or_else(|| "a member stands twice".to_owned())
}

/// A list of one type; of values that are not of one type, or some of them null, the JSON text.
pub(super) fn list(values: Vec<Value>) -> Value {
    let is_uniform = match values.first() {
        Some(first) => {
            let kind = first.kind();
            values.iter().all(|value| !value.is_null() && value.kind() == kind)
        }
        None => true,
    };
    let values = Value::Array(values);
    if is_uniform { values } else { Value::String(values.to_json().to_string()) }
}
