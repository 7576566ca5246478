//! One record at a time, by the value of an external id field: read, upsert, delete.
//!
//! Looking a record up and writing it are one step, so two upserts of one value never create twice.

use serde_json::json;

use super::records::{choices, key_field, refuse_key, url};
use super::resource::Resource;
use super::sobjects;
use crate::data::{Refusal, Writer};
use crate::schema::ObjectIndex;
use crate::server::Answer;

/// The first API version whose upserts say whether they created.
const SAYS_CREATED: u32 = 460;

/// `GET sobjects/X/field/value`.
pub(crate) fn read(
    resource: &Resource<'_>,
    object: &str,
    field: &str,
    value: &str,
) -> Result<Answer, Refusal> {
    let object = resource.named(object)?;
    let key = key_field(resource, object, field)?;
    match matched(resource, object, (key, value), |_, found| Ok(found.map(str::to_owned)))? {
        Match::One(id) => sobjects::show(resource, object, &id),
        Match::Several(choices) => Ok(choices),
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
    let update_only = resource.call.param("updateOnly") == Some("true");
    resource.wrote(1);
    let done = matched(resource, object, (key, value), |writer, found| {
        if found.is_none() && update_only {
            return Ok(None);
        }
        writer.upsert(object, key, &json!(value), &body).map(Some)
    })?;
    match done {
        Match::One(done) => Ok(upserted(resource, object, &done.id, done.created)),
        Match::Several(choices) => Ok(choices),
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
    let deleted = matched(resource, object, (key, value), |writer, found| {
        found.map(|id| writer.delete(id)).transpose()
    })?;
    match deleted {
        Match::One(_) => Ok(Answer::empty(204)),
        Match::Several(choices) => Ok(choices),
    }
}

/// What a value of an external id field names.
enum Match<T> {
    /// One record or none, and what was done with it.
    One(T),
    /// Several records: the answer lets the client choose.
    Several(Answer),
}

/// Does something with the record that has this value in this field, if there is one; `None` says that nothing could
/// be done without it.
fn matched<T>(
    resource: &Resource<'_>,
    object: ObjectIndex,
    (key, value): (usize, &str),
    work: impl FnOnce(&mut Writer<'_>, Option<&str>) -> Result<Option<T>, Refusal>,
) -> Result<Match<T>, Refusal> {
    resource.write(|writer| match writer.matches(object, key, &json!(value))?.as_slice() {
        several @ [_, _, ..] => Ok(Match::Several(choices(resource, object, several))),
        found => {
            work(writer, found.first().map(String::as_str))?.map(Match::One).ok_or_else(Refusal::not_found)
        }
    })?
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
