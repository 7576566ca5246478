//! Whether a connector runs: how somebody changes that, both ends of it. A connector is one half of a pipeline: `crm-sink`.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path as Of, State as Shared};
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::client::{AskError, Asking};
use super::orders::{Orders, Refusal, refusal};

/// Longer than a connector may take to finish what is in flight.
const PATIENCE: Duration = Duration::from_mins(2);

/// How a connector rests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rest {
    /// For a while.
    Paused,
    /// Until further notice; it has no tasks.
    Stopped,
}

/// What is to become of a connector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "change", deny_unknown_fields)]
pub enum Change {
    /// It finishes what is in flight, commits, and rests.
    Pause,
    /// The same, without tasks.
    Stop,
    /// It goes on where it was.
    Resume,
    /// It finishes what is in flight, commits, and starts again. One that rests goes on resting.
    Restart {
        /// Only if it has failed.
        #[serde(default)]
        only_failed: bool,
    },
}

/// What became of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Changed {
    /// It is made.
    Made,
    /// It is refused, for this reason.
    Refused(String),
    /// No process runs.
    NotRunning,
}

/// The path of the API that changes connectors.
pub(super) fn router(orders: Arc<dyn Orders>) -> Router {
    Router::new().route("/connectors/{connector}", post(take)).with_state(orders)
}

async fn take(
    Shared(orders): Shared<Arc<dyn Orders>>,
    Of(connector): Of<String>,
    Json(change): Json<Change>,
) -> Result<Json<Value>, (StatusCode, Json<Refusal>)> {
    let made = orders.change(&connector, change).await;
    made.map(|()| Json(json!({}))).map_err(|refused| refusal(&refused))
}

/// Changes a connector of whatever runs on the state directory `state`.
pub async fn change(state: &Path, connector: &str, change: Change) -> Result<Changed, AskError> {
    let Some(asking) = Asking::find(state)? else { return Ok(Changed::NotRunning) };
    let Some(answer) = asking.post_for(["connectors", connector].into_iter(), &change, PATIENCE).await?
    else {
        return Ok(Changed::NotRunning);
    };
    if answer.status().is_success() {
        return Ok(Changed::Made);
    }
    let refusal: Refusal = answer.json().await.map_err(|source| asking.unusable(source))?;
    Ok(Changed::Refused(refusal.error))
}
