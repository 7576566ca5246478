//! The fields that a change event shows, and the list of those that changed.
//!
//! A new record shows what is not empty, a changed one what changed (emptied fields as null), a deleted one nothing.
//! Compound fields are nested. Custom formula fields are shown as they are at the end of the transaction, when they
//! have changed along with the record itself; nothing else that the org derives is.

use serde_json::{Map, Value as Json, json};

use super::net_change::{ChangeType, NetChange};
use super::text_diff;
use crate::data::{Row, Store, Value};
use crate::schema::{Field, FieldType, Object, ObjectIndex, ObjectKind};
use crate::timestamp::Timestamp;

/// Fields that the header tells of, or that change without a write.
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

/// A number of 19 digits: a formula that gives as many makes a gap event.
const MOST: f64 = 1e18;

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
pub(super) fn of(store: &Store, change: &NetChange<'_>) -> Body {
    match (change.kind, change.before) {
        (ChangeType::Delete, _) => Body::default(),
        (ChangeType::Update, Some(before)) => differences(store, before, change),
        _ => Body { fields: contents(store, change.object, change.after), changed: Vec::new() },
    }
}

/// Whether a formula has given a number of more digits than an event can tell.
pub(super) fn too_many_digits(object: &Object, body: &Body) -> bool {
    let mut formulas = object.fields.iter().filter(|field| field.formula.is_some());
    formulas.any(|field| {
        body.fields.get(&field.name).and_then(Json::as_f64).is_some_and(|number| number.abs() >= MOST)
    })
}

fn contents(store: &Store, own: ObjectIndex, row: &Row) -> Map<String, Json> {
    let object = store.schema.object(own);
    let mut fields = Map::new();
    for (at, field) in top_level(object) {
        let members = object.members(&field.name).filter(|(_, member)| member.visible());
        let nested: Map<String, Json> = members
            .filter(|(at, _)| !row.value(*at).is_null())
            .map(|(at, member)| (member_name(&field.name, member).to_owned(), json(row.value(at))))
            .collect();
        let value = store.value(own, row, at);
        if !nested.is_empty() {
            fields.insert(field.name.clone(), Json::Object(nested));
        } else if !value.is_null() && !is_compound(object, field) {
            fields.insert(field.name.clone(), json(&value));
        }
    }
    fields
}

fn differences(store: &Store, before: &Row, change: &NetChange<'_>) -> Body {
    let (own, after) = (change.object, change.after);
    let object = store.schema.object(own);
    // A stamp comes with every update, even one within the second of the last.
    let stamp = object.system.modified_date.filter(|_| change.stamped);
    let mut body = Body::default();
    for (at, field) in top_level(object) {
        if is_compound(object, field) {
            nested_differences(object, field, before, after, &mut body);
            continue;
        }
        let (before, after) = (store.value(own, before, at), store.value(own, after, at));
        if before != after || stamp == Some(at) {
            body.changed.push(field.name.clone());
            body.fields.insert(field.name.clone(), difference(&before, &after, field));
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
