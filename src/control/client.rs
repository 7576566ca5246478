//! Asks the process that holds a state directory.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::server::LAST;
use super::socket::SocketPath;
use super::status::Status;

/// A process that lives answers at once.
const TIMEOUT: Duration = Duration::from_secs(10);

/// What is known of a state directory.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// A process runs, and this is its status.
    Running(Status),
    /// None runs. The status is the last one of a process that ended in order.
    NotRunning(Option<Status>),
}

/// The process could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// The state directory or its socket cannot be reached.
    #[error("cannot look into the state directory {}", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A process answers, but not as this version does.
    #[error("the process on {} gives no status", path.display())]
    NoStatus {
        /// The socket.
        path: PathBuf,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
}

/// Asks for the status of whatever runs on the state directory `state`.
pub async fn ask(state: &Path) -> Result<Answer, AskError> {
    let found =
        SocketPath::find(state).map_err(|source| AskError::Directory { path: state.to_owned(), source })?;
    let Some(socket) = found else {
        return Ok(Answer::NotRunning(last(state)));
    };
    let no_status = |source| AskError::NoStatus { path: socket.clone(), source };
    let client =
        reqwest::Client::builder().unix_socket(socket.clone()).timeout(TIMEOUT).build().map_err(no_status)?;
    // The host is only the form of a URL; the socket decides who answers.
    let answer = match client.get("http://orgstream/status").send().await {
        Ok(answer) => answer,
        // A socket that nobody listens on is what a killed process leaves.
        Err(error) if error.is_connect() => return Ok(Answer::NotRunning(last(state))),
        Err(error) => return Err(no_status(error)),
    };
    let answer = answer.error_for_status().map_err(no_status)?;
    answer.json().await.map(Answer::Running).map_err(no_status)
}

/// The status that the last process left; none when it was killed or is of another version.
fn last(state: &Path) -> Option<Status> {
    let text = std::fs::read(state.join(LAST)).ok()?;
    serde_json::from_slice(&text).ok()
}
