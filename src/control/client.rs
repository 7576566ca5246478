//! Asks the process that holds a state directory.

use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::{Method, RequestBuilder, Response};
use serde::Serialize;

use super::server::LAST;
use super::socket::SocketPath;
use super::status::Status;
use crate::state_dir::StateDir;

/// A process that lives answers at once.
const TIMEOUT: Duration = Duration::from_secs(5);

/// An order may have to wait for the org, and for Kafka.
const ORDER_TIMEOUT: Duration = Duration::from_mins(1);

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
        "process {pid} holds the state directory {} and does not answer in time. If it was stopped (state T in \
         `ps -o stat= -p {pid}`), `kill -CONT {pid}` lets it go on; if it hangs, `kill -KILL {pid}` ends it, and what it \
         had not settled is delivered again at the next start",
        path.display()
    )]
    Silent {
        /// The directory.
        path: PathBuf,
        /// The process, as far as it said.
        pid: String,
    },
    /// The process ended, or was killed, before its answer was whole.
    #[error(
        "the process that runs on the state directory {} ended before it answered, so whether it took the order is not \
         known; give it again: one that is carried out twice does no harm",
        path.display()
    )]
    Ended {
        /// The directory.
        path: PathBuf,
    },
    /// A process answers, but not as this version does.
    #[error("the process on {} gives no answer that this version understands", path.display())]
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
    let Some(asking) = Asking::find(state)? else { return Ok(Answer::NotRunning(last(state))) };
    match asking.status().await {
        Ok(Some(status)) => Ok(Answer::Running(status)),
        // One that ended meanwhile has changed nothing by not answering.
        Ok(None) | Err(AskError::Ended { .. }) => Ok(Answer::NotRunning(last(state))),
        Err(error) => Err(error),
    }
}

/// One question to the process that holds a state directory.
pub(super) struct Asking {
    state: PathBuf,
    socket: PathBuf,
}

impl Asking {
    /// Finds the socket; `None` when no process has put one there.
    pub(super) fn find(state: &Path) -> Result<Option<Self>, AskError> {
        let found = SocketPath::find(state)
            .map_err(|source| AskError::Directory { path: state.to_owned(), source })?;
        Ok(found.map(|socket| Self { state: state.to_owned(), socket }))
    }

    async fn status(&self) -> Result<Option<Status>, AskError> {
        let answer = self.send(Method::GET, ["status"].into_iter(), TIMEOUT, |request| request).await?;
        let Some(answer) = answer else { return Ok(None) };
        let answer = answer.error_for_status().map_err(|source| self.unusable(source))?;
        answer.json().await.map(Some).map_err(|source| self.unusable(source))
    }

    /// Asks for something that may take the process a while, as it asks the org.
    pub(super) async fn post(
        &self,
        path: impl Iterator<Item = &str>,
        body: &(impl Serialize + Sync),
    ) -> Result<Option<Response>, AskError> {
        self.post_for(path, body, ORDER_TIMEOUT).await
    }

    /// As [`Asking::post`], of what may take this long.
    pub(super) async fn post_for(
        &self,
        path: impl Iterator<Item = &str>,
        body: &(impl Serialize + Sync),
        patience: Duration,
    ) -> Result<Option<Response>, AskError> {
        self.send(Method::POST, path, patience, |request| request.json(body)).await
    }

    /// The answer; `None` when nobody listens.
    async fn send(
        &self,
        method: Method,
        path: impl Iterator<Item = &str>,
        timeout: Duration,
        with: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> Result<Option<Response>, AskError> {
        let client = reqwest::Client::builder().unix_socket(self.socket.clone()).timeout(timeout).build();
        // The host is only the form of a URL; the socket decides who answers.
        let mut url = url::Url::parse("http://orgstream").expect("this is a URL");
        if let Ok(mut parts) = url.path_segments_mut() {
            parts.extend(path);
        }
        let request = client.map_err(|source| self.unusable(source))?.request(method, url);
        match with(request).send().await {
            Ok(answer) => Ok(Some(answer)),
            // A socket that nobody listens on is what a killed process leaves.
            Err(error) if error.is_connect() && !error.is_timeout() => Ok(None),
            Err(error) => Err(self.unusable(error)),
        }
    }

    /// The error of an answer that is none.
    pub(super) fn unusable(&self, source: reqwest::Error) -> AskError {
        if !source.is_timeout() {
            // Nobody listens any more: the answer was cut off by the process's end.
            return match UnixStream::connect(&self.socket) {
                Ok(_) => AskError::NoStatus { path: self.socket.clone(), source },
                Err(_) => AskError::Ended { path: self.state.clone() },
            };
        }
        let pid = StateDir::holder(&self.state).unwrap_or_else(|| "PID".to_owned());
        AskError::Silent { path: self.state.clone(), pid }
    }
}

/// The status that the last process left; none when it was killed or is of another version.
fn last(state: &Path) -> Option<Status> {
    let text = std::fs::read(state.join(LAST)).ok()?;
    serde_json::from_slice(&text).ok()
}
