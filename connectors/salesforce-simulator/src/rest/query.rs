//! `query`, `queryAll` and their next pages: at most 2,000 rows each.

use serde_json::{Value as Json, json};

use super::resource::Resource;
use crate::data::{Refusal, Store};
use crate::server::Answer;
use crate::soql::{Columns, Query, find, record};
use crate::tenant::State;

const PAGE: usize = 2_000;
const SMALLEST_PAGE: usize = 200;

/// The first page; `deleted` takes the recycle bin in.
pub(crate) fn first(resource: &Resource<'_>, deleted: bool) -> Result<Answer, Refusal> {
    let text = resource
        .call
        .param("q")
        .ok_or_else(|| Refusal::new(400, "MALFORMED_QUERY", "A query string has to be specified"))?;
    let query = Query::parse(&resource.schema, text)?;
    let mut state = resource.tenant.state();
    let State { store, cursors, .. } = &mut *state;
    let ids = find(store, &query, deleted);
    match &query.columns {
        Columns::Count => {
            return Ok(Answer::json(200, &json!({"totalSize": ids.len(), "done": true, "records": []})));
        }
        Columns::CountOf(path) => {
            let rows = ids.iter().filter_map(|id| store.table(query.object).row(id));
            let count = rows.filter(|row| !path.value(store, row).is_null()).count();
            let record = json!({"attributes": {"type": "AggregateResult"}, "expr0": count});
            return Ok(Answer::json(200, &json!({"totalSize": 1, "done": true, "records": [record]})));
        }
        Columns::Fields(_) => {}
    }
    let size = page_size(resource);
    let cursor = (ids.len() > size).then(|| store.ids.next("01g"));
    let page = page(store, resource, &query, &ids, 0..size, cursor.as_deref());
    if let Some(cursor) = cursor {
        cursors.open(&cursor, query, ids, size, resource.tenant.clock.now());
    }
    Ok(Answer::json(200, &page))
}

/// The page that a locator (`01g…-2000`) names.
pub(crate) fn next(resource: &Resource<'_>, locator: &str) -> Result<Answer, Refusal> {
    let invalid = || Refusal::new(400, "INVALID_QUERY_LOCATOR", "invalid query locator");
    let (id, from) = locator.rsplit_once('-').ok_or_else(invalid)?;
    let from: usize = from.parse().map_err(|_| invalid())?;
    let state = resource.tenant.state();
    let cursor = state.cursors.find(id, resource.tenant.clock.now()).ok_or_else(invalid)?;
    if from >= cursor.ids.len() {
        return Err(invalid());
    }
    let range = from..from + cursor.page;
    Ok(Answer::json(200, &page(&state.store, resource, &cursor.query, &cursor.ids, range, Some(id))))
}

fn page(
    store: &Store,
    resource: &Resource<'_>,
    query: &Query,
    ids: &[String],
    range: std::ops::Range<usize>,
    cursor: Option<&str>,
) -> Json {
    let Columns::Fields(fields) = &query.columns else { return Json::Null };
    let end = range.end.min(ids.len());
    let shown = ids.get(range.start..end).unwrap_or_default();
    let rows = shown.iter().filter_map(|id| store.table(query.object).row(id));
    let records: Vec<Json> =
        rows.map(|row| record(store, &resource.base, query.object, row, fields)).collect();
    let done = end == ids.len();
    let mut page = json!({"totalSize": ids.len(), "done": done});
    if let Some(page) = page.as_object_mut() {
        if let (false, Some(cursor)) = (done, cursor) {
            let next = format!("{}/query/{cursor}-{end}", resource.base);
            page.insert("nextRecordsUrl".to_owned(), json!(next));
        }
        page.insert("records".to_owned(), Json::Array(records));
    }
    page
}

/// 2,000, or what the client hints at within the bounds.
fn page_size(resource: &Resource<'_>) -> usize {
    let options = resource.call.header("sforce-query-options").unwrap_or_default();
    let hint = options.split([';', ',']).find_map(|option| option.trim().strip_prefix("batchSize="));
    hint.and_then(|size| size.trim().parse().ok()).unwrap_or(PAGE).clamp(SMALLEST_PAGE, PAGE)
}
