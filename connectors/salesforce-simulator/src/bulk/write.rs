//! The work of an ingest job: its rows, 200 in each transaction. A refused row refuses no other.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use super::columns::Columns;
use super::csv::{Row, Rows};
use super::ingest::says_failed_id;
use super::job::{Ingest, Job, Operation, Work};
use super::jobs::Jobs;
use super::kept::{JobEntry, Kept};
use super::worker::{Ended, pause};
use crate::data::{Api, Refusal, Repeated, UpsertKey, Writer};
use crate::schema::ObjectIndex;
use crate::tenant::Tenant;
use crate::usage::Allocation;

/// Rows of one transaction.
const CHUNK: usize = 200;

/// Rows of one batch, as the daily allocation counts them.
const BATCH: usize = 10_000;

/// What became of a row: the record, and whether it is new.
type Outcome = Result<(String, bool), (Option<String>, Refusal)>;

/// Writes the rows of a job.
pub(super) async fn ingest(tenant: &Tenant, job: &Job, ingest: &Ingest) -> Result<(), Ended> {
    let schema = tenant.schema();
    let data = ingest.data.clone().unwrap_or_default();
    let (header, mut rows) = Rows::open(&data, job.dialect).map_err(Ended::Failed)?;
    if let Ok(job) = tenant.state().jobs.job_mut(&job.id)
        && let Work::Ingest(ingest) = &mut job.work
    {
        ingest.columns.clone_from(&header);
    }
    let Some(object) = schema.find(&job.object) else {
        let message = format!("InvalidEntity : {} is not supported by the Bulk API", job.object);
        return Err(Ended::Failed(message));
    };
    let columns =
        Columns::read(&schema, schema.object(object), job.operation, &header).map_err(Ended::Failed)?;
    if ingest.place > 0 {
        rows = Rows::resume(&data, job.dialect, ingest.place).map_err(Ended::Failed)?;
    }
    let key = ingest.external_id.as_deref().and_then(|name| schema.object(object).field(name));
    loop {
        pause(tenant, job).await?;
        let chunk: Vec<Row> = rows.by_ref().take(CHUNK).collect();
        if chunk.is_empty() {
            return Ok(());
        }
        let place = rows.place();
        let done = tenant.write_noting(
            job.origin.clone(),
            |writer| {
                let target = Target { object, operation: job.operation, key };
                target.write(writer, &columns, &chunk)
            },
            |jobs, outcomes| report(jobs, job, &chunk, outcomes, place),
        );
        done.map_err(|refusal| Ended::Failed(format!("{} : {}", refusal.code, refusal.message)))?;
        tenant.calls.wrote("BULK", &format!("/jobs/ingest/{}", job.id), chunk.len(), BTreeMap::new());
        spend_batches(tenant, &job.id, chunk.len());
    }
}

/// What is done to which records.
struct Target {
    object: ObjectIndex,
    operation: Operation,
    /// The field that an upsert matches by.
    key: Option<usize>,
}

impl Target {
    fn write(&self, writer: &mut Writer<'_>, columns: &Columns<'_>, chunk: &[Row]) -> Vec<Outcome> {
        let records: Vec<Result<Map<String, Json>, Refusal>> = chunk
            .iter()
            .map(|row| match row.broken {
                Some(broken) => Err(Refusal::record("CLIENT_INPUT_ERROR", broken, &[])),
                None => columns.record(&row.cells),
            })
            .collect();
        let repeated = self.repeated(writer, &records);
        let written = records.into_iter().map(|record| {
            let mut record = record.map_err(|refusal| (None, refusal))?;
            let id = record.shift_remove("Id").and_then(|id| id.as_str().map(str::to_owned));
            self.one(writer, id.as_deref(), record, &repeated).map_err(|refusal| (id, refusal))
        });
        written.collect()
    }

    fn one(
        &self,
        writer: &mut Writer<'_>,
        id: Option<&str>,
        mut record: Map<String, Json>,
        repeated: &Repeated,
    ) -> Result<(String, bool), Refusal> {
        let missing = |call: &str| {
            let message = format!("Id not specified in {call} call");
            Refusal::record("MISSING_ARGUMENT", message, &[])
        };
        match self.operation {
            Operation::Insert => {
                if id.is_some() {
                    let message = "cannot specify Id in an insert call";
                    return Err(Refusal::record("INVALID_FIELD_FOR_INSERT_UPDATE", message, &["Id"]));
                }
                writer.create(self.object, &record).map(|id| (id, true))
            }
            Operation::Update => {
                let id = id.ok_or_else(|| missing("an update"))?;
                writer.update(self.object, id, &record)?;
                Ok((crate::ids::normalize(id).unwrap_or_default(), false))
            }
            Operation::Upsert => {
                let key = self.key.unwrap_or(0);
                let schema = std::sync::Arc::clone(&writer.store.schema);
                let name = schema.object(self.object).fields.get(key).map(|f| f.name.as_str());
                let given = match id.filter(|_| key == 0) {
                    Some(id) => Some(Json::String(id.to_owned())),
                    None => record.shift_remove(name.unwrap_or_default()),
                };
                let value = given.unwrap_or(Json::Null);
                let found_by = UpsertKey::of(&schema, self.object, key, &value, Api::Bulk);
                repeated.check(&schema, found_by.as_ref(), &value)?;
                let done = writer.upsert(self.object, key, &value, &record)?;
                Ok((done.id, done.created))
            }
            Operation::Delete | Operation::HardDelete => {
                let id = id.ok_or_else(|| missing("a delete"))?;
                let id = writer.existing(self.object, id)?;
                let gone = match self.operation {
                    Operation::HardDelete => writer.hard_delete(&id),
                    _ => writer.delete(&id),
                };
                gone.map(|id| (id, false))
            }
            Operation::Query | Operation::QueryAll => Err(Refusal::not_found()),
        }
    }

    /// The keys that several rows of a chunk have.
    fn repeated(&self, writer: &Writer<'_>, records: &[Result<Map<String, Json>, Refusal>]) -> Repeated {
        let schema = &writer.store.schema;
        let field = self.key.unwrap_or(0);
        let name = schema.object(self.object).fields.get(field).map(|field| field.name.as_str());
        let name = name.filter(|_| self.operation == Operation::Upsert);
        let values = records.iter().flatten().filter_map(|record| record.get(name?));
        Repeated::among(
            values.filter_map(|value| UpsertKey::of(schema, self.object, field, value, Api::Bulk)),
        )
    }
}

/// Spends the batches of a job that the `rows` it has processed last have begun.
fn spend_batches(tenant: &Tenant, id: &str, rows: usize) {
    let Ok(processed) = tenant.state().jobs.job(id).map(|job| job.processed) else { return };
    let begun = processed.saturating_sub(rows).div_ceil(BATCH);
    let batches = u64::try_from(processed.div_ceil(BATCH) - begun).unwrap_or(u64::MAX);
    tenant.usage.spend(Allocation::BulkBatches, batches, tenant.clock.now());
}

/// What became of a chunk: its job is so much further once the chunk stands.
fn report(jobs: &Jobs, job: &Job, chunk: &[Row], outcomes: &[Outcome], place: usize) -> Option<JobEntry> {
    let (mut successful, mut refused) = (Vec::new(), Vec::new());
    let mut failed = 0;
    for (row, outcome) in chunk.iter().zip(outcomes) {
        let (into, own) = match outcome {
            Ok((id, created)) => (&mut successful, [id.clone(), created.to_string()]),
            Err((id, refusal)) => {
                failed += 1;
                let id = id.clone().filter(|_| says_failed_id(job)).unwrap_or_default();
                (&mut refused, [id, error(refusal)])
            }
        };
        job.dialect.write(into, own.iter().chain(&row.cells).map(String::as_str));
    }
    let known = jobs.job(&job.id).ok()?;
    Some(JobEntry::Written {
        id: job.id.clone(),
        place,
        processed: known.processed + chunk.len(),
        failed: known.failed + failed,
        successful: Kept::from(successful),
        refused: Kept::from(refused),
    })
}

/// `CODE:message:field1,field2 --`.
fn error(refusal: &Refusal) -> String {
    let fields = refusal.fields.clone().unwrap_or_default().join(",");
    let space = if fields.is_empty() { "" } else { " " };
    format!("{}:{}:{fields}{space}--", refusal.code, refusal.message)
}
