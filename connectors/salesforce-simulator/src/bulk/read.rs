//! The work of a query job: the rows that it finds as lines of CSV.

use super::job::{Job, Operation, Search, Work};
use super::worker::{Ended, pause};
use crate::data::Value;
use crate::soql::{Query, Run};
use crate::tenant::Tenant;

/// Rows that are shown before others get their turn.
const CHUNK: usize = 2_000;

/// Reads the rows of a job.
pub(super) async fn query(tenant: &Tenant, job: &Job, search: &Search) -> Result<(), Ended> {
    let schema = tenant.schema();
    // What was selectable when the job was created need not be so any more.
    let query = Query::parse(&schema, &search.soql)
        .map_err(|refusal| Ended::Failed(format!("{} : {}", refusal.code, refusal.message)))?;
    let paths = query
        .only_fields()
        .ok_or_else(|| Ended::Failed("InvalidBatch : a bulk query selects nothing but fields".to_owned()))?;
    let names: Vec<String> = paths.iter().map(|path| path.name(&schema)).collect();
    let mut header = Vec::new();
    job.dialect.write(&mut header, names.iter().map(String::as_str));
    note(tenant, &job.id, header, &[]);
    let ids = {
        let state = tenant.state();
        let (now, user) = (tenant.clock.now(), tenant.identity.user_id.as_str());
        let run = Run { store: &state.store, now, user, deleted: job.operation == Operation::QueryAll };
        run.find(&run.bind(&query))
    };
    let mut chunks = (0..ids.len()).step_by(CHUNK);
    loop {
        pause(tenant, job).await?;
        let Some(from) = chunks.next() else { return Ok(()) };
        let lines = {
            let state = tenant.state();
            let chunk = ids.range(from..from + CHUNK);
            let rows = chunk.filter_map(|id| state.store.table(query.object).row(id));
            let cells =
                rows.map(|row| paths.iter().map(|path| text(&path.value(&state.store, row))).collect());
            cells.collect::<Vec<Vec<String>>>()
        };
        let written = lines.iter().map(|cells| {
            let mut line = Vec::new();
            job.dialect.write(&mut line, cells.iter().map(String::as_str));
            line
        });
        note(tenant, &job.id, Vec::new(), &written.collect::<Vec<_>>());
    }
}

/// Adds to the results of a job.
fn note(tenant: &Tenant, id: &str, header: Vec<u8>, lines: &[Vec<u8>]) {
    let mut state = tenant.state();
    let Ok(job) = state.jobs.job_mut(id) else { return };
    job.processed += lines.len();
    if let Work::Query(search) = &mut job.work {
        search.header.extend(header);
        for line in lines {
            search.rows.extend(line);
            search.ends.push(search.rows.len());
        }
    }
}

/// A cell; points in time end with `Z` here.
fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Text(text) => text.to_string(),
        Value::Time(time) => time.event(),
        other => other.to_json(crate::timestamp::Timestamp::event).to_string(),
    }
}
