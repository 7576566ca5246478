//! What a streaming session hands to its source, in order.

use std::time::Duration;

use tokio::time::Instant;

use crate::bayeux::outlet::Room;
use crate::channel::Channel;
use crate::error::SourceError;
use crate::event::Event;
use crate::moment::Moment;

/// One step of the stream.
#[derive(Debug)]
pub(crate) enum Delivery {
    /// The org granted a subscription. Comes before the events it brings.
    Subscribed {
        channel: Channel,
        /// Which ask of the source this answers.
        ask: u32,
        /// How the org serves it.
        served: Served,
        /// A time by the org's clock shortly before.
        at: Moment,
    },
    /// A channel brings nothing until the source asks for it again: the org refuses it.
    Refused {
        channel: Channel,
        /// Which ask of the source this answers.
        ask: u32,
        error: SourceError,
        /// After which it is worth asking again, where that is known.
        after: Option<Duration>,
    },
    /// A channel brings nothing for now, the org being at a limit; the session asks for it again by itself.
    Rests {
        channel: Channel,
        /// Which ask of the source this answers.
        ask: u32,
        error: SourceError,
        /// When it is asked for again.
        next: Instant,
    },
    /// All channels that are not refused are subscribed, and a connect was answered.
    Live,
    /// The session is over; another follows.
    Lost,
    /// Events that are news, in the order of their channels.
    Events {
        events: Vec<Event>,
        /// What they take of the room for events that wait; to be dropped when they wait no longer.
        room: Room,
    },
    /// A held connect was answered at this time by the org's clock, and its events stand before this.
    Polled {
        at: Moment,
        /// Whether it was held, and brought no event of any channel.
        empty: bool,
    },
    /// The stream cannot go on.
    Failed(SourceError),
}

/// Which events a granted subscription brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Served {
    /// New ones; the channel is subscribed for the first time.
    New,
    /// Everything after the newest event handed out.
    WithoutBreak,
    /// What the org retains, which may begin too late.
    Retained {
        /// Whether a limit of the org kept the channel from being granted earlier.
        limited: bool,
    },
}
