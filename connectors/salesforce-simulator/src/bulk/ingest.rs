//! What a client does with an ingest job: upload, close, abort, ask, fetch results, delete, list.

use serde_json::{Value as Json, json};

use super::csv::Rows;
use super::job::{Ingest, Job, JobState, Work};
use super::kept::JobEntry;
use crate::data::Refusal;
use crate::rest::Resource;
use crate::server::Answer;

/// Jobs in one page of the list.
const PAGE: usize = 1_000;

/// What fits into an upload: 150 MB once it is written in base 64.
const MAX_UPLOAD: usize = 150_000_000 / 4 * 3;

/// The first version whose failed rows name their record.
const SAYS_FAILED_ID: u32 = 530;

const RESULTS: [&str; 3] = ["successfulResults", "failedResults", "unprocessedRecords"];

/// `PUT jobs/ingest/id/batches`: once, into an open job.
pub(super) fn upload(resource: &Resource<'_>, id: &str) -> Result<Answer, Refusal> {
    let mut state = resource.tenant.state();
    // A change of a copy: what the data file has no room for never was.
    let mut job = state.jobs.job(id)?.clone();
    let (open, id) = (job.state == JobState::Open, job.id.clone());
    let Work::Ingest(ingest) = &mut job.work else { return Err(Refusal::not_found()) };
    if !open {
        return Err(bad_state("Data can only be uploaded to an Open job"));
    }
    if ingest.data.is_some() {
        let message = format!(
            "Found multiple contents for job: <{id}>, please 'Close' / 'Abort' / 'Delete' the current Job then create a \
             new Job and make sure you only do 'PUT' once on a given Job."
        );
        return Err(Refusal::new(400, "INVALIDJOBSTATE", message));
    }
    if resource.call.body.len() > MAX_UPLOAD {
        return Err(Refusal::new(413, "CLIENTINPUTERROR", "Job data exceeds the maximum size of 150 MB"));
    }
    ingest.data = Some(resource.call.body.clone());
    state.keep(job.entries())?;
    state.jobs.put(job);
    Ok(Answer::empty(201))
}

/// `PATCH jobs/ingest/id`: `UploadComplete` or `Aborted`.
pub(super) fn change(resource: &Resource<'_>, id: &str) -> Result<Answer, Refusal> {
    let body = resource.object()?;
    let wanted = body.get("state").and_then(Json::as_str).unwrap_or_default();
    let now = resource.tenant.clock.now();
    let mut state = resource.tenant.state();
    let state = &mut *state;
    let mut job = state.jobs.job(id)?.clone();
    let has_data = job.ingest()?.data.is_some();
    match (JobState::of(wanted), job.state) {
        (Some(JobState::UploadComplete), JobState::Open) if has_data => {
            job.enter(JobState::UploadComplete, now);
        }
        (Some(JobState::UploadComplete), JobState::Open) => {
            return Err(bad_state("No data was uploaded to the job"));
        }
        (Some(JobState::UploadComplete), present) => return Err(not_allowed("Closing", present)),
        (Some(JobState::Aborted), present) if !present.ended() => job.enter(JobState::Aborted, now),
        (Some(JobState::Aborted), present) => return Err(not_allowed("Aborting", present)),
        _ => {
            let message =
                format!("Cannot deserialize enum JobStateEnum from value {wanted} at [line:1, column:1]");
            return Err(Refusal::new(400, "JSON_PARSER_ERROR", message));
        }
    }
    let answer = Answer::json(200, &job.changed());
    state.keep(vec![job.head()])?;
    state.jobs.put(job);
    resource.tenant.bulk_work.notify_one();
    Ok(answer)
}

/// `GET jobs/ingest/id`.
pub(super) fn show(resource: &Resource<'_>, id: &str) -> Result<Answer, Refusal> {
    let state = resource.tenant.state();
    let job = state.jobs.job(id)?;
    job.ingest()?;
    Ok(Answer::json(200, &job.full()))
}

/// `DELETE jobs/ingest/id`.
pub(super) fn delete(resource: &Resource<'_>, id: &str) -> Result<Answer, Refusal> {
    let mut state = resource.tenant.state();
    let job = state.jobs.job(id)?;
    job.ingest()?;
    if matches!(job.state, JobState::Open | JobState::InProgress) {
        return Err(not_terminated());
    }
    let id = job.id.clone();
    state.keep(vec![JobEntry::Deleted { id: id.clone() }])?;
    state.jobs.remove(&id);
    Ok(Answer::empty(204))
}

/// `GET jobs/ingest`.
pub(super) fn list(resource: &Resource<'_>) -> Result<Answer, Refusal> {
    page(resource, "ingest")
}

/// Whether a path names a result file, in whatever letter case.
pub(super) fn is_result(name: &str) -> bool {
    RESULTS.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// `GET jobs/ingest/id/successfulResults` and the two others.
pub(super) fn results(resource: &Resource<'_>, id: &str, name: &str) -> Result<Answer, Refusal> {
    let state = resource.tenant.state();
    let job = state.jobs.job(id)?;
    let ingest = job.ingest()?;
    if !is_result(name) {
        return Err(Refusal::not_found());
    }
    if !job.state.ended() {
        return Err(bad_state("Job state is invalid"));
    }
    let file = if name.eq_ignore_ascii_case(RESULTS[0]) {
        let header = job.dialect.header(&["sf__Id", "sf__Created"], &ingest.columns);
        [header, ingest.successful.clone()].concat()
    } else if name.eq_ignore_ascii_case(RESULTS[1]) {
        let header = job.dialect.header(&["sf__Id", "sf__Error"], &ingest.columns);
        [header, ingest.refused.clone()].concat()
    } else {
        unprocessed(job, ingest)
    };
    Ok(Answer::csv(file))
}

/// Whether failed rows name the record that they were to change.
pub(super) fn says_failed_id(job: &Job) -> bool {
    job.version >= SAYS_FAILED_ID
}

/// A page of the jobs of one sort, or of those that `jobType` asks for.
pub(super) fn page(resource: &Resource<'_>, sort: &str) -> Result<Answer, Refusal> {
    let call = resource.call;
    let own = if sort == "query" { "V2Query" } else { "V2Ingest" };
    let wanted = call.param("jobType").unwrap_or(own);
    if !["V2Query", "V2Ingest", "Classic", "BigObjectIngest"].contains(&wanted) {
        let message = format!("Cannot deserialize enum JobTypeEnum from value {wanted}");
        return Err(Refusal::new(400, "JSON_PARSER_ERROR", message));
    }
    // No job here is split by primary keys.
    let split = call.param("isPkChunkingEnabled") == Some("true");
    let locator = call.param("queryLocator").filter(|locator| !locator.is_empty());
    let wrong = || Refusal::new(400, "INVALID_QUERY_LOCATOR", "invalid query locator");
    let from = locator.map_or(Ok(0), |locator| {
        locator.rsplit_once('-').and_then(|(_, from)| from.parse().ok()).ok_or_else(wrong)
    })?;
    let mut state = resource.tenant.state();
    let all: Vec<&Job> = state.jobs.all().filter(|job| !split && job.job_type() == wanted).collect();
    let records: Vec<Json> = all.iter().skip(from).take(PAGE).map(|job| job.listed()).collect();
    let next = from.saturating_add(PAGE);
    let done = next >= all.len();
    let next_url = if done {
        Json::Null
    } else {
        let cursor = state.store.ids.next("01g");
        json!(format!("{}/jobs/{sort}?queryLocator={cursor}-{next}", resource.base))
    };
    Ok(Answer::json(200, &json!({"done": done, "records": records, "nextRecordsUrl": next_url})))
}

/// A job that still works, or waits for its file, is not deleted.
pub(super) fn not_terminated() -> Refusal {
    let message = "Error encountered when deleting the job because the job is not terminated";
    Refusal::new(400, "API_ERROR", message)
}

/// A change of state that is too late.
pub(super) fn not_allowed(what: &str, present: JobState) -> Refusal {
    let present = match present {
        JobState::JobComplete => "Completed",
        other => other.name(),
    };
    bad_state(&format!("{what} already {present} Job not allowed"))
}

/// A call that does not fit the state of its job.
pub(super) fn bad_state(message: &str) -> Refusal {
    Refusal::new(400, "INVALIDJOBSTATE", message)
}

/// Keeps of the file of a job that has ended what can still be asked for: the rows that were never tried.
pub(super) fn let_go(job: &mut Job) {
    let rest = match &job.work {
        Work::Ingest(ingest) if ingest.place > 0 => unprocessed(job, ingest),
        _ => return,
    };
    if let Work::Ingest(ingest) = &mut job.work {
        ingest.data = Some(rest.into());
        ingest.place = 0;
    }
}

/// The rows that were never tried: the whole file, if it could not be read at all.
fn unprocessed(job: &Job, ingest: &Ingest) -> Vec<u8> {
    let data = ingest.data.clone().unwrap_or_default();
    let Ok((columns, mut rows)) = Rows::open(&data, job.dialect) else { return data.to_vec() };
    let mut file = job.dialect.header(&[], &columns);
    if ingest.place > 0 {
        match Rows::resume(&data, job.dialect, ingest.place) {
            Ok(rest) => rows = rest,
            Err(_) => return file,
        }
    }
    for row in rows {
        job.dialect.write(&mut file, row.cells.iter().map(String::as_str));
    }
    file
}
