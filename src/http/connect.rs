//! Kafka Connect's REST API, in its paths, shapes and words.
//!
//! Each half of a pipeline of the file is a connector: `crm-source`, `crm-sink`. Requests that would configure one are refused with the
//! way to do it. Others are made here, by the properties of Confluent's connectors, and kept.
//!
//! - `connector`: a half of a pipeline as a connector
//! - `state`: how it is
//! - `body`, `configured`: making, changing and taking away
//! - `lifecycle`: pausing, stopping and starting it again
//! - `refused`: what is not done here
//! - `plugins`: the kinds of connectors, and whether properties would do
//! - `offsets`: where connectors are, shown and set
//! - `loggers`: the levels of the log

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::routing::{get, put};
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::sync::watch;

use super::answer::Refusal;
use crate::config::Config;
use crate::connectors::Connectors;
use crate::control::{Orders, Status, StatusSource, TaskStatus};

mod body;
mod configured;
mod connector;
mod lifecycle;
mod loggers;
mod offsets;
mod plugins;
mod refused;
mod state;

use connector::Connector;

/// What connectors and the server say of themselves.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Names and values of a query, as often as they stand in it.
type Asked = Query<Vec<(String, String)>>;
type Answer = Result<Json<Value>, Refusal>;

/// What connectors are shown with.
#[derive(Clone)]
pub(super) struct Connect {
    status: Arc<dyn StatusSource>,
    orders: Arc<dyn Orders>,
    /// Those by Kafka Connect's properties.
    declared: Arc<dyn Connectors>,
    /// The file that the process does what it says.
    files: watch::Receiver<Arc<Config>>,
    /// What Kafka Connect calls a process: where its REST API is.
    worker: Arc<str>,
    /// `http` or `https`.
    scheme: &'static str,
}

impl Connect {
    pub(super) fn new(
        status: Arc<dyn StatusSource>,
        orders: Arc<dyn Orders>,
        declared: Arc<dyn Connectors>,
        files: watch::Receiver<Arc<Config>>,
        (scheme, address): (&'static str, SocketAddr),
    ) -> Self {
        Self { status, orders, declared, files, worker: address.to_string().into(), scheme }
    }

    /// The connectors, by name.
    fn connectors(&self) -> BTreeMap<String, Connector> {
        connector::all(&self.files.borrow(), self.declared.declared())
    }

    /// The connectors that are kept, and those whose tasks this process runs, with these tasks.
    fn running<'a>(&self, status: &'a Status) -> Vec<(Connector, Vec<&'a TaskStatus>)> {
        let running = self.connectors().into_values().filter_map(|connector| {
            let tasks = connector.tasks(status);
            connector.is_shown(&tasks).then_some((connector, tasks))
        });
        running.collect()
    }

    /// The connector `name`, and something made of it and its tasks.
    fn with<T>(
        &self,
        name: &str,
        unknown: impl FnOnce() -> String,
        make: impl FnOnce(&Connector, &[&TaskStatus]) -> T,
    ) -> Result<T, Refusal> {
        let status = self.status.status();
        let connector = self.connectors().remove(name);
        let tasks = connector.as_ref().map(|connector| connector.tasks(&status)).unwrap_or_default();
        match connector {
            Some(connector) if connector.is_shown(&tasks) => Ok(make(&connector, &tasks)),
            _ => Err(not_found(unknown())),
        }
    }
}

/// Its paths.
pub(super) fn router(connect: Connect) -> Router {
    Router::new()
        .route("/", get(server))
        .route("/connectors", get(connectors).post(configured::create))
        .route("/connectors/{name}", get(info).delete(configured::delete))
        .route("/connectors/{name}/config", get(config).put(configured::replace).patch(configured::patch))
        .route("/connectors/{name}/status", get(status))
        .route("/connectors/{name}/tasks", get(tasks))
        .route("/connectors/{name}/tasks-config", get(tasks_config))
        .route("/connectors/{name}/tasks/{task}/status", get(task_status))
        .route("/connectors/{name}/topics", get(topics))
        .route("/connectors/{name}/topics/reset", put(reset_topics))
        .merge(lifecycle::router())
        .merge(offsets::router())
        .merge(plugins::router())
        .with_state(connect)
        .merge(loggers::router())
}

async fn server(State(connect): State<Connect>) -> Json<Value> {
    let cluster = connect.status.status().kafka_cluster;
    Json(json!({
        "version": VERSION,
        "commit": "unknown",
        "kafka_cluster_id": cluster,
    }))
}

async fn connectors(State(connect): State<Connect>, Query(asked): Asked) -> Json<Value> {
    let status = connect.status.status();
    let expanded = |what: &str| asked.iter().any(|(name, value)| name == "expand" && value == what);
    let (states, infos) = (expanded("status"), expanded("info"));
    if asked.iter().all(|(name, _)| name != "expand") {
        return Json(connect.running(&status).into_iter().map(|(connector, _)| connector.name).collect());
    }
    let mut all = serde_json::Map::new();
    for (connector, tasks) in connect.running(&status) {
        let mut parts = serde_json::Map::new();
        if states {
            parts.insert("status".to_owned(), state::of(&connector, &tasks, &connect.worker));
        }
        if infos {
            parts.insert("info".to_owned(), connector.info(&tasks));
        }
        all.insert(connector.name, Value::Object(parts));
    }
    Json(Value::Object(all))
}

async fn info(State(connect): State<Connect>, Path(name): Path<String>) -> Answer {
    connect.with(&name, || unknown(&name), |connector, tasks| Json(connector.info(tasks)))
}

async fn config(State(connect): State<Connect>, Path(name): Path<String>) -> Answer {
    connect.with(&name, || unknown(&name), |connector, _| Json(json!(connector.config)))
}

async fn status(State(connect): State<Connect>, Path(name): Path<String>) -> Answer {
    let absent = || format!("No status found for connector {name}");
    connect.with(&name, absent, |connector, tasks| Json(state::of(connector, tasks, &connect.worker)))
}

async fn tasks(State(connect): State<Connect>, Path(name): Path<String>) -> Answer {
    let of = |connector: &Connector, tasks: &[&TaskStatus]| {
        let ids = (0..connector::there(tasks).len())
            .map(|task| json!({ "connector": connector.name, "task": task }));
        Json(ids.map(|id| json!({ "id": id, "config": connector.task_config() })).collect())
    };
    connect.with(&name, || unknown(&name), of)
}

async fn tasks_config(State(connect): State<Connect>, Path(name): Path<String>) -> Answer {
    let of = |connector: &Connector, tasks: &[&TaskStatus]| {
        let configs = (0..connector::there(tasks).len())
            .map(|task| (format!("{}-{task}", connector.name), connector.task_config()));
        Json(Value::Object(configs.collect()))
    };
    connect.with(&name, || unknown(&name), of)
}

async fn task_status(
    State(connect): State<Connect>,
    Path((name, task)): Path<(String, String)>,
) -> Result<Json<Value>, Refusal> {
    let Ok(number) = task.parse::<usize>() else { return Err(not_found("HTTP 404 Not Found")) };
    let absent = || format!("No status found for task {name}-{number}");
    let found = connect.with(&name, absent, |_, tasks| {
        connector::there(tasks).get(number).map(|task| state::of_task(number, task, &connect.worker))
    })?;
    found.map(Json).ok_or_else(|| not_found(absent()))
}

async fn topics(State(connect): State<Connect>, Path(name): Path<String>) -> Json<Value> {
    let of = |connector: &Connector, tasks: &[&TaskStatus]| connector.topics_of(tasks);
    // Kafka Connect knows of no topics of a connector that it does not know either.
    let topics = connect.with(&name, String::new, of).unwrap_or_default();
    Json(json!({ name: { "topics": topics } }))
}

/// What is named above is what the file and the positions say, not what was seen since a reset.
async fn reset_topics() -> StatusCode {
    StatusCode::ACCEPTED
}

fn unknown(name: &str) -> String {
    format!("Connector {name} not found")
}

fn not_found(message: impl Into<String>) -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, message)
}
