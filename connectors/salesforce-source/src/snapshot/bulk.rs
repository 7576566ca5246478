//! Reads a snapshot from the results of a Bulk job.
//!
//! The job's id is stored before its first row, so a source that is started again goes on in the same results.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use orgstream_api::{Offsets, Value};
use orgstream_salesforce::{ApiError, Columns, CsvError, CsvRow, CsvRows, JobState, Results, Rows as Which};

use super::entry::Cursor;
use super::part::{Found, Place};
use super::reader::{Bulk, Reader, Stopped};
use crate::batch_size::BatchSize;
use crate::described::{Carried, Described};
use crate::error::SourceError;
use crate::moment::Moment;
use crate::patience::{Attempt, Patience, is_lasting};
use crate::record::Image;
use crate::rows::Reading;

/// Rows of one answer at most. They are kept as text and become records part by part.
const PAGE: usize = 10_000;

/// Rows of the first answer, which tells how wide rows are.
const FIRST_PAGE: usize = 1_000;

/// Bytes of one answer, by the width of the rows before.
const PAGE_BYTES: usize = 16 * 1024 * 1024;

/// Rows of one part at most: they go to Kafka in one transaction.
const PART: usize = 5_000;

/// Bytes of one part, as text.
const PART_BYTES: usize = 8 * 1024 * 1024;

/// Refusals of a job that queries do not meet: the org has made as many as it may in 24 hours.
const NO_MORE_JOBS: [&str; 2] = ["EXCEEDED_QUOTA", "LIMIT_EXCEEDED"];

/// How often a job is asked whether it is done: at first, and when it takes long.
const ASK_FIRST: Duration = Duration::from_millis(250);
const ASK_LAST: Duration = Duration::from_secs(10);

/// How a line of the results becomes a row.
pub(super) struct Form {
    described: Arc<Described>,
    columns: Arc<Columns>,
    carried: Carried,
    /// The place of the stamp.
    stamp: Option<usize>,
    repairs: Option<Moment>,
}

/// A place in the results of a job: so many rows behind a locator, or behind the start.
struct At<'a> {
    job: &'a str,
    locator: Option<&'a str>,
    skip: u64,
}

/// How far a page was read.
enum Passed {
    /// To its end. So many rows are left to be skipped in the next one.
    Page { skip: u64 },
    /// So many rows, and the org says that it has more.
    Part { rows: u64 },
}

impl Reader {
    /// Makes a job and reads it.
    pub(super) async fn read_new_job(
        &mut self,
        total: Option<u64>,
        read_from: Offsets,
    ) -> Result<Bulk, Stopped> {
        let mut reading = Reading::Known;
        let mut backoff = Patience::backoff();
        let (job, form) = loop {
            let form = self.form(reading).await?;
            let (soql, which) = (self.wanted.bulk(&form.columns), self.which());
            self.outlet.calls.fetch_add(1, Ordering::Relaxed);
            let ask = || self.org().create_query_job(&soql, which);
            match self.patience().attempt_unless(ask, is_impossible).await {
                Ok(Attempt::Answered(job)) => break (job.id, form),
                Ok(Attempt::Blamed) => tokio::time::sleep(backoff.pause()).await,
                // A field of the cached description is gone.
                Err(error) if error.code() == Some("INVALID_FIELD") && reading == Reading::Known => {
                    reading = Reading::Anew;
                }
                Err(error) if is_impossible(&error) => return Ok(Bulk::Impossible(error.to_string())),
                Err(error) => return Err(error.into()),
            }
        };
        self.begins_job(&job, total, read_from).await?;
        self.read_job(&job, Some(form), None, 0).await
    }

    /// Reads a job from so many rows behind a locator on, once it is done. `form` is that of its making; a job of an
    /// earlier run is read by what is known now.
    pub(super) async fn read_job(
        &mut self,
        job: &str,
        form: Option<Form>,
        mut locator: Option<String>,
        mut skip: u64,
    ) -> Result<Bulk, Stopped> {
        match self.job_is_done(job).await? {
            Bulk::Read => {}
            other => return Ok(other),
        }
        let form = Arc::new(match form {
            Some(form) => form,
            None => self.form(Reading::Known).await?,
        });
        let sizes = BatchSize::new(PAGE);
        let mut fit = FIRST_PAGE;
        let mut backoff = Patience::backoff();
        loop {
            let most = sizes.rows().min(fit);
            self.outlet.calls.fetch_add(1, Ordering::Relaxed);
            let ask = || self.org().query_results(job, locator.as_deref(), most);
            let results = match self.patience().attempt(ask).await {
                Ok(Attempt::Answered(results)) => results,
                Ok(Attempt::Blamed) => {
                    sizes.failed(most);
                    tokio::time::sleep(backoff.pause()).await;
                    continue;
                }
                Err(error) if is_gone(&error) => return Ok(Bulk::Gone),
                Err(error) => return Err(error.into()),
            };
            sizes.answered(most);
            let width = width(&results, most);
            fit = rows_of(PAGE_BYTES, width, PAGE);
            let next = results.next.clone();
            let at = At { job, locator: locator.as_deref(), skip };
            match self.read_results(&form, &at, results, rows_of(PART_BYTES, width, PART)).await {
                Ok(Passed::Page { skip: left }) => skip = left,
                Ok(Passed::Part { rows }) => {
                    self.says(&format!(
                        "an answer ended after {rows} rows, before its end; it is asked for again"
                    ));
                    skip = rows;
                    tokio::time::sleep(backoff.pause()).await;
                    continue;
                }
                // Since the job was made a field has come or gone.
                Err(Stopped::Failed(SourceError::Csv(CsvError::Columns { .. }))) => return Ok(Bulk::Gone),
                Err(stopped) => return Err(stopped),
            }
            backoff.reset();
            match next {
                Some(next) => locator = Some(next),
                None => return Ok(Bulk::Read),
            }
        }
    }

    /// Waits for a job: [`Bulk::Read`] means that it can be.
    async fn job_is_done(&self, job: &str) -> Result<Bulk, Stopped> {
        let mut pause = ASK_FIRST;
        loop {
            self.outlet.calls.fetch_add(1, Ordering::Relaxed);
            let asked = match self.patience().call(|| self.org().query_job(job)).await {
                Ok(asked) => asked,
                Err(error) if is_gone(&error) => return Ok(Bulk::Gone),
                Err(error) => return Err(error.into()),
            };
            match asked.state {
                JobState::JobComplete => return Ok(Bulk::Read),
                JobState::Aborted => return Ok(Bulk::Impossible("somebody aborted the job".to_owned())),
                JobState::Failed => {
                    return Ok(Bulk::Impossible(asked.error_message.unwrap_or("the job failed".to_owned())));
                }
                JobState::UploadComplete | JobState::InProgress => tokio::time::sleep(pause).await,
            }
            pause = (pause * 2).min(ASK_LAST);
        }
    }

    /// Sends the rows of one page behind the first `at.skip`, in parts of up to `most` rows.
    async fn read_results(
        &self,
        form: &Arc<Form>,
        at: &At<'_>,
        results: Results,
        most: usize,
    ) -> Result<Passed, Stopped> {
        let mut lines = CsvRows::read(Arc::clone(&form.columns), results.csv)?;
        // A page that ends before its end would be rows that are missing without a word.
        let is_cut =
            |lines: &CsvRows, row: u64| lines.is_cut() || results.rows.is_some_and(|rows| row < rows);
        let mut row = lines.skip(at.skip)?;
        if row < at.skip {
            let skip = at.skip - row;
            return Ok(if is_cut(&lines, row) {
                Passed::Part { rows: at.skip }
            } else {
                Passed::Page { skip }
            });
        }
        loop {
            let form = Arc::clone(form);
            let took = tokio::task::spawn_blocking(move || {
                let taken = lines.take(most)?;
                let read = taken.len();
                let rows = taken.into_iter().map(|row| form.found(row)).collect::<Result<Vec<_>, _>>()?;
                Ok::<_, SourceError>((lines, read, rows.into_iter().flatten().collect::<Vec<_>>()))
            });
            let (rest, read, rows) = took.await.map_err(|_| SourceError::TaskGone("reading CSV"))??;
            lines = rest;
            row += read as u64;
            let (is_last, is_cut) = (read < most, is_cut(&lines, row));
            let cursor = |locator: Option<&str>, row| {
                Place::At(Cursor::Bulk { job: at.job.to_owned(), locator: locator.map(str::to_owned), row })
            };
            let place = match &results.next {
                _ if !is_last || is_cut => cursor(at.locator, row),
                None => Place::End,
                Some(next) => cursor(Some(next), 0),
            };
            self.send(rows, read, place).await?;
            if is_last {
                return Ok(if is_cut { Passed::Part { rows: row } } else { Passed::Page { skip: 0 } });
            }
        }
    }

    fn which(&self) -> Which {
        // The recycle bin is read only where deletes may be missing.
        if self.wanted.repairs.is_some() { Which::All } else { Which::Living }
    }

    async fn form(&self, reading: Reading) -> Result<Form, SourceError> {
        let described = self.rows.describe(&self.wanted.object, reading).await?;
        let describe = described.describe();
        let columns = Arc::new(Columns::of(describe));
        let carried = match columns.carried() {
            places if places.len() == describe.fields.len() => Carried::All,
            places => Carried::Some(places.to_vec()),
        };
        let stamp = describe.dated_by().and_then(|name| describe.position(name));
        Ok(Form { described, columns, carried, stamp, repairs: self.wanted.repairs })
    }
}

impl Form {
    /// What a line says; `None` for a row whose deletion nobody misses.
    fn found(&self, row: CsvRow) -> Result<Option<Found>, SourceError> {
        let CsvRow { id, is_deleted, deleted, value } = row;
        let object = &self.described.describe().object;
        let unusable =
            || SourceError::Query { object: object.clone(), soql: "a Bulk job of all its rows".to_owned() };
        let id = id.ok_or_else(unusable)?;
        // Before its value: one that is gone cannot be read again, and nothing of it but this is told.
        if is_deleted {
            let at = deleted.map(Moment).ok_or_else(unusable)?;
            let missed = self.repairs.is_some_and(|since| at >= since);
            return Ok(missed.then_some(Found::Deleted { id, at }));
        }
        let Ok(value) = value else { return Ok(Some(Found::Unfit(id))) };
        let stamp = self.stamp.and_then(|place| value.values().get(place));
        let Some(Value::Timestamp(stamp)) = stamp else { return Err(unusable()) };
        let stamp = Moment(*stamp);
        let (described, carried) = (Arc::clone(&self.described), self.carried.clone());
        Ok(Some(Found::Row(Image { id, stamp, described, value, carried })))
    }
}

/// Bytes of one row of a page that was asked for `most` rows.
fn width(results: &Results, most: usize) -> usize {
    let rows = results.rows.and_then(|rows| usize::try_from(rows).ok()).unwrap_or(most);
    results.csv.len() / rows.max(1)
}

/// How many rows of this width have room in so many bytes; at least one, and no more than `most`.
fn rows_of(bytes: usize, width: usize, most: usize) -> usize {
    (bytes / width.max(1)).clamp(1, most)
}

/// Whether no job of these rows can be made, while queries can read them.
fn is_impossible(error: &ApiError) -> bool {
    is_lasting(error) || error.code().is_some_and(|code| NO_MORE_JOBS.contains(&code))
}

/// Whether the org does not know a job or a place in its results any more.
fn is_gone(error: &ApiError) -> bool {
    match error {
        ApiError::Answer { status, .. } => {
            matches!(status, 404 | 409) || error.code() == Some("INVALID_QUERY_LOCATOR")
        }
        ApiError::Refused { .. } | ApiError::Trouble { .. } => false,
    }
}
