//! From the body of a call to a new job. What a job cannot do is refused here; what its file cannot do fails it later.

use bytes::Bytes;
use serde_json::{Map, Value as Json};

use super::csv::{Delimiter, Dialect, LineEnding};
use super::job::{Ingest, Job, JobState, Operation, Search, Work};
use super::jobs::JOB_PREFIX;
use super::{multipart, query};
use crate::data::{Api, Origin, Refusal};
use crate::rest::Resource;
use crate::schema::{Field, ObjectIndex, Trait};
use crate::server::Answer;
use crate::tenant::State;
use crate::usage::Allocation;

/// The most characters that come with the creation of a job.
const MAX_CONTENT: usize = 100_000;

const INGEST_KEYS: [&str; 8] = [
    "operation",
    "object",
    "contentType",
    "lineEnding",
    "columnDelimiter",
    "externalIdFieldName",
    "assignmentRuleId",
    "concurrencyMode",
];

const QUERY_KEYS: [&str; 6] =
    ["operation", "query", "contentType", "lineEnding", "columnDelimiter", "concurrencyMode"];

/// `POST jobs/ingest`.
pub(super) fn ingest(resource: &Resource<'_>) -> Result<Answer, Refusal> {
    let (body, data) = match multipart::boundary(resource.call) {
        None => (resource.object()?, None),
        Some(boundary) => {
            let parts = multipart::parts(&resource.call.body, boundary);
            let parts =
                parts.ok_or_else(|| invalid("the multipart request has no job or no content part"))?;
            if String::from_utf8_lossy(parts.content).chars().count() > MAX_CONTENT {
                return Err(invalid("the content of a multipart request is limited to 100000 characters"));
            }
            let body = serde_json::from_slice(parts.job)
                .map_err(|error| Refusal::new(400, "JSON_PARSER_ERROR", error.to_string()))?;
            (body, Some(Bytes::copy_from_slice(parts.content)))
        }
    };
    known(&body, &INGEST_KEYS)?;
    let operation = operation(&body, false)?;
    let (index, object) = object(resource, &body)?;
    let external_id = external_id(resource, operation, index, &body)?;
    let ingest = Ingest {
        external_id,
        assignment_rule: text(&body, "assignmentRuleId").map(str::to_owned),
        data,
        ..Ingest::default()
    };
    let state = if ingest.data.is_some() { JobState::UploadComplete } else { JobState::Open };
    let dialect = dialect(&body)?;
    let mut org = resource.tenant.state();
    let now = resource.tenant.clock.now();
    if resource.tenant.usage.left(Allocation::BulkBatches, now) == 0 {
        return Err(exceeded(Allocation::BulkBatches));
    }
    let id = org.store.ids.next(JOB_PREFIX);
    let job = job(resource, id, operation, object, state, dialect, Work::Ingest(ingest));
    add(resource, &mut org, job)
}

/// `POST jobs/query`.
pub(super) fn query(resource: &Resource<'_>) -> Result<Answer, Refusal> {
    let body = resource.object()?;
    known(&body, &QUERY_KEYS)?;
    let operation = operation(&body, true)?;
    let soql = text(&body, "query").ok_or_else(|| invalid("query must be specified"))?;
    let object = query::check(resource, soql)?;
    let dialect = dialect(&body)?;
    let mut org = resource.tenant.state();
    let now = resource.tenant.clock.now();
    if resource.tenant.usage.left(Allocation::BulkQueries, now) == 0 {
        return Err(exceeded(Allocation::BulkQueries));
    }
    let id = org.store.ids.next(JOB_PREFIX);
    let job = job(
        resource,
        id,
        operation,
        object,
        JobState::UploadComplete,
        dialect,
        Work::Query(Search::new(soql)),
    );
    add(resource, &mut org, job)
}

/// Takes a new job in.
fn add(resource: &Resource<'_>, org: &mut State, job: Job) -> Result<Answer, Refusal> {
    org.keep(job.entries())?;
    let answer = Answer::json(200, &job.created());
    let now = resource.tenant.clock.now();
    if job.operation.reads() {
        resource.tenant.usage.spend(Allocation::BulkQueries, 1, now);
    }
    org.jobs.add(job, now);
    resource.tenant.bulk_work.notify_one();
    Ok(answer)
}

fn job(
    resource: &Resource<'_>,
    id: String,
    operation: Operation,
    object: String,
    state: JobState,
    dialect: Dialect,
    work: Work,
) -> Job {
    let now = resource.tenant.clock.now();
    Job {
        id,
        operation,
        object,
        state,
        version: resource.version,
        created_by: resource.tenant.identity.user_id.clone(),
        created: now,
        modified: now,
        dialect,
        work,
        processed: 0,
        failed: 0,
        active: 0,
        error: None,
        origin: Origin { api: Api::Bulk, ..resource.origin() },
    }
}

fn text<'a>(body: &'a Map<String, Json>, key: &str) -> Option<&'a str> {
    body.get(key).and_then(Json::as_str).filter(|text| !text.is_empty())
}

/// A key that no job has is a mistake that a real org names too.
fn known(body: &Map<String, Json>, keys: &[&str]) -> Result<(), Refusal> {
    match body.keys().find(|key| !keys.contains(&key.as_str())) {
        None => Ok(()),
        Some(key) => {
            let message = format!("Unrecognized field \"{key}\" at [line:1, column:1]");
            Err(Refusal::new(400, "JSON_PARSER_ERROR", message))
        }
    }
}

fn operation(body: &Map<String, Json>, reads: bool) -> Result<Operation, Refusal> {
    let name = text(body, "operation").ok_or_else(|| invalid("operation must be specified"))?;
    Operation::of(name).filter(|operation| operation.reads() == reads).ok_or_else(|| {
        let message =
            format!("Cannot deserialize enum OperationEnum from value {name} at [line:1, column:1]");
        Refusal::new(400, "JSON_PARSER_ERROR", message)
    })
}

fn object(resource: &Resource<'_>, body: &Map<String, Json>) -> Result<(ObjectIndex, String), Refusal> {
    let name = text(body, "object").ok_or_else(|| invalid("object must be specified"))?;
    let schema = &resource.schema;
    let index = schema.named(name, || not_supported(name))?;
    if !schema.object(index).is(Trait::Createable) {
        return Err(not_supported(name));
    }
    Ok((index, schema.object(index).name.clone()))
}

/// The field that an upsert needs and nothing else may have.
fn external_id(
    resource: &Resource<'_>,
    operation: Operation,
    index: ObjectIndex,
    body: &Map<String, Json>,
) -> Result<Option<String>, Refusal> {
    let object = resource.schema.object(index);
    let given = text(body, "externalIdFieldName");
    match (operation, given) {
        (Operation::Upsert, None) => Err(invalid(&format!(
            "External ID was blank for {}. An External ID must be specified for upsert.",
            object.name
        ))),
        (Operation::Upsert, Some(name)) => {
            let field = object.field(name).and_then(|at| object.fields.get(at).map(|field| (at, field)));
            match field.filter(|(at, field)| field.visible() && (*at == 0 || Field::upsertable(field))) {
                Some((_, field)) => Ok(Some(field.name.clone())),
                None => Err(invalid(&format!(
                    "Field name provided, {name} does not match an External ID, Salesforce Id, or indexed field for {}",
                    object.name
                ))),
            }
        }
        (_, Some(_)) => Err(invalid("External ID is only allowed for upsert")),
        (_, None) => Ok(None),
    }
}

fn dialect(body: &Map<String, Json>) -> Result<Dialect, Refusal> {
    let wrong = |kind: &str, value: &str| {
        let message = format!("Cannot deserialize enum {kind} from value {value} at [line:1, column:1]");
        Refusal::new(400, "JSON_PARSER_ERROR", message)
    };
    if let Some(content) = text(body, "contentType").filter(|content| *content != "CSV") {
        return Err(wrong("ContentType", content));
    }
    let delimiter = text(body, "columnDelimiter").unwrap_or("COMMA");
    let ending = text(body, "lineEnding").unwrap_or("LF");
    Ok(Dialect {
        delimiter: Delimiter::of(delimiter).ok_or_else(|| wrong("ColumnDelimiterEnum", delimiter))?,
        ending: LineEnding::of(ending).ok_or_else(|| wrong("LineEndingEnum", ending))?,
    })
}

/// An object that jobs cannot work on.
pub(super) fn not_supported(object: &str) -> Refusal {
    Refusal::new(400, "INVALIDENTITY", format!("{object} is not supported by the Bulk API"))
}

fn invalid(message: &str) -> Refusal {
    Refusal::new(400, "INVALIDJOB", format!("InvalidJob : {message}"))
}

fn exceeded(allocation: Allocation) -> Refusal {
    Refusal::new(400, "EXCEEDEDQUOTA", format!("ExceededQuota : {} Limit exceeded.", allocation.name()))
}
