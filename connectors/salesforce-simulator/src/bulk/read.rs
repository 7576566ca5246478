//! The work of a query job: the rows that it finds as lines of CSV.

use super::job::{Job, Operation, Work};
use super::worker::{Next, pause};
use crate::data::Value;
use crate::schema::Schema;
use crate::soql::{Columns, Path, Query, find};
use crate::tenant::Tenant;

/// Rows that are shown before others get their turn.
const CHUNK: usize = 2_000;

/// Reads the rows of a job. `None`: it was left before its end.
pub(super) async fn query(tenant: &Tenant, job: Job) -> Option<Result<(), String>> {
    let Work::Query(search) = &job.work else { return None };
    let schema = tenant.schema();
    let query = match Query::parse(&schema, &search.soql) {
        Ok(query) => query,
        Err(refusal) => return Some(Err(format!("{} : {}", refusal.code, refusal.message))),
    };
    let Columns::Fields(paths) = &query.columns else { return None };
    let names: Vec<String> = paths.iter().map(|path| name(&schema, &query, path)).collect();
    let mut header = Vec::new();
    job.dialect.write(&mut header, names.iter().map(String::as_str));
    note(tenant, &job.id, header, &[]);
    let ids = find(&tenant.state().store, &query, job.operation == Operation::QueryAll);
    let mut chunks = ids.chunks(CHUNK);
    loop {
        match pause(tenant, &job.id, &job.object).await {
            Next::Work => {}
            Next::Leave => return None,
            Next::Fail(message) => return Some(Err(message)),
        }
        let Some(chunk) = chunks.next() else { return Some(Ok(())) };
        let lines = {
            let state = tenant.state();
            let rows = chunk.iter().filter_map(|id| state.store.table(query.object).row(id));
            let cells =
                rows.map(|row| paths.iter().map(|path| text(path.value(&state.store, row))).collect());
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

/// A column as the header names it: `Account.Owner.Name`.
fn name(schema: &Schema, query: &Query, path: &Path) -> String {
    let mut here = query.object;
    let mut name = String::new();
    for (reference, target) in &path.hops {
        let field = schema.object(here).fields.get(*reference);
        name.push_str(field.and_then(|field| field.relationship.as_deref()).unwrap_or_default());
        name.push('.');
        here = *target;
    }
    name.push_str(&path.definition(schema).name);
    name
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
