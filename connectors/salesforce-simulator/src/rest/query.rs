//! `query`, `queryAll` and their next pages: at most 2,000 rows each.

use std::sync::Arc;

use serde_json::{Map, Value as Json, json};

use super::cursors::{Cursor, Cursors, QueryNumber};
use super::resource::Resource;
use crate::data::{Refusal, Row, Store};
use crate::server::Answer;
use crate::soql::{Columns, Query, Run, Show};
use crate::tenant::State;

const PAGE: usize = 2_000;
const SMALLEST_PAGE: usize = 200;

/// The first page; `deleted` takes the recycle bin in.
pub(crate) fn first(resource: &Resource<'_>, deleted: bool) -> Result<Answer, Refusal> {
    if resource.call.param("explain").is_some() {
        let what = "The sandbox org has no query plans to explain";
        return Err(Refusal::new(400, "FUNCTIONALITY_NOT_ENABLED", what));
    }
    let text = resource
        .call
        .param("q")
        .filter(|text| !text.is_empty())
        .ok_or_else(|| Refusal::new(400, "MALFORMED_QUERY", "A query string has to be specified"))?;
    let query = Query::parse(&resource.schema, text)?;
    let mut state = resource.tenant.state();
    let State { store, cursors, .. } = &mut *state;
    let run = run(resource, store, deleted);
    let query = run.bind(&query);
    let rows = run.rows(&query);
    let records = match &query.columns {
        Columns::Count => {
            return Ok(Answer::json(200, &json!({"totalSize": rows.len(), "done": true, "records": []})));
        }
        Columns::Groups(grouping) => {
            let groups = grouping.records(store, rows.into_iter());
            if groups.len() > PAGE {
                let what = "Aggregate query does not support queryMore(), use LIMIT to restrict the results to a \
                            single batch";
                return Err(Refusal::new(400, "EXCEEDED_ID_LIMIT", what));
            }
            return Ok(Answer::json(
                200,
                &json!({"totalSize": groups.len(), "done": true, "records": groups}),
            ));
        }
        Columns::Rows(_) => {
            let number = cursors.begin();
            let mut pages = Pages { resource, cursors, run, number, size: page_size(resource) };
            let shown = rows.get(..pages.size.min(rows.len())).unwrap_or_default();
            let records = pages.records(&query, shown);
            pages.list(&query, &rows, records)
        }
    };
    Ok(Answer::json(200, &records))
}

/// The page that a locator (`01g…-2000`) names.
pub(crate) fn next(resource: &Resource<'_>, locator: &str) -> Result<Answer, Refusal> {
    let invalid = || Refusal::new(400, "INVALID_QUERY_LOCATOR", "invalid query locator");
    let (id, from) = locator.rsplit_once('-').ok_or_else(invalid)?;
    let from: usize = from.parse().map_err(|_| invalid())?;
    let mut state = resource.tenant.state();
    let State { store, cursors, .. } = &mut *state;
    let cursor = cursors.find(id, resource.tenant.clock.now()).ok_or_else(invalid)?;
    if from >= cursor.ids.len() {
        return Err(invalid());
    }
    let run = run(resource, store, cursor.deleted);
    let end = from + cursor.page;
    let table = store.table(cursor.query.object);
    let rows: Vec<&Row> = cursor.ids.range(from..end).filter_map(|id| table.row(id)).collect();
    let mut pages = Pages { resource, cursors, run, number: cursor.number, size: cursor.page };
    let records = pages.records(&cursor.query, &rows);
    let next = (end < cursor.ids.len()).then(|| format!("{id}-{end}"));
    Ok(Answer::json(200, &page(&resource.base, cursor.ids.len(), next.as_deref(), records)))
}

/// What showing rows page by page needs.
struct Pages<'a, 'r> {
    resource: &'r Resource<'r>,
    cursors: &'r mut Cursors,
    run: Run<'a>,
    /// The query that new cursors belong to.
    number: QueryNumber,
    size: usize,
}

impl<'a> Pages<'a, '_> {
    /// Rows as a query shows them. Long lists of children get cursors of their own.
    fn records(&mut self, query: &Query, rows: &[&'a Row]) -> Vec<Json> {
        let (run, size, base) = (self.run, self.size, self.resource.base.as_str());
        let mut list = |query: &Query, rows: &[&'a Row], shown| self.list(query, rows, shown);
        let mut show = Show { run, base, list: &mut list, page: size };
        rows.iter().map(|row| show.record(query, row)).collect()
    }

    /// The first page of rows, of which `shown` are shown, and a cursor when there are more.
    fn list(&mut self, query: &Query, rows: &[&'a Row], shown: Vec<Json>) -> Json {
        let Self { resource, cursors, run, number, size } = self;
        let next = (rows.len() > shown.len()).then(|| {
            let cursor = Cursor {
                query: Arc::new(query.clone()),
                ids: Arc::new(rows.iter().map(|row| row.id()).collect()),
                page: *size,
                deleted: run.deleted,
                number: *number,
            };
            let id = cursors.open(&resource.tenant.identity, cursor, resource.version, run.now);
            format!("{id}-{}", shown.len())
        });
        page(&resource.base, rows.len(), next.as_deref(), shown)
    }
}

fn page(base: &str, total: usize, next: Option<&str>, records: Vec<Json>) -> Json {
    let mut page = Map::new();
    page.insert("totalSize".to_owned(), json!(total));
    page.insert("done".to_owned(), json!(next.is_none()));
    if let Some(next) = next {
        page.insert("nextRecordsUrl".to_owned(), json!(format!("{base}/query/{next}")));
    }
    page.insert("records".to_owned(), Json::Array(records));
    Json::Object(page)
}

fn run<'a>(resource: &Resource<'a>, store: &'a Store, deleted: bool) -> Run<'a> {
    let tenant = resource.tenant;
    Run { store, now: tenant.clock.now(), user: &tenant.identity.user_id, deleted }
}

/// 2,000, or what the client hints at within the bounds.
fn page_size(resource: &Resource<'_>) -> usize {
    let options = resource.call.header("sforce-query-options").unwrap_or_default();
    let hint = options.split([';', ',']).find_map(|option| {
        let (name, size) = option.split_once('=')?;
        name.trim().eq_ignore_ascii_case("batchSize").then(|| size.trim().parse().ok())?
    });
    hint.unwrap_or(PAGE).clamp(SMALLEST_PAGE, PAGE)
}
