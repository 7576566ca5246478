//! The levels of the log, as Kafka Connect shows and sets those of its loggers.

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use super::{Asked, body, not_found};
use crate::http::answer::Refusal;
use crate::telemetry::{self, LoggerLevel, NotSet};

pub(super) fn router() -> Router {
    Router::new().route("/admin/loggers", get(all)).route("/admin/loggers/{logger}", get(one).put(set))
}

async fn all() -> Json<Value> {
    let levels: BTreeMap<String, Value> =
        telemetry::levels().into_iter().map(|(logger, level)| (logger, shown(&level))).collect();
    Json(json!(levels))
}

async fn one(Path(logger): Path<String>) -> Result<Json<Value>, Refusal> {
    match telemetry::levels().get(&logger) {
        Some(level) => Ok(Json(shown(level))),
        None => Err(not_found(format!("Logger {logger} not found."))),
    }
}

/// Sets one. Asked to do so in the whole cluster, Kafka Connect does not say which loggers there were.
async fn set(Path(logger): Path<String>, Query(asked): Asked, body: Bytes) -> Result<Response, Refusal> {
    let sent = body::flat(&body)?;
    let Some(Some(level)) = sent.get("level") else {
        let message = "Desired 'level' parameter was not specified in request.";
        return Err(Refusal::new(StatusCode::BAD_REQUEST, message));
    };
    let set = telemetry::set_level(&logger, level).map_err(|refused| {
        let status = match refused {
            NotSet::NoLevel(_) => StatusCode::NOT_FOUND,
            NotSet::NoName => StatusCode::BAD_REQUEST,
            NotSet::NotOwn => StatusCode::CONFLICT,
        };
        Refusal::new(status, refused.to_string())
    })?;
    tracing::warn!(logger, level, "The log's level is changed over REST until the process ends.");
    let is_of_cluster =
        asked.iter().any(|(name, value)| name == "scope" && value.eq_ignore_ascii_case("cluster"));
    if is_of_cluster {
        Ok(StatusCode::NO_CONTENT.into_response())
    } else {
        Ok(Json(json!(set)).into_response())
    }
}

fn shown(level: &LoggerLevel) -> Value {
    json!({ "level": level.level, "last_modified": level.last_modified })
}
