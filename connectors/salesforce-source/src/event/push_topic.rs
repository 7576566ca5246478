//! A change that a PushTopic selected.

use orgstream_api::EventType;
use orgstream_api::record::field;
use orgstream_salesforce::{Row, SalesforceId};
use serde_json::Value;

use super::{Missing, What, moment, object, take};
use crate::moment::Moment;

/// One change of one record.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TopicEvent {
    /// What happened.
    pub(crate) kind: EventType,
    /// The record.
    pub(crate) id: SalesforceId,
    /// The fields of the PushTopic's query; only `Id` for a delete.
    pub(crate) fields: Row,
}

pub(super) fn read(data: &mut Value) -> Result<(Moment, What), Missing> {
    let fields = object(data, "/sobject", "data.sobject")?;
    let kind = data.pointer("/event/type").and_then(Value::as_str).and_then(|kind| kind.parse().ok());
    let kind = kind.ok_or(Missing("data.event.type"))?;
    let created = moment(data, "/event/createdDate", "data.event.createdDate")?;
    let id = fields.get(field::ID).and_then(Value::as_str).and_then(|id| SalesforceId::parse(id).ok());
    let id = id.ok_or(Missing("data.sobject.Id"))?;
    Ok((created, What::Topic(TopicEvent { kind, id, fields: take(data, "/sobject") })))
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
            assert_eq!((topic.kind, topic.fields.len()), (kind, fields), "{name}");
            assert_eq!(topic.id.as_str(), "0015g00000QwErTAAV");
            assert_eq!(event.records(), 1);
        }
        let updated = fixture("updated");
        assert_eq!(updated.replay_id, Some(ReplayId(41)));
        assert_eq!(updated.created, Moment(1_767_262_830_456));
        assert_eq!(updated.channel.as_str(), "/topic/AccountUpdates");
    }
}
