//! One record at a time, by its id: create, read, update, delete.

use serde_json::json;

use super::conditions;
use super::records::{own_id, refuse_key, shown, url, wanted};
use super::resource::Resource;
use crate::data::Refusal;
use crate::events;
use crate::schema::{ObjectIndex, ObjectKind};
use crate::server::Answer;

/// `POST sobjects/X`.
pub(crate) fn create(resource: &Resource<'_>, object: &str) -> Result<Answer, Refusal> {
    let object = resource.named(object)?;
    let body = resource.object()?;
    resource.wrote(1);
    let id = resource.write(|writer| writer.create(object, &body))??;
    let definition = resource.schema.object(object);
    if definition.kind() == ObjectKind::PlatformEvent {
        return Ok(Answer::json(201, &events::result(definition, &id)));
    }
    let location = url(resource, object, &id);
    Ok(Answer::json(201, &json!({"id": id, "success": true, "errors": []})).with("location", location))
}

/// `GET sobjects/X/id`.
pub(crate) fn read(resource: &Resource<'_>, object: &str, id: &str) -> Result<Answer, Refusal> {
    let object = resource.named(object)?;
    let id = own_id(resource, object, id)?;
    show(resource, object, &id)
}

/// A record by its 18-character id.
pub(crate) fn show(resource: &Resource<'_>, object: ObjectIndex, id: &str) -> Result<Answer, Refusal> {
    let fields = wanted(resource, object)?;
    let state = resource.tenant.state();
    let row = state.store.table(object).row(id).ok_or_else(Refusal::not_found)?;
    if row.deleted() {
        return Err(Refusal::deleted());
    }
    if let Some(answer) = conditions::of_reading(resource, object, row)? {
        return Ok(answer);
    }
    let answer = Answer::json(200, &shown(resource, &state.store, object, row, &fields));
    Ok(conditions::validators(resource, object, row, answer))
}

/// `PATCH sobjects/X/id`.
pub(crate) fn update(resource: &Resource<'_>, object: &str, id: &str) -> Result<Answer, Refusal> {
    let object = resource.named(object)?;
    let id = own_id(resource, object, id)?;
    let body = resource.object()?;
    refuse_key(resource, object, 0, &body)?;
    resource.wrote(1);
    resource.write(|writer| {
        if let Some(row) = writer.store.table(object).row(&id) {
            conditions::of_writing(resource, object, row)?;
        }
        writer.update(object, &id, &body)
    })??;
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
