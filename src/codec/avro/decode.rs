//! Bytes → values of a writer's schema, read straight into the struct: a tree of the Avro library's values in between would
//! cost a copy of every name and text.

use std::collections::BTreeMap;

use orgstream_api::{Struct, Value};
use serde_json::Value as Json;

use super::input::Input;
use super::plan::{Plan, Raw};
use super::{AvroError, Writer};
use crate::codec::spelling;

/// The struct that `bytes` are; `None` for the null of a writer whose schema allows it. All bytes are used.
pub fn decode(writer: &Writer, bytes: &[u8]) -> Result<Option<Struct>, AvroError> {
    let mut input = Input::new(bytes);
    let value = value(&writer.plan, &mut input)
        .map_err(|error| AvroError(format!("the bytes do not fit the writer's schema: {error}")))?;
    if input.left() > 0 {
        return Err(AvroError(format!("{} bytes follow the end of the value", input.left())));
    }
    Ok(match value {
        Value::Null => None,
        Value::Struct(found) => Some(found),
        bare => Struct::of(writer.schema(), vec![bare]),
    })
}

fn value(plan: &Plan, input: &mut Input<'_>) -> Result<Value, AvroError> {
    Ok(match plan {
        Plan::Null => Value::Null,
        Plan::Boolean => match input.array()? {
            [byte @ (0 | 1)] => Value::Boolean(byte == 1),
            [byte] => return Err(AvroError(format!("{byte} is no boolean"))),
        },
        Plan::Int(shape) => {
            let number = input.int()?;
            let value = shape.of_integer(i64::from(number));
            value.ok_or_else(|| AvroError(format!("{number} is no value of {:?}", shape.kind())))?
        }
        Plan::Long(shape) => {
            let number = input.long()?;
            let value = shape.of_integer(number);
            value.ok_or_else(|| AvroError(format!("{number} is no value of {:?}", shape.kind())))?
        }
        Plan::Float => Value::Float64(spelling::widened(f32::from_le_bytes(input.array()?))),
        Plan::Double => Value::Float64(f64::from_le_bytes(input.array()?)),
        Plan::Text => Value::String(input.text()?.to_owned()),
        Plan::Symbol(symbols) => Value::String(one_of(symbols, input)?.clone()),
        Plan::Uuid(raw) => Value::String(spelling::uuid(bytes(raw, input)?).map_err(AvroError)?),
        Plan::Bytes(raw) => Value::String(spelling::base64(bytes(raw, input)?)),
        Plan::Decimal(raw, scale) => {
            Value::String(spelling::decimal(bytes(raw, input)?, *scale).map_err(AvroError)?)
        }
        Plan::Array(item) => {
            let mut values = Vec::new();
            input.items(|input| {
                values.push(value(item, input)?);
                Ok(())
            })?;
            Value::Array(values)
        }
        Plan::JsonArray(item) => Value::String(list(item, input)?.to_string()),
        Plan::JsonMap(item) => Value::String(map(item, input)?.to_string()),
        Plan::Union(branches) => value(one_of(branches, input)?, input)?,
        Plan::OneOf(branches) => match value(one_of(branches, input)?, input)? {
            record @ Value::Struct(_) => record,
            scalar => spelling::text(scalar),
        },
        Plan::Record(schema, plans) => {
            let mut values = Vec::with_capacity(plans.len());
            for (plan, field) in plans.iter().zip(schema.fields()) {
                let value = value(plan, input)
                    .map_err(|AvroError(error)| AvroError(format!("field {}: {error}", field.name)))?;
                values.push(value);
            }
            let found = Struct::of(schema.clone(), values);
            Value::Struct(found.ok_or_else(|| AvroError("a record that names a field twice".to_owned()))?)
        }
        Plan::Unread(what) => return Err(AvroError(format!("no field of an org holds {what}"))),
    })
}

fn bytes<'a>(raw: &Raw, input: &mut Input<'a>) -> Result<&'a [u8], AvroError> {
    match raw {
        Raw::Counted => input.bytes(),
        Raw::Fixed(size) => input.take(*size),
    }
}

/// The branch or symbol whose number comes next.
fn one_of<'a, T>(all: &'a [T], input: &mut Input<'_>) -> Result<&'a T, AvroError> {
    let number = input.long()?;
    let one = usize::try_from(number).ok().and_then(|number| all.get(number));
    one.ok_or_else(|| AvroError(format!("{number} is none of its {} branches or symbols", all.len())))
}

/// A value as a part of JSON text.
fn json(plan: &Plan, input: &mut Input<'_>) -> Result<Json, AvroError> {
    match plan {
        Plan::JsonArray(item) => list(item, input),
        Plan::JsonMap(item) => map(item, input),
        Plan::Union(branches) => json(one_of(branches, input)?, input),
        plan => Ok(value(plan, input)?.to_json()),
    }
}

fn list(item: &Plan, input: &mut Input<'_>) -> Result<Json, AvroError> {
    let mut values = Vec::new();
    input.items(|input| {
        values.push(json(item, input)?);
        Ok(())
    })?;
    Ok(Json::Array(values))
}

/// In the order of the names, so that equal maps are equal texts.
fn map(item: &Plan, input: &mut Input<'_>) -> Result<Json, AvroError> {
    let mut members = BTreeMap::new();
    input.items(|input| {
        let name = input.text()?.to_owned();
        members.insert(name, json(item, input)?);
        Ok(())
    })?;
    Ok(members.into_iter().collect())
}
