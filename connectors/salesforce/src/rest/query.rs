//! SOQL queries, page by page.

use serde::Deserialize;

use crate::call::{Call, Reply};
use crate::error::ApiError;
use crate::org::Org;
use crate::rest::Row;

/// A page of rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// The rows, in the query's order; up to 2,000.
    pub rows: Vec<Row>,
    /// How to ask for the next page; `None` on the last.
    pub next: Option<NextPage>,
    /// How many rows all pages have together.
    pub total: u64,
}

/// The next page of a query. Good for two days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextPage(String);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    total_size: u64,
    done: bool,
    next_records_url: Option<String>,
    records: Vec<Row>,
}

impl Org {
    /// The first page of `soql`; deleted rows are left out. The URL is limited to 16 KB, so a query must stay below
    /// 12,000 characters or so.
    pub async fn query(&self, soql: &str) -> Result<Page, ApiError> {
        page(&self.call(Call::get(&["query"]).query("q", soql)).await?)
    }

    /// As [`Org::query`], with rows of the recycle bin.
    pub async fn query_all(&self, soql: &str) -> Result<Page, ApiError> {
        page(&self.call(Call::get(&["queryAll"]).query("q", soql)).await?)
    }

    /// The page after.
    pub async fn query_next(&self, next: &NextPage) -> Result<Page, ApiError> {
        page(&self.call(Call::get_at(next.0.clone())).await?)
    }
}

fn page(reply: &Reply) -> Result<Page, ApiError> {
    let wire: Wire = reply.json()?;
    let next = match (wire.done, wire.next_records_url) {
        (true, _) => None,
        (false, Some(path)) if path.starts_with("/services/") => Some(NextPage(path)),
        // Rows would be missing without a word.
        (false, _) => return Err(reply.unreadable("more rows are promised, but not where")),
    };
    Ok(Page { rows: wire.records, next, total: wire.total_size })
}
