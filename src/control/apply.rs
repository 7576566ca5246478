//! Another file for a process that runs: how it is asked for, and what became of it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State as Shared;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::client::{AskError, Asking};
use super::orders::Orders;
use crate::config::Faults;

/// Longer than orgs and brokers may take to answer, and pipelines to finish what is in flight.
const PATIENCE: Duration = Duration::from_mins(5);

/// What applying a file has changed: names of pipelines.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Applied {
    /// Those that are new.
    pub started: Vec<String>,
    /// Those that say something else than before, or whose org does.
    pub restarted: Vec<String>,
    /// Those that are gone.
    pub stopped: Vec<String>,
    /// Those that go on as if nothing had happened.
    pub unchanged: Vec<String>,
    /// Those of the started ones that failed at once: by their half, why.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub failed: BTreeMap<String, String>,
    /// Those halves of the started ones that have still to begin.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waiting: Vec<String>,
}

/// A file that is not applied. Everything goes on as before, unless the process ends.
#[derive(Debug, thiserror::Error)]
pub enum NotApplied {
    /// It has faults.
    #[error("{0}")]
    Faults(Faults),
    /// It cannot be done by this process, or not now.
    #[error("{0}")]
    Refused(String),
    /// The process ends, so that is not known of every pipeline.
    #[error("{0}")]
    Ends(String),
}

/// Asks for a file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Apply {
    file: PathBuf,
}

/// What is answered when it is not applied.
#[derive(Debug, Serialize, Deserialize)]
struct Refusal {
    error: String,
    /// The faults of the file, where they are the reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    faults: Option<Value>,
}

/// What became of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Became {
    /// The process does what it says.
    Applied(Applied),
    /// It has faults: as text, and as `orgstream check --json` prints them.
    Faulty(String, Value),
    /// It is refused, for this reason.
    Refused(String),
    /// The process ends, for this reason, and does not say how much of it is done.
    Ends(String),
    /// No process runs.
    NotRunning,
}

/// The path of the API that takes a file.
pub(super) fn router(orders: Arc<dyn Orders>) -> Router {
    Router::new().route("/apply", post(take)).with_state(orders)
}

async fn take(
    Shared(orders): Shared<Arc<dyn Orders>>,
    Json(Apply { file }): Json<Apply>,
) -> Result<Json<Applied>, (StatusCode, Json<Refusal>)> {
    orders.apply(&file).await.map(Json).map_err(|error| {
        let (status, faults) = match &error {
            NotApplied::Faults(faults) => {
                (StatusCode::UNPROCESSABLE_ENTITY, serde_json::to_value(faults).ok())
            }
            NotApplied::Refused(_) => (StatusCode::CONFLICT, None),
            NotApplied::Ends(_) => (StatusCode::SERVICE_UNAVAILABLE, None),
        };
        (status, Json(Refusal { error: error.to_string(), faults }))
    })
}

/// Has whatever runs on the state directory `state` do what `file` says; an absolute path.
pub async fn apply(state: &Path, file: &Path) -> Result<Became, AskError> {
    let Some(asking) = Asking::find(state)? else { return Ok(Became::NotRunning) };
    let wanted = Apply { file: file.to_owned() };
    let Some(answer) = asking.post_for(["apply"].into_iter(), &wanted, PATIENCE).await? else {
        return Ok(Became::NotRunning);
    };
    if answer.status().is_success() {
        return answer.json().await.map(Became::Applied).map_err(|source| asking.unusable(source));
    }
    let ends = answer.status() == StatusCode::SERVICE_UNAVAILABLE;
    let Refusal { error, faults } = answer.json().await.map_err(|source| asking.unusable(source))?;
    Ok(match faults {
        Some(faults) => Became::Faulty(error, faults),
        None if ends => Became::Ends(error),
        None => Became::Refused(error),
    })
}
