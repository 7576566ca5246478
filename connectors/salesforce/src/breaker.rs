//! Whether an org can be called at all.
//!
//! Trouble of the org must not look like trouble of its records: while the breaker is open nobody calls, and the
//! breaker's clock, on which records' time runs out, stands still. Only a probe closes it.

use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use tokio::sync::watch;
use tokio::time::Instant;

/// Open or closed, as the status shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BreakerState {
    /// The org can be called.
    Closed,
    /// The org cannot be called.
    Open {
        /// Since when.
        since: SystemTime,
        /// What happened.
        reason: String,
    },
}

/// Whose trouble a failed call is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blame {
    /// The org's: wait for [`Breaker::closed`], then repeat the call as it was.
    Org,
    /// The call's: the org serves others. Repeat it smaller, or count it against its records.
    Call,
}

/// An org's breaker. [`Org::report`](crate::Org::report) opens it.
#[derive(Debug)]
pub struct Breaker {
    state: watch::Sender<BreakerState>,
    clock: Mutex<()>,
}

impl Breaker {
    pub(crate) fn new() -> Self {
        todo!()
    }

    /// Open or closed now.
    pub fn state(&self) -> BreakerState {
        self.state.borrow().clone()
    }

    /// Waits until the breaker is closed; returns at once when it is. Cancel-safe.
    pub async fn closed(&self) {
        todo!()
    }

    /// The time the breaker was closed since the org was connected: a clock that stands still while the org is in
    /// trouble. It may step back, to the start of the call whose failure opened the breaker.
    pub fn closed_time(&self) -> Duration {
        todo!()
    }
}

impl crate::Org {
    /// Tells the breaker of a failed call, and says whose trouble it is. A call without usable answer makes it ask the
    /// org for its limits with the same token; only if that fails too is it the org's trouble.
    pub async fn report(&self, error: &crate::ApiError) -> Blame {
        todo!("{error} {:?}", Instant::now())
    }
}
