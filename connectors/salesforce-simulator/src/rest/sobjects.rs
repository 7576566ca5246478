//! One record at a time: create, read, update, delete, upsert, by id or by external id.

use serde_json::{Map, Value as Json, json};

use super::resource::{Resource, attributes};
use crate::data::{Form, Refusal, Row, Writer, render};
use crate::ids;
use crate::schema::{Field, ObjectIndex};
use crate::server::Answer;

/// The first API version whose upserts say whether they created.
const SAYS_CREATED: u32 = 460;

/// `POST sobjects/X`.
pub(crate) fn create(resource: &Resource<'_>, object: &str) -> Result<Answer, Refusal> {
    let object = resource.named(object)?;
    let body = resource.object()?;
    resource.wrote(1);
    let id = resource.write(|writer| writer.create(object, &body))??;
    let name = &resource.schema.object(object).name;
    let location = format!("{}/sobjects/{name}/{id}", resource.base);
    Ok(Answer::json(201, &json!({"id": id, "success": true, "errors": []})).with("location", location))
}

/// `GET sobjects/X/id`.
pub(crate) fn read(resource: &Resource<'_>, object: &str, id: &str) -> Result<Answer, Refusal> {
    let object = resource.named(object)?;
    let id = own_id(resource, object, id)?;
    let state = resource.tenant.state();
    let row = state.store.table(object).row(&id).ok_or_else(Refusal::not_found)?;
    if row.deleted() {
        return Err(Refusal::deleted());
    }
    show(resource, object, row)
}

/// `GET sobjects/X/field/value`.
pub(crate) fn read_by(
    resource: &Resource<'_>,
    object: &str,
    field: &str,
    value: &str,
) -> Result<Answer, Refusal> {
    let at = resource.named(object)?;
    match matching(resource, at, field, value)?.as_slice() {
        [] => Err(Refusal::not_found()),
        [id] => read(resource, object, id),
        ids => Ok(choices(resource, at, ids)),
    }
}

/// `PATCH sobjects/X/id`.
pub(crate) fn update(resource: &Resource<'_>, object: &str, id: &str) -> Result<Answer, Refusal> {
    let object = resource.named(object)?;
    let id = own_id(resource, object, id)?;
    let body = resource.object()?;
    refuse_key(resource, object, 0, &body)?;
    resource.wrote(1);
    resource.write(|writer| writer.update(object, &id, &body))??;
    Ok(Answer::empty(204))
}

/// `DELETE sobjects/X/id`.
pub(crate) fn delete(resource: &Resource<'_>, object: &str, id: &str) -> Result<Answer, Refusal> {
    let object = resource.named(object)?;
    let id = own_id(resource, object, id)?;
    resource.wrote(1);
    resource.write(|writer| writer.delete(&id))??;
    Ok(Answer::empty(204))
}

/// `DELETE sobjects/X/field/value`.
pub(crate) fn delete_by(
    resource: &Resource<'_>,
    object: &str,
    field: &str,
    value: &str,
) -> Result<Answer, Refusal> {
    let at = resource.named(object)?;
    match matching(resource, at, field, value)?.as_slice() {
        [] => Err(Refusal::not_found()),
        [id] => delete(resource, object, id),
        ids => Ok(choices(resource, at, ids)),
    }
}

/// `PATCH sobjects/X/field/value`: upsert.
pub(crate) fn upsert(
    resource: &Resource<'_>,
    object: &str,
    field: &str,
    value: &str,
) -> Result<Answer, Refusal> {
    let object = resource.named(object)?;
    let key = key_field(resource, object, field)?;
    let body = resource.object()?;
    refuse_key(resource, object, 0, &body)?;
    refuse_key(resource, object, key, &body)?;
    let value = json!(value);
    let existing = with_writer(resource, |writer| writer.matches(object, key, &value))?;
    if existing.len() > 1 {
        return Ok(choices(resource, object, &existing));
    }
    if existing.is_empty() && resource.call.param("updateOnly") == Some("true") {
        return Err(Refusal::not_found());
    }
    resource.wrote(1);
    let done = resource.write(|writer| writer.upsert(object, key, &value, &body))??;
    let mut result = json!({"id": done.id, "success": true, "errors": []});
    if resource.version >= SAYS_CREATED
        && let Some(result) = result.as_object_mut()
    {
        result.insert("created".to_owned(), json!(done.created));
    }
    let name = &resource.schema.object(object).name;
    Ok(match (done.created, resource.version >= SAYS_CREATED) {
        (true, _) => Answer::json(201, &result)
            .with("location", format!("{}/sobjects/{name}/{}", resource.base, done.id)),
        (false, true) => Answer::json(200, &result),
        (false, false) => Answer::empty(204),
    })
}

/// The place of a field that may name a record.
pub(crate) fn key_field(resource: &Resource<'_>, object: ObjectIndex, name: &str) -> Result<usize, Refusal> {
    let definition = resource.schema.object(object);
    let usable = |at: &usize| *at == 0 || definition.fields.get(*at).is_some_and(Field::upsertable);
    definition.field(name).filter(usable).ok_or_else(|| {
        let message = format!("Provided external ID field does not exist or is not accessible: {name}");
        Refusal::new(404, "NOT_FOUND", message)
    })
}

/// The fields that `fields` lists, or all; unknown ones are refused.
pub(crate) fn listed(
    resource: &Resource<'_>,
    object: ObjectIndex,
    names: &[&str],
) -> Result<Vec<usize>, Refusal> {
    let definition = resource.schema.object(object);
    names
        .iter()
        .map(|name| {
            definition.field(name.trim()).ok_or_else(|| {
                let message = format!("No such column '{name}' on sobject of type {}", definition.name);
                Refusal::new(400, "INVALID_FIELD", message)
            })
        })
        .collect()
}

/// A record with these fields; `Id` is always there.
pub(crate) fn shown(resource: &Resource<'_>, object: ObjectIndex, row: &Row, fields: &[usize]) -> Json {
    let definition = resource.schema.object(object);
    let mut record = Map::new();
    record.insert("attributes".to_owned(), attributes(&resource.base, &definition.name, row.id()));
    for at in fields {
        if let Some(field) = definition.fields.get(*at) {
            record.insert(field.name.clone(), render(definition, row, *at, Form::Rest));
        }
    }
    record.entry("Id").or_insert_with(|| json!(row.id()));
    Json::Object(record)
}

fn show(resource: &Resource<'_>, object: ObjectIndex, row: &Row) -> Result<Answer, Refusal> {
    let fields = match resource.call.param("fields").filter(|names| !names.is_empty()) {
        Some(names) => listed(resource, object, &names.split(',').collect::<Vec<_>>())?,
        None => resource.schema.object(object).visible_fields().map(|(at, _)| at).collect(),
    };
    Ok(Answer::json(200, &shown(resource, object, row, &fields)))
}

/// The record id of a path. What is no id at all is taken for the name of an external id field.
fn own_id(resource: &Resource<'_>, object: ObjectIndex, text: &str) -> Result<String, Refusal> {
    let definition = resource.schema.object(object);
    let Some(id) = ids::normalize(text) else {
        let message = format!("Provided external ID field does not exist or is not accessible: {text}");
        return Err(Refusal::new(404, "NOT_FOUND", message));
    };
    if id.starts_with(&definition.key_prefix) {
        return Ok(id);
    }
    let message = format!("{} ID: id value of incorrect type: {text}", definition.label);
    Err(Refusal::record("MALFORMED_ID", message, &["Id"]))
}

/// Refuses a body that repeats the field which names the record.
fn refuse_key(
    resource: &Resource<'_>,
    object: ObjectIndex,
    key: usize,
    body: &Map<String, Json>,
) -> Result<(), Refusal> {
    let definition = resource.schema.object(object);
    if !body.keys().any(|name| definition.field(name) == Some(key)) {
        return Ok(());
    }
    let name = definition.fields.get(key).map_or("Id", |field| field.name.as_str());
    let message = format!("The {name} field should not be specified in the sobject data.");
    Err(Refusal::new(400, "INVALID_FIELD", message))
}

fn matching(
    resource: &Resource<'_>,
    object: ObjectIndex,
    field: &str,
    value: &str,
) -> Result<Vec<String>, Refusal> {
    let key = key_field(resource, object, field)?;
    with_writer(resource, |writer| writer.matches(object, key, &json!(value)))
}

/// Looks something up as a write would, writing nothing.
fn with_writer<T>(
    resource: &Resource<'_>,
    work: impl FnOnce(&Writer<'_>) -> Result<T, Refusal>,
) -> Result<T, Refusal> {
    resource.write(|writer| work(writer))?
}

/// HTTP 300: the records among which the client has to choose.
fn choices(resource: &Resource<'_>, object: ObjectIndex, ids: &[String]) -> Answer {
    let name = &resource.schema.object(object).name;
    let urls: Vec<String> = ids.iter().map(|id| format!("{}/sobjects/{name}/{id}", resource.base)).collect();
    Answer::json(300, &urls)
}
