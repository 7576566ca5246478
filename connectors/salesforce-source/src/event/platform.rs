//! A platform event: what somebody published under the name of an event.

use orgstream_salesforce::Row;
use serde_json::Value;

use super::{Missing, What, moment, object, take};
use crate::moment::Moment;

/// One published event.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PlatformEvent {
    /// The id of its schema, by which the org names the event; a channel of several events tells it by nothing else.
    pub(crate) schema: String,
    /// `EventUuid`; absent in old versions of the API.
    pub(crate) uuid: Option<String>,
    /// Its fields, `CreatedDate` and `CreatedById` among them.
    pub(crate) fields: Row,
}

pub(super) fn read(data: &mut Value) -> Result<(Moment, What), Missing> {
    object(data, "/payload", "data.payload")?;
    let created = moment(data, "/payload/CreatedDate", "data.payload.CreatedDate")?;
    let schema = data.get("schema").and_then(Value::as_str).ok_or(Missing("data.schema"))?.to_owned();
    let uuid = data.pointer("/event/EventUuid").and_then(Value::as_str).map(str::to_owned);
    let fields = take(data, "/payload");
    Ok((created, What::Platform(PlatformEvent { schema, uuid, fields })))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::event::fixture;
    use crate::replay_id::ReplayId;

    #[test]
    fn an_event_is_read_with_its_schema_and_its_fields() {
        let event = fixture("platform");
        let What::Platform(platform) = &event.what else { panic!("{event:?}") };
        assert_eq!(platform.schema, "dRk0pZ2sXx1b7aYq9mNoTw");
        assert_eq!(platform.uuid.as_deref(), Some("b3b3a9f1-7a1b-4df1-8f3b-0b6f6f0a1c11"));
        assert_eq!(platform.fields["Amount__c"], json!(12.5));
        assert_eq!((event.replay_id, event.created), (Some(ReplayId(2112)), Moment(1_767_262_830_517)));

        let What::Platform(old) = fixture("platform_without_uuid").what else { panic!() };
        assert_eq!(old.uuid, None);
    }
}
