//! Values of our schemas → bytes.

use std::sync::Arc;

use apache_avro::types::Value as Avro;
use apache_avro::writer::datum::GenericDatumWriter;
use orgstream_api::{Field, Schema, Struct, Type, Value};

use super::AvroError;

/// The Avro library's form of a text of [`schema_text`](super::schema_text).
pub fn parse_own(text: &str) -> Result<apache_avro::Schema, AvroError> {
    apache_avro::Schema::parse_str(text).map_err(|error| AvroError(error.to_string()))
}

/// The bytes of `value`, whose schema's text was parsed as `avro`.
pub fn encode(avro: &apache_avro::Schema, value: &Struct) -> Result<Vec<u8>, AvroError> {
    let record = record(value)?;
    GenericDatumWriter::builder(avro)
        .build()
        .and_then(|datum| datum.write_value_to_vec(record))
        .map_err(|error| AvroError(error.to_string()))
}

fn record(value: &Struct) -> Result<Avro, AvroError> {
    let schema = value.schema();
    let mut fields = Vec::with_capacity(schema.fields().len());
    for (field, value) in schema.fields().iter().zip(value.values()) {
        fields.push((field.name.clone(), member(schema, field, value)?));
    }
    Ok(Avro::Record(fields))
}

fn member(schema: &Schema, field: &Field, value: &Value) -> Result<Avro, AvroError> {
    if field.optional && value.is_null() {
        return Ok(Avro::Union(0, Box::new(Avro::Null)));
    }
    let found = element(&field.kind, value)?.ok_or_else(|| {
        AvroError(format!(
            "field {} of {} is {} and holds {value:?}",
            field.name,
            schema.name(),
            if field.optional { format!("{:?} or null", field.kind) } else { format!("{:?}", field.kind) },
        ))
    })?;
    Ok(if field.optional { Avro::Union(1, Box::new(found)) } else { found })
}

/// A value that is not null; `None` where it is none of `kind`.
fn element(kind: &Type, value: &Value) -> Result<Option<Avro>, AvroError> {
    Ok(Some(match (kind, value) {
        (Type::Boolean, Value::Boolean(value)) => Avro::Boolean(*value),
        (Type::Int32, Value::Int32(value)) => Avro::Int(*value),
        (Type::Int64, Value::Int64(value)) => Avro::Long(*value),
        (Type::Float64, Value::Float64(value)) => Avro::Double(*value),
        (Type::String, Value::String(value)) => Avro::String(value.clone()),
        (Type::Date, Value::Date(days)) => Avro::Date(*days),
        (Type::Time, Value::Time(millis)) => Avro::TimeMillis(*millis),
        (Type::Timestamp, Value::Timestamp(millis)) => Avro::TimestampMillis(*millis),
        (Type::Array(items), Value::Array(values)) => {
            let elements: Option<Vec<Avro>> =
                values.iter().map(|value| element(items, value)).collect::<Result<_, _>>()?;
            return Ok(elements.map(Avro::Array));
        }
        (Type::Struct(inner), Value::Struct(value)) if same(inner, value.schema()) => record(value)?,
        _ => return Ok(None),
    }))
}

/// Schemas are shared as a rule, so that comparing them is comparing their addresses.
fn same(left: &Arc<Schema>, right: &Arc<Schema>) -> bool {
    Arc::ptr_eq(left, right) || left == right
}
