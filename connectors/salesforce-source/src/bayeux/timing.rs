//! How long a streaming session waits for what.

use std::time::Duration;

use crate::backoff::Backoff;

/// Times of a session. Production uses the default; tests cannot wait for minutes.
#[derive(Debug, Clone)]
pub(crate) struct Timing {
    /// For the answer to anything but a held connect.
    pub(crate) answer: Duration,
    /// How long a connect is held, until the org's advice says otherwise.
    pub(crate) held: Duration,
    /// What a held connect may take beyond that before its session counts as dead.
    pub(crate) margin: Duration,
    /// After which a session is replaced although it works: a subscription can die without a word, and only a new
    /// one brings what it missed. Well below the time that the org retains events.
    pub(crate) renewal: Duration,
    /// Pauses after a session that failed.
    pub(crate) retry: Backoff,
    /// Pauses while the org is busy or at a limit.
    pub(crate) busy: Backoff,
    /// After which an object or a channel that failed by itself is tried again.
    pub(crate) again: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            answer: seconds(30),
            held: seconds(110),
            margin: seconds(15),
            renewal: Duration::from_hours(6),
            retry: Backoff::new(seconds(1), seconds(60)),
            busy: Backoff::new(seconds(10), seconds(300)),
            again: Duration::from_mins(5),
        }
    }
}
