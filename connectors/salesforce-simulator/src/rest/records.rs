//! Records as REST shows them, and the ids and field names by which a call asks for them.

use serde_json::{Map, Value as Json, json};

use super::resource::{Resource, attributes};
use crate::data::{Form, Refusal, Row, Store, render};
use crate::ids;
use crate::schema::{Field, ObjectIndex};
use crate::server::Answer;

/// The place of a field that may name a record.
pub(crate) fn key_field(resource: &Resource<'_>, object: ObjectIndex, name: &str) -> Result<usize, Refusal> {
    let definition = resource.schema.object(object);
    let visible = |at: &usize| definition.fields.get(*at).is_some_and(Field::visible);
    let usable =
        |at: &usize| *at == 0 || visible(at) && definition.fields.get(*at).is_some_and(Field::upsertable);
    definition.field(name).filter(usable).ok_or_else(|| no_external_id(name))
}

/// The record id of a path. What is no id at all is taken for the name of an external id field.
pub(crate) fn own_id(resource: &Resource<'_>, object: ObjectIndex, text: &str) -> Result<String, Refusal> {
    let definition = resource.schema.object(object);
    let like_an_id = matches!(text.len(), 15 | 18) && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    match ids::normalize(text) {
        Some(id) if id.starts_with(&definition.key_prefix) => Ok(id),
        None if !like_an_id => Err(no_external_id(text)),
        _ => {
            let message = format!("{} ID: id value of incorrect type: {text}", definition.label);
            Err(Refusal::record("MALFORMED_ID", message, &["Id"]))
        }
    }
}

/// The places of the named fields; unknown ones are refused.
pub(crate) fn listed(
    resource: &Resource<'_>,
    object: ObjectIndex,
    names: &[&str],
) -> Result<Vec<usize>, Refusal> {
    let definition = resource.schema.object(object);
    names
        .iter()
        .map(|name| {
            let visible = |at: &usize| definition.fields.get(*at).is_some_and(Field::visible);
            definition.field(name.trim()).filter(visible).ok_or_else(|| {
                let message =
                    format!("No such column '{}' on sobject of type {}", name.trim(), definition.name);
                Refusal::new(400, "INVALID_FIELD", message)
            })
        })
        .collect()
}

/// The fields that the call asks for, or all.
pub(crate) fn wanted(resource: &Resource<'_>, object: ObjectIndex) -> Result<Vec<usize>, Refusal> {
    match resource.call.param("fields").filter(|names| !names.is_empty()) {
        Some(names) => listed(resource, object, &names.split(',').collect::<Vec<_>>()),
        None => Ok(resource.schema.object(object).visible_fields().map(|(at, _)| at).collect()),
    }
}

/// A record with these fields; `Id` is always there.
pub(crate) fn shown(
    resource: &Resource<'_>,
    store: &Store,
    object: ObjectIndex,
    row: &Row,
    fields: &[usize],
) -> Json {
    let definition = resource.schema.object(object);
    let mut record = Map::with_capacity(fields.len() + 2);
    record.insert("attributes".to_owned(), attributes(&resource.base, &definition.name, row.id()));
    for at in fields {
        if let Some(field) = definition.fields.get(*at) {
            record.insert(field.name.clone(), render(store, object, row, *at, Form::Rest));
        }
    }
    record.entry("Id").or_insert_with(|| json!(row.id()));
    Json::Object(record)
}

/// The path of a record.
pub(crate) fn url(resource: &Resource<'_>, object: ObjectIndex, id: &str) -> String {
    format!("{}/sobjects/{}/{id}", resource.base, resource.schema.object(object).name)
}

/// HTTP 300: the records among which the client has to choose.
pub(crate) fn choices(resource: &Resource<'_>, object: ObjectIndex, ids: &[String]) -> Answer {
    Answer::json(300, &ids.iter().map(|id| url(resource, object, id)).collect::<Vec<_>>())
}

/// Refuses a body that repeats the field which names the record. An empty `Id` repeats nothing.
pub(crate) fn refuse_key(
    resource: &Resource<'_>,
    object: ObjectIndex,
    key: usize,
    body: &Map<String, Json>,
) -> Result<(), Refusal> {
    let definition = resource.schema.object(object);
    let empty = |value: &Json| value.is_null() || value.as_str() == Some("");
    if !body.iter().any(|(name, value)| definition.field(name) == Some(key) && (key != 0 || !empty(value))) {
        return Ok(());
    }
    let name = definition.fields.get(key).map_or("Id", |field| field.name.as_str());
    let message = format!("The {name} field should not be specified in the sobject data.");
    Err(Refusal::new(400, "INVALID_FIELD", message))
}

fn no_external_id(name: &str) -> Refusal {
    let message = format!("Provided external ID field does not exist or is not accessible: {name}");
    Refusal::new(404, "NOT_FOUND", message)
}
