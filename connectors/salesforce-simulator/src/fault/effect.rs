//! What goes wrong with a call, a message or a record.

use std::time::Duration;

use rand::Rng as _;
use serde::{Deserialize, Serialize};

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "effect", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Effect {
    /// The call is not executed and answered with this HTTP status. REST calls get the usual array with code and
    /// message, token calls the OAuth object, SOAP calls a fault.
    Answer {
        /// HTTP status.
        status: u16,
        /// `errorCode`, or `error` of a token call.
        code: String,
        /// Text for people.
        #[serde(default)]
        message: String,
    },
    /// The call is not executed and its connection closed without an answer.
    Cut,
    /// The call is executed, then its connection closed without an answer.
    CutAfter,
    /// The call is executed after this many milliseconds.
    Delay {
        /// Milliseconds.
        ms: u64,
    },
    /// A Bayeux message is not carried out and refused with HTTP 200; see [`Effect::too_busy`].
    BayeuxError {
        /// `code:args:text`. A handshake is denied for this reason; other messages have it as error and as reason.
        error: String,
        /// The advice: `none` (default), `handshake` or `retry`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reconnect: Option<String>,
    },
    /// The server ends the session of a message and tells its connect with a `/meta/disconnect`.
    BayeuxDisconnect,
    /// The call is executed after a time that differs from call to call, evenly spread between two.
    DelayBetween {
        /// The shortest, milliseconds.
        min_ms: u64,
        /// The longest, milliseconds.
        max_ms: u64,
    },
    /// Calls wait until the fault is over or removed, and held connects bring nothing meanwhile. It is not counted.
    Stall,
    /// Every record of a write call of the fault's kind that contains the fault's text (every record, without text) is refused with
    /// this code; the other records are written.
    RecordError {
        /// Status code such as `UNABLE_TO_LOCK_ROW`.
        code: String,
        /// Text for people.
        #[serde(default)]
        message: String,
    },
}

impl Effect {
    /// What a server that is too busy says to a Bayeux message.
    pub fn too_busy() -> Self {
        let error = "503::Server is too busy.  Please try your request again later.".to_owned();
        Self::BayeuxError { error, reconnect: None }
    }

    /// Whether it concerns Bayeux messages one by one, not calls.
    pub(super) fn is_of_messages(&self) -> bool {
        matches!(self, Self::BayeuxError { .. } | Self::BayeuxDisconnect)
    }
}

impl Effect {
    /// How long it makes a call wait.
    pub(super) fn delay(&self) -> Option<Duration> {
        match self {
            Self::Delay { ms } => Some(Duration::from_millis(*ms)),
            Self::DelayBetween { min_ms, max_ms } => {
                let longest = *max_ms.max(min_ms);
                Some(Duration::from_millis(rand::rng().random_range(*min_ms..=longest)))
            }
            _ => None,
        }
    }

    pub(super) fn delays(&self) -> bool {
        matches!(self, Self::Delay { .. } | Self::DelayBetween { .. })
    }
}
