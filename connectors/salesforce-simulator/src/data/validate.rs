//! What Salesforce checks before it stores a row: lengths, ranges, picklists, addresses, required fields, references,
//! unique values.

use super::input::Record;
use super::refusal::Refusal;
use super::row::Row;
use super::store::Store;
use super::value::Value;
use crate::ids;
use crate::rules::owner;
use crate::schema::{Field, FieldType, Flag, ObjectIndex, Right};
use crate::timestamp::java_date;

/// The years that a date may be in.
const YEARS: std::ops::RangeInclusive<i32> = 1700..=4000;

/// Checks the values that a record sets.
pub(crate) fn values(store: &Store, object: ObjectIndex, record: &Record) -> Result<(), Refusal> {
    let definition = store.schema.object(object);
    for (at, value) in &record.values {
        let Some(field) = definition.fields.get(*at) else { continue };
        match value {
            Value::Text(_) => {
                let text = value.as_text().unwrap_or_default();
                text_value(store, field, text)?;
                owner::check(store, definition, field, text)?;
            }
            Value::Int(number) => {
                let digits = field.digits;
                if number.unsigned_abs() >= 10_u64.saturating_pow(digits) {
                    return Err(out_of_range(field, &number.to_string()));
                }
            }
            Value::Double(number) => {
                let whole_digits = i32::try_from(field.precision.saturating_sub(field.scale)).unwrap_or(18);
                if number.abs() >= 10_f64.powi(whole_digits) {
                    return Err(out_of_range(field, &java_number(*number)));
                }
            }
            _ => {}
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
        FieldType::Picklist if field.is(Flag::Restricted) => listed(field, text),
        FieldType::Multipicklist if field.is(Flag::Restricted) => {
            text.split(';').try_for_each(|value| listed(field, value))
        }
        FieldType::Email if !is_email(text) => {
            let message = format!("{}: invalid email address: {text}", field.label);
            Err(Refusal::record("INVALID_EMAIL_ADDRESS", message, &[&field.name]))
        }
        FieldType::Date => date(field, text),
        kind if kind.is_id() => reference(store, field, text),
        _ => Ok(()),
    }
}

/// A restricted picklist takes only its active values.
fn listed(field: &Field, value: &str) -> Result<(), Refusal> {
    if field.picklist.iter().any(|known| known.active && known.value == value) {
        return Ok(());
    }
    let message = format!("{}: bad value for restricted picklist field: {value}", field.label);
    Err(Refusal::record("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, &[&field.name]))
}

fn date(field: &Field, text: &str) -> Result<(), Refusal> {
    if text.get(..4).and_then(|year| year.parse().ok()).is_some_and(|year| YEARS.contains(&year)) {
        return Ok(());
    }
    let message = format!("{}: invalid date: {}", field.label, java_date(text));
    Err(Refusal::record("INVALID_TYPE_ON_FIELD_IN_RECORD", message, &[&field.name]))
}

/// A reference must point at a live row of an object it may point at, and that the user may see.
fn reference(store: &Store, field: &Field, id: &str) -> Result<(), Refusal> {
    let wrong = |code| {
        let message = format!("{}: id value of incorrect type: {id}", field.label);
        Err(Refusal::record(code, message, &[&field.name]))
    };
    if ids::normalize(id).as_deref() != Some(id) {
        return wrong("MALFORMED_ID");
    }
    let target = store.schema.of_id(id).map(|at| store.schema.object(at));
    let known = field.reference_to.iter().any(|to| store.schema.find(to).is_some());
    let fits = target.is_some_and(|target| field.reference_to.contains(&target.name));
    if known && target.is_some() && !fits {
        return wrong("FIELD_INTEGRITY_EXCEPTION");
    }
    match store.row(id).filter(|_| fits) {
        Some(_) if target.is_some_and(|target| !target.may(Right::Read)) => {
            let short = id.get(..15).unwrap_or(id);
            let message = format!("insufficient access rights on cross-reference id: {short}");
            Err(Refusal::record("INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY", message, &[]))
        }
        Some((_, row)) if row.deleted() => Err(Refusal::deleted().status(400)),
        Some(_) => Ok(()),
        None => {
            Err(Refusal::record("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", &[&field.name]))
        }
    }
}

fn out_of_range(field: &Field, number: &str) -> Refusal {
    let message = format!("{}: value outside of valid range on numeric field: {number}", field.label);
    Refusal::record("NUMBER_OUTSIDE_VALID_RANGE", message, &[&field.name])
}

/// As Java writes a double, which is how the messages show it: `1.0E20`, `1234567.0`.
fn java_number(number: f64) -> String {
    if number == 0.0 || (1e-3..1e7).contains(&number.abs()) {
        return format!("{number:?}");
    }
    let text = format!("{number:e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let point = if digits.contains('.') { "" } else { ".0" };
    format!("{digits}{point}E{exponent}")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_shown_as_java_shows_them() {
        for (number, text) in [
            (1e20, "1.0E20"),
            (1.5e7, "1.5E7"),
            (9_999_999.5, "9999999.5"),
            (-12.0, "-12.0"),
            (1e-4, "1.0E-4"),
        ] {
            assert_eq!(java_number(number), text);
        }
    }
}
