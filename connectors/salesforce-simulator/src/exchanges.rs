//! When each call that may change something was under way, for tests that ask which calls overlapped.
//!
//! Bodies are large and many, so nothing is kept before it is asked for.

use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::http::Method;
use tokio::time::Instant;

use crate::server::Call;

/// One call, from when it was read whole to when its answer was ready or its client had gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// HTTP method.
    pub method: String,
    /// Path and query as sent.
    pub target: String,
    /// The body, as far as it is text.
    pub body: String,
    /// When the org had it.
    pub began: Instant,
    /// When the org was done with it.
    pub ended: Instant,
}

/// The calls of one org.
#[derive(Debug, Default)]
pub(crate) struct Exchanges(Mutex<Option<Vec<Exchange>>>);

/// A call under way. It is kept when this is dropped: the answer is ready, or nobody waits for it any more.
pub(crate) struct UnderWay<'a> {
    exchanges: &'a Exchanges,
    call: &'a Call,
    began: Instant,
}

impl Exchanges {
    /// Keeps what comes from now on.
    pub(crate) fn keep(&self) {
        self.lock().get_or_insert_default();
    }

    /// What was kept, by when it ended.
    pub(crate) fn kept(&self) -> Vec<Exchange> {
        self.lock().clone().unwrap_or_default()
    }

    /// Keeps `call`, if it may change something and is asked for.
    pub(crate) fn begin<'a>(&'a self, call: &'a Call) -> Option<UnderWay<'a>> {
        let asked = call.method != Method::GET && self.lock().is_some();
        asked.then(|| UnderWay { exchanges: self, call, began: Instant::now() })
    }

    fn lock(&self) -> MutexGuard<'_, Option<Vec<Exchange>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let Call { method, raw_path, raw_query, body, .. } = self.call;
        let exchange = Exchange {
            method: method.to_string(),
            target: format!("{raw_path}?{raw_query}"),
            body: String::from_utf8_lossy(body).into_owned(),
            began: self.began,
            ended: Instant::now(),
        };
        self.exchanges.lock().get_or_insert_default().push(exchange);
    }
}
