//! Values of our schemas → bytes, written straight from the struct: a tree of the Avro library's values in between would
//! cost a copy of every name and text.
//!
//! The way of each field is found once for each schema: a registered schema may have its fields in another order than the
//! record, and its unions their branches. A field that the record does not have is null where the schema allows it.

use std::sync::Arc;

use apache_avro::Schema as Avro;
use apache_avro::schema::{NamesRef, RecordSchema, ResolvedSchema, UuidSchema};
use orgstream_api::{Field, Schema, Struct, Type, Value};

use super::AvroError;
use crate::codec::varint::write_signed;
use crate::codec::writer::Referenced;

/// Writes values of one of our schemas with one schema of Avro.
#[derive(Debug)]
pub struct Encoder {
    record: Record,
}

#[derive(Debug)]
struct Record {
    schema: Arc<Schema>,
    places: Vec<Place>,
}

/// A field of the Avro schema, in its order.
#[derive(Debug)]
enum Place {
    /// The value of the field with this number.
    Of(usize, Step),
    /// Null, by the number of its branch: the record has no such field.
    Null(u8),
}

/// How a value is written.
#[derive(Debug)]
struct Step {
    branches: Option<Branches>,
    kind: Kind,
}

/// The numbers of a union's branches, as they are written.
#[derive(Debug)]
struct Branches {
    null: Option<u8>,
    value: u8,
}

#[derive(Debug)]
enum Kind {
    Boolean,
    Int32,
    Int64,
    Float64,
    Text,
    Date,
    Time,
    Timestamp,
    Array(Box<Step>),
    Record(Box<Record>),
}

impl Encoder {
    /// The way of values of `schema` into bytes of the Avro schema `text`; an error names the field that has none.
    pub(in crate::codec) fn compile(
        text: &str,
        referenced: &[Referenced],
        schema: &Arc<Schema>,
    ) -> Result<Self, AvroError> {
        let mut others: Vec<&str> = referenced.iter().map(|other| other.text.as_str()).collect();
        others.dedup();
        let (avro, others) =
            Avro::parse_str_with_list(text, others).map_err(|error| AvroError(error.to_string()))?;
        let all = others.iter().chain([&avro]).collect();
        let names = ResolvedSchema::new_with_schemata(all).map_err(|error| AvroError(error.to_string()))?;
        let compiler = Compiler { names: names.get_names() };
        let Avro::Record(record) = &avro else {
            return Err(AvroError("the registered schema is none of a record".to_owned()));
        };
        Ok(Self { record: compiler.record(record, None, schema)? })
    }

    /// Appends the bytes of `value`, which is of the encoder's schema. After an error `out` ends with a part of them.
    pub fn encode(&self, value: &Struct, out: &mut Vec<u8>) -> Result<(), AvroError> {
        self.record.write(value, out)
    }
}

struct Compiler<'a> {
    names: &'a NamesRef<'a>,
}

impl Compiler<'_> {
    fn record(
        &self,
        avro: &RecordSchema,
        namespace: Option<&str>,
        schema: &Arc<Schema>,
    ) -> Result<Record, AvroError> {
        let name = avro.name.fully_qualified_name(namespace);
        let mut places = Vec::with_capacity(avro.fields.len());
        for field in &avro.fields {
            let Some(index) = schema.position(&field.name) else {
                let null = null_of(&field.schema).ok_or_else(|| {
                    AvroError(format!(
                        "the registered schema asks for field {}, which {} does not have",
                        field.name,
                        schema.name()
                    ))
                })?;
                places.push(Place::Null(null));
                continue;
            };
            let step = self.step(&field.schema, name.namespace(), &schema.fields()[index].kind);
            let step =
                step.map_err(|AvroError(error)| AvroError(format!("field {}: {error}", field.name)))?;
            places.push(Place::Of(index, step));
        }
        let known = |field: &&Field| avro.fields.iter().any(|known| known.name == field.name);
        if let Some(missing) = schema.fields().iter().find(|field| !known(field)) {
            return Err(AvroError(format!("the registered schema has no field {}", missing.name)));
        }
        Ok(Record { schema: Arc::clone(schema), places })
    }

    fn step(&self, avro: &Avro, namespace: Option<&str>, kind: &Type) -> Result<Step, AvroError> {
        let Avro::Union(union) = avro else {
            return Ok(Step { branches: None, kind: self.kind(avro, namespace, kind)? });
        };
        let mut refused = None;
        for (number, branch) in union.variants().iter().enumerate() {
            match self.kind(branch, namespace, kind) {
                Ok(kind) => {
                    let branches = Branches { null: null_of(avro), value: number_of(number)? };
                    return Ok(Step { branches: Some(branches), kind });
                }
                Err(error) => refused = Some(error),
            }
        }
        Err(refused.unwrap_or_else(|| AvroError("a union of nothing".to_owned())))
    }

    fn kind(&self, avro: &Avro, namespace: Option<&str>, kind: &Type) -> Result<Kind, AvroError> {
        Ok(match (avro, kind) {
            (Avro::Ref { name }, kind) => {
                let name = name.fully_qualified_name(namespace);
                let defined = self.names.get(name.as_ref());
                let defined = defined.ok_or_else(|| AvroError(format!("the type {name} is not defined")))?;
                self.kind(defined, name.namespace(), kind)?
            }
            (Avro::Boolean, Type::Boolean) => Kind::Boolean,
            (Avro::Int | Avro::Long, Type::Int32) => Kind::Int32,
            (Avro::Long, Type::Int64) => Kind::Int64,
            (Avro::Double, Type::Float64) => Kind::Float64,
            (Avro::String | Avro::Uuid(UuidSchema::String), Type::String) => Kind::Text,
            (Avro::Date | Avro::Int, Type::Date) => Kind::Date,
            (Avro::TimeMillis | Avro::Int, Type::Time) => Kind::Time,
            (Avro::TimestampMillis | Avro::LocalTimestampMillis | Avro::Long, Type::Timestamp) => {
                Kind::Timestamp
            }
            (Avro::Array(array), Type::Array(items)) => {
                Kind::Array(Box::new(self.step(&array.items, namespace, items)?))
            }
            (Avro::Record(record), Type::Struct(schema)) => {
                Kind::Record(Box::new(self.record(record, namespace, schema)?))
            }
            (avro, kind) => {
                return Err(AvroError(format!("a value of {kind:?} cannot be written as {avro:?}")));
            }
        })
    }
}

/// What stands for null in values of a schema.
fn null_of(avro: &Avro) -> Option<u8> {
    let Avro::Union(union) = avro else { return None };
    let number = union.variants().iter().position(|branch| matches!(branch, Avro::Null))?;
    number_of(number).ok()
}

/// The number of a branch as it is written: in one byte.
fn number_of(branch: usize) -> Result<u8, AvroError> {
    let doubled = u8::try_from(branch * 2).ok().filter(|byte| *byte < 0x80);
    doubled.ok_or_else(|| AvroError("a union of more than 64 types".to_owned()))
}

impl Record {
    fn write(&self, value: &Struct, out: &mut Vec<u8>) -> Result<(), AvroError> {
        let values = value.values();
        for place in &self.places {
            match place {
                Place::Null(branch) => out.push(*branch),
                Place::Of(index, step) => {
                    let value = &values[*index];
                    if !step.write(value, out)? {
                        return Err(self.unfit(*index, value));
                    }
                }
            }
        }
        Ok(())
    }

    fn unfit(&self, index: usize, value: &Value) -> AvroError {
        let field = &self.schema.fields()[index];
        AvroError(format!(
            "field {} of {} is {} and holds {value:?}",
            field.name,
            self.schema.name(),
            if field.optional { format!("{:?} or null", field.kind) } else { format!("{:?}", field.kind) },
        ))
    }
}

impl Step {
    /// Writes a value; false where it is none of the kind.
    fn write(&self, value: &Value, out: &mut Vec<u8>) -> Result<bool, AvroError> {
        if let Some(branches) = &self.branches {
            if value.is_null() {
                let Some(null) = branches.null else { return Ok(false) };
                out.push(null);
                return Ok(true);
            }
            out.push(branches.value);
        }
        match (&self.kind, value) {
            (Kind::Text, Value::String(value)) => {
                length(value.len(), out);
                out.extend_from_slice(value.as_bytes());
            }
            (Kind::Boolean, Value::Boolean(value)) => out.push(u8::from(*value)),
            (Kind::Int32, Value::Int32(value))
            | (Kind::Date, Value::Date(value))
            | (Kind::Time, Value::Time(value)) => write_signed(i64::from(*value), out),
            (Kind::Int64, Value::Int64(value)) | (Kind::Timestamp, Value::Timestamp(value)) => {
                write_signed(*value, out);
            }
            (Kind::Float64, Value::Float64(value)) => out.extend_from_slice(&value.to_le_bytes()),
            (Kind::Array(items), Value::Array(values)) => return array(items, values, out),
            (Kind::Record(record), Value::Struct(value)) if record.schema == *value.schema() => {
                record.write(value, out)?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }
}

/// One block with all items, and the empty one that ends an array.
fn array(items: &Step, values: &[Value], out: &mut Vec<u8>) -> Result<bool, AvroError> {
    if !values.is_empty() {
        length(values.len(), out);
    }
    for value in values {
        if value.is_null() || !items.write(value, out)? {
            return Ok(false);
        }
    }
    out.push(0);
    Ok(true)
}

fn length(value: usize, out: &mut Vec<u8>) {
    write_signed(i64::try_from(value).unwrap_or(i64::MAX), out);
}
