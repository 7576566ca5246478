//! Schema texts of any writer → our schemas.
//!
//! Texts of AvroConverter come back as the very schemas they were made from. Texts of others are taken as far as
//! their types mean something to Salesforce; what has no counterpart is refused by name, never read by guess.

use std::collections::HashMap;
use std::sync::Arc;

use orgstream_api::{Field, Schema, Type};
use serde_json::{Map, Value as Json};

use super::AvroError;
use super::plan::{Plan, plan};
use crate::codec::logical;
use crate::codec::shape::Shape;
use crate::codec::writer::Referenced;

/// A writer's schema, ready to read values with.
#[derive(Debug)]
pub struct Writer {
    pub(super) plan: Plan,
    shape: Shape,
}

impl Writer {
    /// The schema of its values. A writer of plain values, as of keys that are strings, has one field, `value`.
    pub fn schema(&self) -> Arc<Schema> {
        match self.shape.kind() {
            Type::Struct(schema) => schema,
            kind => {
                let value =
                    Field { name: "value".into(), doc: None, optional: self.shape.is_optional(), kind };
                Arc::new(Schema::new("value", vec![value]))
            }
        }
    }
}

/// Reads a schema's text.
pub fn parse(text: &str) -> Result<Writer, AvroError> {
    parse_with(text, &[])
}

/// Reads a schema's text, some of whose types are defined in others.
pub(in crate::codec) fn parse_with(text: &str, referenced: &[Referenced]) -> Result<Writer, AvroError> {
    // A type may be referred to in several ways; it is defined once.
    let mut others: Vec<&str> = Vec::new();
    for other in referenced {
        if !others.contains(&other.text.as_str()) {
            others.push(&other.text);
        }
    }
    let (avro, referenced) = apache_avro::Schema::parse_str_with_list(text, others.iter().copied())
        .map_err(|error| AvroError(error.to_string()))?;
    let mut parser = Parser::default();
    for other in others {
        parser.shape(&json(other)?, None)?;
    }
    let shape = match json(text)? {
        // Records of several types on one topic: each value says by its branch of which it is.
        Json::Array(branches) => parser.top(&branches)?,
        other => parser.shape(&other, None)?,
    };
    Ok(Writer { plan: plan(&avro, &referenced, &shape)?, shape })
}

/// A primitive type may stand there as a bare word.
fn json(text: &str) -> Result<Json, AvroError> {
    serde_json::from_str(text).map_err(|error| AvroError(error.to_string()))
}

#[derive(Default)]
struct Parser {
    /// Named types by full name; `None` while one is being read.
    named: HashMap<String, Option<Shape>>,
}

impl Parser {
    fn shape(&mut self, json: &Json, namespace: Option<&str>) -> Result<Shape, AvroError> {
        match json {
            Json::String(name) => self.by_name(name, namespace),
            Json::Array(branches) => self.union(branches, namespace),
            Json::Object(object) => self.object(object, namespace),
            other => Err(AvroError(format!("{other} is not an Avro type"))),
        }
    }

    fn by_name(&self, name: &str, namespace: Option<&str>) -> Result<Shape, AvroError> {
        Ok(match name {
            "null" => Shape::Null,
            "boolean" => Shape::Boolean,
            "int" => Shape::Int32,
            "long" => Shape::Int64,
            "float" | "double" => Shape::Float64,
            "string" => Shape::Text,
            "bytes" => Shape::Bytes,
            name => {
                let full = full_name(name, namespace);
                return match self.named.get(&full).or_else(|| self.named.get(name)) {
                    Some(Some(shape)) => Ok(shape.clone()),
                    Some(None) => {
                        Err(AvroError(format!("{full} contains itself, which no record of an org does")))
                    }
                    None => Err(AvroError(format!("the type {full} is not defined"))),
                };
            }
        })
    }

    /// A union that is the whole value, and so may be of several records.
    fn top(&mut self, branches: &[Json]) -> Result<Shape, AvroError> {
        let shapes = self.branches(branches, None)?;
        let records = shapes.iter().filter(|shape| matches!(shape, Shape::Record(..))).count();
        let others = shapes.iter().filter(|shape| **shape != Shape::Null).count() - records;
        if records > 1 && others == 0 { Ok(Shape::OneOf(shapes)) } else { self.union(branches, None) }
    }

    fn branches(&mut self, branches: &[Json], namespace: Option<&str>) -> Result<Vec<Shape>, AvroError> {
        branches.iter().map(|branch| self.shape(branch, namespace)).collect()
    }

    fn union(&mut self, branches: &[Json], namespace: Option<&str>) -> Result<Shape, AvroError> {
        let shapes = self.branches(branches, namespace)?;
        if shapes.iter().filter(|shape| **shape != Shape::Null).count() > 1
            && shapes.iter().all(Shape::is_scalar)
        {
            return Ok(Shape::OneOf(shapes));
        }
        let nullable = shapes.contains(&Shape::Null);
        let mut rest = shapes.into_iter().filter(|shape| *shape != Shape::Null);
        match (rest.next(), rest.next()) {
            (None, _) => Ok(Shape::Single(Box::new(Shape::Null))),
            (Some(only), None) if nullable => Ok(Shape::Optional(Box::new(only))),
            (Some(only), None) => Ok(Shape::Single(Box::new(only))),
            (Some(_), Some(_)) => Err(AvroError(format!(
                "a union of several types that are not all scalar, {}, has no counterpart in a field of an org",
                Json::Array(branches.to_vec())
            ))),
        }
    }

    fn object(&mut self, object: &Map<String, Json>, namespace: Option<&str>) -> Result<Shape, AvroError> {
        let kind = object.get("type").ok_or_else(|| AvroError("an Avro type without `type`".into()))?;
        let Json::String(kind) = kind else { return self.shape(kind, namespace) };
        match kind.as_str() {
            "record" | "error" => self.record(object, namespace),
            "enum" => Ok(self.define(object, namespace, Shape::Text)),
            "fixed" => {
                let shape = decimal(object).unwrap_or(Shape::Bytes);
                Ok(self.define(object, namespace, shape))
            }
            "array" | "map" => {
                let items = object.get(if kind == "array" { "items" } else { "values" });
                let items = items.ok_or_else(|| AvroError(format!("an {kind} that does not say of what")))?;
                let items = Box::new(self.shape(items, namespace)?);
                let is_array = kind == "array" && !items.is_optional() && !matches!(*items, Shape::Json(_));
                Ok(if is_array { Shape::Array(items) } else { Shape::Json(items) })
            }
            primitive => Ok(logical_shape(object).unwrap_or(self.by_name(primitive, namespace)?)),
        }
    }

    fn define(&mut self, object: &Map<String, Json>, namespace: Option<&str>, shape: Shape) -> Shape {
        let name = declared_name(object, namespace);
        self.named.insert(name, Some(shape.clone()));
        shape
    }

    fn record(&mut self, object: &Map<String, Json>, namespace: Option<&str>) -> Result<Shape, AvroError> {
        let name = declared_name(object, namespace);
        let inner = name.rsplit_once('.').map(|(namespace, _)| namespace.to_owned());
        self.named.insert(name.clone(), None);
        let listed = object.get("fields").and_then(Json::as_array).map_or(&[][..], Vec::as_slice);
        let mut fields = Vec::with_capacity(listed.len());
        let mut shapes = Vec::with_capacity(listed.len());
        for json in listed {
            let field = text(json.get("name")).unwrap_or_default();
            let kind = json.get("type").unwrap_or(&Json::Null);
            let shape = self
                .shape(kind, inner.as_deref())
                .map_err(|error| AvroError(format!("field {field} of {name}: {error}")))?;
            fields.push(Field {
                name: field.to_owned(),
                doc: connect_doc(kind).or_else(|| text(json.get("doc"))).map(str::to_owned),
                optional: shape.is_optional(),
                kind: shape.kind(),
            });
            shapes.push(shape);
        }
        let connect = text(object.get("connect.name")).unwrap_or(&name);
        let shape = Shape::Record(Arc::new(Schema::new(connect, fields)), shapes);
        self.named.insert(name, Some(shape.clone()));
        Ok(shape)
    }
}

/// What a primitive type means beyond itself. Connect's name comes first: older converters write no `logicalType`.
fn logical_shape(object: &Map<String, Json>) -> Option<Shape> {
    let kind = text(object.get("type"))?;
    let named = text(object.get("connect.name")).and_then(logical::of_integer);
    match (kind, named) {
        ("int", Some(shape @ (Shape::Date | Shape::Time(1)))) => return Some(shape),
        ("long", Some(shape @ (Shape::Timestamp(_) | Shape::Time(2..)))) => return Some(shape),
        _ => {}
    }
    match (kind, text(object.get("logicalType"))?) {
        ("int", "date") => Some(Shape::Date),
        ("int", "time-millis") => Some(Shape::Time(1)),
        ("long", "time-micros") => Some(Shape::Time(1000)),
        ("long", "timestamp-millis" | "local-timestamp-millis") => Some(Shape::Timestamp(1)),
        ("long", "timestamp-micros" | "local-timestamp-micros") => Some(Shape::Timestamp(1000)),
        ("long", "timestamp-nanos" | "local-timestamp-nanos") => Some(Shape::Timestamp(1_000_000)),
        ("bytes", "decimal") => decimal(object),
        _ => None,
    }
}

fn decimal(object: &Map<String, Json>) -> Option<Shape> {
    if text(object.get("logicalType"))? != "decimal" {
        return None;
    }
    let scale = object.get("scale").and_then(Json::as_u64).unwrap_or_default();
    Some(Shape::Decimal { scale: u32::try_from(scale).ok()? })
}

/// A field's doc as AvroConverter keeps it: with the type, or with the branch that is not null.
fn connect_doc(kind: &Json) -> Option<&str> {
    match kind {
        Json::Object(object) => text(object.get("connect.doc")),
        Json::Array(branches) => branches.iter().find_map(connect_doc),
        _ => None,
    }
}

fn declared_name(object: &Map<String, Json>, enclosing: Option<&str>) -> String {
    let namespace = text(object.get("namespace")).or(enclosing);
    full_name(text(object.get("name")).unwrap_or_default(), namespace)
}

fn full_name(name: &str, namespace: Option<&str>) -> String {
    match namespace {
        Some(namespace) if !name.contains('.') && !namespace.is_empty() => format!("{namespace}.{name}"),
        _ => name.to_owned(),
    }
}

fn text(json: Option<&Json>) -> Option<&str> {
    json.and_then(Json::as_str)
}
