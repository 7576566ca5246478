//! One PushTopic event.

use orgstream_api::EventType;
use orgstream_salesforce::{Row, SalesforceId, datetime};
use serde_json::Value;
use tokio::time::Instant;

use crate::channel::Channel;
use crate::replay_id::ReplayId;

/// A change of one record, as its channel told it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Event {
    /// Where it came from.
    pub(crate) channel: Channel,
    /// Its place there.
    pub(crate) replay_id: ReplayId,
    /// When the answer that brought it had arrived, by our clock.
    pub(crate) received: Instant,
    /// What happened.
    pub(crate) kind: EventType,
    /// When, by the org's clock: milliseconds since the epoch.
    pub(crate) created: i64,
    /// The record.
    pub(crate) id: SalesforceId,
    /// The fields of the PushTopic's query; only `Id` for a delete.
    pub(crate) fields: Row,
}

/// A message on a subscribed channel that is not a PushTopic event. Passing over it could lose a change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an event on {channel} has no usable `{part}`; it cannot be passed over, since it may be a change")]
pub(crate) struct UnreadableEvent {
    pub(crate) channel: Channel,
    part: &'static str,
}

impl Event {
    /// Reads the `data` of a message on `channel` that was received at this time.
    pub(crate) fn read(
        channel: &str,
        data: Option<Value>,
        received: Instant,
    ) -> Result<Self, UnreadableEvent> {
        let missing = |part| UnreadableEvent { channel: Channel::named(channel), part };
        let mut data = data.ok_or(missing("data"))?;
        let Some(Value::Object(fields)) = data.get_mut("sobject").map(Value::take) else {
            return Err(missing("data.sobject"));
        };
        let event = data.get("event").ok_or(missing("data.event"))?;
        let text = |name| event.get(name).and_then(Value::as_str);
        Ok(Self {
            channel: Channel::named(channel),
            replay_id: event
                .get("replayId")
                .and_then(Value::as_i64)
                .map(ReplayId)
                .ok_or(missing("data.event.replayId"))?,
            received,
            kind: text("type").and_then(|kind| kind.parse().ok()).ok_or(missing("data.event.type"))?,
            created: text("createdDate")
                .and_then(|created| datetime::parse_datetime(created).ok())
                .ok_or(missing("data.event.createdDate"))?,
            id: fields
                .get("Id")
                .and_then(Value::as_str)
                .and_then(|id| SalesforceId::parse(id).ok())
                .ok_or(missing("data.sobject.Id"))?,
            fields,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn deleted() -> Value {
        json!({
            "event": {"createdDate": "2026-01-01T10:20:30.456Z", "replayId": 41, "type": "deleted"},
            "sobject": {"Id": "0015g00000QwErTAAV"},
        })
    }

    #[test]
    fn an_event_is_read_with_its_place_and_its_record() {
        let event = Event::read("/topic/x", Some(deleted()), Instant::now()).unwrap();
        assert_eq!(event.replay_id, ReplayId(41));
        assert_eq!(event.kind, EventType::Deleted);
        assert_eq!(event.created, 1_767_262_830_456);
        assert_eq!(event.id.as_str(), "0015g00000QwErTAAV");
    }

    #[test]
    fn a_message_that_is_no_event_is_never_passed_over() {
        for part in ["createdDate", "replayId", "type"] {
            let mut data = deleted();
            data["event"][part] = Value::Null;
            let error = Event::read("/topic/x", Some(data), Instant::now()).unwrap_err().to_string();
            assert!(error.contains(part) && error.contains("/topic/x"), "{error}");
        }
        assert!(Event::read("/topic/x", None, Instant::now()).is_err());
    }
}
