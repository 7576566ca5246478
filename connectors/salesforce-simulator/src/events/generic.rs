//! Generic channels: a StreamingChannel, and text that is pushed through it.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::to_raw_value;
use serde_json::{Map, Value as Json, json};

use super::event_log::EventLog;
use crate::data::{Push, Refusal, Row, Store, StoredEvent};
use crate::ids;
use crate::tenant::Tenant;
use crate::timestamp::Timestamp;

/// The object that holds the channels.
pub(crate) const OBJECT: &str = "StreamingChannel";

/// The longest payload, in characters.
const MAX_PAYLOAD: usize = 3000;

#[derive(Deserialize)]
struct Request {
    #[serde(rename = "pushEvents")]
    events: Vec<Event>,
}

#[derive(Deserialize)]
struct Event {
    payload: String,
    #[serde(default, rename = "userIds")]
    user_ids: Vec<String>,
}

/// `POST sobjects/StreamingChannel/ID/push`: an event for all subscribers, or for those of them that are listed.
pub(crate) fn push(tenant: &Tenant, id: &str, body: &[u8]) -> Result<Json, Refusal> {
    let push: Request = serde_json::from_slice(body)
        .map_err(|error| Refusal::new(400, "JSON_PARSER_ERROR", error.to_string()))?;
    if push.events.iter().any(|event| event.payload.chars().count() > MAX_PAYLOAD) {
        let message = format!("payload: data value too large: (max length={MAX_PAYLOAD})");
        return Err(Refusal::record("STRING_TOO_LONG", message, &["payload"]));
    }
    let user = &tenant.identity.user_id;
    let mut results = Vec::new();
    tenant.push(|state, now| {
        let channel = name(&state.store, id)?;
        let online = state.streams.subscribed(&channel, now);
        let mut pushed = Vec::new();
        for event in push.events {
            let listed: Vec<Option<String>> = event.user_ids.iter().map(|id| ids::normalize(id)).collect();
            let mine = listed.is_empty() || listed.iter().flatten().any(|id| id == user);
            if mine {
                pushed.push(Push { channel: Arc::clone(&channel), payload: event.payload });
            }
            let status: Map<String, Json> = event
                .user_ids
                .iter()
                .zip(&listed)
                .map(|(given, id)| (given.clone(), json!(online && id.as_ref() == Some(user))))
                .collect();
            let reached = status.values().filter(|online| **online == json!(true)).count();
            let fanout = if listed.is_empty() { json!(-1) } else { json!(reached) };
            results.push(json!({"fanoutCount": fanout, "userOnlineStatus": status}));
        }
        Ok(pushed)
    })?;
    Ok(Json::Array(results))
}

/// `GET sobjects/StreamingChannel/ID/push`: who is subscribed.
pub(crate) fn online(tenant: &Tenant, id: &str) -> Result<Json, Refusal> {
    let state = tenant.state();
    let channel = name(&state.store, id)?;
    let online = state.streams.subscribed(&channel, tenant.clock.now());
    let users: Vec<&str> = online.then_some(tenant.identity.user_id.as_str()).into_iter().collect();
    Ok(json!({"OnlineUserIds": users, "ChannelName": &*channel}))
}

/// The event of what was pushed.
pub(super) fn raise(log: &mut EventLog, push: &Push, now: Timestamp) -> Option<Arc<StoredEvent>> {
    log.next(Arc::new([Arc::clone(&push.channel)]), now, |replay_id| {
        let created = json!({"createdDate": now.event(), "replayId": replay_id});
        to_raw_value(&json!({"event": created, "payload": push.payload}))
    })
}

/// The names of all generic channels.
pub(super) fn names(store: &Store) -> impl Iterator<Item = &str> {
    let object = store.schema.find(OBJECT);
    let at = object.and_then(|object| store.schema.object(object).field("Name"));
    let rows = object.into_iter().flat_map(|object| store.table(object).rows());
    rows.filter(|row| !row.deleted()).filter_map(move |row| row.value(at?).as_text())
}

fn name(store: &Store, id: &str) -> Result<Arc<str>, Refusal> {
    let row = ids::normalize(id).and_then(|id| {
        let (object, row) = store.row(&id)?;
        let definition = store.schema.object(object);
        (definition.name == OBJECT && !Row::deleted(row)).then_some((definition, row))
    });
    let (definition, row) = row.ok_or_else(Refusal::not_found)?;
    let name = definition.field("Name").and_then(|at| row.value(at).as_text());
    Ok(name.unwrap_or_default().into())
}
