//! What people ask of a process that runs, and how it is asked.
//!
//! Accepted means on record: it is carried out whatever becomes of the process.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use axum::extract::{Path as Of, State as Shared};
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use orgstream_api::Command;
use serde::{Deserialize, Serialize};

use super::apply::{self, Applied, NotApplied};
use super::change::{self, Change};
use super::client::{AskError, Asking};
use crate::store::{Changed, IdChanges};

/// Gives orders to the sources of the process.
#[async_trait]
pub trait Orders: Send + Sync {
    /// Orders this of the source of `pipeline`, and waits until that is accepted.
    async fn order(&self, pipeline: &str, command: Command) -> Result<(), NotOrdered>;

    /// Changes the id map, and answers when every node will see that.
    async fn change_ids(&self, _changes: IdChanges) -> Result<Changed, NotOrdered> {
        Err(NotOrdered::NotRunning("this process keeps no id links".to_owned()))
    }

    /// Has a connector run, rest or start again, and answers when that is done.
    async fn change(&self, _connector: &str, _change: Change) -> Result<(), NotOrdered> {
        Err(NotOrdered::NotRunning("this process runs no connectors".to_owned()))
    }

    /// Does what this file says from now on. The process reads it, with its own environment.
    async fn apply(&self, _file: &Path) -> Result<Applied, NotApplied> {
        Err(NotApplied::Refused("this process takes no file".to_owned()))
    }
}

/// An order that was not accepted: why, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotOrdered {
    /// There is no such source in this process.
    #[error("{0}")]
    Unknown(String),
    /// The source does not run now.
    #[error("{0}")]
    NotRunning(String),
    /// The source does not take it in time.
    #[error("{0}")]
    Late(String),
    /// The source refuses it.
    #[error("{0}")]
    Refused(String),
}

/// Orders a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SnapshotOrder {
    /// The object's API name.
    pub object: String,
    /// A SOQL condition of its rows; all of them where there is none.
    #[serde(default, rename = "where", skip_serializing_if = "Option::is_none")]
    pub filter: Option<String>,
}

/// Orders a sweep.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SweepOrder {
    /// The objects' API names; none means all.
    #[serde(default)]
    pub objects: Vec<String>,
}

/// Confirms the repair of a gap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Confirmation {
    /// The object's API name.
    pub object: String,
    /// The gap's number.
    pub gap: u64,
}

/// What is answered to an order that is accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accepted {
    /// What a snapshot is called in the positions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<String>,
}

/// What is answered to an order that is not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Refusal {
    pub(super) error: String,
}

/// What became of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answered {
    /// It is on record.
    Accepted(Accepted),
    /// It is refused, for this reason.
    Refused(String),
    /// No process runs.
    NotRunning,
}

type Answer = Result<Json<Accepted>, (StatusCode, Json<Refusal>)>;
type Taker = Shared<Arc<dyn Orders>>;

/// The paths of the API that take orders.
pub(super) fn router(orders: Arc<dyn Orders>) -> Router {
    Router::new()
        .route("/pipelines/{pipeline}/snapshots", post(snapshot))
        .route("/pipelines/{pipeline}/sweeps", post(sweep))
        .route("/pipelines/{pipeline}/gaps/confirm", post(confirm))
        .route("/ids", post(take_ids))
        .with_state(Arc::clone(&orders))
        .merge(change::router(Arc::clone(&orders)))
        .merge(apply::router(orders))
}

/// A name for a snapshot that nobody else has given.
pub fn new_order() -> String {
    let (first, ..) = uuid::Uuid::new_v4().as_fields();
    format!("{first:08x}")
}

async fn snapshot(Shared(orders): Taker, Of(of): Of<String>, Json(wanted): Json<SnapshotOrder>) -> Answer {
    let order = new_order();
    let SnapshotOrder { object, filter } = wanted;
    answer(&*orders, &of, Command::Snapshot { object, filter, order: order.clone() }, Some(order)).await
}

async fn sweep(Shared(orders): Taker, Of(of): Of<String>, Json(wanted): Json<SweepOrder>) -> Answer {
    answer(&*orders, &of, Command::Sweep { objects: wanted.objects }, None).await
}

async fn confirm(Shared(orders): Taker, Of(of): Of<String>, Json(wanted): Json<Confirmation>) -> Answer {
    answer(&*orders, &of, Command::Confirm { object: wanted.object, gap: wanted.gap }, None).await
}

async fn take_ids(
    Shared(orders): Taker,
    Json(changes): Json<IdChanges>,
) -> Result<Json<Changed>, (StatusCode, Json<Refusal>)> {
    orders.change_ids(changes).await.map(Json).map_err(|refused| refusal(&refused))
}

async fn answer(orders: &dyn Orders, pipeline: &str, command: Command, order: Option<String>) -> Answer {
    match orders.order(pipeline, command).await {
        Ok(()) => Ok(Json(Accepted { order })),
        Err(refused) => Err(refusal(&refused)),
    }
}

pub(super) fn refusal(refused: &NotOrdered) -> (StatusCode, Json<Refusal>) {
    let status = match refused {
        NotOrdered::Unknown(_) => StatusCode::NOT_FOUND,
        NotOrdered::NotRunning(_) => StatusCode::SERVICE_UNAVAILABLE,
        NotOrdered::Late(_) => StatusCode::GATEWAY_TIMEOUT,
        NotOrdered::Refused(_) => StatusCode::UNPROCESSABLE_ENTITY,
    };
    (status, Json(Refusal { error: refused.to_string() }))
}

/// What became of changes of the id map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdsAnswered {
    /// They are made.
    Changed(Changed),
    /// They are refused, for this reason.
    Refused(String),
    /// No process runs.
    NotRunning,
}

/// Changes the id map of whatever runs on the state directory `state`.
pub async fn change_ids(state: &Path, changes: &IdChanges) -> Result<IdsAnswered, AskError> {
    let Some(asking) = Asking::find(state)? else { return Ok(IdsAnswered::NotRunning) };
    let Some(answer) = asking.post(["ids"].into_iter(), changes).await? else {
        return Ok(IdsAnswered::NotRunning);
    };
    if answer.status().is_success() {
        return answer.json().await.map(IdsAnswered::Changed).map_err(|source| asking.unusable(source));
    }
    let refusal: Refusal = answer.json().await.map_err(|source| asking.unusable(source))?;
    Ok(IdsAnswered::Refused(refusal.error))
}

/// Orders something of a pipeline in whatever runs on the state directory `state`; `what` is the last part of the path.
pub async fn order(
    state: &Path,
    pipeline: &str,
    what: &str,
    wanted: &(impl Serialize + Sync),
) -> Result<Answered, AskError> {
    let Some(asking) = Asking::find(state)? else { return Ok(Answered::NotRunning) };
    let Some(answer) =
        asking.post(["pipelines", pipeline].into_iter().chain(what.split('/')), wanted).await?
    else {
        return Ok(Answered::NotRunning);
    };
    if answer.status().is_success() {
        return answer.json().await.map(Answered::Accepted).map_err(|source| asking.unusable(source));
    }
    let refusal: Refusal = answer.json().await.map_err(|source| asking.unusable(source))?;
    Ok(Answered::Refused(refusal.error))
}
