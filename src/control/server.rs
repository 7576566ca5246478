//! The control API of a process that runs.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::extract::State as Shared;
use axum::routing::get;
use axum::{Json, Router};
use tokio::net::UnixListener;
use tokio_util::sync::CancellationToken;

use super::orders::{self, Orders};
use super::socket::SocketPath;
use super::status::Status;
use crate::state_dir::StateDir;

/// Where the last status of a process that ended in order is kept.
pub(super) const LAST: &str = "status.json";
const ASIDE: &str = "status.json.new";

/// Answers what the process is doing now.
pub trait StatusSource: Send + Sync {
    /// The status now. Called for every request, so it reads what is at hand.
    fn status(&self) -> Status;
}

impl<F: Fn() -> Status + Send + Sync> StatusSource for F {
    fn status(&self) -> Status {
        self()
    }
}

/// The control socket could not be made or served, or the last status not be kept.
#[derive(Debug, thiserror::Error)]
#[error("{what} {}", path.display())]
pub struct ControlError {
    /// What cannot be done with the path, and what to do.
    pub what: &'static str,
    /// The path.
    pub path: PathBuf,
    /// Why.
    #[source]
    pub source: io::Error,
}

/// A socket that listens. It is removed when this is dropped or has served.
#[derive(Debug)]
pub struct ControlServer {
    files: Files,
    listener: UnixListener,
}

impl ControlServer {
    /// Listens on the socket of `state`, which this process holds; so a socket that is there already is a dead one.
    pub fn bind(state: &StateDir) -> Result<Self, ControlError> {
        let what =
            "use another `state` directory, or remove what is in the way: no control socket can be made with";
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| ControlError { what, path, source }
        };
        let path = SocketPath::choose(state.path(), state.node()).map_err(failed(state.path()))?;
        path.clear(state.path()).map_err(failed(&path.socket))?;
        let listener = UnixListener::bind(&path.socket).map_err(failed(&path.socket))?;
        // Whoever may connect can have the process read files and log in with its secrets. A directory that was there before may be
        // open to a group.
        let own = Permissions::from_mode(0o600);
        std::fs::set_permissions(&path.socket, own).map_err(failed(&path.socket))?;
        if let Some(pointer) = &path.pointer {
            std::fs::write(pointer, path.socket.as_os_str().as_encoded_bytes()).map_err(failed(pointer))?;
        }
        let state = state.path().to_owned();
        Ok(Self { files: Files { state, path }, listener })
    }

    /// Serves until `stop`, then leaves the last status in the state directory.
    pub async fn serve(
        self,
        status: Arc<dyn StatusSource>,
        orders: Arc<dyn Orders>,
        stop: CancellationToken,
    ) -> Result<(), ControlError> {
        let Self { files, listener } = self;
        // A status of before would be taken for this run's own if this process is killed. A command that runs nothing keeps it.
        std::fs::remove_file(files.state.join(LAST)).ok();
        let served = axum::serve(listener, router(Arc::clone(&status), orders))
            .with_graceful_shutdown(stop.cancelled_owned())
            .await;
        let failed = |what, path: PathBuf| move |source| ControlError { what, path, source };
        served.map_err(failed("nobody can be answered any more on", files.path.socket.clone()))?;
        let kept = keep(&files.state, &status.status());
        kept.map_err(failed("the last status cannot be written to", files.state.join(LAST)))
    }
}

/// Keeps the last status, whole or not at all.
fn keep(state: &Path, status: &Status) -> io::Result<()> {
    let aside = state.join(ASIDE);
    let text = serde_json::to_vec(status).map_err(io::Error::from)?;
    let kept = std::fs::write(&aside, text).and_then(|()| std::fs::rename(&aside, state.join(LAST)));
    if kept.is_err() {
        // A full disk has taken a part of it.
        std::fs::remove_file(&aside).ok();
    }
    kept
}

/// The paths of the API.
pub fn router(status: Arc<dyn StatusSource>, orders: Arc<dyn Orders>) -> Router {
    Router::new().route("/status", get(answer_status)).with_state(status).merge(orders::router(orders))
}

async fn answer_status(Shared(status): Shared<Arc<dyn StatusSource>>) -> Json<Status> {
    Json(status.status())
}

/// What the server put into the file system; gone when this is dropped.
#[derive(Debug)]
struct Files {
    state: PathBuf,
    path: SocketPath,
}

impl Drop for Files {
    fn drop(&mut self) {
        if let Err(error) = self.path.clear(&self.state) {
            tracing::warn!(%error, socket = %self.path.socket.display(), "The control socket stays behind.");
        }
    }
}

#[cfg(test)]
mod tests;
