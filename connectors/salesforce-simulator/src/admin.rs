//! `/simulator/…`: the org's faults, clock and counters for tests that run it as another process. JSON in and out, on
//! the same port, without a token and never affected by a fault. `GET /simulator` lists the routes.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use crate::auth::LoginChange;
use crate::calls::CallKind;
use crate::clock::MOST_AHEAD;
use crate::events::GapKind;
use crate::fault::{Effect, Fault, FaultId, record_codes};
use crate::rules;
use crate::server::{Answer, Call};
use crate::tenant::Tenant;
use crate::usage::Allocation;

/// Every route, and what it is for.
const ROUTES: &[(&str, &str)] = &[
    ("GET /simulator", "this list"),
    ("GET /simulator/faults", "the faults in force, with the times that are left"),
    (
        "POST /simulator/faults",
        "add a fault: {kind, effect: answer|cut|cut_after|delay|delay_between|stall|record_error|bayeux_error|bayeux_disconnect, times?, one_in?, containing?, for_ms?} \
         and what the effect needs: answer {status, code, message?}, delay {ms}, delay_between {min_ms, max_ms}, \
         record_error {code, message?}, bayeux_error {error, reconnect?}, bayeux_disconnect {}",
    ),
    ("GET /simulator/codes", "the status codes that a record_error can have"),
    ("DELETE /simulator/faults", "remove all faults; maintenance is none and has an end of its own"),
    ("DELETE /simulator/faults/ID", "remove one fault"),
    ("POST /simulator/down", "answer every call with 503; answers the id of the fault"),
    (
        "POST /simulator/limits/exhaust",
        "refuse every REST call with REQUEST_LIMIT_EXCEEDED; answers the id of the fault",
    ),
    (
        "POST /simulator/limits/api_requests",
        "{max, enforced}: the daily API requests, and whether calls beyond them are refused",
    ),
    (
        "POST /simulator/limits/published_events",
        "{max}: so many platform events are published within an hour",
    ),
    ("GET /simulator/permissions", "what is taken from the integration user"),
    (
        "POST /simulator/permissions",
        "{object, field?, denied: [rights]}: take rights from the integration user",
    ),
    ("GET /simulator/locks", "the records that are locked"),
    ("POST /simulator/locks", "{id}: lock a record, as another transaction would"),
    ("DELETE /simulator/locks/ID", "unlock a record"),
    (
        "POST /simulator/maintenance",
        "{on}: refuse every record of a write, as during maintenance; reads work",
    ),
    ("GET /simulator/logins", "who may log in, and how"),
    (
        "POST /simulator/logins",
        "change some of {user: active|inactive|locked|password_expired|unapproved|not_admin_approved, \
         org: active|inactive|locked|api_disabled, blocked_flows: [password, jwt_bearer, client_credentials, \
         web_server, refresh_token, soap_login], require_security_token, assertion_lifetime_s}",
    ),
    ("POST /simulator/tokens/expire", "make every access token void"),
    ("POST /simulator/cometd/drop", "forget every CometD session"),
    ("POST /simulator/cometd/stall", "{for_ms}: answer nothing on /cometd for so long"),
    ("POST /simulator/cometd/silence", "{channel}: deliver nothing more to its present subscriptions"),
    (
        "POST /simulator/cometd/daily-events",
        "{max}: so many events are delivered in 24 hours; null for no limit",
    ),
    ("POST /simulator/events/capture", "{objects}: publish change events of these objects from now on"),
    (
        "POST /simulator/events/gap",
        "{object, change: CREATE|UPDATE|DELETE|UNDELETE|OVERFLOW, ids?}: a gap event now; {object, times}: so many of \
         its next change events become gap events",
    ),
    ("POST /simulator/replay/forget", "{replay_id}: events up to this one can no longer be replayed"),
    ("GET /simulator/clock", "the org's time, how far it is ahead, and the last replay id"),
    ("POST /simulator/clock", "{advance_ms}: move the org's time forward"),
    ("GET /simulator/calls", "calls received, by kind"),
    ("DELETE /simulator/calls", "set the counters and the list of writes back"),
    ("GET /simulator/writes", "the write calls that were executed, the last 100,000 of them"),
    ("GET /simulator/rows", "how many rows each object has"),
    ("GET /simulator/rows/OBJECT", "the rows of an object"),
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ApiRequests {
    max: u64,
    /// Calls beyond it are refused.
    enforced: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PublishedEvents {
    max: u64,
}

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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stall {
    for_ms: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Forget {
    replay_id: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Capture {
    objects: Vec<String>,
}

/// A gap event at once, or in place of the next change events.
#[derive(Deserialize)]
#[serde(untagged)]
enum Gap {
    Now {
        object: String,
        change: GapKind,
        #[serde(default)]
        ids: Vec<String>,
    },
    Next {
        object: String,
        times: usize,
    },
}

/// Answers a call; `rest` is the path behind `/simulator`.
pub(crate) fn answer(tenant: &Tenant, call: &Call, rest: &[&str]) -> Answer {
    let added = |id: FaultId| Answer::json(200, &json!({"id": id}));
    match (call.method.as_str(), rest) {
        ("GET", []) => Answer::json(200, &routes()),
        ("GET", ["faults"]) => faults(tenant),
        ("POST", ["faults"]) => with(call, |fault: Fault| json!({"id": tenant.faults.add(fault)})),
        ("GET", ["codes"]) => Answer::json(200, &record_codes().collect::<Vec<_>>()),
        ("DELETE", ["faults"]) => {
            tenant.faults.clear();
            Answer::empty(204)
        }
        ("DELETE", ["faults", id]) => {
            if id.parse::<FaultId>().is_ok_and(|id| tenant.faults.remove(id)) {
                Answer::empty(204)
            } else {
                Answer::json(404, &json!({"error": format!("no fault has the id {id}, or it is used up")}))
            }
        }
        ("POST", ["down"]) => added(tenant.faults.take_down()),
        ("POST", ["limits", "exhaust"]) => added(tenant.faults.exhaust_api_requests()),
        ("GET", ["logins"]) => Answer::json(200, &tenant.state().logins.policy),
        ("POST", ["logins"]) => with(call, |change: LoginChange| {
            let mut state = tenant.state();
            state.logins.policy.change(change);
            json!(state.logins.policy)
        }),
        ("POST", ["tokens", "expire"]) => {
            tenant.expire_tokens();
            Answer::empty(204)
        }
        ("POST", ["cometd", "drop"]) => {
            tenant.drop_streaming_sessions();
            Answer::empty(204)
        }
        ("POST", ["cometd", "stall"]) => with(call, |stall: Stall| {
            let fault = Fault::new(CallKind::Cometd, Effect::Stall);
            json!({"id": tenant.faults.add(fault.lasting(Duration::from_millis(stall.for_ms)))})
        }),
        ("POST", ["cometd", "silence"]) => with(call, |silence: Silence| {
            tenant.silence(&silence.channel);
            json!({})
        }),
        ("POST", ["cometd", "daily-events"]) => with(call, |limit: DailyEvents| {
            tenant.limit_daily_events(limit.max);
            json!({})
        }),
        ("POST", ["replay", "forget"]) => {
            with(call, |forget: Forget| json!({"forgotten": tenant.forget_events(forget.replay_id)}))
        }
        ("POST", ["events", "capture"]) => tried(call, |capture: Capture| {
            capture.objects.iter().try_for_each(|object| tenant.capture(object))
        }),
        ("POST", ["events", "gap"]) => tried(call, |gap: Gap| match gap {
            Gap::Now { object, change, ids } => tenant.raise_gap(&object, change, &ids),
            Gap::Next { object, times } => tenant.order_gaps(&object, times),
        }),
        ("GET", ["clock"]) => Answer::json(200, &clock(tenant)),
        ("POST", ["clock"]) if asks_too_much(tenant, call) => {
            refused(call, "the clock can be a thousand years ahead of real time at most; nothing was moved")
        }
        ("POST", ["clock"]) => with(call, |advance: Advance| {
            tenant.advance(Duration::from_millis(advance.advance_ms));
            clock(tenant)
        }),
        ("GET", ["calls"]) => Answer::json(200, &tenant.calls.counts()),
        ("DELETE", ["calls"]) => {
            tenant.calls.reset();
            Answer::empty(204)
        }
        ("POST", ["limits", "api_requests"]) => with(call, |limit: ApiRequests| {
            tenant.usage.set_max(Allocation::ApiRequests, limit.max);
            tenant.usage.enforce(Allocation::ApiRequests, limit.enforced);
            json!({"used": tenant.usage.used(Allocation::ApiRequests, tenant.clock.now())})
        }),
        ("POST", ["limits", "published_events"]) => with(call, |limit: PublishedEvents| {
            tenant.usage.set_max(Allocation::PublishedEvents, limit.max);
            json!({})
        }),
        ("GET", ["writes"]) => Answer::json(200, &tenant.calls.writes()),
        ("GET", ["rows"]) => Answer::json(200, &Json::Object(counts(tenant))),
        ("GET", ["rows", object]) if tenant.schema().find(object).is_none() => {
            Answer::json(404, &json!({"error": format!("the org has no object {object}")}))
        }
        ("GET", ["rows", object]) => Answer::json(200, &tenant.rows(object)),
        (method, _) => rules::answer(tenant, call, rest).unwrap_or_else(|| {
            let error = format!("the simulator has no route {method} {}", call.raw_path);
            Answer::json(404, &json!({"error": error, "routes": routes()}))
        }),
    }
}

fn routes() -> Json {
    Json::Object(ROUTES.iter().map(|(route, text)| ((*route).to_owned(), json!(text))).collect())
}

fn faults(tenant: &Tenant) -> Answer {
    let faults = tenant.faults.list();
    let faults: Vec<Json> = faults.iter().map(|(id, fault)| json!({"id": id, "fault": fault})).collect();
    Answer::json(200, &faults)
}

/// Whether the clock would be too far ahead.
fn asks_too_much(tenant: &Tenant, call: &Call) -> bool {
    let most = i128::try_from(MOST_AHEAD.as_millis()).unwrap_or(i128::MAX);
    serde_json::from_slice::<Advance>(&call.body)
        .is_ok_and(|asked| i128::from(tenant.clock.offset_millis()) + i128::from(asked.advance_ms) > most)
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

/// As [`with`], for what can fail.
fn tried<T: for<'de> Deserialize<'de>>(call: &Call, work: impl FnOnce(T) -> Result<(), String>) -> Answer {
    let mut failed = None;
    let answer = with(call, |asked: T| {
        failed = work(asked).err();
        json!({})
    });
    failed.map_or(answer, |error| Answer::json(400, &json!({"error": error})))
}

/// Does something with the JSON body, or says what is wrong with it and what the route takes.
fn with<T: for<'de> Deserialize<'de>>(call: &Call, work: impl FnOnce(T) -> Json) -> Answer {
    match serde_json::from_slice(&call.body) {
        Ok(body) => Answer::json(200, &work(body)),
        Err(error) => refused(call, &error.to_string()),
    }
}

/// Says what is wrong with a call, and what its route takes.
fn refused(call: &Call, error: &str) -> Answer {
    let route = format!("{} {}", call.method, call.raw_path.trim_end_matches('/'));
    let takes = ROUTES.iter().find(|(known, _)| *known == route).map(|(_, text)| *text);
    Answer::json(400, &json!({"error": error, "takes": takes}))
}
