//! The fields that a change event shows, and the list of those that changed.
//!
//! A new record shows what is not empty, a changed one what changed (emptied fields as null), a deleted one nothing.
//! Compound fields are nested. What the org derives is not shown.

use serde_json::{Map, Value as Json, json};

use super::net_change::{ChangeType, NetChange};
use super::text_diff;
use crate::data::{Row, Value};
use crate::schema::{Field, FieldType, Object, ObjectKind};
use crate::timestamp::Timestamp;

/// Fields that are derived, or that the header tells of.
const LEFT_OUT: [&str; 8] = [
    "Id",
    "IsDeleted",
    "SystemModstamp",
    "LastActivityDate",
    "LastViewedDate",
    "LastReferencedDate",
    "PhotoUrl",
    "MasterRecordId",
];

/// What one change event shows of its record.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Body {
    /// Fields in describe order.
    pub(super) fields: Map<String, Json>,
    /// `changedFields`: only updates have them.
    pub(super) changed: Vec<String>,
}

/// Whether change events show a field.
pub(super) fn shown(field: &Field) -> bool {
    field.visible() && !LEFT_OUT.contains(&field.name.as_str())
}

/// The name of a member of a compound field within it.
pub(super) fn member_name<'a>(compound: &str, member: &'a Field) -> &'a str {
    let prefix = compound.strip_suffix("__c").or_else(|| compound.strip_suffix("Address"));
    let name = prefix.and_then(|prefix| member.name.strip_prefix(prefix)).unwrap_or(&member.name);
    name.strip_prefix("__").unwrap_or(name).trim_end_matches("__s")
}

/// The body of the event of a change.
pub(super) fn of(object: &Object, change: &NetChange<'_>) -> Body {
    match (change.kind, change.before) {
        (ChangeType::Delete, _) => Body::default(),
        (ChangeType::Update, Some(before)) => differences(object, before, change.after),
        _ => Body { fields: contents(object, change.after), changed: Vec::new() },
    }
}

fn contents(object: &Object, row: &Row) -> Map<String, Json> {
    let mut fields = Map::new();
    for (at, field) in top_level(object) {
        let members = object.members(&field.name).filter(|(_, member)| member.visible());
        let nested: Map<String, Json> = members
            .filter(|(at, _)| !row.value(*at).is_null())
            .map(|(at, member)| (member_name(&field.name, member).to_owned(), json(row.value(at))))
            .collect();
        if !nested.is_empty() {
            fields.insert(field.name.clone(), Json::Object(nested));
        } else if !row.value(at).is_null() && !is_compound(object, field) {
            fields.insert(field.name.clone(), json(row.value(at)));
        }
    }
    fields
}

fn differences(object: &Object, before: &Row, after: &Row) -> Body {
    let mut body = Body::default();
    for (at, field) in top_level(object) {
        if is_compound(object, field) {
            nested_differences(object, field, before, after, &mut body);
        } else if before.value(at) != after.value(at) || object.system.modified_date == Some(at) {
            body.changed.push(field.name.clone());
            let value = difference(before.value(at), after.value(at), field);
            body.fields.insert(field.name.clone(), value);
        }
    }
    body
}

fn nested_differences(object: &Object, compound: &Field, before: &Row, after: &Row, body: &mut Body) {
    let members: Vec<(usize, &Field)> =
        object.members(&compound.name).filter(|(_, member)| member.visible()).collect();
    let differs = |at: usize| before.value(at) != after.value(at);
    // The location of a custom object is always told as a whole.
    let whole = compound.kind == FieldType::Location
        && object.kind() == ObjectKind::Custom
        && members.iter().any(|(at, _)| differs(*at));
    let mut nested = Map::new();
    for (at, member) in members.into_iter().filter(|(at, _)| whole || differs(*at)) {
        let name = member_name(&compound.name, member);
        body.changed.push(format!("{}.{name}", compound.name));
        nested.insert(name.to_owned(), json(after.value(at)));
    }
    if !nested.is_empty() {
        body.fields.insert(compound.name.clone(), Json::Object(nested));
    }
}

/// The new value, or how a long text differs.
fn difference(before: &Value, after: &Value, field: &Field) -> Json {
    let texts = before.as_text().zip(after.as_text()).filter(|_| field.kind == FieldType::Textarea);
    match texts.and_then(|(before, after)| text_diff::diff(before, after)) {
        Some(text) => json!({"diff": text}),
        None => json(after),
    }
}

/// The fields that stand in a body themselves, not within another.
fn top_level(object: &Object) -> impl Iterator<Item = (usize, &Field)> {
    object.fields.iter().enumerate().filter(|(_, field)| shown(field) && field.compound.is_none())
}

fn is_compound(object: &Object, field: &Field) -> bool {
    field.kind.is_compound() || object.members(&field.name).next().is_some()
}

fn json(value: &Value) -> Json {
    value.to_json(Timestamp::event)
}
