//! Places in the answers of queries that did not fit one page.
//!
//! A cursor keeps ids, not rows: what is shown is what the rows are when their page is asked for. All cursors of one query,
//! those of its long lists of children included, are released together, the oldest query first.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use crate::ids::IdSource;
use crate::soql::{Ids, Query};
use crate::tenant::Identity;
use crate::timestamp::Timestamp;

/// How long a cursor can be used: two days.
const LIFETIME: i64 = 2 * 24 * 60 * 60 * 1000;

/// Key prefix of cursors.
const PREFIX: &str = "01g";

/// Below this version a user has ten cursors at most; from it on, as many as there is room for.
const UNCAPPED: u32 = 560;
const CAP: usize = 10;

/// Ids that are kept in all, unless the last ten queries alone found more: a second bound beside the lifetime, so that an
/// org that is asked for weeks does not grow. 36 MB.
const ROOM: usize = 2_000_000;

/// The open cursors of one org.
#[derive(Debug, Default)]
pub(crate) struct Cursors {
    /// The oldest first.
    queries: VecDeque<Answered>,
    /// The number of the last query that began.
    last: QueryNumber,
    /// Made with the first cursor, from who the org is.
    names: Option<IdSource>,
}

/// Names a query while its cursors live.
pub(crate) type QueryNumber = u64;

/// One query and its cursors.
#[derive(Debug)]
struct Answered {
    number: QueryNumber,
    /// Of the call that asked.
    version: u32,
    opened: Timestamp,
    cursors: HashMap<String, Cursor>,
    ids: usize,
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
    /// The query that it belongs to.
    pub(crate) number: QueryNumber,
}

impl Cursors {
    /// The number of a new query, for the cursors that it may open.
    pub(crate) fn begin(&mut self) -> QueryNumber {
        self.last += 1;
        self.last
    }

    /// Keeps a cursor of a query that a call of this version asked for; answers its id.
    pub(crate) fn open(
        &mut self,
        identity: &Identity,
        cursor: Cursor,
        version: u32,
        now: Timestamp,
    ) -> String {
        let names =
            self.names.get_or_insert_with(|| IdSource::new(identity.pod.clone(), identity.first_unkept()));
        let id = names.next(PREFIX);
        let number = cursor.number;
        if !self.queries.iter().any(|query| query.number == number) {
            self.make_room(version, now);
            let cursors = HashMap::new();
            self.queries.push_back(Answered { number, version, opened: now, cursors, ids: 0 });
        }
        if let Some(query) = self.queries.iter_mut().find(|query| query.number == number) {
            query.ids += cursor.ids.len();
            query.cursors.insert(id.clone(), cursor);
        }
        id
    }

    /// The cursor of this id, if it is not too old.
    pub(crate) fn find(&self, id: &str, now: Timestamp) -> Option<Cursor> {
        let mut good = self.queries.iter().filter(|query| query.is_good(now));
        good.find_map(|query| query.cursors.get(id)).cloned()
    }

    /// Releases what is too old, and what one query more leaves no room for.
    fn make_room(&mut self, version: u32, now: Timestamp) {
        self.queries.retain(|query| query.is_good(now));
        if version < UNCAPPED {
            let capped = |query: &Answered| query.version < UNCAPPED;
            if self.queries.iter().filter(|query| capped(query)).count() >= CAP
                && let Some(oldest) = self.queries.iter().position(capped)
            {
                self.queries.remove(oldest);
            }
        }
        let mut ids: usize = self.queries.iter().map(|query| query.ids).sum();
        while ids > ROOM && self.queries.len() >= CAP {
            ids -= self.queries.pop_front().map_or(ids, |query| query.ids);
        }
    }
}

impl Answered {
    fn is_good(&self, now: Timestamp) -> bool {
        now.millis() - self.opened.millis() <= LIFETIME
    }
}
