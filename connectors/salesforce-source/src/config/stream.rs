//! The streaming connection.

use std::time::Duration;

/// The streaming connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamConfig {
    /// What carries the messages.
    pub transport: Transport,
    /// Bytes of events that may wait for Kafka. At that bound the session is let go until there is room.
    pub buffer: u64,
    /// Bytes that one answer may have.
    pub max_response: u64,
    /// After which a session is replaced although it works, since a subscription can die without a word.
    pub renew_every: Duration,
}

/// What carries the messages of the streaming connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Transport {
    /// A WebSocket where the server offers it, long polling elsewhere.
    #[default]
    Auto,
    /// Long polling.
    LongPolling,
}

impl Default for StreamConfig {
    fn default() -> Self {
        const MEGABYTE: u64 = 1 << 20;
        Self {
            transport: Transport::Auto,
            buffer: 64 * MEGABYTE,
            max_response: 100 * MEGABYTE,
            renew_every: Duration::from_hours(6),
        }
    }
}
