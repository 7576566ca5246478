//! How long a connect is held and how soon the next one follows, by the server's advice.
//!
//! Advice is followed only so far: a wrong unit must neither silence a session nor keep its watchdog waiting, and whoever
//! answers connects without holding them, the org or what stands before it, is not asked without a pause.

use std::time::Duration;

use crate::bayeux::message::Advice;

/// The longest pause between two connects.
const LONGEST_INTERVAL: Duration = Duration::from_secs(30);

/// The longest hold of a connect, which is what the watchdog waits for.
const LONGEST_HOLD: Duration = Duration::from_mins(10);

/// A connect that brings nothing and is answered within this time was not held.
const AT_ONCE: Duration = Duration::from_millis(500);

/// The pauses after connects that were not held: the first one, and the longest.
const RESTS: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// The pace of one session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pace {
    /// How long the org holds a connect without events.
    pub(crate) held: Duration,
    /// How long to wait before the next connect, as the org wishes.
    interval: Duration,
    /// How long to wait because the org does not hold connects.
    rest: Duration,
}

impl Pace {
    /// The pace until advice comes.
    pub(crate) fn new(held: Duration) -> Self {
        Self { held, interval: Duration::ZERO, rest: Duration::ZERO }
    }

    /// How long to wait before the next connect.
    pub(crate) fn interval(&self) -> Duration {
        self.interval.max(self.rest)
    }

    /// A connect that was to be held was answered after this time; `empty`: it brought nothing. Answers whether the org
    /// holds connects.
    pub(crate) fn answered(&mut self, after: Duration, empty: bool) -> bool {
        let short = if self.held.is_zero() { AT_ONCE } else { AT_ONCE.min(self.held / 2) };
        let is_held = !empty || after >= short;
        let (first, longest) = RESTS;
        let rest = if is_held { Duration::ZERO } else { (self.rest * 2).clamp(first, longest) };
        if rest == longest && self.rest != longest {
            tracing::warn!(
                "connects are answered at once and bring nothing, though the org says that it holds them for {} s; they \
                 are sent every {} s now; check what stands between orgstream and the org",
                self.held.as_secs(),
                longest.as_secs()
            );
        }
        self.rest = rest;
        is_held
    }

    /// What the advice does not speak of stays as it is.
    pub(crate) fn follow(&mut self, advice: &Advice) {
        if let Some(timeout) = advice.timeout {
            self.held = Duration::from_millis(timeout).min(LONGEST_HOLD);
        }
        if let Some(interval) = advice.interval {
            self.interval = Duration::from_millis(interval).min(LONGEST_INTERVAL);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advice_is_followed_as_far_as_it_keeps_the_session_awake() {
        let mut pace = Pace::new(Duration::from_secs(110));
        pace.follow(&Advice::default());
        assert_eq!(pace, Pace::new(Duration::from_secs(110)));
        pace.follow(&Advice { interval: Some(2_000), timeout: None, reconnect: None });
        assert_eq!((pace.held, pace.interval()), (Duration::from_secs(110), Duration::from_secs(2)));
        pace.follow(&Advice { interval: Some(u64::MAX), timeout: Some(110_000_000), reconnect: None });
        assert_eq!((pace.held, pace.interval()), (LONGEST_HOLD, LONGEST_INTERVAL));
    }

    #[test]
    fn an_org_that_does_not_hold_connects_is_asked_less_and_less_often() {
        let mut pace = Pace::new(Duration::from_secs(110));
        let mut waited = Duration::ZERO;
        for _ in 0..10 {
            assert!(!pace.answered(Duration::from_millis(20), true));
            assert!(pace.interval() >= waited);
            waited = pace.interval();
        }
        assert_eq!(waited, RESTS.1);
        assert!(pace.answered(Duration::from_millis(20), false), "it brought events");
        assert_eq!(pace.interval(), Duration::ZERO);
        assert!(pace.answered(Duration::from_secs(2), true));
        pace.follow(&Advice { timeout: Some(100), ..Advice::default() });
        assert!(pace.answered(Duration::from_millis(100), true), "it is held for no longer");
    }
}
