//! Places in the answers of queries that did not fit one page.

use std::collections::HashMap;
use std::sync::Arc;

use crate::soql::Query;
use crate::timestamp::Timestamp;

/// How long a cursor can be used: two days.
const LIFETIME: i64 = 2 * 24 * 60 * 60 * 1000;

/// The open cursors of one org.
#[derive(Debug, Default)]
pub(crate) struct Cursors {
    open: HashMap<String, Cursor>,
}

/// The rows that a query found, to be shown page by page.
#[derive(Clone, Debug)]
pub(crate) struct Cursor {
    pub(crate) query: Arc<Query>,
    pub(crate) ids: Arc<[String]>,
    pub(crate) page: usize,
    opened: Timestamp,
}

impl Cursors {
    /// Keeps a result under this id.
    pub(crate) fn open(&mut self, id: &str, query: Query, ids: Vec<String>, page: usize, now: Timestamp) {
        self.open.retain(|_, cursor| now.millis() - cursor.opened.millis() <= LIFETIME);
        let cursor = Cursor { query: Arc::new(query), ids: ids.into(), page, opened: now };
        self.open.insert(id.to_owned(), cursor);
    }

    /// The result kept under this id, if it is not too old.
    pub(crate) fn find(&self, id: &str, now: Timestamp) -> Option<Cursor> {
        self.open.get(id).filter(|cursor| now.millis() - cursor.opened.millis() <= LIFETIME).cloned()
    }
}
