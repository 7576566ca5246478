//! What stands below the table of a status: of each task what an operator acts on, a line for each thing, and no reason
//! twice. Everything else is in `--json`.

use std::collections::BTreeMap;

use orgstream_api::SourcePosition;
use orgstream_salesforce_sink::NOT_THERE;
use serde_json::Value;

use super::spell;
use crate::control::flow::{FlowStatus, FlowWord, SnapshotStatus};
use crate::control::{TaskStatus, WaitingStatus};

/// The lines of a task: its name with what is wrong, then the rest, indented.
pub(super) fn detail(task: &TaskStatus) -> Vec<String> {
    let mut lines = vec![match &task.reason {
        Some(reason) => format!("{} is {}: {reason}", task.name, task.state.as_str()),
        None => task.name.clone(),
    }];
    let reason = task.reason.as_deref().unwrap_or_default();
    let mut rest = task.flow.as_ref().map(|flow| of_flow(reason, flow)).unwrap_or_default();
    let is_shown = |object: &str| {
        let mut snapshots = task.flow.iter().flat_map(|flow| &flow.snapshots);
        snapshots.any(|snapshot| snapshot.object.eq_ignore_ascii_case(object))
    };
    let mut positions: Vec<_> =
        task.positions.iter().filter_map(|position| place(position, reason, &is_shown)).collect();
    positions.sort();
    rest.append(&mut positions);
    for lag in task.lag.iter().filter(|lag| lag.lag() > 0) {
        let (topic, partition) = (&lag.topic, lag.partition);
        rest.push(format!("{topic}-{partition}: settled {} of {}", lag.settled, lag.end));
    }
    rest.extend(waiting("owed", task.owed, task.owed_longest.as_ref()));
    rest.extend(waiting("parked", task.parked, task.parked_longest.as_ref()));
    rest.extend(missing(task));
    if let Some(latency) = task.latency {
        rest.push(format!("latency p50 {:.1} ms, p99 {:.1} ms", latency.p50_ms, latency.p99_ms));
    }
    let skipped = task.skipped.iter().map(|(reason, count)| (format!("skipped as {reason}"), count));
    let counters = task.counters.iter().map(|(name, count)| (name.clone(), count));
    let counts: Vec<_> = skipped
        .chain(counters)
        .filter(|(_, count)| **count > 0)
        .map(|(name, count)| format!("{name} {count}"))
        .collect();
    if !counts.is_empty() {
        rest.push(counts.join(", "));
    }
    lines.extend(rest.into_iter().map(|line| format!("  {line}")));
    lines
}

/// How many things wait, and which of them for longest.
fn waiting(word: &str, count: u64, longest: Option<&WaitingStatus>) -> Option<String> {
    let WaitingStatus { age_seconds, what, .. } = longest.filter(|_| count > 0)?;
    Some(format!("{word} {count}, the oldest for {}: {what}", spell(*age_seconds)))
}

/// What records hold and org B has no place for; all else that is left out stands in `--json`.
fn missing(task: &TaskStatus) -> Vec<String> {
    let of = |(object, fields): (&String, &BTreeMap<String, String>)| {
        let missing = fields.iter().filter(|(_, reason)| *reason == NOT_THERE);
        let missing: Vec<_> = missing.map(|(field, _)| field.as_str()).collect();
        (!missing.is_empty()).then(|| {
            format!(
                "{object} has no field {} in the target org: what records hold in it is not written",
                missing.join(", ")
            )
        })
    };
    task.fields_left_out.iter().filter_map(of).collect()
}

/// The channels that are not as the whole is, and the snapshots under way. A reason that is part of `said` is not
/// repeated.
fn of_flow(said: &str, status: &FlowStatus) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(next) = &status.flow.next_attempt {
        lines.push(format!("next attempt at {next}"));
    }
    for channel in &status.channels {
        let word = channel.flow.flow;
        let reason = channel.flow.reason.as_ref().filter(|reason| !said.contains(reason.as_str()));
        let reason = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
        // That the whole has failed or waits is said of each channel, and means no other thing there.
        if word != FlowWord::Live && (word != status.flow.flow || !reason.is_empty() || said.is_empty()) {
            lines.push(format!("{}: {}{reason}", channel.name, word.as_str()));
        }
        lines.extend(channel.remark.iter().map(|remark| format!("{}: {remark}", channel.name)));
    }
    for SnapshotStatus { object, rows, total, rate, seconds_left, returned, .. } in &status.snapshots {
        let of = total.map(|total| format!(" of {total}")).unwrap_or_default();
        let left = seconds_left.map(|left| format!(", {} left", spell(left))).unwrap_or_default();
        lines.push(format!("snapshot of {object}: {rows}{of} rows, {rate:.0}/s{left}"));
        if *returned > 0 {
            let records = if *returned == 1 { "a record" } else { &format!("{returned} records") };
            lines.push(format!("{object}: reads what points at {records} back from the recycle bin"));
        }
    }
    lines
}

/// A place that an operator asks for: in a channel, of a sweep, of a snapshot or gap that is not done. `is_shown` says
/// which snapshots are shown already, `said` what was said.
fn place(position: &SourcePosition, said: &str, is_shown: &dyn Fn(&str) -> bool) -> Option<String> {
    let of = |member: &str| position.partition.get(member);
    let name = |member: &str| of(member).and_then(Value::as_str);
    let state = || position.offset.get("state").and_then(Value::as_str).unwrap_or_default();
    if let Some(channel) = name("channel") {
        return Some(format!("{channel}: {}", pairs(&position.offset)));
    }
    if let Some(object) = name("sweep").or_else(|| name("poll")) {
        return Some(format!("sweep of {object}: {}", pairs(&position.offset)));
    }
    if let Some(object) = name("snapshot") {
        let order = name("order").map(|order| format!(" (order {order})")).unwrap_or_default();
        let rows = position.offset.get("rows").and_then(Value::as_u64).unwrap_or_default();
        let is_open = !matches!(state(), "done" | "failed") && !is_shown(object);
        return is_open.then(|| format!("snapshot of {object}{order}: {}, {rows} rows", state()));
    }
    let object = name("gap")?;
    if matches!(state(), "closed" | "passed") {
        return None;
    }
    let text = |member: &str| position.offset.get(member).and_then(Value::as_str).unwrap_or("?");
    let reason = position.offset.get("reason").and_then(Value::as_str);
    let reason = reason.filter(|reason| !said.contains(reason)).map(|reason| format!(": {reason}"));
    let number = of("n").and_then(Value::as_u64).unwrap_or_default();
    Some(format!(
        "gap {number} of {object}: {}, {} to {}{}",
        state(),
        text("from"),
        text("to"),
        reason.unwrap_or_default()
    ))
}

/// A JSON object as `key value, key value`.
fn pairs(value: &Value) -> String {
    let Value::Object(entries) = value else {
        return value.to_string();
    };
    let pairs: Vec<_> = entries
        .iter()
        .map(|(key, value)| match value {
            Value::String(text) => format!("{key} {text}"),
            other => format!("{key} {other}"),
        })
        .collect();
    pairs.join(", ")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;
    use crate::control::flow::{ChannelStatus, Flow, Freshness};
    use crate::control::{Kind, State};

    fn flow(flow: FlowWord, reason: Option<&str>) -> Flow {
        Flow { flow, reason: reason.map(str::to_owned), since: None, next_attempt: None }
    }

    fn channel(name: &str, flow: Flow) -> ChannelStatus {
        ChannelStatus {
            name: name.to_owned(),
            objects: Vec::new(),
            remark: name.starts_with("polling").then(|| "deletes are not seen".to_owned()),
            flow,
            freshness: Freshness::default(),
        }
    }

    fn source(reason: Option<&str>, flow: FlowStatus, positions: Vec<SourcePosition>) -> TaskStatus {
        TaskStatus {
            reason: reason.map(str::to_owned),
            flow: Some(flow),
            positions,
            counters: BTreeMap::from([("records".to_owned(), 7), ("filtered".to_owned(), 0)]),
            ..TaskStatus::new("crm-source-0", Kind::Source, State::Degraded, "")
        }
    }

    #[test]
    fn a_task_is_shown_with_what_is_not_live_and_where_it_is() {
        let shown = FlowStatus {
            flow: Flow { next_attempt: Some("soon".to_owned()), ..flow(FlowWord::Degraded, Some("x")) },
            freshness: Freshness::default(),
            channels: vec![
                channel("/topic/a", flow(FlowWord::Live, None)),
                channel("/topic/b", flow(FlowWord::Degraded, Some("no such object"))),
                channel("/topic/c", flow(FlowWord::CatchingUp, None)),
                channel("polling Folder", flow(FlowWord::Live, None)),
            ],
            snapshots: vec![SnapshotStatus {
                object: "Lead".to_owned(),
                rows: 4_000,
                total: Some(10_000),
                rate: 50.0,
                seconds_left: Some(120),
                calls: 2,
                returned: 3,
            }],
        };
        let at = |partition, offset| SourcePosition { partition, offset };
        let gap = |n: u64, state: &str, reason: &str| {
            let offset = json!({"object": "Lead", "from": "f", "to": "t", "state": state, "reason": reason});
            at(json!({"gap": "Lead", "n": n}), offset)
        };
        let positions = vec![
            at(json!({"channel": "/topic/a"}), json!({"replay_id": 5})),
            at(json!({"sweep": "Lead"}), json!({"through": "t"})),
            at(json!({"snapshot": "Lead"}), json!({"state": "running", "rows": 4_000})),
            at(json!({"snapshot": "Case", "order": "0a"}), json!({"state": "asked"})),
            at(json!({"snapshot": "Account"}), json!({"state": "done"})),
            at(json!({"fields": "Lead"}), json!({"A": "string", "B": "string"})),
            at(json!({"topic": "a.Lead"}), json!({"object": "Lead"})),
            gap(1, "closed", ""),
            gap(2, "open", "look at it"),
        ];
        assert_eq!(
            detail(&source(None, shown, positions)),
            [
                "crm-source-0",
                "  next attempt at soon",
                "  /topic/b: degraded: no such object",
                "  /topic/c: catching_up",
                "  polling Folder: deletes are not seen",
                "  snapshot of Lead: 4000 of 10000 rows, 50/s, 2 min 0 s left",
                "  Lead: reads what points at 3 records back from the recycle bin",
                "  /topic/a: replay_id 5",
                "  gap 2 of Lead: open, f to t: look at it",
                "  snapshot of Case (order 0a): asked, 0 rows",
                "  sweep of Lead: through t",
                "  records 7",
            ]
        );
    }

    #[test]
    fn a_reason_is_shown_once_however_many_channels_wait_for_it() {
        let down = || flow(FlowWord::Degraded, Some("org a is down"));
        let shown = FlowStatus {
            flow: down(),
            freshness: Freshness::default(),
            channels: vec![
                channel("/topic/a", down()),
                channel("/topic/b", flow(FlowWord::Degraded, Some("no such object"))),
            ],
            snapshots: Vec::new(),
        };
        let reason = "org a is down; no news";
        assert_eq!(
            detail(&source(Some(reason), shown, Vec::new())),
            [
                "crm-source-0 is degraded: org a is down; no news",
                "  /topic/b: degraded: no such object",
                "  records 7",
            ]
        );
    }
}
