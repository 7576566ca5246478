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
use crate::described::{Carried, Described};
use crate::error::SourceError;
use crate::moment::Moment;
use crate::patience::{Attempt, Patience, is_lasting};
use crate::record::{Image, STAMP};
use crate::rows::Reading;

/// Rows of one answer. They are kept as text and become records part by part.
const PAGE: u32 = 10_000;

/// Rows of one part: they go to Kafka in one transaction.
const PART: usize = 5_000;

/// How often a job is asked whether it is done: at first, and when it takes long.
const ASK_FIRST: Duration = Duration::from_millis(250);
const ASK_LAST: Duration = Duration::from_secs(10);

/// How a line of the results becomes a row.
struct Form {
    described: Arc<Described>,
    columns: Arc<Columns>,
    carried: Carried,
    /// The places of the stamp and of the deletion mark.
    stamp: Option<usize>,
    deleted: Option<usize>,
    repairs: Option<Moment>,
}

impl Reader {
    /// Makes a job and reads it.
    pub(super) async fn read_new_job(
        &mut self,
        total: Option<u64>,
        read_from: Offsets,
    ) -> Result<Bulk, Stopped> {
        let mut reading = Reading::Known;
        let job = loop {
            let form = self.form(reading).await?;
            let (soql, which) = (self.wanted.bulk(&form.columns), self.which());
            self.outlet.calls.fetch_add(1, Ordering::Relaxed);
            match self.patience().call(|| self.org().create_query_job(&soql, which)).await {
                Ok(job) => break job.id,
                // A field of the cached description is gone.
                Err(error) if error.code() == Some("INVALID_FIELD") && reading == Reading::Known => {
                    reading = Reading::Anew;
                }
                Err(error) if is_lasting(&error) => return Ok(Bulk::Impossible(error.to_string())),
                Err(error) => return Err(error.into()),
            }
        };
        self.begins_job(&job, total, read_from).await?;
        self.read_job(&job, None, 0).await
    }

    /// Reads a job from so many rows behind a locator on, once it is done.
    pub(super) async fn read_job(
        &mut self,
        job: &str,
        mut locator: Option<String>,
        mut skip: u64,
    ) -> Result<Bulk, Stopped> {
        match self.job_is_done(job).await? {
            Bulk::Read => {}
            other => return Ok(other),
        }
        let form = Arc::new(self.form(Reading::Known).await?);
        let sizes = Self::sizes(PAGE);
        let mut backoff = Patience::backoff();
        loop {
            let most = sizes.rows();
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
            backoff.reset();
            let next = results.next.clone();
            skip = match self.read_results(&form, job, locator.as_deref(), skip, results).await {
                Ok(left) => left,
                // Since the job was made a field has come or gone.
                Err(Stopped::Failed(SourceError::Csv(CsvError::Columns { .. }))) => return Ok(Bulk::Gone),
                Err(stopped) => return Err(stopped),
            };
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

    /// Sends the rows of one page behind the first `skip`, part by part. Answers how many are left to be skipped.
    async fn read_results(
        &self,
        form: &Arc<Form>,
        job: &str,
        locator: Option<&str>,
        skip: u64,
        results: Results,
    ) -> Result<u64, Stopped> {
        let mut lines = CsvRows::read(Arc::clone(&form.columns), results.csv)?;
        let mut row = lines.skip(skip)?;
        if row < skip {
            return Ok(skip - row);
        }
        loop {
            let form = Arc::clone(form);
            let took = tokio::task::spawn_blocking(move || {
                let taken = lines.take(PART)?;
                let read = taken.len();
                let rows = taken.into_iter().map(|row| form.found(row)).collect::<Result<Vec<_>, _>>()?;
                Ok::<_, SourceError>((lines, read, rows.into_iter().flatten().collect::<Vec<_>>()))
            });
            let (rest, read, rows) = took.await.map_err(|_| SourceError::TaskGone("reading CSV"))??;
            lines = rest;
            row += read as u64;
            let place = match (read < PART, &results.next) {
                (true, None) => Place::End { job: Some(job.to_owned()) },
                (true, Some(next)) => {
                    Place::At(Cursor::Bulk { job: job.to_owned(), locator: Some(next.clone()), row: 0 })
                }
                (false, _) => {
                    Place::At(Cursor::Bulk { job: job.to_owned(), locator: locator.map(str::to_owned), row })
                }
            };
            self.send(rows, place).await?;
            if read < PART {
                return Ok(0);
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
        let (stamp, deleted) = (describe.schema().position(STAMP), describe.schema().position("IsDeleted"));
        Ok(Form { described, columns, carried, stamp, deleted, repairs: self.wanted.repairs })
    }
}

impl Form {
    /// What a line says; `None` for a row whose deletion nobody misses.
    fn found(&self, row: CsvRow) -> Result<Option<Found>, SourceError> {
        let CsvRow { id, value } = row;
        let object = &self.described.describe().object;
        let unusable =
            || SourceError::Query { object: object.clone(), soql: "a Bulk job of all its rows".to_owned() };
        let id = id.ok_or_else(unusable)?;
        let Ok(value) = value else { return Ok(Some(Found::Unfit(id))) };
        let cell = |place: Option<usize>| place.and_then(|place| value.values().get(place));
        let Some(Value::Timestamp(stamp)) = cell(self.stamp) else { return Err(unusable()) };
        let stamp = Moment(*stamp);
        if let Some(Value::Boolean(true)) = cell(self.deleted) {
            let missed = self.repairs.is_some_and(|since| stamp >= since);
            return Ok(missed.then_some(Found::Deleted { id, at: stamp }));
        }
        let (described, carried) = (Arc::clone(&self.described), self.carried.clone());
        Ok(Some(Found::Row(Image { id, stamp, described, value, carried })))
    }
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
