//! Asks the process that holds a state directory.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::server::LAST;
use super::socket::SocketPath;
use super::status::Status;
use crate::state_dir::StateDir;

/// A process that lives answers at once.
const TIMEOUT: Duration = Duration::from_secs(5);

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
    /// A process holds the directory and says nothing.
    #[error(
        "process {pid} holds the state directory {} and does not answer within {} s. If it was stopped (state T in \
         `ps -o stat= -p {pid}`), `kill -CONT {pid}` lets it go on; if it hangs, `kill -KILL {pid}` ends it, and what it \
         had not settled is delivered again at the next start",
        path.display(), TIMEOUT.as_secs()
    )]
    Silent {
        /// The directory.
        path: PathBuf,
        /// The process, as far as it said.
        pid: String,
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
    let no_status = |source: reqwest::Error| {
        if !source.is_timeout() {
            return AskError::NoStatus { path: socket.clone(), source };
        }
        let pid = StateDir::holder(state).unwrap_or_else(|| "PID".to_owned());
        AskError::Silent { path: state.to_owned(), pid }
    };
    let client =
        reqwest::Client::builder().unix_socket(socket.clone()).timeout(TIMEOUT).build().map_err(no_status)?;
    // The host is only the form of a URL; the socket decides who answers.
    let answer = match client.get("http://orgstream/status").send().await {
        Ok(answer) => answer,
        // A socket that nobody listens on is what a killed process leaves.
        Err(error) if error.is_connect() && !error.is_timeout() => {
            return Ok(Answer::NotRunning(last(state)));
        }
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
