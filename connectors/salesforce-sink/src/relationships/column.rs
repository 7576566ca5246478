//! Columns of a record that name a parent, and what one change says by them. Without a look at any org.

use orgstream_api::{Field, Schema, Value};
use orgstream_salesforce::DescribeField;
use serde_json::Value as Json;

use crate::change::Layer;
use crate::target::Target;

/// Keys beside the value, in the notation of Salesforce's APIs.
pub(super) const ATTRIBUTES: &str = "attributes";

/// A column that names a parent.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Column {
    /// Its name in the record.
    pub(super) name: String,
    /// The relationship.
    pub(crate) relationship: String,
    /// The parent's field, where it stands in the column's name.
    key: Option<String>,
}

/// The fields by which a column names a parent, each with its value; none where it says that there is no parent. Or why it
/// names nobody.
pub(crate) type By = Result<Vec<(String, Value)>, &'static str>;

/// Whether a change says that there is a parent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Parent {
    /// There is none.
    Nobody,
    /// There is one, whichever it is.
    Somebody,
}

/// The relationship that a field of a record may name a parent by: that of `Account.ERP_Key__c`, or the field itself.
pub(crate) fn relationship(field: &Field) -> &str {
    field.name.split_once('.').map_or(&field.name, |(relationship, _)| relationship)
}

/// The columns of a schema that name parents.
pub(crate) fn columns(target: &Target, schema: &Schema) -> Vec<Column> {
    schema.fields().iter().filter_map(|field| column(target, field)).collect()
}

/// What one change says, by columns of its own, of the parent that `field` points at; `None` where it says nothing.
pub(crate) fn said(layer: &Layer<'_>, field: &DescribeField) -> Option<Parent> {
    let own = field.relationship_name.as_ref()?;
    let fields = layer.schema().fields().iter().filter(|field| own.eq_ignore_ascii_case(relationship(field)));
    let columns = fields.filter_map(|field| column(layer.target(), field));
    let said = columns.filter_map(|column| column.said(layer));
    said.map(|by| if by.is_ok_and(|by| by.is_empty()) { Parent::Nobody } else { Parent::Somebody })
        .reduce(|one, other| if one == Parent::Nobody { other } else { one })
}

/// The column that a field of a record is, if it names a parent.
fn column(target: &Target, field: &Field) -> Option<Column> {
    let relationship = relationship(field);
    let key = field.name.split_once('.').map(|(_, key)| key.to_owned());
    let is_meant = match target.through(relationship) {
        // Left out with the reference, and said so.
        Some(through) => target.refers_by(through).is_some(),
        None => key.is_some(),
    };
    let is_written = is_meant
        && !target.has(&field.name)
        && ![relationship, &field.name].iter().any(|name| target.ignores(name) || target.rules.uses(name));
    is_written.then(|| Column { name: field.name.clone(), relationship: relationship.to_owned(), key })
}

impl Column {
    /// What one change says by the column; `None` where it says nothing.
    pub(crate) fn said(&self, layer: &Layer<'_>) -> Option<By> {
        let value = layer.says(&self.name)?;
        let by = match self.by(value) {
            Ok(by) => by,
            fault => return Some(fault),
        };
        let by: Vec<_> = by.into_iter().filter(|(_, value)| !value.is_null()).collect();
        (!by.is_empty() || value.is_null() || layer.says_nulls()).then_some(Ok(by))
    }

    /// The fields by which a value names a parent.
    fn by(&self, value: &Value) -> By {
        if let Some(key) = &self.key {
            return Ok(vec![(key.clone(), value.clone())]);
        }
        let no_parent = "it is no struct or map with the field by which the parent is found";
        match value {
            Value::Null => Ok(Vec::new()),
            Value::Struct(parent) => {
                let fields = parent.iter().filter(|(name, _)| *name != ATTRIBUTES);
                Ok(fields.map(|(name, value)| (name.to_owned(), value.clone())).collect())
            }
            // A map is read as its JSON text.
            Value::String(text) => match serde_json::from_str(text) {
                Ok(Json::Object(parent)) => {
                    let fields = parent.into_iter().filter(|(name, _)| name != ATTRIBUTES);
                    Ok(fields.map(|(name, value)| (name, plain(value))).collect())
                }
                _ => Err(no_parent),
            },
            _ => Err(no_parent),
        }
    }
}

/// A value of a map.
fn plain(json: Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Boolean(value),
        Json::String(text) => Value::String(text),
        Json::Number(number) => match number.as_i64() {
            Some(number) => Value::Int64(number),
            None => Value::String(number.to_string()),
        },
        nested @ (Json::Array(_) | Json::Object(_)) => Value::String(nested.to_string()),
    }
}
