//! Bytes → values of a writer's schema.

use std::io::Read;
use std::sync::Arc;

use apache_avro::reader::datum::{GenericDatumReader, GenericDatumReaderBuilder};
use apache_avro::types::Value as Avro;
use orgstream_api::{Schema, Struct, Value};
use serde_json::Value as Json;

use super::{AvroError, Writer};
use crate::codec::shape::Shape;
use crate::codec::spelling;

/// The struct that `bytes` are; `None` for the null of a writer whose schema allows it. All bytes are used.
pub fn decode(writer: &Writer, bytes: &[u8]) -> Result<Option<Struct>, AvroError> {
    let mut reader = Strict { rest: bytes, ran_dry: false };
    let reading = GenericDatumReader::builder(&writer.avro);
    let built = match &writer.referenced[..] {
        [] => reading.build(),
        referenced => {
            let all = referenced.iter().chain([&writer.avro]).collect();
            reading.writer_schemata(all).and_then(GenericDatumReaderBuilder::build)
        }
    };
    let avro = built
        .and_then(|datum| datum.read_value(&mut reader))
        .map_err(|error| AvroError(format!("the bytes do not fit the writer's schema: {error}")))?;
    if reader.ran_dry {
        return Err(AvroError(format!("the value is cut off after {} bytes", bytes.len())));
    }
    if !reader.rest.is_empty() {
        return Err(AvroError(format!("{} bytes follow the end of the value", reader.rest.len())));
    }
    Ok(match value(&writer.shape, avro)? {
        Value::Null => None,
        Value::Struct(found) => Some(found),
        bare => Struct::of(writer.schema(), vec![bare]),
    })
}

/// Bytes that remember whether more of them were asked for than there are. The Avro library takes the end of its
/// input for null, so that a value that was cut off would be read as one with empty fields.
struct Strict<'a> {
    rest: &'a [u8],
    ran_dry: bool,
}

impl Read for Strict<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.ran_dry |= buffer.len() > self.rest.len();
        self.rest.read(buffer)
    }
}

fn value(shape: &Shape, avro: Avro) -> Result<Value, AvroError> {
    Ok(match (shape, avro) {
        (Shape::Optional(inner) | Shape::Single(inner), Avro::Union(_, avro)) => match *avro {
            Avro::Null => Value::Null,
            avro => value(inner, avro)?,
        },
        (Shape::OneOf(branches), Avro::Union(branch, avro)) => {
            let branch = usize::try_from(branch).ok().and_then(|branch| branches.get(branch));
            let branch = branch.ok_or_else(|| AvroError("a branch that its union does not have".into()))?;
            match value(branch, *avro)? {
                record @ Value::Struct(_) => record,
                scalar => spelling::text(scalar),
            }
        }
        (Shape::Null, Avro::Null) => Value::Null,
        (Shape::Boolean, Avro::Boolean(value)) => Value::Boolean(value),
        (Shape::Int32, Avro::Int(value)) => Value::Int32(value),
        (Shape::Int64, Avro::Long(value)) => Value::Int64(value),
        (Shape::Float64, Avro::Double(value)) => Value::Float64(value),
        (Shape::Float64, Avro::Float(value)) => Value::Float64(spelling::widened(value)),
        (Shape::Text, Avro::String(text) | Avro::Enum(_, text)) => Value::String(text),
        (Shape::Text, Avro::Uuid(uuid)) => Value::String(uuid.to_string()),
        (Shape::Bytes, Avro::Bytes(bytes) | Avro::Fixed(_, bytes)) => Value::String(spelling::base64(&bytes)),
        (Shape::Decimal { scale }, Avro::Decimal(decimal)) => {
            let bytes = Vec::<u8>::try_from(decimal).map_err(|error| AvroError(error.to_string()))?;
            Value::String(spelling::decimal(&bytes, *scale).map_err(AvroError)?)
        }
        (Shape::Date, Avro::Date(days) | Avro::Int(days)) => Value::Date(days),
        (Shape::Time(1), Avro::TimeMillis(millis) | Avro::Int(millis)) => Value::Time(millis),
        (Shape::Time(parts), Avro::TimeMicros(time) | Avro::Long(time)) => {
            let millis = i32::try_from(time.div_euclid(*parts));
            Value::Time(millis.map_err(|_| AvroError(format!("{time} is no time of day")))?)
        }
        (
            Shape::Timestamp(parts),
            Avro::Long(time)
            | Avro::TimestampMillis(time)
            | Avro::TimestampMicros(time)
            | Avro::TimestampNanos(time)
            | Avro::LocalTimestampMillis(time)
            | Avro::LocalTimestampMicros(time)
            | Avro::LocalTimestampNanos(time),
        ) => Value::Timestamp(time.div_euclid(*parts)),
        (Shape::Array(items), Avro::Array(list)) => {
            Value::Array(list.into_iter().map(|avro| value(items, avro)).collect::<Result<_, _>>()?)
        }
        (Shape::Json(items), avro @ (Avro::Array(_) | Avro::Map(_))) => {
            Value::String(collection(items, avro)?.to_string())
        }
        (Shape::Record(schema, shapes), Avro::Record(fields)) => {
            Value::Struct(record(schema, shapes, fields)?)
        }
        (shape, avro) => return Err(AvroError(format!("{avro:?} is no value of {:?}", shape.kind()))),
    })
}

fn record(schema: &Arc<Schema>, shapes: &[Shape], fields: Vec<(String, Avro)>) -> Result<Struct, AvroError> {
    let mut found = Struct::new(Arc::clone(schema));
    for (shape, (name, avro)) in shapes.iter().zip(fields) {
        let value = value(shape, avro).map_err(|error| AvroError(format!("field {name}: {error}")))?;
        found.set(&name, value);
    }
    Ok(found)
}

fn collection(items: &Shape, avro: Avro) -> Result<Json, AvroError> {
    match avro {
        Avro::Array(list) => list.into_iter().map(|avro| Ok(value(items, avro)?.to_json())).collect(),
        Avro::Map(map) => {
            // In the order of the names, so that equal maps are equal texts.
            let sorted: std::collections::BTreeMap<_, _> = map.into_iter().collect();
            sorted.into_iter().map(|(name, avro)| Ok((name, value(items, avro)?.to_json()))).collect()
        }
        other => Err(AvroError(format!("{other:?} is neither an array nor a map"))),
    }
}
