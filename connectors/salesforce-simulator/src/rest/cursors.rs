//! Places in the answers of queries that did not fit one page.
//!
//! A cursor keeps ids, not rows: what is shown is what the rows are when their page is asked for.

use std::collections::HashMap;
use std::sync::Arc;

use crate::ids::IdSource;
use crate::soql::{Ids, Query};
use crate::tenant::Identity;
use crate::timestamp::Timestamp;

/// How long a cursor can be used: two days.
const LIFETIME: i64 = 2 * 24 * 60 * 60 * 1000;

/// Key prefix of cursors.
const PREFIX: &str = "01g";

/// The open cursors of one org.
#[derive(Debug, Default)]
pub(crate) struct Cursors {
    open: HashMap<String, Cursor>,
    /// Made with the first cursor, from who the org is.
    names: Option<IdSource>,
}

/// The rows that a query found, to be shown page by page.
#[derive(Clone, Debug)]
pub(crate) struct Cursor {
    /// What was asked, as it stood then.
    pub(crate) query: Arc<Query>,
    /// What was found.
    pub(crate) ids: Arc<Ids>,
    /// Rows of one page.
    pub(crate) page: usize,
    /// Rows in the recycle bin are among them.
    pub(crate) deleted: bool,
    opened: Timestamp,
}

impl Cursor {
    /// A cursor over these rows.
    pub(crate) fn new(query: Query, ids: Ids, page: usize, deleted: bool, now: Timestamp) -> Self {
        Self { query: Arc::new(query), ids: Arc::new(ids), page, deleted, opened: now }
    }

    fn is_good(&self, now: Timestamp) -> bool {
        now.millis() - self.opened.millis() <= LIFETIME
    }
}

impl Cursors {
    /// Keeps a cursor; answers its id. Those whose time is over are forgotten.
    pub(crate) fn open(&mut self, identity: &Identity, cursor: Cursor) -> String {
        self.open.retain(|_, other| other.is_good(cursor.opened));
        let names = self.names.get_or_insert_with(|| IdSource::new(identity.pod.clone(), identity.id_base));
        let id = names.next(PREFIX);
        self.open.insert(id.clone(), cursor);
        id
    }

    /// The cursor of this id, if it is not too old.
    pub(crate) fn find(&self, id: &str, now: Timestamp) -> Option<Cursor> {
        self.open.get(id).filter(|cursor| cursor.is_good(now)).cloned()
    }
}
