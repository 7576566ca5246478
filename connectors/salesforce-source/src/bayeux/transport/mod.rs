//! How the messages of one session travel: by long polling, or by a WebSocket where the org offers one.
//!
//! Both take messages at any time, also while a connect is held, and give back what comes in the order it came. How long
//! to wait for what is the caller's to know.

pub(crate) mod long_polling;
pub(crate) mod web_socket;

use std::fmt::Write as _;

use serde_json::Value;

use crate::bayeux::message::{self, Message};
use crate::moment::Moment;
use long_polling::LongPolling;
use web_socket::WebSocket;

/// The connection of one session with an org.
pub(crate) enum Transport {
    LongPolling(Box<LongPolling>),
    WebSocket(Box<WebSocket>),
}

/// Messages that came together.
#[derive(Debug)]
pub(crate) struct Arrival {
    pub(crate) messages: Vec<Message>,
    /// Their bytes.
    pub(crate) size: u64,
    /// What time it was in the org, where that was said.
    pub(crate) at: Option<Moment>,
    /// The message that all of this answers; `None` where each answer stands for itself.
    pub(crate) answers: Option<u64>,
}

/// Why nothing comes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoReply {
    /// The token is not accepted.
    #[error("the token is not accepted")]
    Token,
    /// The connection failed. What was on its way is lost with the session.
    #[error("{0}")]
    Lost(String),
    /// The org, or what stands before it, cannot serve now.
    #[error("{0}")]
    Busy(String),
    /// There is no streaming at this address.
    #[error("{0}")]
    Lasting(String),
    /// An answer is larger than is taken, in bytes.
    #[error(
        "one answer has more than {0} bytes, the most that `source.stream.max_response` allows; raise it, or lower what \
         one transaction changes"
    )]
    TooLarge(u64),
}

impl Transport {
    /// What a connect calls it.
    pub(crate) fn connection_type(&self) -> &'static str {
        match self {
            Self::LongPolling(_) => message::LONG_POLLING,
            Self::WebSocket(_) => message::WEB_SOCKET,
        }
    }

    /// Sends `message`, whose id is `id`.
    pub(crate) async fn send(&mut self, id: u64, message: &Value) -> Result<(), NoReply> {
        match self {
            Self::LongPolling(transport) => {
                transport.send(id, message);
                Ok(())
            }
            Self::WebSocket(transport) => transport.send(message).await,
        }
    }

    /// Waits for what comes next, for ever where nothing does. Cancel-safe.
    pub(crate) async fn receive(&mut self) -> Result<Arrival, NoReply> {
        match self {
            Self::LongPolling(transport) => transport.receive().await,
            Self::WebSocket(transport) => transport.receive().await,
        }
    }
}

/// The error with its causes, which say more than "error sending request", and without the URL.
fn explain(error: &dyn std::error::Error) -> String {
    let mut text = String::from("the connection failed");
    let mut cause = error.source();
    while let Some(inner) = cause {
        if write!(text, ": {inner}").is_err() {
            break;
        }
        cause = inner.source();
    }
    text
}
