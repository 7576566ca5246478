//! SOAP `create`, `update`, `upsert`, `delete`, `undelete`, `emptyRecycleBin`: up to 200 records in one transaction, a
//! result for each.

use std::collections::BTreeMap;

use super::endpoint::Request;
use super::envelope::Envelope;
use super::fault::Fault;
use super::outcome::Outcome;
use super::sent::Sent;
use super::sobject::Shape;
use crate::data::{Api, Origin, Refusal, Repeated, UpsertKey, Writer};
use crate::events;
use crate::ids;
use crate::schema::{Field, ObjectKind, Schema};
use crate::server::Answer;

const MAX_RECORDS: usize = 200;

/// What a call writes.
enum Work {
    /// An id of `delete`, `undelete` or `emptyRecycleBin`.
    Named(String),
    Record(Sent),
}

/// Writes the records of a call.
pub(crate) fn write(request: &Request<'_>) -> Result<Answer, Fault> {
    let tenant = request.tenant;
    let schema = tenant.schema();
    let operation = &request.envelope.operation;
    let elements =
        operation.children.iter().filter(|child| ["ids", "sObjects"].contains(&child.name.as_str()));
    let elements: Vec<_> = elements.collect();
    if elements.len() > MAX_RECORDS {
        let message = "record limit reached. cannot submit more than 200 records into this call";
        return Err(Fault::api("EXCEEDED_ID_LIMIT", message));
    }
    let works = elements.iter().map(|element| match element.name.as_str() {
        "ids" => Ok(Work::Named(element.text.clone())),
        _ => Sent::read(&schema, request.dialect, element).map(Work::Record),
    });
    let works = works.collect::<Result<Vec<Work>, Fault>>()?;
    tenant.calls.wrote("SOAP", &operation.name, works.len(), BTreeMap::new());
    let external = operation.text_of("externalIDFieldName").unwrap_or_default();
    let all_or_none = is_set(request.envelope, "AllOrNoneHeader", "allOrNone");
    let outcomes = tenant.write_as(origin(request), |writer| {
        let works = works.into_iter();
        let mut outcomes: Vec<Outcome> = match operation.name.as_str() {
            "upsert" => {
                let keys = works.as_slice().iter().filter_map(|work| key(&schema, work, external));
                let repeated = Repeated::among(keys);
                works.map(|work| upsert(writer, work, external, &repeated)).collect()
            }
            name => works.map(|work| one(writer, name, work)).collect(),
        };
        if all_or_none && outcomes.iter().any(|outcome| outcome.refusal.is_some()) {
            writer.store.roll_back(writer.tx);
            outcomes.iter_mut().for_each(Outcome::roll_back);
        }
        outcomes
    })?;
    let shape = Shape { dialect: request.dialect, schema: &schema };
    let results: String = outcomes.iter().map(|outcome| outcome.element(&shape)).collect();
    Ok(request.respond(&results))
}

/// Where the writes of the call come from.
fn origin(request: &Request<'_>) -> Origin {
    Origin {
        api: Api::Soap,
        version: request.version.to_owned(),
        client: request.envelope.header("CallOptions", "client").unwrap_or_default().to_owned(),
        allows_duplicates: is_set(request.envelope, "DuplicateRuleHeader", "allowSave"),
    }
}

fn is_set(envelope: &Envelope, header: &str, name: &str) -> bool {
    envelope.header(header, name).is_some_and(|value| value.eq_ignore_ascii_case("true") || value == "1")
}

fn one(writer: &mut Writer<'_>, operation: &str, work: Work) -> Outcome {
    match (operation, work) {
        ("create", Work::Record(sent)) => create(writer, &sent),
        (_, Work::Record(sent)) => update(writer, &sent),
        ("delete", Work::Named(id)) => named(writer.delete(&id), id),
        ("undelete", Work::Named(id)) => named(writer.undelete(&id), id),
        (_, Work::Named(id)) => named(writer.empty_from_bin(&id), id),
    }
}

fn create(writer: &mut Writer<'_>, sent: &Sent) -> Outcome {
    let created = if sent.id.is_some() {
        let message = "cannot specify Id in an insert call";
        Err(Refusal::record("INVALID_FIELD_FOR_INSERT_UPDATE", message, &["Id"]))
    } else {
        writer.create(sent.object, &sent.fields)
    };
    let (id, refusal) = apart(created);
    let definition = writer.store.schema.object(sent.object);
    let event = id.as_ref().filter(|_| definition.kind() == ObjectKind::PlatformEvent);
    let published = event.map(|uuid| events::result(definition, uuid));
    Outcome { id, created: None, refusal, known: false, published }
}

fn update(writer: &mut Writer<'_>, sent: &Sent) -> Outcome {
    let missing = || Refusal::record("MISSING_ARGUMENT", "Id not specified in an update call", &[]);
    let updated = sent.id.as_ref().ok_or_else(missing).and_then(|id| {
        writer.update(sent.object, id, &sent.fields)?;
        Ok(ids::normalize(id).unwrap_or_else(|| id.clone()))
    });
    let (id, refusal) = apart(updated);
    Outcome { id: id.or_else(|| sent.id.clone()), created: None, refusal, known: true, published: None }
}

fn named(done: Result<String, Refusal>, given: String) -> Outcome {
    let (id, refusal) = apart(done);
    Outcome { id: Some(id.unwrap_or(given)), created: None, refusal, known: true, published: None }
}

/// What an upsert looks for a record by.
fn key(schema: &Schema, work: &Work, external: &str) -> Option<UpsertKey> {
    let Work::Record(sent) = work else { return None };
    let field = schema.object(sent.object).field(external)?;
    UpsertKey::of(schema, sent.object, field, &sent.value(field, external), Api::Soap)
}

fn upsert(writer: &mut Writer<'_>, work: Work, external: &str, repeated: &Repeated) -> Outcome {
    let mut sent = match work {
        Work::Record(sent) => sent,
        Work::Named(id) => return named(Err(Refusal::no_such_record()), id),
    };
    let definition = writer.store.schema.object(sent.object);
    let key = |field: &Field| field.upsertable() && field.visible();
    let usable = |at: &usize| *at == 0 || definition.fields.get(*at).is_some_and(key);
    let field = definition.field(external).filter(usable).ok_or_else(|| {
        let message = format!(
            "Field name provided, {external} does not match an External ID, Salesforce Id, or indexed field for {}",
            definition.name
        );
        Refusal::record("INVALID_FIELD", message, &[])
    });
    let done = field.and_then(|field| {
        let value = sent.value(field, external);
        let key = UpsertKey::of(&writer.store.schema, sent.object, field, &value, Api::Soap);
        repeated.check(&writer.store.schema, key.as_ref(), &value)?;
        sent.fields.retain(|name, _| !name.eq_ignore_ascii_case(external));
        writer.upsert(sent.object, field, &value, &sent.fields)
    });
    match done {
        Ok(done) => Outcome {
            id: Some(done.id),
            created: Some(done.created),
            refusal: None,
            known: !done.created,
            published: None,
        },
        Err(refusal) => Outcome {
            id: sent.id,
            created: Some(false),
            refusal: Some(refusal),
            known: true,
            published: None,
        },
    }
}

fn apart(done: Result<String, Refusal>) -> (Option<String>, Option<Refusal>) {
    match done {
        Ok(id) => (Some(id), None),
        Err(refusal) => (None, Some(refusal)),
    }
}
