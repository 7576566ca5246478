//! How values of a writer's schema are read: what stands on the wire, and what it becomes. Made once for each schema.

use std::sync::Arc;

use apache_avro::Schema as Avro;
use apache_avro::schema::{InnerDecimalSchema, NamesRef, ResolvedSchema, UuidSchema};
use orgstream_api::Schema;

use super::AvroError;
use crate::codec::shape::Shape;

/// A value on the wire.
#[derive(Debug)]
pub(super) enum Plan {
    Null,
    Boolean,
    /// A number of at most 32 bits.
    Int(Shape),
    /// A number of at most 64 bits.
    Long(Shape),
    Float,
    Double,
    Text,
    /// The number of one of these.
    Symbol(Vec<String>),
    /// The 16 bytes of a UUID.
    Uuid(Raw),
    Bytes(Raw),
    /// An unscaled number, of a decimal with so many digits behind the point.
    Decimal(Raw, u32),
    /// Items that are never null.
    Array(Box<Plan>),
    /// Items that become JSON text.
    JsonArray(Box<Plan>),
    /// Values by their names, which become JSON text.
    JsonMap(Box<Plan>),
    /// One of these, behind its number.
    Union(Vec<Plan>),
    /// The same; what is no record becomes text.
    OneOf(Vec<Plan>),
    Record(Arc<Schema>, Vec<Plan>),
    /// Something that nothing here stands for. Only a value that holds one is refused.
    Unread(&'static str),
}

/// Where raw bytes end.
#[derive(Debug)]
pub(super) enum Raw {
    /// Their length stands before them.
    Counted,
    /// There are always so many.
    Fixed(usize),
}

/// The plan for values of `schema`, which have this shape.
pub(super) fn plan(schema: &Avro, referenced: &[Avro], shape: &Shape) -> Result<Plan, AvroError> {
    let all = referenced.iter().chain([schema]).collect();
    let names = ResolvedSchema::new_with_schemata(all).map_err(|error| AvroError(error.to_string()))?;
    Planner { names: names.get_names() }.plan(schema, shape, None)
}

struct Planner<'a> {
    names: &'a NamesRef<'a>,
}

impl Planner<'_> {
    fn plan(&self, schema: &Avro, shape: &Shape, namespace: Option<&str>) -> Result<Plan, AvroError> {
        Ok(match (schema, shape) {
            (Avro::Ref { name }, shape) => {
                let name = name.fully_qualified_name(namespace);
                let defined = self.names.get(name.as_ref());
                let defined = defined.ok_or_else(|| AvroError(format!("the type {name} is not defined")))?;
                self.plan(defined, shape, name.namespace())?
            }
            (Avro::Null, _) => Plan::Null,
            (Avro::Boolean, Shape::Boolean) => Plan::Boolean,
            (Avro::Int | Avro::Date | Avro::TimeMillis, shape) => Plan::Int(shape.clone()),
            (
                Avro::Long
                | Avro::TimeMicros
                | Avro::TimestampMillis
                | Avro::TimestampMicros
                | Avro::TimestampNanos
                | Avro::LocalTimestampMillis
                | Avro::LocalTimestampMicros
                | Avro::LocalTimestampNanos,
                shape,
            ) => Plan::Long(shape.clone()),
            (Avro::Float, Shape::Float64) => Plan::Float,
            (Avro::Double, Shape::Float64) => Plan::Double,
            (Avro::String | Avro::Uuid(UuidSchema::String), Shape::Text) => Plan::Text,
            (Avro::Enum(listed), Shape::Text) => Plan::Symbol(listed.symbols.clone()),
            (Avro::Uuid(UuidSchema::Bytes), Shape::Bytes) => Plan::Uuid(Raw::Counted),
            (Avro::Uuid(UuidSchema::Fixed(fixed)), Shape::Bytes) => Plan::Uuid(Raw::Fixed(fixed.size)),
            (Avro::BigDecimal, _) => Plan::Unread("a big-decimal"),
            (Avro::Duration(_), _) => Plan::Unread("a duration"),
            (Avro::Bytes | Avro::Fixed(_) | Avro::Decimal(_), Shape::Bytes) => Plan::Bytes(raw(schema)),
            (Avro::Bytes | Avro::Fixed(_) | Avro::Decimal(_), Shape::Decimal { scale }) => {
                Plan::Decimal(raw(schema), *scale)
            }
            (Avro::Array(array), Shape::Array(shape)) => {
                Plan::Array(Box::new(self.plan(&array.items, shape, namespace)?))
            }
            (Avro::Array(array), Shape::Json(shape)) => {
                Plan::JsonArray(Box::new(self.plan(&array.items, shape, namespace)?))
            }
            (Avro::Map(map), Shape::Json(shape)) => {
                Plan::JsonMap(Box::new(self.plan(&map.types, shape, namespace)?))
            }
            (Avro::Union(union), Shape::Optional(shape) | Shape::Single(shape)) => {
                let branches = union.variants().iter().map(|branch| self.plan(branch, shape, namespace));
                Plan::Union(branches.collect::<Result<_, _>>()?)
            }
            (Avro::Union(union), Shape::OneOf(shapes)) => {
                let branches = union.variants().iter().zip(shapes);
                let plans = branches.map(|(branch, shape)| self.plan(branch, shape, namespace));
                Plan::OneOf(plans.collect::<Result<_, _>>()?)
            }
            (Avro::Record(record), Shape::Record(schema, shapes)) => {
                let name = record.name.fully_qualified_name(namespace);
                let fields = record.fields.iter().zip(shapes);
                let plans = fields.map(|(field, shape)| self.plan(&field.schema, shape, name.namespace()));
                Plan::Record(Arc::clone(schema), plans.collect::<Result<_, _>>()?)
            }
            (schema, shape) => {
                return Err(AvroError(format!("{schema:?} cannot be read as {:?}", shape.kind())));
            }
        })
    }
}

fn raw(schema: &Avro) -> Raw {
    match schema {
        Avro::Fixed(fixed) => Raw::Fixed(fixed.size),
        Avro::Decimal(decimal) => match &decimal.inner {
            InnerDecimalSchema::Fixed(fixed) => Raw::Fixed(fixed.size),
            InnerDecimalSchema::Bytes => Raw::Counted,
        },
        _ => Raw::Counted,
    }
}
