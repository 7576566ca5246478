//! SOAP `create`, `update`, `upsert`, `delete`, `undelete`: up to 200 records in one transaction, a result for each.

use serde_json::{Map, Value as Json};

use super::Request;
use super::element::Element;
use super::envelope::escape;
use crate::data::{Api, Origin, Refusal, Writer};
use crate::ids;
use crate::schema::{Field, ObjectIndex};
use crate::server::Answer;

const MAX_RECORDS: usize = 200;

/// What became of one record.
struct Outcome {
    /// `None` for a record that was not created.
    id: Option<String>,
    /// In the result of an upsert.
    created: Option<bool>,
    refusal: Option<Refusal>,
}

/// Writes the records of a call.
pub(crate) fn write(request: &Request<'_>) -> Answer {
    let operation = &request.envelope.operation;
    let by_id = ["delete", "undelete"].contains(&operation.name.as_str());
    let records: Vec<&Element> = operation.all(if by_id { "ids" } else { "sObjects" }).collect();
    if records.len() > MAX_RECORDS {
        let message = "record limit reached. cannot submit more than 200 records into this call";
        return request.dialect.fault(500, "EXCEEDED_ID_LIMIT", message);
    }
    let tenant = request.tenant;
    tenant.calls.wrote("SOAP", &operation.name, records.len());
    let all_or_none = request.envelope.header("AllOrNoneHeader", "allOrNone") == Some("true");
    let client = request.envelope.header("CallOptions", "client").unwrap_or_default().to_owned();
    let origin = Origin { api: Api::Soap, version: request.version.to_owned(), client, ..Origin::default() };
    let done = tenant.write_as(origin, |writer| {
        let mut outcomes: Vec<Outcome> =
            records.iter().map(|record| one(writer, operation, record)).collect();
        if all_or_none && outcomes.iter().any(|outcome| outcome.refusal.is_some()) {
            writer.store.roll_back(writer.tx);
            outcomes.iter_mut().for_each(roll_back);
        }
        outcomes
    });
    match done {
        Ok(outcomes) => {
            let results: String = outcomes.iter().map(Outcome::element).collect();
            let name = &operation.name;
            request.dialect.body(&format!("<{name}Response>{results}</{name}Response>"))
        }
        Err(refusal) => request.dialect.fault(500, &refusal.code, &refusal.message),
    }
}

fn one(writer: &mut Writer<'_>, operation: &Element, record: &Element) -> Outcome {
    let id = record.text_of("Id").filter(|id| !id.is_empty()).map(str::to_owned);
    let done = match operation.name.as_str() {
        "delete" => writer.delete(&record.text).map(|id| (id, None)),
        "undelete" => writer.undelete(&record.text).map(|id| (id, None)),
        "create" => typed(writer, record)
            .and_then(|object| writer.create(object, &fields(record, &[])))
            .map(|id| (id, None)),
        "update" => {
            let missing = || Refusal::record("MISSING_ARGUMENT", "Id not specified in an update call", &[]);
            id.clone().ok_or_else(missing).and_then(|id| {
                let object = typed(writer, record)?;
                writer.update(object, &id, &fields(record, &["Id"]))?;
                Ok((ids::normalize(&id).unwrap_or(id), None))
            })
        }
        _ => upsert(writer, operation, record),
    };
    let by_id = ["delete", "undelete"].contains(&operation.name.as_str());
    match done {
        Ok((id, created)) => Outcome { id: Some(id), created, refusal: None },
        Err(refusal) => Outcome {
            id: if by_id { Some(record.text.clone()) } else { id },
            created: (operation.name == "upsert").then_some(false),
            refusal: Some(refusal),
        },
    }
}

fn upsert(
    writer: &mut Writer<'_>,
    operation: &Element,
    record: &Element,
) -> Result<(String, Option<bool>), Refusal> {
    let object = typed(writer, record)?;
    let name = operation.text_of("externalIDFieldName").unwrap_or_default().to_owned();
    let definition = writer.store.schema.object(object);
    let usable = |at: &usize| *at == 0 || definition.fields.get(*at).is_some_and(Field::upsertable);
    let field = definition.field(&name).filter(usable).ok_or_else(|| {
        let message = format!("Field name provided, {name} does not match an External ID, Salesforce Id, or indexed field for {}", definition.name);
        Refusal::record("INVALID_FIELD", message, &[])
    })?;
    let value = record.children.iter().find(|child| child.name.eq_ignore_ascii_case(&name));
    let value = value
        .filter(|value| !value.text.is_empty())
        .map_or(Json::Null, |value| Json::from(value.text.as_str()));
    let done = writer.upsert(object, field, &value, &fields(record, &[&name]))?;
    Ok((done.id, Some(done.created)))
}

/// The object of a record: its element `type` in the partner API, its `xsi:type` in the enterprise API.
fn typed(writer: &Writer<'_>, record: &Element) -> Result<ObjectIndex, Refusal> {
    let name = record.text_of("type").or(record.kind.as_deref()).unwrap_or_default();
    writer.store.schema.named(name, || {
        let message = format!("sObject type '{name}' is not supported.");
        Refusal::record("INVALID_TYPE", message, &[])
    })
}

/// The fields of a record but for its type and those left out. Values stay text, which every type reads. An empty
/// element sets nothing; `fieldsToNull` empties.
fn fields(record: &Element, without: &[&str]) -> Map<String, Json> {
    let mut fields = Map::new();
    for child in &record.children {
        let left_out = without.iter().any(|name| child.name.eq_ignore_ascii_case(name));
        match child.name.as_str() {
            "type" => {}
            "fieldsToNull" => drop(fields.insert(child.text.clone(), Json::Null)),
            _ if left_out => {}
            _ if !child.children.is_empty() => {
                // A parent named by an external id of its own.
                let parent = self::fields(child, &[]);
                fields.insert(child.name.clone(), Json::Object(parent));
            }
            _ if child.text.is_empty() => {}
            name => drop(fields.insert(name.to_owned(), Json::from(child.text.as_str()))),
        }
    }
    fields
}

fn roll_back(outcome: &mut Outcome) {
    if outcome.refusal.is_none() {
        let message = "Record rolled back because not all records were valid and the request was using AllOrNone header";
        outcome.refusal = Some(Refusal::record("ALL_OR_NONE_OPERATION_ROLLED_BACK", message, &[]));
    }
}

impl Outcome {
    /// One result; the elements stand in the order of the WSDL.
    fn element(&self) -> String {
        let created = self.created.map(|created| format!("<created>{created}</created>")).unwrap_or_default();
        let errors = self.refusal.as_ref().map(|refusal| {
            let fields = refusal.fields.iter().flatten();
            let fields: String =
                fields.map(|field| ["<fields>", &escape(field), "</fields>"].concat()).collect();
            let (message, code) = (escape(&refusal.message), escape(&refusal.code));
            format!("<errors>{fields}<message>{message}</message><statusCode>{code}</statusCode></errors>")
        });
        let id = match &self.id {
            Some(id) => format!("<id>{}</id>", escape(id)),
            None => "<id xsi:nil=\"true\"/>".to_owned(),
        };
        let success = self.refusal.is_none();
        format!("<result>{created}{}{id}<success>{success}</success></result>", errors.unwrap_or_default())
    }
}
