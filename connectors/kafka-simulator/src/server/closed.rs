//! Why a connection is closed.

use std::io;

use tokio::task::JoinError;

/// The end of a connection. Nothing that a peer sends ends more than that.
#[derive(Debug, thiserror::Error)]
pub(super) enum Closed {
    /// The network, or a peer that is gone.
    #[error(transparent)]
    Network(#[from] io::Error),
    /// The peer sent what is not answered. Kafka closes the connection, too: an answer has no form in a version that
    /// the broker does not know. Clients that asked for the versions first never see it.
    #[error("{0}")]
    Refused(String),
    /// A fault was to be played.
    #[error("closed on purpose")]
    OnPurpose,
    /// The broker has a bug.
    #[error("the request ended in a panic")]
    Panicked(#[from] JoinError),
}

/// Closes the connection because of what was sent.
pub(super) fn refused(why: impl std::fmt::Display) -> Closed {
    Closed::Refused(why.to_string())
}
