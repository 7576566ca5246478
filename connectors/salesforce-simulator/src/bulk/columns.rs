//! What the header of a file says of its cells: a field, or a parent by one of its fields.

use serde_json::{Map, Value as Json, json};

use super::job::Operation;
use crate::data::{Api, Refusal, convert};
use crate::schema::{Field, FieldType, Object, Schema};

/// What empties a field.
const NULL: &str = "#N/A";

/// The meaning of each column.
#[derive(Debug)]
pub(super) struct Columns<'a> {
    columns: Vec<Column<'a>>,
}

/// The meaning of one column.
#[derive(Debug)]
enum Column<'a> {
    /// A field of the object.
    Field(&'a Field),
    /// `Account.ERP_Key__c`, or `User:Owner.Email` where the parent may be of several objects.
    Parent { reference: &'a Field, relationship: &'a str, of: Option<&'a str>, key: &'a Field },
}

impl<'a> Columns<'a> {
    /// Reads a header. The error is what the failed job says of it.
    pub(super) fn read(
        schema: &'a Schema,
        object: &'a Object,
        operation: Operation,
        header: &[String],
    ) -> Result<Self, String> {
        let deletes = matches!(operation, Operation::Delete | Operation::HardDelete);
        let columns = header.iter().map(|name| {
            let column = column(schema, object, name);
            column
                .filter(|column| {
                    !deletes || matches!(column, Column::Field(field) if field.kind == FieldType::Id)
                })
                .ok_or_else(|| format!("InvalidBatch : Field name not found : {name}"))
        });
        let columns: Vec<Column<'a>> = columns.collect::<Result<_, _>>()?;
        let has_id = columns
            .iter()
            .any(|column| matches!(column, Column::Field(field) if field.kind == FieldType::Id));
        let needs_id = deletes || operation == Operation::Update;
        if needs_id && !has_id {
            return Err("InvalidBatch : Field name not found : Id".to_owned());
        }
        Ok(Self { columns })
    }

    /// A row as a record of JSON. Empty cells are left out.
    pub(super) fn record(&self, cells: &[String]) -> Result<Map<String, Json>, Refusal> {
        let mut record = Map::new();
        let columns = self.columns.iter().enumerate().zip(cells);
        for ((nth, column), cell) in columns.filter(|(_, cell)| !cell.is_empty()) {
            match column {
                Column::Field(field) => {
                    record.insert(field.name.clone(), value(field, cell, nth)?);
                }
                Column::Parent { reference, .. } if cell == NULL => {
                    record.insert(reference.name.clone(), Json::Null);
                }
                Column::Parent { reference, key, .. } if key.kind == FieldType::Id => {
                    record.insert(reference.name.clone(), json!(cell));
                }
                Column::Parent { relationship, of, key, .. } => {
                    let mut parent = Map::new();
                    if let Some(of) = of {
                        parent.insert("attributes".to_owned(), json!({"type": of}));
                    }
                    parent.insert(key.name.clone(), value(key, cell, nth)?);
                    record.insert((*relationship).to_owned(), Json::Object(parent));
                }
            }
        }
        Ok(record)
    }
}

fn column<'a>(schema: &'a Schema, object: &'a Object, name: &str) -> Option<Column<'a>> {
    let Some((path, key)) = name.split_once('.') else {
        let at = object.field(name)?;
        return object.fields.get(at).filter(|field| field.visible()).map(Column::Field);
    };
    let (of, relationship) = match path.split_once(':') {
        Some((of, relationship)) => (Some(of), relationship),
        None => (None, path),
    };
    let reference = object.fields.get(object.relationship(relationship)?)?;
    // The object is said exactly where it is not clear.
    if of.is_some() != (reference.reference_to.len() > 1) {
        return None;
    }
    let named = |to: &&String| of.is_none_or(|of| to.eq_ignore_ascii_case(of));
    let parent = schema.object(schema.find(reference.reference_to.iter().find(named)?)?);
    let key = parent.fields.get(parent.field(key)?)?;
    if key.kind != FieldType::Id && !key.upsertable() {
        return None;
    }
    let of = of.map(|_| parent.name.as_str());
    Some(Column::Parent { reference, relationship: reference.relationship.as_deref()?, of, key })
}

/// A cell of the column with this number, counted from 0, as JSON of the type of its field.
fn value(field: &Field, cell: &str, nth: usize) -> Result<Json, Refusal> {
    if cell == NULL {
        return Ok(Json::Null);
    }
    let json = match (field.kind, cell.to_ascii_lowercase().as_str()) {
        (FieldType::Boolean, "true" | "1") => json!(true),
        (FieldType::Boolean, "false" | "0") => json!(false),
        _ => json!(cell),
    };
    match convert(field, &json, Api::Bulk) {
        Ok(_) => Ok(json),
        Err(_) => {
            let message = format!(
                "Failed to deserialize field at col {nth}. Due to, '{cell}' is not a valid value for the type xsd:{}",
                xml_type(field.kind)
            );
            Err(Refusal::record("INVALID_FIELD", message, &[&field.name]))
        }
    }
}

/// The XML Schema type that values of a field are read as.
fn xml_type(kind: FieldType) -> &'static str {
    match kind {
        FieldType::Boolean => "boolean",
        FieldType::Int => "int",
        FieldType::Date => "date",
        FieldType::Datetime => "dateTime",
        FieldType::Time => "time",
        kind if kind.is_decimal() => "double",
        _ => "string",
    }
}
