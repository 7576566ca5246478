//! Whether an org can be called at all.
//!
//! Trouble of the org must not look like trouble of its records: while the breaker is open nobody calls, and the
//! breaker's clock, on which records' time runs out, stands still. [`Org::report`](crate::Org::report) opens it, and
//! only a probe closes it, however long that takes.

use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, SystemTime};

use tokio::sync::watch;
use tokio::time::Instant;

use crate::clock;
use crate::error::ApiError;

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

/// An org's breaker.
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
    /// The pause before the next probe; zero before the first opening. It outlives a closing, so that an org whose
    /// probe answers while its writes do not is asked less and less often.
    pause: Duration,
}

impl Breaker {
    /// A closed breaker whose clock begins at `now`.
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            state: watch::Sender::new(BreakerState::Closed),
            clock: Mutex::new(Clock { counted: Duration::ZERO, closed_since: now, pause: Duration::ZERO }),
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
    /// trouble. When the breaker opens it steps back to the start of the call that failed, so differences of two
    /// readings need `saturating_sub`.
    pub fn closed_time(&self) -> Duration {
        self.closed_time_at(Instant::now())
    }

    fn closed_time_at(&self, now: Instant) -> Duration {
        let clock = self.lock();
        if self.is_closed() {
            clock.counted + now.saturating_duration_since(clock.closed_since)
        } else {
            clock.counted
        }
    }

    /// Whether the breaker is open, or was at some time since `started`.
    pub(crate) fn was_open_since(&self, started: Instant) -> bool {
        let clock = self.lock();
        let ever_opened = !clock.pause.is_zero();
        !self.is_closed() || (ever_opened && started < clock.closed_since)
    }

    /// Opens the breaker for trouble that began at `since`, and returns the pause before the first probe; `None` when
    /// it is open already.
    pub(crate) fn open(&self, now: Instant, since: Instant, error: &ApiError) -> Option<Duration> {
        let mut clock = self.lock();
        if !self.is_closed() {
            return None;
        }
        let served = since.saturating_duration_since(clock.closed_since);
        clock.counted += served;
        let relapsed = now.saturating_duration_since(clock.closed_since) < clock.pause;
        let pause = if relapsed { longer(clock.pause, error) } else { pauses(error).0 };
        clock.pause = pause;
        self.state.send_replace(BreakerState::Open { since: clock::now(), reason: error.with_causes() });
        Some(pause)
    }

    /// The pause after a probe that failed.
    pub(crate) fn lengthen(&self, error: &ApiError) -> Duration {
        let mut clock = self.lock();
        clock.pause = longer(clock.pause, error);
        clock.pause
    }

    /// Closes the breaker; its clock goes on from `now`.
    pub(crate) fn close(&self, now: Instant) {
        let mut clock = self.lock();
        clock.closed_since = now;
        self.state.send_replace(BreakerState::Closed);
    }

    fn is_closed(&self) -> bool {
        *self.state.borrow() == BreakerState::Closed
    }

    fn lock(&self) -> MutexGuard<'_, Clock> {
        self.clock.lock().expect("no holder of this lock panics")
    }
}

fn pauses(error: &ApiError) -> (Duration, Duration) {
    if error.is_refused() { LOGIN_PAUSES } else { PAUSES }
}

fn longer(pause: Duration, error: &ApiError) -> Duration {
    let (first, most) = pauses(error);
    (pause * 2).clamp(first, most)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{CallName, Executed};

    fn trouble(started: Instant) -> ApiError {
        let call = CallName { org: "b".into(), method: reqwest::Method::GET, path: "/x".to_owned() };
        ApiError::Trouble {
            call,
            what: "status 503".to_owned(),
            started,
            executed: Executed::PerhapsLater,
            source: None,
        }
    }

    fn refused() -> ApiError {
        ApiError::Refused {
            org: "b".into(),
            url: "https://b".to_owned(),
            code: "invalid_grant".to_owned(),
            message: "authentication failure".to_owned(),
            advice: "",
        }
    }

    fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    #[test]
    fn the_clock_stands_still_from_the_start_of_the_failed_call_until_the_closing() {
        let start = Instant::now();
        let breaker = Breaker::new(start);
        let failed = start + seconds(100);
        assert_eq!(breaker.closed_time_at(start + seconds(130)), seconds(130));
        assert!(breaker.open(start + seconds(130), failed, &trouble(failed)).is_some());
        assert_eq!(breaker.closed_time_at(start + seconds(5_000)), seconds(100));
        breaker.close(start + seconds(6_000));
        assert_eq!(breaker.closed_time_at(start + seconds(6_007)), seconds(107));
    }

    #[test]
    fn a_call_that_was_under_way_during_an_outage_is_its_victim() {
        let start = Instant::now();
        let breaker = Breaker::new(start);
        assert!(!breaker.was_open_since(start), "nothing happened yet");
        breaker.open(start + seconds(10), start + seconds(5), &trouble(start));
        assert!(breaker.was_open_since(start + seconds(20)), "open now");
        breaker.close(start + seconds(30));
        assert!(breaker.was_open_since(start + seconds(20)));
        assert!(!breaker.was_open_since(start + seconds(31)));
    }

    #[test]
    fn it_opens_once_and_says_why() {
        let start = Instant::now();
        let breaker = Breaker::new(start);
        assert!(breaker.open(start, start, &trouble(start)).is_some());
        assert!(breaker.open(start, start, &refused()).is_none());
        let BreakerState::Open { reason, .. } = breaker.state() else { panic!("it is open") };
        assert_eq!(reason, "org `b`: GET /x got no usable answer: status 503");
    }

    #[test]
    fn pauses_grow_to_their_limit_and_go_on_growing_after_a_relapse() {
        let start = Instant::now();
        let breaker = Breaker::new(start);
        let error = trouble(start);
        assert_eq!(breaker.open(start, start, &error), Some(seconds(1)));
        let pauses: Vec<_> = (0..6).map(|_| breaker.lengthen(&error).as_secs()).collect();
        assert_eq!(pauses, [2, 4, 8, 16, 30, 30]);
        breaker.close(start + seconds(100));
        let relapse = start + seconds(101);
        assert_eq!(breaker.open(relapse, relapse, &error), Some(seconds(30)));
        breaker.close(start + seconds(200));
        let later = start + seconds(300);
        assert_eq!(breaker.open(later, later, &error), Some(seconds(1)));
    }

    #[test]
    fn refused_logins_are_repeated_seldom() {
        let start = Instant::now();
        let breaker = Breaker::new(start);
        assert_eq!(breaker.open(start, start, &refused()), Some(seconds(15)));
        let last = (0..20).map(|_| breaker.lengthen(&refused())).last();
        assert_eq!(last, Some(Duration::from_mins(10)));
        // Pauses of another kind of trouble are short again.
        assert_eq!(breaker.lengthen(&trouble(start)), seconds(30));
    }
}
