//! Why a session is over.

use orgstream_salesforce::ApiError;

use crate::bayeux::refusal::Remedy;
use crate::bayeux::transport::NoReply;

/// Why a session is over, by what comes next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum End {
    /// The token is not accepted.
    Token,
    /// The session is lost.
    Lost(String),
    /// The org is busy or at a limit.
    Busy(String),
    /// The org has delivered all that it delivers in a day.
    Allowance(String),
    /// The org serves no WebSocket after all.
    LongPolling(String),
    /// Nothing helps but a change of the file.
    Config(String),
    /// Nothing helps but a change outside, as far as can be told.
    Lasting {
        /// What was asked for.
        what: String,
        /// Why it is refused.
        reason: String,
    },
    /// It works, but another one is wanted.
    Replaced(&'static str),
    /// Kafka takes events more slowly than they come, and no more of them can be kept.
    Full,
    /// The source is gone.
    Unwanted,
}

impl End {
    /// A message of the session was refused with `reason`. `what` was asked for.
    pub(crate) fn refused(remedy: Remedy, what: &str, reason: &str) -> Self {
        let text = reason.to_owned();
        match remedy {
            Remedy::NewToken => Self::Token,
            Remedy::NewSession => Self::Lost(text),
            Remedy::Wait => Self::Busy(text),
            Remedy::WaitForAllowance => Self::Allowance(text),
            Remedy::LongPolling => Self::LongPolling(text),
            Remedy::Fail => Self::Config(text),
            Remedy::Lasting => Self::lasting(what, reason),
        }
    }

    /// There is no token to be had.
    pub(crate) fn unrefreshed(error: &ApiError) -> Self {
        Self::Busy(error.to_string())
    }

    /// `what` is refused until somebody changes something.
    pub(crate) fn lasting(what: &str, reason: &str) -> Self {
        Self::Lasting { what: what.to_owned(), reason: reason.to_owned() }
    }
}

impl From<NoReply> for End {
    fn from(error: NoReply) -> Self {
        match error {
            NoReply::Token => Self::Token,
            NoReply::Lost(what) => Self::Lost(what),
            NoReply::Busy(what) => Self::Busy(what),
            NoReply::TooLarge(_) => Self::Busy(error.to_string()),
            NoReply::Lasting(reason) => Self::lasting("streaming", &reason),
        }
    }
}
