//! `/simulator/…`: the org's faults, clock and counters for tests that run it as another process. JSON in and out, on
//! the same port, without a token and never affected by a fault.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use crate::auth::LoginChange;
use crate::fault::{Fault, FaultId};
use crate::rules;
use crate::server::{Answer, Call};
use crate::tenant::Tenant;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    advance_ms: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Silence {
    channel: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DailyEvents {
    /// `null`: no limit.
    max: Option<u64>,
}

/// Answers a call; `rest` is the path behind `/simulator`.
pub(crate) fn answer(tenant: &Tenant, call: &Call, rest: &[&str]) -> Answer {
    match (call.method.as_str(), rest) {
        ("GET", ["faults"]) => faults(tenant),
        ("POST", ["faults"]) => with(call, |fault: Fault| json!({"id": tenant.faults.add(fault)})),
        ("DELETE", ["faults"]) => {
            tenant.faults.clear();
            Answer::empty(204)
        }
        ("DELETE", ["faults", id]) => {
            let removed = id.parse::<FaultId>().is_ok_and(|id| tenant.faults.remove(id));
            Answer::empty(if removed { 204 } else { 404 })
        }
        ("POST", ["down"]) => Answer::json(200, &json!({"id": tenant.faults.take_down()})),
        ("POST", ["tokens", "expire"]) => {
            tenant.expire_tokens();
            Answer::empty(204)
        }
        ("GET", ["logins"]) => Answer::json(200, &tenant.state().logins.policy),
        ("POST", ["logins"]) => with(call, |change: LoginChange| {
            let mut state = tenant.state();
            state.logins.policy.change(change);
            json!(state.logins.policy)
        }),
        ("POST", ["cometd", "drop"]) => {
            tenant.drop_streaming_sessions();
            Answer::empty(204)
        }
        ("POST", ["cometd", "silence"]) => with(call, |silence: Silence| {
            tenant.silence(&silence.channel);
            json!({})
        }),
        ("POST", ["cometd", "daily-events"]) => with(call, |limit: DailyEvents| {
            tenant.limit_daily_events(limit.max);
            json!({})
        }),
        ("GET", ["clock"]) => Answer::json(200, &clock(tenant)),
        ("POST", ["clock"]) => with(call, |advance: Advance| {
            tenant.advance(Duration::from_millis(advance.advance_ms));
            clock(tenant)
        }),
        ("GET", ["calls"]) => Answer::json(200, &tenant.calls.counts()),
        ("DELETE", ["calls"]) => {
            tenant.calls.reset();
            Answer::empty(204)
        }
        ("GET", ["writes"]) => Answer::json(200, &tenant.calls.writes()),
        ("GET", ["rows"]) => Answer::json(200, &Json::Object(counts(tenant))),
        ("GET", ["rows", object]) => Answer::json(200, &tenant.rows(object)),
        _ => rules::answer(tenant, call, rest).unwrap_or_else(no_such_route),
    }
}

fn no_such_route() -> Answer {
    Answer::json(404, &json!({"error": "the simulator has no such route", "routes": ROUTES}))
}

const ROUTES: &[&str] = &[
    "GET faults",
    "POST faults",
    "DELETE faults",
    "DELETE faults/ID",
    "POST down",
    "POST tokens/expire",
    "GET logins",
    "POST logins",
    "POST cometd/drop",
    "POST cometd/silence",
    "POST cometd/daily-events",
    "GET clock",
    "POST clock",
    "GET calls",
    "DELETE calls",
    "GET writes",
    "GET rows",
    "GET rows/OBJECT",
    "GET permissions",
    "POST permissions",
    "GET locks",
    "POST locks",
    "DELETE locks/ID",
    "POST maintenance",
];

fn faults(tenant: &Tenant) -> Answer {
    let faults = tenant.faults.list();
    let faults: Vec<Json> = faults.iter().map(|(id, fault)| json!({"id": id, "fault": fault})).collect();
    Answer::json(200, &faults)
}

fn clock(tenant: &Tenant) -> Json {
    json!({
        "now": tenant.clock.now().event(),
        "ahead_ms": tenant.clock.offset_millis(),
        "last_replay_id": tenant.last_replay_id(),
    })
}

fn counts(tenant: &Tenant) -> Map<String, Json> {
    let schema = tenant.schema();
    let objects = schema.objects().iter();
    objects.map(|object| (object.name.clone(), json!(tenant.count(&object.name)))).collect()
}

/// Does something with the JSON body, or says what is wrong with it.
fn with<T: for<'de> Deserialize<'de>>(call: &Call, work: impl FnOnce(T) -> Json) -> Answer {
    match serde_json::from_slice(&call.body) {
        Ok(body) => Answer::json(200, &work(body)),
        Err(error) => Answer::json(400, &json!({"error": error.to_string()})),
    }
}
