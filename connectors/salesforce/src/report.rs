//! Whose trouble a failed call is, and the probing of an org until it answers again.

use std::sync::{Arc, Weak};
use std::time::Duration;

use rand::Rng;
use reqwest::Method;
use tokio::time::{Instant, sleep};
use tracing::{info, warn};

use crate::call::Call;
use crate::catalogue::Disposition;
use crate::error::{ApiError, CallName, RecordError};
use crate::org::{Inner, Org};

const PROBE_TIMEOUT: Duration = Duration::from_secs(10);

/// Whose trouble a failed call is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blame {
    /// The org's: wait for [`Breaker::closed`](crate::Breaker::closed), then repeat the call as it was.
    Org,
    /// The call's: the org serves others. Repeat it smaller, or count it against its records.
    Call,
}

impl Org {
    /// Tells the breaker of a failed call, and says whose trouble it is. A call without usable answer makes it ask the
    /// org for its limits with the same token; only if that fails too is it the org's trouble.
    pub async fn report(&self, error: &ApiError) -> Blame {
        match error.disposition() {
            Disposition::Retry | Disposition::Reject | Disposition::Gone => Blame::Call,
            Disposition::Org | Disposition::Reauthenticate => {
                self.open_breaker(Instant::now(), error);
                Blame::Org
            }
            Disposition::Probe => {
                let started = match error {
                    ApiError::Trouble { started, .. } => *started,
                    _ => Instant::now(),
                };
                // A call that was under way during an outage is a victim of it, even when the outage is over.
                if self.breaker().was_open_since(started) {
                    return Blame::Org;
                }
                if self.probe().await.is_ok() {
                    return Blame::Call;
                }
                self.open_breaker(started, error);
                Blame::Org
            }
        }
    }

    /// As [`Org::report`], for an error that an answer gives for one record but that is the whole org's, such as a full
    /// storage. `path` is the call's.
    pub fn report_record(&self, path: &str, error: &RecordError) -> Blame {
        match error.disposition() {
            Disposition::Org | Disposition::Reauthenticate => {
                let call = CallName {
                    org: Arc::clone(&self.inner.name),
                    method: Method::POST,
                    path: path.to_owned(),
                };
                let answer = ApiError::Answer { call, status: 200, errors: vec![error.clone()] };
                self.open_breaker(Instant::now(), &answer);
                Blame::Org
            }
            Disposition::Retry | Disposition::Probe | Disposition::Reject | Disposition::Gone => Blame::Call,
        }
    }

    /// Asks the org for its limits. An answer that refuses this one question, for want of a permission, is an answer.
    async fn probe(&self) -> Result<(), ApiError> {
        match self.call(Call::get(&["limits"]).timeout(PROBE_TIMEOUT)).await {
            Ok(_) => Ok(()),
            Err(error) => match error.disposition() {
                Disposition::Retry | Disposition::Reject | Disposition::Gone => Ok(()),
                Disposition::Probe | Disposition::Org | Disposition::Reauthenticate => Err(error),
            },
        }
    }

    fn open_breaker(&self, since: Instant, error: &ApiError) {
        if let Some(pause) = self.breaker().open(Instant::now(), since, error) {
            warn!(org = self.name(), reason = error.with_causes(), "the org is in trouble; calls to it wait");
            tokio::spawn(probe_until_closed(Arc::downgrade(&self.inner), pause));
        }
    }
}

/// Probes until the org answers, or nobody uses the org any more.
async fn probe_until_closed(org: Weak<Inner>, mut pause: Duration) {
    loop {
        // Jitter keeps several processes from probing in step.
        let jitter = rand::rng().random_range(0.75..1.25);
        sleep(pause.mul_f64(jitter)).await;
        let Some(inner) = org.upgrade() else { return };
        let org = Org::of(inner);
        match org.probe().await {
            Ok(()) => {
                org.breaker().close(Instant::now());
                info!(org = org.name(), "the org answers again");
                return;
            }
            Err(error) => pause = org.breaker().lengthen(&error),
        }
    }
}
