//! Whether an org can be called at all.
//!
//! Trouble of the org must not look like trouble of its records: while the breaker is open nobody calls, and the
//! breaker's clock, on which records' time runs out, stands still. Only a probe closes it, however long that takes.

use std::error::Error;
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::time::{Duration, SystemTime};

use rand::Rng;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};
use tracing::{info, warn};

use crate::call::Call;
use crate::catalogue::Disposition;
use crate::clock;
use crate::error::ApiError;
use crate::org::{Inner, Org};

const PROBE_TIMEOUT: Duration = Duration::from_secs(10);

/// Between probes, first and at most.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// The same where the org refuses the login: each probe is a failed login, and too many of them lock the user out.
const LOGIN_PAUSES: (Duration, Duration) = (Duration::from_secs(15), Duration::from_mins(10));

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

/// An org's breaker. [`Org::report`] opens it.
#[derive(Debug)]
pub struct Breaker {
    state: watch::Sender<BreakerState>,
    clock: Mutex<Clock>,
}

/// Changes together with the state, under its lock.
#[derive(Debug)]
struct Clock {
    /// The time closed until `closed_since`.
    counted: Duration,
    /// When the breaker was closed last, or the org connected.
    closed_since: Instant,
    /// The pause before the next probe. It outlives a closing, so that an org whose probe answers while its writes
    /// do not is asked less and less often.
    pause: Duration,
}

impl Breaker {
    pub(crate) fn new() -> Self {
        Self {
            state: watch::Sender::new(BreakerState::Closed),
            clock: Mutex::new(Clock {
                counted: Duration::ZERO,
                closed_since: Instant::now(),
                pause: Duration::ZERO,
            }),
        }
    }

    /// Open or closed now.
    pub fn state(&self) -> BreakerState {
        self.state.borrow().clone()
    }

    /// Waits until the breaker is closed; returns at once when it is. Cancel-safe.
    pub async fn closed(&self) {
        let mut states = self.state.subscribe();
        let waited = states.wait_for(|state| *state == BreakerState::Closed).await;
        waited.map(drop).expect("the sender lives as long as `self`");
    }

    /// The time the breaker was closed since the org was connected: a clock that stands still while the org is in
    /// trouble. It steps back, once, when the breaker opens: to the start of the call that failed.
    pub fn closed_time(&self) -> Duration {
        let clock = self.lock();
        match *self.state.borrow() {
            BreakerState::Closed => clock.counted + clock.closed_since.elapsed(),
            BreakerState::Open { .. } => clock.counted,
        }
    }

    /// Whether the breaker is open, or was at some time since `started`.
    fn was_open_since(&self, started: Instant) -> bool {
        let clock = self.lock();
        // Before the first opening nothing is counted, and `closed_since` is the start of everything.
        *self.state.borrow() != BreakerState::Closed
            || (!clock.pause.is_zero() && started < clock.closed_since)
    }

    /// Opens the breaker for trouble that began at `since`, and returns the pause before the first probe; `None` when
    /// it is open already.
    fn open(&self, since: Instant, error: &ApiError) -> Option<Duration> {
        let mut clock = self.lock();
        if *self.state.borrow() != BreakerState::Closed {
            return None;
        }
        let served = since.saturating_duration_since(clock.closed_since);
        clock.counted += served;
        let (first, most) = pauses(error);
        let relapse = clock.closed_since.elapsed() < clock.pause;
        clock.pause = if relapse { (clock.pause * 2).clamp(first, most) } else { first };
        self.state.send_replace(BreakerState::Open { since: clock::now(), reason: with_sources(error) });
        Some(clock.pause)
    }

    /// The pause after a probe that failed.
    fn lengthen(&self, error: &ApiError) -> Duration {
        let mut clock = self.lock();
        let (first, most) = pauses(error);
        clock.pause = (clock.pause * 2).clamp(first, most);
        clock.pause
    }

    fn close(&self) {
        let mut clock = self.lock();
        clock.closed_since = Instant::now();
        self.state.send_replace(BreakerState::Closed);
    }

    fn lock(&self) -> MutexGuard<'_, Clock> {
        self.clock.lock().expect("no holder of this lock panics")
    }
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

    /// Asks the org for its limits. An answer that refuses this one question, for want of a permission, is an answer.
    async fn probe(&self) -> Result<(), ApiError> {
        match self.call(Call::get(&["limits"]).timeout(PROBE_TIMEOUT)).await {
            Err(error) => match error.disposition() {
                Disposition::Retry | Disposition::Reject | Disposition::Gone => Ok(()),
                Disposition::Probe | Disposition::Org | Disposition::Reauthenticate => Err(error),
            },
            Ok(_) => Ok(()),
        }
    }

    fn open_breaker(&self, since: Instant, error: &ApiError) {
        if let Some(pause) = self.breaker().open(since, error) {
            warn!(org = self.name(), reason = with_sources(error), "the org is in trouble; calls to it wait");
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
        let org = Org { inner };
        match org.probe().await {
            Ok(()) => {
                org.breaker().close();
                info!(org = org.name(), "the org answers again");
                return;
            }
            Err(error) => pause = org.breaker().lengthen(&error),
        }
    }
}

fn pauses(error: &ApiError) -> (Duration, Duration) {
    if error.is_refused() { LOGIN_PAUSES } else { PAUSES }
}

/// The error and what is behind it, in one line.
fn with_sources(error: &ApiError) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
