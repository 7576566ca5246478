//! One record at a time, by the value of an external id field: read, upsert, delete.
//!
//! Looking a record up and writing it are one step, so two upserts of one value never create twice.

use serde_json::json;

use super::records::{choices, key_field, refuse_key, url};
use super::resource::Resource;
use super::sobjects;
use crate::data::Refusal;
use crate::schema::ObjectIndex;
use crate::server::Answer;

/// The first API version whose upserts say whether they created.
const SAYS_CREATED: u32 = 460;

/// What a write by external id came to.
enum Done {
    Written { id: String, created: bool },
    Ambiguous(Vec<String>),
    Nothing,
}

/// `GET sobjects/X/field/value`.
pub(crate) fn read(
    resource: &Resource<'_>,
    object: &str,
    field: &str,
    value: &str,
) -> Result<Answer, Refusal> {
    let at = resource.named(object)?;
    let key = key_field(resource, at, field)?;
    let found = resource.write(|writer| writer.matches(at, key, &json!(value)))??;
    match found.as_slice() {
        [] => Err(Refusal::not_found()),
        [id] => sobjects::show(resource, at, id),
        ids => Ok(choices(resource, at, ids)),
    }
}

/// `POST sobjects/X/Id`: an upsert without an id, which creates.
pub(crate) fn create(resource: &Resource<'_>, object: &str) -> Result<Answer, Refusal> {
    let object = resource.named(object)?;
    let body = resource.object()?;
    refuse_key(resource, object, 0, &body)?;
    resource.wrote(1);
    let id = resource.write(|writer| writer.create(object, &body))??;
    Ok(upserted(resource, object, &id, true))
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
    let update_only = resource.call.param("updateOnly") == Some("true");
    resource.wrote(1);
    let done = resource.write(|writer| {
        let existing = writer.matches(object, key, &value)?;
        match existing.len() {
            0 if update_only => Ok(Done::Nothing),
            0 | 1 => {
                let done = writer.upsert(object, key, &value, &body)?;
                Ok(Done::Written { id: done.id, created: done.created })
            }
            _ => Ok(Done::Ambiguous(existing)),
        }
    })??;
    match done {
        Done::Written { id, created } => Ok(upserted(resource, object, &id, created)),
        Done::Ambiguous(ids) => Ok(choices(resource, object, &ids)),
        Done::Nothing => Err(Refusal::not_found()),
    }
}

/// `DELETE sobjects/X/field/value`.
pub(crate) fn delete(
    resource: &Resource<'_>,
    object: &str,
    field: &str,
    value: &str,
) -> Result<Answer, Refusal> {
    let object = resource.named(object)?;
    let key = key_field(resource, object, field)?;
    resource.wrote(1);
    let done = resource.write(|writer| {
        let found = writer.matches(object, key, &json!(value))?;
        match found.as_slice() {
            [] => Ok(Done::Nothing),
            [id] => Ok(Done::Written { id: writer.delete(id)?, created: false }),
            _ => Ok(Done::Ambiguous(found)),
        }
    })??;
    match done {
        Done::Written { .. } => Ok(Answer::empty(204)),
        Done::Ambiguous(ids) => Ok(choices(resource, object, &ids)),
        Done::Nothing => Err(Refusal::not_found()),
    }
}

/// Up to v45 an update has no body, and no answer says whether the record is new.
fn upserted(resource: &Resource<'_>, object: ObjectIndex, id: &str, created: bool) -> Answer {
    let mut result = json!({"id": id, "success": true, "errors": []});
    if resource.version >= SAYS_CREATED
        && let Some(result) = result.as_object_mut()
    {
        result.insert("created".to_owned(), json!(created));
    }
    match (created, resource.version >= SAYS_CREATED) {
        (true, _) => Answer::json(201, &result).with("location", url(resource, object, id)),
        (false, true) => Answer::json(200, &result),
        (false, false) => Answer::empty(204),
    }
}
