//! Which calls an org was sent, what became of them, and how long they took.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use orgstream_api::{Histogram, Latency};
use reqwest::Method;

use crate::error::ApiError;
use crate::org::Org;

/// What calls are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallKind {
    /// A page of a query.
    Query,
    /// Rows by their ids.
    Retrieve,
    /// Changes of records, one or many.
    Write,
    /// What was deleted or changed in a span of time.
    Changes,
    /// What objects and fields there are.
    Describe,
    /// A part of a bulk job that writes.
    BulkIngest,
    /// A part of a bulk job that reads.
    BulkQuery,
    /// A SOAP call.
    Soap,
    /// The allowances.
    Limits,
    /// Anything else.
    Other,
}

/// The calls of one kind.
#[derive(Debug, Clone, PartialEq)]
pub struct CallCounts {
    /// What they were for.
    pub kind: CallKind,
    /// Those that were answered as asked; records in them may have been refused.
    pub answered: u64,
    /// Those that the org refused.
    pub refused: u64,
    /// Those without a usable answer.
    pub failed: u64,
    /// How long they took, whatever became of them.
    pub took: Histogram,
}

/// The calls to one org since it was connected.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    kinds: [Counters; CallKind::ALL.len()],
    sent: AtomicU64,
    received: AtomicU64,
}

#[derive(Debug, Default)]
struct Counters {
    answered: AtomicU64,
    refused: AtomicU64,
    failed: AtomicU64,
    took: Latency,
}

impl CallKind {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Query,
        Self::Retrieve,
        Self::Write,
        Self::Changes,
        Self::Describe,
        Self::BulkIngest,
        Self::BulkQuery,
        Self::Soap,
        Self::Limits,
        Self::Other,
    ];

    /// The word shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Retrieve => "retrieve",
            Self::Write => "write",
            Self::Changes => "changes",
            Self::Describe => "describe",
            Self::BulkIngest => "bulk_ingest",
            Self::BulkQuery => "bulk_query",
            Self::Soap => "soap",
            Self::Limits => "limits",
            Self::Other => "other",
        }
    }

    /// The kind of a call to `path`, which begins with `/services/`.
    pub(crate) fn of(method: &Method, path: &str) -> Self {
        let mut parts = path.trim_start_matches('/').split('/').skip(1);
        match parts.next() {
            Some("Soap") => return Self::Soap,
            Some("data") => {}
            _ => return Self::Other,
        }
        let parts: Vec<&str> = parts.skip(1).collect();
        match parts.as_slice() {
            ["query" | "queryAll", ..] => Self::Query,
            ["composite", "sobjects", _] if method == Method::POST => Self::Retrieve,
            ["composite", ..] => Self::Write,
            ["sobjects", _, "deleted" | "updated"] => Self::Changes,
            ["sobjects", ..] if method == Method::GET => Self::Describe,
            ["sobjects", ..] => Self::Write,
            ["jobs", "ingest", ..] => Self::BulkIngest,
            ["jobs", "query", ..] => Self::BulkQuery,
            ["limits"] => Self::Limits,
            _ => Self::Other,
        }
    }
}

impl Calls {
    /// Takes note of a call that took `time`.
    pub(crate) fn note<T>(&self, kind: CallKind, time: Duration, ended: &Result<T, ApiError>) {
        let counters = &self.kinds[kind as usize];
        let counter = match ended {
            Ok(_) => &counters.answered,
            Err(ApiError::Answer { .. }) => &counters.refused,
            Err(_) => &counters.failed,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        counters.took.add(time, 1);
    }

    /// Takes note of the bytes of a body that was sent.
    pub(crate) fn sent(&self, bytes: usize) {
        self.sent.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Takes note of the bytes of a body that came.
    pub(crate) fn received(&self, bytes: usize) {
        self.received.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    fn read(&self) -> Vec<CallCounts> {
        let of = |kind: CallKind| {
            let counters = &self.kinds[kind as usize];
            let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
            CallCounts {
                kind,
                answered: read(&counters.answered),
                refused: read(&counters.refused),
                failed: read(&counters.failed),
                took: counters.took.histogram(),
            }
        };
        CallKind::ALL.into_iter().map(of).filter(|counts| counts.took.count > 0).collect()
    }
}

impl Org {
    /// The calls since the org was connected, by kind; logins and the streaming connection are not among them.
    pub fn calls(&self) -> Vec<CallCounts> {
        self.inner.calls.read()
    }

    /// Bytes of the bodies of these calls and of their answers, as they were before and after compression.
    pub fn bytes(&self) -> (u64, u64) {
        let calls = &self.inner.calls;
        (calls.sent.load(Ordering::Relaxed), calls.received.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_tells_what_a_call_is_for() {
        let data = |path: &str| format!("/services/data/v62.0{path}");
        for (method, path, kind) in [
            (Method::GET, data("/query"), CallKind::Query),
            (Method::GET, data("/query/01gxx-2000"), CallKind::Query),
            (Method::POST, data("/composite/sobjects/Lead"), CallKind::Retrieve),
            (Method::PATCH, data("/composite/sobjects/Lead/OrgA_Id__c"), CallKind::Write),
            (Method::POST, data("/composite"), CallKind::Write),
            (Method::POST, data("/sobjects/Lead"), CallKind::Write),
            (Method::GET, data("/sobjects/Lead/deleted"), CallKind::Changes),
            (Method::GET, data("/sobjects/Lead/describe"), CallKind::Describe),
            (Method::PUT, data("/jobs/ingest/750/batches"), CallKind::BulkIngest),
            (Method::GET, data("/jobs/query/750"), CallKind::BulkQuery),
            (Method::GET, data("/limits"), CallKind::Limits),
            (Method::GET, "/services/data".to_owned(), CallKind::Other),
            (Method::POST, "/services/Soap/u/62.0".to_owned(), CallKind::Soap),
        ] {
            assert_eq!(CallKind::of(&method, &path), kind, "{method} {path}");
        }
        for (place, kind) in CallKind::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, place);
        }
    }
}
