//! The levels of the log, as Kafka Connect shows those of its loggers.

use std::collections::BTreeMap;

use axum::extract::Path;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use super::not_found;
use crate::http::answer::Refusal;
use crate::telemetry;

pub(super) fn router() -> Router {
    Router::new().route("/admin/loggers", get(all)).route("/admin/loggers/{logger}", get(one))
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

/// Nobody changes a level while the program runs.
fn shown(level: &str) -> Value {
    json!({ "level": level, "last_modified": null })
}
