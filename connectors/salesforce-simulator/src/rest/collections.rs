//! Many records in one call: up to 200 written, up to 2,000 read. The answer has one result for each record, in
//! order; a record that is refused refuses no other, unless all or none was asked for.

use std::collections::HashSet;

use axum::http::Method;
use serde_json::{Map, Value as Json, json};

use super::resource::Resource;
use super::sobjects::{key_field, listed, shown};
use crate::data::{Refusal, Value, Writer};
use crate::ids;
use crate::schema::{Field, ObjectIndex};
use crate::server::Answer;

const MAX_WRITES: usize = 200;
const MAX_READS: usize = 2_000;

/// What became of one record.
struct Outcome {
    /// Known for everything but failed creates.
    id: Option<String>,
    created: Option<bool>,
    refusal: Option<Refusal>,
}

/// `POST composite/sobjects`.
pub(crate) fn create(resource: &Resource<'_>) -> Result<Answer, Refusal> {
    let request = Request::read(resource)?;
    write(resource, request.all_or_none, request.records, |writer, record| {
        let created = typed(writer, &record).and_then(|object| writer.create(object, &record));
        Outcome::of(None, created.map(|id| (id, None)))
    })
}

/// `PATCH composite/sobjects`.
pub(crate) fn update(resource: &Resource<'_>) -> Result<Answer, Refusal> {
    let request = Request::read(resource)?;
    write(resource, request.all_or_none, request.records, |writer, mut fields| {
        let id = take(&mut fields, "Id").and_then(|id| id.as_str().map(str::to_owned));
        let missing = || Refusal::record("MISSING_ARGUMENT", "Id not specified in an update call", &[]);
        let updated = id.clone().ok_or_else(missing).and_then(|id| {
            let object = typed(writer, &fields)?;
            writer.update(object, &id, &fields)?;
            Ok((ids::normalize(&id).unwrap_or(id), None))
        });
        Outcome::of(id, updated)
    })
}

/// `PATCH composite/sobjects/X/field`.
pub(crate) fn upsert(resource: &Resource<'_>, object: &str, field: &str) -> Result<Answer, Refusal> {
    let object = resource.named(object)?;
    let key = key_field(resource, object, field)?;
    let request = Request::read(resource)?;
    let definition = resource.schema.object(object);
    let field = definition.fields.get(key).ok_or_else(Refusal::not_found)?;
    let name = field.name.clone();
    let repeated = repeated(&request.records, field);
    write(resource, request.all_or_none, request.records, |writer, mut fields| {
        let value = take(&mut fields, &name).unwrap_or(Json::Null);
        let upserted = check_type(writer, &fields, object).and_then(|()| {
            if Value::from_json(field.kind, &value)
                .and_then(|v| v.index_key(field))
                .is_some_and(|key| repeated.contains(&key))
            {
                let text = value.as_str().unwrap_or_default();
                let message = format!("Duplicate external id specified: {text}");
                return Err(Refusal::record("DUPLICATE_VALUE", message, &[&name]));
            }
            writer.upsert(object, key, &value, &fields).map(|done| (done.id, Some(done.created)))
        });
        Outcome::of(None, upserted)
    })
}

/// `DELETE composite/sobjects?ids=…`.
pub(crate) fn delete(resource: &Resource<'_>) -> Result<Answer, Refusal> {
    let ids: Vec<&str> =
        resource.call.param("ids").unwrap_or_default().split(',').filter(|id| !id.is_empty()).collect();
    if ids.is_empty() {
        return Err(Refusal::new(400, "MISSING_ARGUMENT", "ids not specified"));
    }
    let all_or_none = resource.call.param("allOrNone") == Some("true");
    write(resource, all_or_none, ids, |writer, id| {
        Outcome::of(Some(id.to_owned()), writer.delete(id).map(|id| (id, None)))
    })
}

/// `GET` or `POST composite/sobjects/X`: records by id, `null` for those that are not there.
pub(crate) fn retrieve(resource: &Resource<'_>, object: &str) -> Result<Answer, Refusal> {
    let object = resource.named(object)?;
    let (ids, fields) = if resource.call.method == Method::GET {
        (split(resource.call.param("ids")), split(resource.call.param("fields")))
    } else {
        let body = resource.object()?;
        (texts(body.get("ids")), texts(body.get("fields")))
    };
    if ids.is_empty() || fields.is_empty() {
        return Err(Refusal::new(400, "MISSING_ARGUMENT", "ids and fields must be specified"));
    }
    if ids.len() > MAX_READS {
        return Err(too_many(MAX_READS));
    }
    let fields = listed(resource, object, &fields.iter().map(String::as_str).collect::<Vec<_>>())?;
    let state = resource.tenant.state();
    let table = state.store.table(object);
    let records: Vec<Json> = ids
        .iter()
        .map(|id| {
            let row = ids::normalize(id).and_then(|id| table.row(&id)).filter(|row| !row.deleted());
            row.map_or(Json::Null, |row| shown(resource, object, row, &fields))
        })
        .collect();
    Ok(Answer::json(200, &records))
}

/// The body of a write.
struct Request {
    all_or_none: bool,
    records: Vec<Map<String, Json>>,
}

impl Request {
    fn read(resource: &Resource<'_>) -> Result<Self, Refusal> {
        let mut body = resource.object()?;
        let Some(Json::Array(records)) = body.shift_remove("records") else {
            return Err(Refusal::new(400, "MISSING_ARGUMENT", "records must be specified"));
        };
        let object = |record| if let Json::Object(record) = record { Some(record) } else { None };
        let records: Option<Vec<_>> = records.into_iter().map(object).collect();
        let wrong =
            || Refusal::new(400, "JSON_PARSER_ERROR", "each record must be an object at [line:1, column:1]");
        Ok(Self {
            all_or_none: body.get("allOrNone").and_then(Json::as_bool).unwrap_or(false),
            records: records.ok_or_else(wrong)?,
        })
    }
}

impl Outcome {
    fn of(id: Option<String>, result: Result<(String, Option<bool>), Refusal>) -> Self {
        match result {
            Ok((id, created)) => Self { id: Some(id), created, refusal: None },
            Err(refusal) => Self { id, created: None, refusal: Some(refusal) },
        }
    }

    fn to_json(&self) -> Json {
        let mut result = Map::new();
        if let Some(id) = &self.id {
            result.insert("id".to_owned(), json!(id));
        }
        result.insert("success".to_owned(), json!(self.refusal.is_none()));
        let errors: Vec<Json> = self.refusal.iter().map(Refusal::to_status).collect();
        result.insert("errors".to_owned(), json!(errors));
        if let Some(created) = self.created {
            result.insert("created".to_owned(), json!(created));
        }
        Json::Object(result)
    }
}

/// Writes all records in one transaction.
fn write<R>(
    resource: &Resource<'_>,
    all_or_none: bool,
    records: Vec<R>,
    one: impl Fn(&mut Writer<'_>, R) -> Outcome,
) -> Result<Answer, Refusal> {
    if records.len() > MAX_WRITES {
        return Err(too_many(MAX_WRITES));
    }
    resource.wrote(records.len());
    let outcomes = resource.write(|writer| {
        let mut outcomes: Vec<Outcome> = records.into_iter().map(|record| one(writer, record)).collect();
        if all_or_none && outcomes.iter().any(|outcome| outcome.refusal.is_some()) {
            writer.store.roll_back(writer.tx);
            outcomes.iter_mut().for_each(roll_back);
        }
        outcomes
    })?;
    Ok(Answer::json(200, &outcomes.iter().map(Outcome::to_json).collect::<Vec<_>>()))
}

fn roll_back(outcome: &mut Outcome) {
    if outcome.refusal.is_none() {
        let message = "Record rolled back because not all records were valid and the request was using AllOrNone header";
        outcome.refusal = Some(Refusal::record("ALL_OR_NONE_OPERATION_ROLLED_BACK", message, &[]));
        if outcome.created.take() == Some(true) {
            outcome.id = None;
        }
    }
}

fn too_many(max: usize) -> Refusal {
    let message = format!("record limit reached. cannot submit more than {max} records into this call");
    Refusal::new(400, "EXCEEDED_ID_LIMIT", message)
}

/// The object that `attributes.type` names.
fn typed(writer: &Writer<'_>, record: &Map<String, Json>) -> Result<ObjectIndex, Refusal> {
    let name = record.get("attributes").and_then(|attributes| attributes.get("type")).and_then(Json::as_str);
    name.and_then(|name| writer.store.schema.find(name)).ok_or_else(|| {
        let message = format!("sObject type '{}' is not supported.", name.unwrap_or_default());
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
    let key = fields.keys().find(|given| given.eq_ignore_ascii_case(name))?.clone();
    fields.shift_remove(&key)
}

/// External id values that several records of one call have: none of them is written.
fn repeated(records: &[Map<String, Json>], field: &Field) -> HashSet<String> {
    let mut seen = HashSet::new();
    let values = records.iter().filter_map(|record| {
        let (_, value) = record.iter().find(|(name, _)| name.eq_ignore_ascii_case(&field.name))?;
        Value::from_json(field.kind, value)?.index_key(field)
    });
    values.filter(|key| !seen.insert(key.clone())).collect()
}

fn split(list: Option<&str>) -> Vec<String> {
    list.unwrap_or_default().split(',').filter(|item| !item.is_empty()).map(str::to_owned).collect()
}

fn texts(list: Option<&Json>) -> Vec<String> {
    let list = list.and_then(Json::as_array);
    list.map(|items| items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect())
        .unwrap_or_default()
}
