//! Calls that are worth waiting for: passing trouble of the org is waited out without limit, and shown.

use std::future::Future;
use std::time::Duration;

use orgstream_salesforce::{ApiError, Blame, BreakerState, Disposition, Org};

use crate::backoff::Backoff;
use crate::condition::{Condition, Part};

/// What became of a call that could be made.
pub(crate) enum Attempt<T> {
    /// It was answered.
    Answered(T),
    /// It got no usable answer, though the org serves others: it may be too much, or its record may be broken.
    Blamed,
}

/// Calls to one org on behalf of one task.
#[derive(Debug, Clone)]
pub(crate) struct Patience {
    org: Org,
    condition: Condition,
}

impl Patience {
    pub(crate) fn new(org: Org, condition: Condition) -> Self {
        Self { org, condition }
    }

    /// Calls that can wait when the org's calls run out.
    pub(crate) fn in_background(&self) -> Self {
        Self { org: self.org.in_background(), condition: self.condition.clone() }
    }

    pub(crate) fn org(&self) -> &Org {
        &self.org
    }

    /// Repeats `call` until it succeeds or is refused for good. Dropping the future changes nothing but the pauses.
    pub(crate) async fn call<T, F>(&self, call: impl Fn() -> F) -> Result<T, ApiError>
    where
        F: Future<Output = Result<T, ApiError>>,
    {
        let mut backoff = Self::backoff();
        loop {
            match self.attempt(&call).await? {
                Attempt::Answered(answer) => return Ok(answer),
                Attempt::Blamed => tokio::time::sleep(backoff.pause()).await,
            }
        }
    }

    /// As [`Patience::call`], but waits out only the trouble of the org: one of the call itself is the caller's to do
    /// something about, after a pause of [`Patience::backoff`].
    pub(crate) async fn attempt<T, F>(&self, call: impl Fn() -> F) -> Result<Attempt<T>, ApiError>
    where
        F: Future<Output = Result<T, ApiError>>,
    {
        self.attempt_unless(call, is_lasting).await
    }

    /// As [`Patience::attempt`], but answers with the errors that `is_final` holds of, whatever trouble they are: the
    /// caller knows another way. They must hold of what is lasting.
    pub(crate) async fn attempt_unless<T, F>(
        &self,
        call: impl Fn() -> F,
        is_final: impl Fn(&ApiError) -> bool,
    ) -> Result<Attempt<T>, ApiError>
    where
        F: Future<Output = Result<T, ApiError>>,
    {
        loop {
            self.wait_until_callable().await;
            let error = match call().await {
                Ok(answer) => {
                    self.condition.gets_on(Part::Calls);
                    return Ok(Attempt::Answered(answer));
                }
                Err(error) => error,
            };
            if is_final(&error) {
                return Err(error);
            }
            let reason = format!("{}; trying again, events wait in the org", error.with_causes());
            self.condition.waits(Part::Calls, reason, None);
            if self.org.report(&error).await == Blame::Call {
                return Ok(Attempt::Blamed);
            }
        }
    }

    /// The pauses between attempts of one call.
    pub(crate) fn backoff() -> Backoff {
        Backoff::new(Duration::from_secs(1), Duration::from_mins(1))
    }

    async fn wait_until_callable(&self) {
        if let BreakerState::Open { reason, .. } = self.org.breaker().state() {
            self.condition.waits(
                Part::Calls,
                format!("{reason}; trying again, events wait in the org"),
                None,
            );
        }
        self.org.breaker().closed().await;
    }
}

/// Whether repeating the call cannot help. Refused credentials count as passing: a task that ran with them waits
/// until somebody restores them.
pub(crate) fn is_lasting(error: &ApiError) -> bool {
    matches!(error.disposition(), Disposition::Reject | Disposition::Gone)
}
