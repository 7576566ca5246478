//! What a status says of its tasks.

use std::collections::BTreeMap;

use serde_json::Value;

use super::text::{Labels, Text};
use super::{bounded, families as f, number};
use crate::control::flow::FlowStatus;
use crate::control::{Kind, Status, TaskStatus};

const STATES: [&str; 6] = ["starting", "running", "degraded", "failed", "paused", "stopped"];
const FLOWS: [&str; 6] = ["connecting", "live", "catching_up", "repairing", "degraded", "failed"];

pub(super) fn write(text: &mut Text, status: &Status) {
    for pipeline in &status.pipelines {
        for task in &pipeline.tasks {
            let labels = [("pipeline", pipeline.name.as_str()), ("task", task.name.as_str())];
            of_any(text, &labels, task);
            match task.kind {
                Kind::Source => of_source(text, &labels, task),
                Kind::Sink => of_sink(text, &labels, task),
            }
        }
    }
}

fn of_any(text: &mut Text, labels: &Labels<'_>, task: &TaskStatus) {
    let labels = [labels, &[("kind", task.kind.as_str())]].concat();
    text.state(f::TASK_STATE, &labels, ("state", &STATES), task.state.as_str());
    text.time(f::TASK_SINCE, &labels, Some(&task.since));
    text.sample(f::TASK_RESTARTS, &labels, number(task.restarts));
}

fn of_source(text: &mut Text, labels: &Labels<'_>, task: &TaskStatus) {
    if let Some(flow) = &task.flow {
        of_flow(text, labels, flow);
    }
    text.sample(f::SOURCE_RECORDS, labels, number(task.passed.records_out));
    text.sample(f::SOURCE_BYTES, labels, number(task.passed.bytes_out));
    text.time(f::SOURCE_LAST, labels, task.passed.last.as_ref());
    text.histogram(f::SOURCE_LATENCY, labels, &task.took);
    counts(text, f::SOURCE_COUNTS, labels, task);
    let mut gaps: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for position in &task.positions {
        let object = position.partition.get("gap").and_then(Value::as_str);
        let state = position.offset.get("state").and_then(Value::as_str);
        if let (Some(object), Some(state)) = (object, state)
            && !matches!(state, "closed" | "passed")
        {
            *gaps.entry((object, state)).or_default() += 1;
        }
    }
    for ((object, state), count) in gaps {
        let labels = [labels, &[("object", object), ("state", state)]].concat();
        text.sample(f::SOURCE_GAPS, &labels, number(count));
    }
}

fn of_flow(text: &mut Text, labels: &Labels<'_>, flow: &FlowStatus) {
    text.state(f::SOURCE_FLOW, labels, ("flow", &FLOWS), flow.flow.flow.as_str());
    if let Some(age) = flow.freshness.age_seconds {
        text.sample(f::SOURCE_AGE, labels, number(age));
    }
    for channel in &flow.channels {
        let labels = [labels, &[("channel", channel.name.as_str())]].concat();
        text.state(f::CHANNEL_FLOW, &labels, ("flow", &FLOWS), channel.flow.flow.as_str());
        if let Some(age) = channel.freshness.age_seconds {
            text.sample(f::CHANNEL_AGE, &labels, number(age));
        }
    }
    // An object may be read by several snapshots, one after the other; the first is under way.
    let mut shown: Vec<&str> = Vec::new();
    for snapshot in &flow.snapshots {
        if shown.contains(&snapshot.object.as_str()) {
            continue;
        }
        shown.push(&snapshot.object);
        let labels = [labels, &[("object", snapshot.object.as_str())]].concat();
        text.sample(f::SNAPSHOT_ROWS, &labels, number(snapshot.rows));
        if let Some(total) = snapshot.total {
            text.sample(f::SNAPSHOT_TOTAL, &labels, number(total));
        }
    }
}

fn of_sink(text: &mut Text, labels: &Labels<'_>, task: &TaskStatus) {
    text.sample(f::SINK_RECORDS, labels, number(task.passed.records_in));
    text.sample(f::SINK_BYTES, labels, number(task.passed.bytes_in));
    text.sample(f::SINK_DELIVERED, labels, number(task.passed.records_out));
    text.time(f::SINK_LAST, labels, task.passed.last.as_ref());
    text.histogram(f::SINK_LATENCY, labels, &task.took);
    for (reason, count) in bounded(&task.skipped) {
        text.sample(f::SINK_SKIPPED, &[labels, &[("reason", reason)]].concat(), number(count));
    }
    for (code, count) in bounded(&rejected(task)) {
        text.sample(f::SINK_REJECTED, &[labels, &[("code", code)]].concat(), number(count));
    }
    text.sample(f::SINK_LETTERS, labels, number(task.rejected));
    counts(text, f::SINK_COUNTS, labels, task);
    for lag in &task.lag {
        let partition = lag.partition.to_string();
        let labels = [labels, &[("topic", lag.topic.as_str()), ("partition", partition.as_str())]].concat();
        text.sample(f::SINK_LAG, &labels, number(u64::try_from(lag.lag()).unwrap_or_default()));
    }
    text.time(f::SINK_LAG_AT, labels, task.lag_at.as_ref());
    text.sample(f::SINK_FLIGHT, labels, number(task.passed.in_flight));
    text.sample(f::SINK_OWED, labels, number(task.owed));
    text.sample(f::SINK_PARKED, labels, number(task.parked));
    let oldest = [(f::SINK_OWED_AGE, &task.owed_longest), (f::SINK_PARKED_AGE, &task.parked_longest)];
    for (family, waiting) in oldest {
        if let Some(waiting) = waiting {
            text.sample(family, labels, number(waiting.age_seconds));
        }
    }
}

/// What a connector counts by itself, but for what has a name of its own.
fn counts(text: &mut Text, family: f::Family, labels: &Labels<'_>, task: &TaskStatus) {
    let own = ["records", "delivered"];
    let others =
        task.counters.iter().filter(|(name, _)| !own.contains(&name.as_str()) && !name.starts_with(REJECTED));
    for (name, count) in others {
        text.sample(family, &[labels, &[("what", name.as_str())]].concat(), number(*count));
    }
}

/// What stands before an error code in the counters.
const REJECTED: &str = "rejected ";

fn rejected(task: &TaskStatus) -> BTreeMap<String, u64> {
    let codes = task.counters.iter().filter_map(|(name, count)| Some((name.strip_prefix(REJECTED)?, *count)));
    codes.map(|(code, count)| (code.to_owned(), count)).collect()
}
