//! Values of our schemas → bytes, written straight from the struct: a tree of the Avro library's values in between would
//! cost a copy of every name and text.
//!
//! The layout is Avro's binary encoding of the schema that [`schema_text`](super::schema_text) writes: the fields one after
//! the other, an optional one behind the number of its branch, 0 for null and 1 for its type.

use std::sync::Arc;

use orgstream_api::{Field, Schema, Struct, Type, Value};

use super::AvroError;

/// Whether the Avro library takes a text of [`schema_text`](super::schema_text), which not every name allows.
pub fn check_own(text: &str) -> Result<(), AvroError> {
    apache_avro::Schema::parse_str(text).map(drop).map_err(|error| AvroError(error.to_string()))
}

/// Appends the bytes of `value` to `out`. After an error `out` ends with a part of them.
pub fn encode(value: &Struct, out: &mut Vec<u8>) -> Result<(), AvroError> {
    let schema = value.schema();
    for (field, value) in schema.fields().iter().zip(value.values()) {
        member(schema, field, value, out)?;
    }
    Ok(())
}

fn member(schema: &Schema, field: &Field, value: &Value, out: &mut Vec<u8>) -> Result<(), AvroError> {
    if field.optional {
        let is_null = value.is_null();
        long(i64::from(!is_null), out);
        if is_null {
            return Ok(());
        }
    }
    if element(&field.kind, value, out)? {
        return Ok(());
    }
    Err(AvroError(format!(
        "field {} of {} is {} and holds {value:?}",
        field.name,
        schema.name(),
        if field.optional { format!("{:?} or null", field.kind) } else { format!("{:?}", field.kind) },
    )))
}

/// Writes a value that is not null; false where it is none of `kind`.
fn element(kind: &Type, value: &Value, out: &mut Vec<u8>) -> Result<bool, AvroError> {
    match (kind, value) {
        (Type::Boolean, Value::Boolean(value)) => out.push(u8::from(*value)),
        (Type::Int32, Value::Int32(value))
        | (Type::Date, Value::Date(value))
        | (Type::Time, Value::Time(value)) => long(i64::from(*value), out),
        (Type::Int64, Value::Int64(value)) | (Type::Timestamp, Value::Timestamp(value)) => long(*value, out),
        (Type::Float64, Value::Float64(value)) => out.extend_from_slice(&value.to_le_bytes()),
        (Type::String, Value::String(value)) => {
            length(value.len(), out);
            out.extend_from_slice(value.as_bytes());
        }
        (Type::Array(items), Value::Array(values)) => {
            // One block with all of them, and the empty one that ends an array.
            if !values.is_empty() {
                length(values.len(), out);
            }
            for value in values {
                if !element(items, value, out)? {
                    return Ok(false);
                }
            }
            long(0, out);
        }
        (Type::Struct(inner), Value::Struct(value)) if same(inner, value.schema()) => encode(value, out)?,
        _ => return Ok(false),
    }
    Ok(true)
}

/// A number as Avro writes all of them: small ones of either sign in few bytes.
fn long(value: i64, out: &mut Vec<u8>) {
    let mut left = ((value << 1) ^ (value >> 63)).cast_unsigned();
    loop {
        let low = (left & 0x7f) as u8;
        left >>= 7;
        if left == 0 {
            out.push(low);
            return;
        }
        out.push(low | 0x80);
    }
}

fn length(value: usize, out: &mut Vec<u8>) {
    long(i64::try_from(value).unwrap_or(i64::MAX), out);
}

/// Schemas are shared as a rule, so that comparing them is comparing their addresses.
fn same(left: &Arc<Schema>, right: &Arc<Schema>) -> bool {
    Arc::ptr_eq(left, right) || left == right
}
