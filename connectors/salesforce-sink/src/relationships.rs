//! Parents that a record names by a value of theirs in place of an id: `Account: { ERP_Key__c: "x" }`, or a column
//! `Account.ERP_Key__c`.
//!
//! Org B finds such a parent itself, by a field that is an external id of its object. So the parent need not be one of the
//! pipeline's, and costs no look-up. Where a record names its parent so, the id under `AccountId` says nothing.

use std::sync::Arc;

use orgstream_api::{Field, Rejection, Schema, Type, Value};
use orgstream_salesforce::{ApiError, DescribeField, Disposition, FieldKind, Org, to_json};
use serde_json::{Value as Json, json};

use crate::change::Change;
use crate::deliver::Item;
use crate::references::{Blocked, Resolved};
use crate::target::{Reference, Target};

/// The code of a record that names a parent in a way that org B does not understand.
pub(crate) const NOT_WRITABLE: &str = "RELATIONSHIP_NOT_WRITABLE";

/// Keys beside the value, in the notation of Salesforce's APIs.
const ATTRIBUTES: &str = "attributes";

/// A column that names a parent.
#[derive(Debug, PartialEq, Eq)]
struct Column {
    /// Its name in the record.
    name: String,
    /// The relationship.
    relationship: String,
    /// The parent's field, where it stands in the column's name.
    key: Option<String>,
}

/// What a record says of a parent.
#[derive(Debug)]
pub(crate) struct Named {
    /// The reference field.
    pub(crate) field: String,
    said: Said,
}

#[derive(Debug)]
enum Said {
    /// There is none.
    Nobody,
    /// It is the one that this is true of, in the notation of Salesforce's APIs; with the relationship's own name.
    This(String, Json),
    /// What cannot be written, and why.
    Fault(Rejection),
}

/// The relationship that a field of a record may name a parent by: that of `Account.ERP_Key__c`, or the field itself.
pub(crate) fn relationship(field: &Field) -> Option<&str> {
    match field.name.split_once('.') {
        Some((relationship, _)) => Some(relationship),
        None => matches!(field.kind, Type::Struct(_) | Type::String).then_some(field.name.as_str()),
    }
}

/// Whether a change names the parent that `field` points at.
pub(crate) fn names_parent(change: &Change, field: &DescribeField) -> bool {
    let is_of = |column: &&Field| {
        let (Some(own), Some(other)) = (&field.relationship_name, relationship(column)) else { return false };
        own.eq_ignore_ascii_case(other)
    };
    let mut columns = change.schema().fields().iter().filter(is_of);
    columns.any(|column| change.carried(&column.name).is_some_and(|value| !value.is_null()))
}

/// What the records of the items, which are of one object, say of their parents. Empty where none says anything.
pub(crate) async fn read(org: &Org, items: &[Item]) -> Result<Vec<Vec<Named>>, ApiError> {
    let mut last: Option<(&Arc<Schema>, Vec<Column>)> = None;
    let mut all = Vec::new();
    for (place, Item { change, .. }) in items.iter().enumerate() {
        let columns = match last.take() {
            Some((schema, columns)) if Arc::ptr_eq(schema, change.schema()) => columns,
            _ => columns(&change.target, change.schema()),
        };
        for column in &columns {
            if let Some(named) = named(org, change, column).await? {
                all.resize_with(items.len(), Vec::new);
                let own: &mut Vec<Named> = &mut all[place];
                match own.iter_mut().find(|known| known.field == named.field) {
                    Some(twice) => {
                        twice.said =
                            Said::Fault(refused(&column.name, "another column names the parent as well"));
                    }
                    None => own.push(named),
                }
            }
        }
        last = Some((change.schema(), columns));
    }
    Ok(all)
}

/// Why a record cannot be written as it names its parents; the first reason.
pub(crate) fn fault(named: &[Named]) -> Option<Blocked> {
    named.iter().find_map(|named| match &named.said {
        Said::Fault(rejection) => Some(Blocked::Never(rejection.clone())),
        Said::Nobody | Said::This(..) => None,
    })
}

/// Writes what a record says of a parent.
pub(crate) fn write(named: &Named, reference: &Reference, own: &mut Resolved) {
    match &named.said {
        Said::Nobody => {
            if reference.field.nillable {
                own.row.insert(named.field.clone(), Json::Null);
            }
            own.paid.push(named.field.clone());
        }
        Said::This(relationship, parent) => {
            own.row.insert(relationship.clone(), parent.clone());
            own.paid.push(named.field.clone());
        }
        Said::Fault(_) => {}
    }
}

/// The columns of a schema that name parents.
fn columns(target: &Target, schema: &Schema) -> Vec<Column> {
    let column = |field: &Field| {
        let relationship = relationship(field)?;
        let key = field.name.split_once('.').map(|(_, key)| key.to_owned());
        let is_meant = match target.through(relationship) {
            // Left out with the reference, and said so.
            Some(through) => target.refers_by(through).is_some(),
            None => key.is_some(),
        };
        let is_written = is_meant
            && !target.has(&field.name)
            && ![relationship, &field.name]
                .iter()
                .any(|name| target.ignores(name) || target.rules.uses(name));
        is_written.then(|| Column { name: field.name.clone(), relationship: relationship.to_owned(), key })
    };
    schema.fields().iter().filter_map(column).collect()
}

/// What a change says by a column; `None` where it says nothing.
async fn named(org: &Org, change: &Change, column: &Column) -> Result<Option<Named>, ApiError> {
    let Some(value) = change.carried(&column.name) else { return Ok(None) };
    let target = &change.target;
    let through = target.through(&column.relationship);
    let Some(reference) = through.and_then(|name| target.refers_by(name)) else {
        let why = format!(
            "{} of org `{}` has no relationship `{}`; it has {}",
            target.object,
            org.name(),
            column.relationship,
            target.relationships().join(", ")
        );
        return Ok(Some(Named {
            field: column.name.clone(),
            said: Said::Fault(refused(&column.name, &why)),
        }));
    };
    let by = match by(value, column) {
        Ok(by) => by,
        Err(why) => return Ok(Some(faulty(reference, column, why))),
    };
    let by: Vec<(String, Value)> = by.into_iter().filter(|(_, value)| !value.is_null()).collect();
    match by.as_slice() {
        [] if value.is_null() || change.says_nulls() => {
            Ok(Some(Named { field: reference.field.name.clone(), said: Said::Nobody }))
        }
        [] => Ok(None),
        [(key, value)] => this(org, reference, column, key, value).await.map(Some),
        several => {
            let keys: Vec<&str> = several.iter().map(|(key, _)| key.as_str()).collect();
            let why = format!("it names the parent by {}; one of them has to do", keys.join(" and "));
            Ok(Some(faulty(reference, column, &why)))
        }
    }
}

/// The fields by which a value names a parent.
fn by(value: &Value, column: &Column) -> Result<Vec<(String, Value)>, &'static str> {
    if let Some(key) = &column.key {
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

/// The parent that has `value` in its field `key`.
async fn this(
    org: &Org,
    reference: &Reference,
    column: &Column,
    key: &str,
    value: &Value,
) -> Result<Named, ApiError> {
    let objects = &reference.field.reference_to;
    let mut found: Vec<(&String, DescribeField)> = Vec::new();
    for object in objects {
        match org.describe(object).await {
            Ok(describe) => {
                let fit =
                    describe.fields.iter().find(|field| field.name.eq_ignore_ascii_case(key) && finds(field));
                found.extend(fit.map(|field| (object, field.clone())));
            }
            Err(error) if matches!(error.disposition(), Disposition::Reject | Disposition::Gone) => {}
            Err(error) => return Err(error),
        }
    }
    let (object, field) = match found.as_slice() {
        [(object, field)] => (object, field),
        [] => {
            let why = format!(
                "`{key}` is no external id of {} that the user of org `{}` sees; tick `External ID` in the field, or name the parent by \
                 one that is",
                objects.join(" or "),
                org.name()
            );
            return Ok(faulty(reference, column, &why));
        }
        several => {
            let objects: Vec<&str> = several.iter().map(|(object, _)| object.as_str()).collect();
            let why =
                format!("{} all have a field `{key}`, so nobody can tell which is meant", objects.join(", "));
            return Ok(faulty(reference, column, &why));
        }
    };
    let value = match to_json(field, value) {
        Ok(value) => value,
        Err(error) => return Ok(faulty(reference, column, &error.to_string())),
    };
    let mut parent = json!({ field.name.as_str(): value });
    if objects.len() > 1 {
        parent[ATTRIBUTES] = json!({ "type": object });
    }
    let relationship =
        reference.field.relationship_name.clone().unwrap_or_else(|| column.relationship.clone());
    Ok(Named { field: reference.field.name.clone(), said: Said::This(relationship, parent) })
}

/// Whether a parent can be named by a field. An id is one of its own org.
fn finds(field: &DescribeField) -> bool {
    (field.external_id || field.id_lookup) && field.kind != FieldKind::Id
}

fn faulty(reference: &Reference, column: &Column, why: &str) -> Named {
    Named { field: reference.field.name.clone(), said: Said::Fault(refused(&column.name, why)) }
}

fn refused(column: &str, why: &str) -> Rejection {
    Rejection {
        code: NOT_WRITABLE.to_owned(),
        message: format!("`{column}` cannot be written as a reference: {why}. `ignore_fields` leaves it out"),
        fields: vec![column.to_owned()],
    }
}
