//! Connectors that are told to rest, to run, or to start again.
//!
//! Kafka Connect answers at once and does it later; here the answer comes when it is done.

use axum::Json;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{post, put};
use serde::Deserialize;

use super::connector::{self, Connector};
use super::{Connect, not_found, state};
use crate::control::{Change, NotOrdered, TaskStatus};
use crate::http::answer::Refusal;

/// The paths that change whether a connector runs.
pub(super) fn router() -> Router<Connect> {
    Router::new()
        .route("/connectors/{name}/pause", put(pause))
        .route("/connectors/{name}/resume", put(resume))
        .route("/connectors/{name}/stop", put(stop))
        .route("/connectors/{name}/restart", post(restart))
        .route("/connectors/{name}/tasks/{task}/restart", post(restart_task))
}

async fn pause(State(connect): State<Connect>, Path(name): Path<String>) -> Result<StatusCode, Refusal> {
    connect.change(&name, Change::Pause).await.map(|()| StatusCode::ACCEPTED)
}

async fn resume(State(connect): State<Connect>, Path(name): Path<String>) -> Result<StatusCode, Refusal> {
    connect.change(&name, Change::Resume).await.map(|()| StatusCode::ACCEPTED)
}

async fn stop(State(connect): State<Connect>, Path(name): Path<String>) -> Result<StatusCode, Refusal> {
    connect.change(&name, Change::Stop).await.map(|()| StatusCode::NO_CONTENT)
}

/// What of a connector is to start again.
#[derive(Deserialize)]
struct What {
    #[serde(default, rename = "includeTasks")]
    include_tasks: bool,
    #[serde(default, rename = "onlyFailed")]
    only_failed: bool,
}

async fn restart(
    State(connect): State<Connect>,
    Path(name): Path<String>,
    Query(What { include_tasks, only_failed }): Query<What>,
) -> Result<Response, Refusal> {
    let is_plain = !include_tasks && !only_failed;
    let unknown = || if is_plain { super::unknown(&name) } else { format!("Unknown connector: {name}") };
    connect.with(&name, unknown, |_, _| ())?;
    connect.change(&name, Change::Restart { only_failed }).await?;
    if is_plain {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let shown = |connector: &Connector, tasks: &[&TaskStatus]| state::of(connector, tasks, &connect.worker);
    let shown = connect.with(&name, unknown, shown)?;
    Ok((StatusCode::ACCEPTED, Json(shown)).into_response())
}

/// The tasks of a connector start again together, since they share what they know of the org.
async fn restart_task(
    State(connect): State<Connect>,
    Path((name, task)): Path<(String, String)>,
) -> Result<StatusCode, Refusal> {
    let Ok(number) = task.parse::<usize>() else { return Err(not_found("HTTP 404 Not Found")) };
    let is_there = |_: &Connector, tasks: &[&TaskStatus]| number < connector::there(tasks).len();
    if !connect.with(&name, || super::unknown(&name), is_there)? {
        return Err(not_found(format!("Task {name}-{number} not found")));
    }
    connect.change(&name, Change::Restart { only_failed: false }).await.map(|()| StatusCode::NO_CONTENT)
}

impl Connect {
    async fn change(&self, name: &str, change: Change) -> Result<(), Refusal> {
        let is_half = self.connectors().get(name).is_none_or(|connector| connector.is_half);
        let changed = if is_half {
            self.orders.change(name, change).await
        } else {
            self.declared.change_declared(name.to_owned(), change).await
        };
        changed.map_err(|refused| match refused {
            NotOrdered::Unknown(_) => not_found(format!("Unknown connector {name}")),
            NotOrdered::NotRunning(why) | NotOrdered::Late(why) => Refusal::new(
                StatusCode::CONFLICT,
                format!("Cannot complete request momentarily due to the state of the process: {why}"),
            ),
            NotOrdered::Refused(why) => Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, why),
        })
    }
}
