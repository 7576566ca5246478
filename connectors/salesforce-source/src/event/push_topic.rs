//! A change that a PushTopic selected.

use std::borrow::Cow;

use orgstream_api::EventType;
use orgstream_salesforce::{SalesforceId, datetime};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::{Fields, Missing, What, moment, object};
use crate::moment::Moment;
use crate::replay_id::ReplayId;

/// One change of one record.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TopicEvent {
    /// What happened.
    pub(crate) kind: EventType,
    /// The record.
    pub(crate) id: SalesforceId,
    /// The fields of the PushTopic's query; only `Id` for a delete.
    pub(crate) fields: Fields,
}

/// The `data` of a message, as orgs write it.
#[derive(Deserialize)]
struct Wire<'a> {
    #[serde(borrow)]
    event: WireEvent<'a>,
    #[serde(borrow)]
    sobject: &'a RawValue,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireEvent<'a> {
    replay_id: i64,
    #[serde(borrow)]
    created_date: Cow<'a, str>,
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
}

/// Reads the text of a message's `data`, and its fields not at all; `None` where anything in it is odd.
pub(super) fn read_text(data: &str) -> Option<(ReplayId, Moment, What)> {
    let Wire { event, sobject } = serde_json::from_str(data).ok()?;
    let fields = Fields::new(sobject)?;
    let created = Moment(datetime::parse_datetime(&event.created_date).ok()?);
    let what = TopicEvent { kind: event.kind.parse().ok()?, id: fields.id()?, fields };
    Some((ReplayId(event.replay_id), created, What::Topic(what)))
}

/// The same of any `data`; what is missing where it cannot be read.
pub(super) fn read(data: &Value) -> Result<(Moment, What), Missing> {
    let fields = Fields::from(object(data, "/sobject", "data.sobject")?);
    let kind = data.pointer("/event/type").and_then(Value::as_str).and_then(|kind| kind.parse().ok());
    let kind = kind.ok_or(Missing("data.event.type"))?;
    let created = moment(data, "/event/createdDate", "data.event.createdDate")?;
    let id = fields.id().ok_or(Missing("data.sobject.Id"))?;
    Ok((created, What::Topic(TopicEvent { kind, id, fields })))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::fixture;
    use crate::replay_id::ReplayId;

    #[test]
    fn a_change_is_read_with_its_place_and_its_record() {
        for (name, kind, fields) in [
            ("created", EventType::Created, 6),
            ("updated", EventType::Updated, 6),
            ("deleted", EventType::Deleted, 1),
            ("undeleted", EventType::Undeleted, 6),
        ] {
            let event = fixture(name);
            let What::Topic(topic) = &event.what else { panic!("{event:?}") };
            assert_eq!((topic.kind, topic.fields.row().unwrap().len()), (kind, fields), "{name}");
            assert_eq!(topic.id.as_str(), "0015g00000QwErTAAV");
            assert_eq!(event.records(), 1);
        }
        let updated = fixture("updated");
        assert_eq!(updated.replay_id, Some(ReplayId(41)));
        assert_eq!(updated.created, Moment(1_767_262_830_456));
        assert_eq!(updated.channel.as_str(), "/topic/AccountUpdates");
    }

    #[test]
    fn text_is_read_as_its_values_are() {
        for name in ["created", "updated", "deleted", "undeleted"] {
            let path = format!("{}/tests/fixtures/events/{name}.json", env!("CARGO_MANIFEST_DIR"));
            let message: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
            let (id, created, what) = read_text(&message["data"].to_string()).unwrap();
            let (same, again) = read(&message["data"]).unwrap();
            assert_eq!((created, what), (same, again), "{name}");
            assert_eq!(message["data"]["event"]["replayId"], id.0);
        }
    }

    #[test]
    fn odd_text_is_left_to_who_says_what_is_odd() {
        for data in [
            r#"{"event":{"replayId":1,"createdDate":"x","type":"created"},"sobject":{"Id":"0015g00000QwErTAAV"}}"#,
            r#"{"event":{"replayId":1,"createdDate":"2026-01-01T10:20:30.456Z","type":"created"},"sobject":["0015g00000QwErTAAV"]}"#,
            r#"{"event":{"replayId":1,"createdDate":"2026-01-01T10:20:30.456Z","type":"merged"},"sobject":{"Id":"0015g00000QwErTAAV"}}"#,
            r#"{"event":{"createdDate":"2026-01-01T10:20:30.456Z","type":"created"},"sobject":{"Id":"0015g00000QwErTAAV"}}"#,
            r#"{"event":{"replayId":1,"createdDate":"2026-01-01T10:20:30.456Z","type":"created"},"sobject":{"Id":"0015g00000QwErTAAV","Name":"\ud83d"}}"#,
            "null",
        ] {
            assert_eq!(read_text(data), None, "{data}");
        }
    }
}
