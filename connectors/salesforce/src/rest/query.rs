//! SOQL queries, page by page.

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

impl Org {
    /// The first page of `soql`; deleted rows are left out. The URL is limited to 16 KB, so a query must stay below
    /// 12,000 characters or so.
    pub async fn query(&self, soql: &str) -> Result<Page, ApiError> {
        todo!()
    }

    /// As [`Org::query`], with rows of the recycle bin.
    pub async fn query_all(&self, soql: &str) -> Result<Page, ApiError> {
        todo!()
    }

    /// The page after.
    pub async fn query_next(&self, next: &NextPage) -> Result<Page, ApiError> {
        todo!()
    }
}
