//! Up to 200 records written in one call. The answer has one result for each record, in order; a record that is
//! refused refuses no other, unless all or none was asked for.

use std::collections::HashSet;

use serde::Deserialize;
use serde_json::{Map, Value as Json};

use super::body;
use super::outcome::Outcome;
use super::records::key_field;
use super::resource::Resource;
use crate::data::{Api, Refusal, Repeated, UpsertKey, Writer};
use crate::events;
use crate::ids;
use crate::schema::{ObjectIndex, ObjectKind};
use crate::server::Answer;

const MAX_WRITES: usize = 200;
/// How often the type may change on the way through the records, the first one counted.
const MAX_CHUNKS: usize = 10;

/// The body of a write.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    #[serde(default)]
    all_or_none: bool,
    records: Option<Vec<Map<String, Json>>>,
}

/// `POST composite/sobjects`.
pub(crate) fn create(resource: &Resource<'_>) -> Result<Answer, Refusal> {
    let request = Request::read(resource)?;
    write(resource, request.all_or_none, request.records, |writer, record| {
        match typed(writer, &record).and_then(|object| Ok((object, writer.create(object, &record)?))) {
            Ok((object, uuid)) if writer.store.schema.object(object).kind() == ObjectKind::PlatformEvent => {
                Outcome::published(events::result(writer.store.schema.object(object), &uuid))
            }
            created => Outcome::of(None, created.map(|(_, id)| (id, None))),
        }
    })
}

/// `PATCH composite/sobjects`.
pub(crate) fn update(resource: &Resource<'_>) -> Result<Answer, Refusal> {
    let request = Request::read(resource)?;
    let mut seen = HashSet::new();
    write(resource, request.all_or_none, request.records, |writer, mut record| {
        let id = match take(&mut record, "Id") {
            Some(Json::String(id)) if !id.is_empty() => id,
            _ => {
                let missing = Refusal::record("MISSING_ARGUMENT", "Id not specified in an update call", &[]);
                return Outcome::of(None, Err(missing));
            }
        };
        let full = ids::normalize(&id);
        let updated = typed(writer, &record).and_then(|object| {
            if full.as_ref().is_some_and(|full| !seen.insert(full.clone())) {
                return Err(Refusal::record("DUPLICATE_VALUE", format!("duplicate id: {id}"), &["Id"]));
            }
            writer.update(object, &id, &record)
        });
        let known = full.clone();
        Outcome::of(known, updated.map(|()| (full.unwrap_or(id), None)))
    })
}

/// `PATCH composite/sobjects/X/field`.
pub(crate) fn upsert(resource: &Resource<'_>, object: &str, field: &str) -> Result<Answer, Refusal> {
    let object = resource.named(object)?;
    let key = key_field(resource, object, field)?;
    let request = Request::read(resource)?;
    let schema = &resource.schema;
    let field = schema.object(object).fields.get(key).ok_or_else(Refusal::not_found)?;
    let upsert_key = |value: &Json| UpsertKey::of(schema, object, key, value, Api::Rest);
    let given = request.records.iter().filter_map(|record| given(record, &field.name));
    let repeated = Repeated::among(given.filter_map(upsert_key));
    write(resource, request.all_or_none, request.records, |writer, mut record| {
        let value = take(&mut record, &field.name).unwrap_or(Json::Null);
        let upserted = check_type(writer, &record, object).and_then(|()| {
            repeated.check(schema, upsert_key(&value).as_ref(), &value)?;
            writer.upsert(object, key, &value, &record).map(|done| (done.id, Some(done.created)))
        });
        Outcome::of(None, upserted)
    })
}

/// `DELETE composite/sobjects?ids=…`.
pub(crate) fn delete(resource: &Resource<'_>) -> Result<Answer, Refusal> {
    let ids: Vec<&str> = resource
        .call
        .param("ids")
        .unwrap_or_default()
        .split(',')
        .map(str::trim)
        .filter(|id| !id.is_empty())
        .collect();
    if ids.is_empty() {
        return Err(Refusal::new(400, "MISSING_ARGUMENT", "The ids parameter is required"));
    }
    let all_or_none =
        resource.call.param("allOrNone").is_some_and(|value| value.eq_ignore_ascii_case("true"));
    within_limit(ids.len())?;
    write(resource, all_or_none, ids, |writer, id| {
        Outcome::of(ids::normalize(id), writer.delete(id).map(|id| (id, None)))
    })
}

impl Request {
    fn read(resource: &Resource<'_>) -> Result<Batch, Refusal> {
        let request: Self = body::read(resource.call)?;
        let records = request.records.ok_or_else(|| body::misfit("records", &Json::Null))?;
        within_limit(records.len())?;
        let mut chunks = 0;
        let mut last = None;
        for record in &records {
            let name = type_name(record);
            chunks += usize::from(last != Some(name));
            last = Some(name);
        }
        if chunks > MAX_CHUNKS {
            let message = "Cannot have more than 10 chunks in a single operation. Please rearrange the data to \
                           reduce chunking.";
            return Err(Refusal::new(400, "LIMIT_EXCEEDED", message));
        }
        Ok(Batch { all_or_none: request.all_or_none, records })
    }
}

/// Records that may be written in one call.
struct Batch {
    all_or_none: bool,
    records: Vec<Map<String, Json>>,
}

/// Writes all records in one transaction.
fn write<R>(
    resource: &Resource<'_>,
    all_or_none: bool,
    records: Vec<R>,
    mut one: impl FnMut(&mut Writer<'_>, R) -> Outcome,
) -> Result<Answer, Refusal> {
    resource.wrote(records.len());
    let outcomes = resource.write(|writer| {
        let mut outcomes: Vec<Outcome> = records.into_iter().map(|record| one(writer, record)).collect();
        if all_or_none && outcomes.iter().any(Outcome::refused) {
            writer.store.roll_back(writer.tx);
            outcomes.iter_mut().for_each(Outcome::roll_back);
        }
        outcomes
    })?;
    Ok(Answer::json(200, &outcomes))
}

fn within_limit(records: usize) -> Result<(), Refusal> {
    if records <= MAX_WRITES {
        return Ok(());
    }
    let message =
        format!("record limit reached. cannot submit more than {MAX_WRITES} records into this call");
    Err(Refusal::new(400, "EXCEEDED_ID_LIMIT", message))
}

fn type_name(record: &Map<String, Json>) -> Option<&str> {
    record.get("attributes")?.get("type")?.as_str()
}

/// The object that `attributes.type` names.
fn typed(writer: &Writer<'_>, record: &Map<String, Json>) -> Result<ObjectIndex, Refusal> {
    let Some(name) = type_name(record) else {
        return Err(Refusal::record(
            "INVALID_TYPE",
            "Must specify a type in the attributes of the record",
            &[],
        ));
    };
    writer.store.schema.named(name, || {
        let message = format!(
            "sObject type '{name}' is not supported. If you are attempting to use a custom object, be sure to append \
             the '__c' after the entity name. Please reference your WSDL or the describe call for the appropriate names."
        );
        Refusal::record("INVALID_TYPE", message, &[])
    })
}

/// In an upsert the type may be left out, but it may not be another one.
fn check_type(writer: &Writer<'_>, record: &Map<String, Json>, object: ObjectIndex) -> Result<(), Refusal> {
    if !record.contains_key("attributes") || typed(writer, record)? == object {
        return Ok(());
    }
    Err(Refusal::record("INVALID_TYPE", "all records of an upsert must be of the type in the URL", &[]))
}

/// Takes a field out of a record, whatever the letter case of its name.
fn take(fields: &mut Map<String, Json>, name: &str) -> Option<Json> {
    if let Some(value) = fields.shift_remove(name) {
        return Some(value);
    }
    let key = fields.keys().find(|given| given.eq_ignore_ascii_case(name))?.clone();
    fields.shift_remove(&key)
}

/// The value of a field in a record, whatever the letter case of its name.
fn given<'a>(record: &'a Map<String, Json>, name: &str) -> Option<&'a Json> {
    record
        .get(name)
        .or_else(|| record.iter().find(|(given, _)| given.eq_ignore_ascii_case(name)).map(|(_, value)| value))
}
