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
    /// Pauses after a session that failed.
    pub(crate) retry: Backoff,
    /// Pauses while the org is busy or at a limit.
    pub(crate) busy: Backoff,
    /// The pause after the org has delivered all that it delivers in a day.
    pub(crate) allowance: Duration,
    /// After which an object or a channel that failed by itself is tried again.
    pub(crate) again: Duration,
    /// After which a channel is tried again that the org refused at a limit.
    pub(crate) limited: Duration,
    /// How long events wait for room before the session lets go: less than the 40 s that the org gives a client from
    /// one answer to the next message.
    pub(crate) room: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            answer: seconds(30),
            held: seconds(110),
            margin: seconds(15),
            retry: Backoff::new(seconds(1), seconds(60)),
            busy: Backoff::new(seconds(10), seconds(300)),
            allowance: Duration::from_mins(10),
            again: Duration::from_mins(5),
            limited: Duration::from_mins(10),
            room: seconds(30),
        }
    }
}
