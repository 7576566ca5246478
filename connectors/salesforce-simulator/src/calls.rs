//! Counts of the calls an org received, by kind, and the sizes of its write calls.
//!
//! A call is counted when it arrives, before any fault is played: the question is what the client cost, not what
//! it got.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

/// So many write calls are kept, the latest ones.
const KEPT: usize = 100_000;

/// What a call is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CallKind {
    /// `POST /services/oauth2/token`.
    Token,
    /// Any SOAP call, whatever it is for.
    Soap,
    /// SOAP `login()`, which is counted as [`CallKind::Soap`] too.
    SoapLogin,
    /// Global describe and describe of an object.
    Describe,
    /// `query`, `queryAll` and their next pages.
    Query,
    /// Reading records by id or external id, one or many.
    Retrieve,
    /// Creating, updating, upserting, deleting, one or many: one call is 1, whatever it carries.
    Write,
    /// Anything below `jobs`: Bulk API 2.0.
    Bulk,
    /// In a fault: 200 rows of a bulk job, whose processing can be slowed down or ended. Never counted.
    BulkChunk,
    /// `composite` and `composite/graph`, which are counted as [`CallKind::Write`] too; their parts are not.
    Composite,
    /// `composite/batch`, which is counted as [`CallKind::Write`] too; its parts are not.
    Batch,
    /// Anything of the Tooling API.
    Tooling,
    /// `/limits`.
    Limits,
    /// `/meta/handshake`.
    Handshake,
    /// `/meta/connect`.
    Connect,
    /// `/meta/subscribe`.
    Subscribe,
    /// `/meta/unsubscribe`.
    Unsubscribe,
    /// `/meta/disconnect`.
    Disconnect,
    /// In a fault: any call to `/cometd`. Never counted.
    Cometd,
    /// In a fault: every call below a version of the REST API, whatever it is for. Never counted.
    Rest,
    /// In a fault: every call. Never counted.
    Any,
    /// Anything else, such as the list of API versions.
    Other,
}

/// One write call that was executed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WriteCall {
    /// HTTP method, or `SOAP`.
    pub method: String,
    /// Path below `/services/data/vNN.0`, or the SOAP operation.
    pub path: String,
    /// Records it carried.
    pub records: usize,
    /// Its headers whose names begin with `sforce-`, in lower case.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
}

/// The counters of one org.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    counts: BTreeMap<CallKind, u64>,
    writes: VecDeque<WriteCall>,
}

impl Calls {
    /// Counts one call of a kind.
    pub(crate) fn count(&self, kind: CallKind) {
        *self.lock().counts.entry(kind).or_default() += 1;
    }

    /// Notes an executed write call.
    pub(crate) fn wrote(&self, method: &str, path: &str, records: usize, headers: BTreeMap<String, String>) {
        let writes = &mut self.lock().writes;
        if writes.len() == KEPT {
            writes.pop_front();
        }
        writes.push_back(WriteCall { method: method.to_owned(), path: path.to_owned(), records, headers });
    }

    /// All counters that are not zero.
    pub(crate) fn counts(&self) -> BTreeMap<CallKind, u64> {
        self.lock().counts.clone()
    }

    /// The executed write calls, oldest first; the last 100,000 of them.
    pub(crate) fn writes(&self) -> Vec<WriteCall> {
        self.lock().writes.iter().cloned().collect()
    }

    /// Sets the counters and the write log back to nothing.
    pub(crate) fn reset(&self) {
        let mut inner = self.lock();
        inner.counts.clear();
        inner.writes.clear();
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
