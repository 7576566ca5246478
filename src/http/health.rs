//! Whether the process does its work: what is wrong, and since when.
//!
//! A status says how things are now. That a task is stuck shows only over time: it says that it runs, and nothing moves. So
//! somebody looks at the status every second and remembers what moved when.
//!
//! - `watched`: what was seen so far
//! - `troubles`: what one status says by itself

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Extension, Json, Router};
use serde::Serialize;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::access::Caller;
use crate::config::Config;
use crate::control::StatusSource;

mod troubles;
mod watched;

use self::watched::Watch;

/// How often the status is looked at.
const EVERY: Duration = Duration::from_secs(1);
/// A process that has not looked at itself for so long is stuck.
const STUCK: Duration = Duration::from_secs(30);

/// How long is waited before something counts as stuck.
#[derive(Debug, Clone, Default)]
pub struct Patience {
    /// How often the slowest polled object is read, by pipeline.
    pub polls: BTreeMap<String, Duration>,
}

impl Patience {
    /// What the file says.
    pub fn of(config: &Config) -> Self {
        let slowest = |pipeline: &crate::config::Pipeline| {
            let objects = &pipeline.source.as_ref()?.config.objects;
            Some((pipeline.name.clone(), objects.iter().map(|object| object.poll_every).max()?))
        };
        Self { polls: config.pipelines.iter().filter_map(slowest).collect() }
    }
}

/// What is said of the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Verdict {
    /// All tasks have begun, and nothing is wrong.
    Healthy,
    /// Some task has not begun yet.
    Starting,
    /// Something is wrong, and not for long.
    Degraded,
    /// Nothing is wrong, and somebody told connectors to rest.
    Paused,
    /// The process is ending.
    Stopping,
    /// Something has failed, or has been wrong for too long.
    Unhealthy,
}

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Trouble {
    /// The pipeline.
    pub(super) pipeline: String,
    /// The task.
    pub(super) task: String,
    /// What it is, in a word.
    pub(super) what: What,
    /// Since when.
    pub(super) since: String,
    /// For how long, in seconds.
    pub(super) seconds: u64,
    /// What happened, and what to do.
    pub(super) reason: String,
}

/// The kinds of trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum What {
    /// The task has ended for good.
    Failed,
    /// It waits for something outside, or a part of it does not come.
    Degraded,
    /// It is started again and again.
    Restarting,
    /// It has not begun.
    Starting,
    /// It says that it runs, and nothing moves.
    Stuck,
}

/// What is answered.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Report {
    /// In a word.
    pub(super) status: Verdict,
    /// In a sentence.
    pub(super) message: String,
    /// What is wrong; left out for callers who are not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) troubles: Option<Vec<Trouble>>,
}

/// Looks at the status for as long as it is asked to.
pub(super) struct Health {
    status: Arc<dyn StatusSource>,
    /// What the process runs.
    files: watch::Receiver<Arc<Config>>,
    /// When it was looked last, and all that was seen.
    seen: Mutex<(Instant, Watch)>,
}

impl Health {
    pub(super) fn new(
        status: Arc<dyn StatusSource>,
        limit: Duration,
        files: watch::Receiver<Arc<Config>>,
    ) -> Self {
        let watch = Watch::new(limit, Patience::of(&files.borrow()));
        Self { status, files, seen: Mutex::new((Instant::now(), watch)) }
    }

    /// Looks every second until `stop`.
    pub(super) async fn look(self: Arc<Self>, stop: CancellationToken) {
        let mut due = interval(EVERY);
        due.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while stop.run_until_cancelled(due.tick()).await.is_some() {
            self.look_once();
        }
    }

    fn look_once(&self) {
        let status = self.status.status();
        let mut seen = self.seen.lock().expect("no holder of this lock panics");
        let now = Instant::now();
        seen.0 = now;
        seen.1.expect(Patience::of(&self.files.borrow()));
        seen.1.see(&status, now);
    }

    /// What is said now.
    pub(super) fn report(&self) -> Report {
        let seen = self.seen.lock().expect("no holder of this lock panics");
        if seen.0.elapsed() < STUCK {
            return seen.1.report();
        }
        Report {
            status: Verdict::Unhealthy,
            message: "the process cannot tell how it is: its own status does not come".to_owned(),
            troubles: Some(Vec::new()),
        }
    }
}

/// `/live`, `/ready` and `/health`.
pub(super) fn router(health: Arc<Health>) -> Router {
    Router::new()
        .route("/live", get(live))
        .route("/ready", get(ready))
        .route("/health", get(answer))
        .with_state(health)
}

async fn live() -> Json<serde_json::Value> {
    Json(serde_json::json!({ "status": "alive" }))
}

async fn answer(
    State(health): State<Arc<Health>>,
    Extension(caller): Extension<Caller>,
) -> (StatusCode, Json<Report>) {
    let report = health.report();
    let status = match report.status {
        Verdict::Unhealthy => StatusCode::SERVICE_UNAVAILABLE,
        Verdict::Healthy | Verdict::Starting | Verdict::Degraded | Verdict::Paused | Verdict::Stopping => {
            StatusCode::OK
        }
    };
    (status, Json(shown_to(caller, report)))
}

async fn ready(
    State(health): State<Arc<Health>>,
    Extension(caller): Extension<Caller>,
) -> (StatusCode, Json<Report>) {
    let report = health.report();
    let status = match report.status {
        Verdict::Healthy | Verdict::Degraded | Verdict::Paused => StatusCode::OK,
        Verdict::Starting | Verdict::Stopping | Verdict::Unhealthy => StatusCode::SERVICE_UNAVAILABLE,
    };
    (status, Json(shown_to(caller, report)))
}

/// Reasons name orgs, topics and records, which are not everybody's business.
fn shown_to(caller: Caller, report: Report) -> Report {
    match caller {
        Caller::Known => report,
        Caller::Unknown => Report { troubles: None, message: String::new(), ..report },
    }
}

#[cfg(test)]
mod tests;
