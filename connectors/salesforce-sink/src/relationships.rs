//! Parents that a record names by a value of theirs in place of an id: `Account: { ERP_Key__c: "x" }`, or a column
//! `Account.ERP_Key__c`.
//!
//! Org B finds such a parent itself, by a field that is an external id of its object. So the parent need not be one of the
//! pipeline's, and costs no look-up. Where a record names its parent so, the id under `AccountId` says nothing.

use std::sync::Arc;

use orgstream_api::{Rejection, Schema, Value};
use orgstream_salesforce::{ApiError, DescribeField, Disposition, FieldKind, Org, to_json};
use serde_json::{Value as Json, json};

use crate::change::{Change, Layer};
use crate::deliver::Item;
use crate::references::{Blocked, Resolved};
use crate::target::Reference;

mod column;

use column::ATTRIBUTES;
pub(crate) use column::{Column, Parent, columns, relationship, said};

/// The code of a record that names a parent in a way that org B does not understand.
pub(crate) const NOT_WRITABLE: &str = "RELATIONSHIP_NOT_WRITABLE";

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

/// What the records of the items, which are of one object, say of their parents. Empty where none says anything.
pub(crate) async fn read(org: &Org, items: &[Item]) -> Result<Vec<Vec<Named>>, ApiError> {
    let mut last: Option<(&Arc<Schema>, Vec<Column>)> = None;
    let mut all = Vec::new();
    for (place, Item { change, .. }) in items.iter().enumerate() {
        for layer in change.layers() {
            let columns = match last.take() {
                Some((schema, columns)) if Arc::ptr_eq(schema, layer.schema()) => columns,
                _ => columns(&change.target, layer.schema()),
            };
            for column in &columns {
                if let Some(named) = named(org, change, &layer, column).await? {
                    all.resize_with(items.len(), Vec::new);
                    add(&mut all[place], named, column);
                }
            }
            last = Some((layer.schema(), columns));
        }
    }
    Ok(all)
}

fn add(own: &mut Vec<Named>, named: Named, column: &Column) {
    match own.iter_mut().find(|known| known.field == named.field) {
        Some(twice) => {
            twice.said = Said::Fault(refused(&column.name, "another column names the parent as well"));
        }
        None => own.push(named),
    }
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

/// What one of the changes in `change` says by a column; `None` where it says nothing, or another one is heard.
async fn named(
    org: &Org,
    change: &Change,
    layer: &Layer<'_>,
    column: &Column,
) -> Result<Option<Named>, ApiError> {
    let Some(by) = column.said(layer) else { return Ok(None) };
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
    if !change.hears_of_parent(layer, &reference.field) {
        return Ok(None);
    }
    let by = match by {
        Ok(by) => by,
        Err(why) => return Ok(Some(faulty(reference, column, why))),
    };
    match by.as_slice() {
        [] => Ok(Some(Named { field: reference.field.name.clone(), said: Said::Nobody })),
        [(key, value)] => this(org, reference, column, key, value).await.map(Some),
        several => {
            let keys: Vec<&str> = several.iter().map(|(key, _)| key.as_str()).collect();
            let why = format!("it names the parent by {}; one of them has to do", keys.join(" and "));
            Ok(Some(faulty(reference, column, &why)))
        }
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
