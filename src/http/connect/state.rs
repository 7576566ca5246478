//! How a connector and its tasks are, in Kafka Connect's words.
//!
//! A task that waits for an org or for Kafka is `RUNNING` there, as Kafka Connect's own tasks are while they try again; why it
//! waits stands in its trace.

use serde_json::{Value, json};

use super::VERSION;
use super::connector::{self, Connector};
use crate::control::{State, TaskStatus};

/// As `GET /connectors/{name}/status` shows it.
pub(super) fn of(connector: &Connector, tasks: &[&TaskStatus], worker: &str) -> Value {
    let all = |state: State| tasks.iter().all(|task| task.state == state);
    let state = if let Some(trouble) = &connector.trouble {
        // It is not at work; `UNASSIGNED` while it is tried again.
        if trouble.is_passing() { "UNASSIGNED" } else { "FAILED" }
    } else if tasks.is_empty() {
        "UNASSIGNED"
    } else if all(State::Failed) {
        "FAILED"
    } else if all(State::Stopped) {
        "STOPPED"
    } else if all(State::Paused) {
        "PAUSED"
    } else if all(State::Starting) {
        "UNASSIGNED"
    } else {
        "RUNNING"
    };
    let mut own = json!({ "state": state, "worker_id": worker, "version": VERSION });
    if let Some(told) = &connector.trouble {
        trace(&mut own, Some(&told.reason));
    } else if state == "FAILED" {
        trace(&mut own, tasks.first().and_then(|task| task.reason.as_deref()));
    }
    let tasks: Vec<Value> = connector::there(tasks)
        .iter()
        .enumerate()
        .map(|(number, task)| of_task(number, task, worker))
        .collect();
    json!({ "name": connector.name, "connector": own, "tasks": tasks, "type": connector.kind.as_str() })
}

/// As `GET /connectors/{name}/tasks/{task}/status` shows it.
pub(super) fn of_task(number: usize, task: &TaskStatus, worker: &str) -> Value {
    let state = match task.state {
        State::Starting => "UNASSIGNED",
        State::Running | State::Degraded => "RUNNING",
        State::Failed => "FAILED",
        State::Paused => "PAUSED",
        // Kafka Connect has no stopped tasks: a stopped connector has none.
        State::Stopped => "UNASSIGNED",
    };
    let mut shown = json!({ "id": number, "state": state, "worker_id": worker, "version": VERSION });
    trace(&mut shown, task.reason.as_deref());
    shown
}

fn trace(shown: &mut Value, reason: Option<&str>) {
    if let Some(reason) = reason.filter(|reason| !reason.is_empty()) {
        shown["trace"] = json!(reason);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::Kind;

    fn task(state: State, reason: Option<&str>) -> TaskStatus {
        TaskStatus {
            reason: reason.map(str::to_owned),
            ..TaskStatus::new("crm-sink-0", Kind::Sink, state, "2026-01-01T00:00:00.000Z")
        }
    }

    #[test]
    fn what_a_task_waits_for_and_why_it_failed_stand_in_its_trace() {
        for (state, reason, shown) in [
            (
                State::Starting,
                None,
                json!({ "id": 3, "state": "UNASSIGNED", "worker_id": "w:1", "version": VERSION }),
            ),
            (
                State::Running,
                None,
                json!({ "id": 3, "state": "RUNNING", "worker_id": "w:1", "version": VERSION }),
            ),
            (
                State::Paused,
                None,
                json!({ "id": 3, "state": "PAUSED", "worker_id": "w:1", "version": VERSION }),
            ),
            (
                State::Degraded,
                Some("no broker"),
                json!({ "id": 3, "state": "RUNNING", "worker_id": "w:1", "version": VERSION, "trace": "no broker" }),
            ),
            (
                State::Failed,
                Some("gone"),
                json!({ "id": 3, "state": "FAILED", "worker_id": "w:1", "version": VERSION, "trace": "gone" }),
            ),
        ] {
            assert_eq!(of_task(3, &task(state, reason), "w:1"), shown);
        }
    }

    #[test]
    fn a_connector_runs_while_any_of_its_tasks_does() {
        let connector = Connector::named("crm-sink", Kind::Sink);
        let state = |tasks: &[TaskStatus]| {
            let tasks: Vec<&TaskStatus> = tasks.iter().collect();
            of(&connector, &tasks, "w:1")["connector"].clone()
        };
        let (runs, failed) = (task(State::Running, None), task(State::Failed, Some("gone")));
        assert_eq!(state(&[runs.clone(), failed.clone()])["state"], "RUNNING");
        assert_eq!(state(&[failed.clone(), failed])["trace"], "gone");
        assert_eq!(state(&[task(State::Stopped, None)])["state"], "STOPPED");
        assert_eq!(state(&[task(State::Paused, None)])["state"], "PAUSED");
        assert_eq!(state(&[task(State::Starting, None)])["state"], "UNASSIGNED");
        assert!(state(&[runs]).get("trace").is_none());
    }
}
