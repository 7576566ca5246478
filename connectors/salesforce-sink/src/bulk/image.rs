//! A record's values as bytes and back, for the time that they lie on disk.

use std::sync::Arc;

use orgstream_api::{Schema, Struct, Type, Value};

/// What stands before each value.
mod tag {
    pub(super) const NULL: u8 = 0;
    pub(super) const FALSE: u8 = 1;
    pub(super) const TRUE: u8 = 2;
    pub(super) const INT32: u8 = 3;
    pub(super) const INT64: u8 = 4;
    pub(super) const FLOAT64: u8 = 5;
    pub(super) const STRING: u8 = 6;
    pub(super) const DATE: u8 = 7;
    pub(super) const TIME: u8 = 8;
    pub(super) const TIMESTAMP: u8 = 9;
    pub(super) const ARRAY: u8 = 10;
    pub(super) const STRUCT: u8 = 11;
}

/// Appends the values of `image`. False, and the bytes are of no use, where its schema does not tell how to read them.
pub(super) fn write(image: &Struct, bytes: &mut Vec<u8>) -> bool {
    let fields = image.schema().fields().iter().map(|field| &field.kind);
    fields.zip(image.values()).all(|(kind, value)| write_value(kind, value, bytes))
}

/// The values of a struct of `schema`; `None` where the bytes are not what [`write`] made of one.
pub(super) fn read(schema: &Arc<Schema>, bytes: &mut &[u8]) -> Option<Struct> {
    let values = schema.fields().iter().map(|field| read_value(&field.kind, bytes));
    Struct::of(Arc::clone(schema), values.collect::<Option<_>>()?)
}

fn write_value(kind: &Type, value: &Value, bytes: &mut Vec<u8>) -> bool {
    match value {
        Value::Null => bytes.push(tag::NULL),
        Value::Boolean(value) => bytes.push(if *value { tag::TRUE } else { tag::FALSE }),
        Value::Int32(value) => put(tag::INT32, &value.to_le_bytes(), bytes),
        Value::Int64(value) => put(tag::INT64, &value.to_le_bytes(), bytes),
        Value::Float64(value) => put(tag::FLOAT64, &value.to_le_bytes(), bytes),
        Value::Date(value) => put(tag::DATE, &value.to_le_bytes(), bytes),
        Value::Time(value) => put(tag::TIME, &value.to_le_bytes(), bytes),
        Value::Timestamp(value) => put(tag::TIMESTAMP, &value.to_le_bytes(), bytes),
        Value::String(text) => {
            put(tag::STRING, &length(text.len()), bytes);
            bytes.extend_from_slice(text.as_bytes());
        }
        Value::Array(items) => {
            let Type::Array(of) = kind else { return false };
            put(tag::ARRAY, &length(items.len()), bytes);
            return items.iter().all(|item| write_value(of, item, bytes));
        }
        Value::Struct(inner) => {
            let Type::Struct(schema) = kind else { return false };
            bytes.push(tag::STRUCT);
            return **schema == **inner.schema() && write(inner, bytes);
        }
    }
    true
}

fn read_value(kind: &Type, bytes: &mut &[u8]) -> Option<Value> {
    let [tag] = take::<1>(bytes)?;
    Some(match tag {
        tag::NULL => Value::Null,
        tag::FALSE => Value::Boolean(false),
        tag::TRUE => Value::Boolean(true),
        tag::INT32 => Value::Int32(i32::from_le_bytes(take(bytes)?)),
        tag::INT64 => Value::Int64(i64::from_le_bytes(take(bytes)?)),
        tag::FLOAT64 => Value::Float64(f64::from_le_bytes(take(bytes)?)),
        tag::DATE => Value::Date(i32::from_le_bytes(take(bytes)?)),
        tag::TIME => Value::Time(i32::from_le_bytes(take(bytes)?)),
        tag::TIMESTAMP => Value::Timestamp(i64::from_le_bytes(take(bytes)?)),
        tag::STRING => {
            let length = read_length(bytes)?;
            let (text, rest) = bytes.split_at_checked(length)?;
            *bytes = rest;
            Value::String(std::str::from_utf8(text).ok()?.to_owned())
        }
        tag::ARRAY => {
            let Type::Array(of) = kind else { return None };
            let items = (0..read_length(bytes)?).map(|_| read_value(of, bytes));
            Value::Array(items.collect::<Option<_>>()?)
        }
        tag::STRUCT => {
            let Type::Struct(schema) = kind else { return None };
            Value::Struct(read(schema, bytes)?)
        }
        _ => return None,
    })
}

fn put(tag: u8, value: &[u8], bytes: &mut Vec<u8>) {
    bytes.push(tag);
    bytes.extend_from_slice(value);
}

fn length(length: usize) -> [u8; 8] {
    u64::try_from(length).unwrap_or(u64::MAX).to_le_bytes()
}

fn read_length(bytes: &mut &[u8]) -> Option<usize> {
    usize::try_from(u64::from_le_bytes(take(bytes)?)).ok()
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (head, rest) = bytes.split_first_chunk::<N>()?;
    *bytes = rest;
    Some(*head)
}

#[cfg(test)]
mod tests {
    use orgstream_api::Field;
    use proptest::prelude::*;

    use super::*;

    fn inner() -> Arc<Schema> {
        Arc::new(Schema::new("Inner", vec![Field::optional("City", Type::String)]))
    }

    fn kinds() -> Vec<Type> {
        vec![
            Type::Boolean,
            Type::Int32,
            Type::Int64,
            Type::Float64,
            Type::String,
            Type::Date,
            Type::Time,
            Type::Timestamp,
            Type::Array(Arc::new(Type::String)),
            Type::Struct(inner()),
        ]
    }

    fn value(kind: &Type) -> BoxedStrategy<Value> {
        let value = match kind {
            Type::Boolean => any::<bool>().prop_map(Value::Boolean).boxed(),
            Type::Int32 => any::<i32>().prop_map(Value::Int32).boxed(),
            Type::Int64 => any::<i64>().prop_map(Value::Int64).boxed(),
            Type::Float64 => any::<i32>().prop_map(|number| Value::Float64(f64::from(number) / 7.0)).boxed(),
            Type::String => ".{0,20}".prop_map(Value::String).boxed(),
            Type::Date => any::<i32>().prop_map(Value::Date).boxed(),
            Type::Time => any::<i32>().prop_map(Value::Time).boxed(),
            Type::Timestamp => any::<i64>().prop_map(Value::Timestamp).boxed(),
            Type::Array(of) => proptest::collection::vec(value(of), 0..4).prop_map(Value::Array).boxed(),
            Type::Struct(schema) => {
                let schema = Arc::clone(schema);
                ".{0,9}"
                    .prop_map(move |city| {
                        let mut inner = Struct::new(Arc::clone(&schema));
                        inner.set("City", Value::String(city));
                        Value::Struct(inner)
                    })
                    .boxed()
            }
        };
        prop_oneof![1 => Just(Value::Null), 4 => value].boxed()
    }

    proptest! {
        /// No value changes on its way to the disk and back.
        #[test]
        fn what_is_read_is_what_was_written(values in kinds().iter().map(value).collect::<Vec<_>>()) {
            let fields = kinds().into_iter().enumerate().map(|(place, kind)| Field::optional(format!("f{place}"), kind));
            let schema = Arc::new(Schema::new("Image", fields.collect()));
            let image = Struct::of(Arc::clone(&schema), values).unwrap();
            let mut bytes = Vec::new();
            prop_assert!(write(&image, &mut bytes));
            prop_assert_eq!(read(&schema, &mut bytes.as_slice()), Some(image));
            prop_assert_eq!(read(&schema, &mut &bytes[..bytes.len() - 1]), None);
        }
    }

    #[test]
    fn a_value_that_its_schema_does_not_describe_is_not_written() {
        let schema = Arc::new(Schema::new("Image", vec![Field::optional("f", Type::String)]));
        let mut image = Struct::new(schema);
        image.set("f", Value::Array(vec![Value::Null]));
        assert!(!write(&image, &mut Vec::new()));
    }
}
