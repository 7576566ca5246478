//! Platform events: published like records, never stored as such.

use std::sync::Arc;

use serde_json::value::to_raw_value;
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use super::event_log::EventLog;
use crate::data::{Form, Publication, Refusal, Store, StoredEvent, render};
use crate::schema::Object;
use crate::timestamp::Timestamp;

/// The result of a record that was published: its success is told among the errors.
pub(crate) fn result(object: &Object, event_uuid: &str) -> Json {
    let status = json!({"statusCode": "OPERATION_ENQUEUED", "message": event_uuid, "fields": []});
    json!({"id": format!("{}xx0000000001AAA", object.key_prefix), "success": true, "errors": [status]})
}

/// A new `EventUuid`.
pub(crate) fn new_uuid() -> String {
    Uuid::new_v4().to_string()
}

/// The refusal of an event beyond the hourly allocation.
pub(crate) fn limit_exceeded() -> Refusal {
    Refusal::record("LIMIT_EXCEEDED", "The hourly limit of published platform events is exceeded", &[])
}

/// The event of what was published; it names the schema that its fields are read by.
pub(super) fn raise(
    log: &mut EventLog,
    store: &Store,
    published: &Publication,
    schema: &str,
    now: Timestamp,
) -> Option<Arc<StoredEvent>> {
    let object = store.schema.object(published.object);
    let custom = store.schema.channels().iter().filter(|channel| channel.members.contains(&object.name));
    let names = custom.map(|channel| &channel.name).chain([&object.name]);
    let channels: Vec<Arc<str>> = names.map(|name| format!("/event/{name}").into()).collect();
    let mut payload = Map::new();
    payload.insert("CreatedDate".to_owned(), json!(now.event()));
    for (at, field) in
        object.visible_fields().filter(|(_, field)| field.custom() || field.name == "CreatedById")
    {
        payload.insert(field.name.clone(), render(store, published.object, &published.row, at, Form::Event));
    }
    log.next(channels.into(), now, |replay_id| {
        let event = json!({"EventUuid": published.uuid, "replayId": replay_id});
        to_raw_value(&json!({"schema": schema, "payload": payload, "event": event}))
    })
}
