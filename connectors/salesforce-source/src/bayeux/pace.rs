//! How long a connect is held and how soon the next one follows, by the server's advice.
//!
//! Advice is followed only so far: a wrong unit must neither silence a session nor keep its watchdog waiting.

use std::time::Duration;

use crate::bayeux::message::Advice;

/// The longest pause between two connects.
const LONGEST_INTERVAL: Duration = Duration::from_secs(30);

/// The longest hold of a connect, which is what the watchdog waits for.
const LONGEST_HOLD: Duration = Duration::from_mins(10);

/// The pace of one session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pace {
    /// How long the org holds a connect without events.
    pub(crate) held: Duration,
    /// How long to wait before the next connect.
    pub(crate) interval: Duration,
}

impl Pace {
    /// The pace until advice comes.
    pub(crate) fn new(held: Duration) -> Self {
        Self { held, interval: Duration::ZERO }
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
        assert_eq!((pace.held, pace.interval), (Duration::from_secs(110), Duration::from_secs(2)));
        pace.follow(&Advice { interval: Some(u64::MAX), timeout: Some(110_000_000), reconnect: None });
        assert_eq!((pace.held, pace.interval), (LONGEST_HOLD, LONGEST_INTERVAL));
    }
}
