//! What a client does with a query job: ask, abort, delete, list, fetch results page by page.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde_json::Value as Json;

use super::create::not_supported;
use super::ingest::{bad_state, not_allowed, not_terminated, page};
use super::job::{Job, JobState, Search, Work};
use super::kept::JobEntry;
use crate::data::Refusal;
use crate::rest::Resource;
use crate::schema::{FieldType, Trait};
use crate::server::Answer;
use crate::soql::{Columns, Query, tokens};

/// Rows in one answer when the client does not say.
const PAGE: usize = 50_000;

/// `GET jobs/query`.
pub(super) fn list(resource: &Resource<'_>) -> Result<Answer, Refusal> {
    page(resource, "query")
}

/// `GET jobs/query/id`.
pub(super) fn show(resource: &Resource<'_>, id: &str) -> Result<Answer, Refusal> {
    let state = resource.tenant.state();
    let job = state.jobs.job(id)?;
    search(job)?;
    Ok(Answer::json(200, &job.full()))
}

/// `PATCH jobs/query/id`: only `Aborted`.
pub(super) fn abort(resource: &Resource<'_>, id: &str) -> Result<Answer, Refusal> {
    let body = resource.object()?;
    let wanted = body.get("state").and_then(Json::as_str).and_then(JobState::of);
    let mut state = resource.tenant.state();
    let mut job = state.jobs.job(id)?.clone();
    search(&job)?;
    if wanted != Some(JobState::Aborted) {
        return Err(bad_state("The state of a query job can only be changed to Aborted"));
    }
    if job.state.ended() {
        return Err(not_allowed("Aborting", job.state));
    }
    job.enter(JobState::Aborted, resource.tenant.clock.now());
    let answer = Answer::json(200, &job.changed());
    state.keep(vec![job.head()])?;
    state.jobs.put(job);
    Ok(answer)
}

/// `DELETE jobs/query/id`.
pub(super) fn delete(resource: &Resource<'_>, id: &str) -> Result<Answer, Refusal> {
    let mut state = resource.tenant.state();
    let job = state.jobs.job(id)?;
    search(job)?;
    if !job.state.ended() {
        return Err(not_terminated());
    }
    let id = job.id.clone();
    state.keep(vec![JobEntry::Deleted { id: id.clone() }])?;
    state.jobs.remove(&id);
    Ok(Answer::empty(204))
}

/// `GET jobs/query/id/results`. The locator of the next page is always there; `null` says that there is none.
pub(super) fn results(resource: &Resource<'_>, id: &str) -> Result<Answer, Refusal> {
    let state = resource.tenant.state();
    let job = state.jobs.job(id)?;
    let search = search(job)?;
    if job.version != resource.version {
        let version = f64::from(job.version) / 10.0;
        let message = format!(
            "The results of this job must be read with the API version that created it, {version:.1}"
        );
        return Err(Refusal::new(409, "API_ERROR", message));
    }
    if job.state != JobState::JobComplete {
        return Err(bad_state("Job state is invalid"));
    }
    let number = |name: &str| resource.call.param(name).filter(|value| !value.is_empty());
    let size = match number("maxRecords").map(str::parse) {
        None => PAGE,
        Some(Ok(size)) if size > 0 => size,
        Some(_) => return Err(Refusal::new(400, "API_ERROR", "maxRecords must be a positive number")),
    };
    let from = match resource.call.param("locator").filter(|locator| !locator.is_empty()) {
        None => 0,
        Some(locator) => place(locator)
            .filter(|from| *from < search.ends.len())
            .ok_or_else(|| Refusal::new(400, "INVALID_QUERY_LOCATOR", "invalid query locator"))?,
    };
    let to = from.saturating_add(size).min(search.ends.len());
    let end = |row: usize| row.checked_sub(1).and_then(|last| search.ends.get(last)).copied().unwrap_or(0);
    let rows = search.rows.get(end(from)..end(to)).unwrap_or_default();
    let locator =
        if to < search.ends.len() { STANDARD_NO_PAD.encode(to.to_string()) } else { "null".to_owned() };
    Ok(Answer::csv([&search.header, rows].concat())
        .with("sforce-locator", locator)
        .with("sforce-numberofrecords", (to - from).to_string()))
}

/// Refuses what no bulk query may hold; answers the API name of the object.
pub(super) fn check(resource: &Resource<'_>, soql: &str) -> Result<String, Refusal> {
    let refuse = |message: &str| Err(Refusal::new(400, "API_ERROR", message));
    let read = tokens(soql)?;
    for (at, token) in read.iter().enumerate() {
        let next = read.get(at + 1);
        // `OFFSET` and the others are also allowed as names of fields, but nothing follows those.
        if token.is("GROUP") && next.is_some_and(|next| next.is("BY")) {
            return refuse("Group By not supported in Bulk Query");
        }
        if token.is("OFFSET") && next.is_some() {
            return refuse("Offset not supported in Bulk Query");
        }
        if token.is("TYPEOF") {
            return refuse("Typeof not supported in Bulk Query");
        }
    }
    let query = Query::parse(&resource.schema, soql)?;
    let object = resource.schema.object(query.object);
    if !object.is(Trait::Queryable) {
        return Err(not_supported(&object.name));
    }
    if !matches!(query.columns, Columns::Rows(_)) {
        return refuse("Aggregate functions not supported in Bulk Query");
    }
    let Some(paths) = query.only_fields() else {
        let nested = read.iter().skip(1).any(|token| token.is("SELECT"));
        return refuse(if nested {
            "Aggregate Relationships not supported in Bulk Query"
        } else {
            "Functions in the SELECT clause not supported in Bulk Query"
        });
    };
    if paths.iter().any(|path| path.definition(&resource.schema).kind == FieldType::Address) {
        return refuse("Selecting compound data not supported in Bulk Query");
    }
    Ok(object.name.clone())
}

fn search(job: &Job) -> Result<&Search, Refusal> {
    match &job.work {
        Work::Query(search) => Ok(search),
        Work::Ingest(_) => Err(Refusal::not_found()),
    }
}

/// The row that a locator stands for.
fn place(locator: &str) -> Option<usize> {
    let bytes = STANDARD_NO_PAD.decode(locator.trim_end_matches('=')).ok()?;
    std::str::from_utf8(&bytes).ok()?.parse().ok()
}
