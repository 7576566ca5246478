//! What Salesforce checks before it stores a row: lengths, picklists, addresses, required fields, references, unique
//! values.

use super::input::{Record, wrong_id};
use super::refusal::Refusal;
use super::row::Row;
use super::store::Store;
use crate::schema::{Field, FieldType, Flag, ObjectIndex};

/// Checks the values that a record sets.
pub(crate) fn values(store: &Store, object: ObjectIndex, record: &Record) -> Result<(), Refusal> {
    let definition = store.schema.object(object);
    for (at, value) in &record.values {
        let Some(field) = definition.fields.get(*at) else { continue };
        if let Some(text) = value.as_text() {
            text_value(store, field, text)?;
        }
    }
    Ok(())
}

/// Checks that a row about to be stored has everything it needs.
pub(crate) fn required(store: &Store, object: ObjectIndex, row: &Row) -> Result<(), Refusal> {
    let definition = store.schema.object(object);
    let missing: Vec<&str> = definition
        .fields
        .iter()
        .enumerate()
        .filter(|(at, field)| row.value(*at).is_null() && must_have(field))
        .map(|(_, field)| field.name.as_str())
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let message = format!("Required fields are missing: [{}]", missing.join(", "));
    Err(Refusal::record("REQUIRED_FIELD_MISSING", message, &missing))
}

/// Checks that no other live row has a unique value of this one.
pub(crate) fn unique(store: &Store, object: ObjectIndex, row: &Row) -> Result<(), Refusal> {
    let definition = store.schema.object(object);
    for (at, field) in definition.fields.iter().enumerate().filter(|(_, field)| field.is(Flag::Unique)) {
        let Some(key) = row.value(at).index_key(field) else { continue };
        if let Some(other) = store.with_value(object, at, &key).find(|other| other.id() != row.id()) {
            let short = other.id().get(..15).unwrap_or_default();
            let message =
                format!("duplicate value found: {} duplicates value on record with id: {short}", field.name);
            return Err(Refusal::record("DUPLICATE_VALUE", message, &[]));
        }
    }
    Ok(())
}

fn must_have(field: &Field) -> bool {
    field.required() || (field.is(Flag::Update) && field.is(Flag::Defaulted) && !field.is(Flag::Nillable))
}

fn text_value(store: &Store, field: &Field, text: &str) -> Result<(), Refusal> {
    if field.kind.is_text() && text.chars().count() > field.length {
        let message = format!("{}: data value too large: {text} (max length={})", field.label, field.length);
        return Err(Refusal::record("STRING_TOO_LONG", message, &[&field.name]));
    }
    match field.kind {
        FieldType::Picklist
            if field.is(Flag::Restricted) && !field.picklist.iter().any(|v| v.value == text) =>
        {
            let message = format!("{}: bad value for restricted picklist field: {text}", field.label);
            Err(Refusal::record("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, &[&field.name]))
        }
        FieldType::Email if !is_email(text) => {
            let message = format!("{}: invalid email address: {text}", field.label);
            Err(Refusal::record("INVALID_EMAIL_ADDRESS", message, &[&field.name]))
        }
        FieldType::Reference => reference(store, field, text),
        _ => Ok(()),
    }
}

/// A reference must point at a live row of an object it may point at.
fn reference(store: &Store, field: &Field, id: &str) -> Result<(), Refusal> {
    let target = store.schema.of_id(id);
    let known = field.reference_to.iter().any(|to| store.schema.find(to).is_some());
    let fits = target.is_some_and(|at| field.reference_to.contains(&store.schema.object(at).name));
    if known && target.is_some() && !fits {
        return Err(wrong_id(field, id));
    }
    match store.row(id) {
        Some((_, row)) if fits && !row.deleted() => Ok(()),
        _ => {
            Err(Refusal::record("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", &[&field.name]))
        }
    }
}

/// One `@`, something before it, and a domain with a dot inside.
fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    let parts: Vec<&str> = domain.split('.').collect();
    !local.is_empty()
        && !text.contains(char::is_whitespace)
        && !domain.contains('@')
        && parts.len() > 1
        && parts.iter().all(|part| !part.is_empty())
}
