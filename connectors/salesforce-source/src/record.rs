//! Rows, events and deletes as records on a topic.
//!
//! The value has all described fields; what was not read is null there, and the `carried` header tells an unread
//! field from one that is null in the org.

use std::sync::Arc;

use orgstream_api::record::{field, header};
use orgstream_api::{EventType, Headers, Record, SourceRecord, Struct, Value};
use orgstream_salesforce::{Describe, OrgId, Row, SalesforceId, datetime, to_value};

use crate::channel::Channel;
use crate::error::RowError;
use crate::moment::Moment;
use crate::replay_id::ReplayId;

/// The field that dates a row.
pub(crate) const STAMP: &str = "SystemModstamp";

/// A record's state, read as typed values.
#[derive(Debug, Clone)]
pub(crate) struct Image {
    pub(crate) id: SalesforceId,
    /// The row's `SystemModstamp`, or the event's time where no row was read.
    pub(crate) stamp: Moment,
    describe: Arc<Describe>,
    value: Struct,
    carried: Vec<String>,
}

/// How a record came about.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Origin<'a> {
    /// By this event.
    Stream { channel: &'a Channel, replay_id: ReplayId },
    /// By reading rows.
    Snapshot,
}

/// Where the records of one object go.
#[derive(Debug, Clone)]
pub(crate) struct Destination {
    pub(crate) org: OrgId,
    pub(crate) topic: String,
}

impl Image {
    /// Reads a row with all its fields.
    pub(crate) fn of_row(describe: &Arc<Describe>, row: &Row) -> Result<Self, RowError> {
        let text = |name| row.get(name).and_then(serde_json::Value::as_str);
        let id = text(field::ID).and_then(|id| SalesforceId::parse(id).ok());
        let stamp = text(STAMP).and_then(|stamp| datetime::parse_datetime(stamp).ok());
        let id = id.ok_or(RowError::Missing(field::ID))?;
        Self::of_fields(describe, id, Moment(stamp.ok_or(RowError::Missing(STAMP))?), row)
    }

    /// Reads the fields there are.
    pub(crate) fn of_fields(
        describe: &Arc<Describe>,
        id: SalesforceId,
        stamp: Moment,
        fields: &Row,
    ) -> Result<Self, RowError> {
        let mut value = Struct::new(describe.schema());
        let mut carried = Vec::with_capacity(fields.len());
        for (name, json) in fields.iter().filter(|(name, _)| *name != "attributes") {
            let field = describe.field(name).ok_or_else(|| RowError::UnknownField(name.clone()))?;
            value.set(name, to_value(field, json)?);
            carried.push(name.clone());
        }
        Ok(Self { id, stamp, describe: Arc::clone(describe), value, carried })
    }

    /// A deleted record, of which only the id is known. `at` is the time of the deletion.
    pub(crate) fn of_deleted(describe: &Arc<Describe>, id: SalesforceId, at: Moment) -> Self {
        Self {
            id,
            stamp: at,
            describe: Arc::clone(describe),
            value: Struct::new(describe.schema()),
            carried: vec![field::ID.to_owned()],
        }
    }

    /// The record that goes to `destination`.
    pub(crate) fn into_record(
        mut self,
        kind: EventType,
        origin: Origin<'_>,
        destination: &Destination,
    ) -> SourceRecord {
        let id = Value::String(self.id.as_str().to_owned());
        self.value.set(field::ID, id.clone());
        self.value.set(field::OBJECT_TYPE, Value::String(self.describe.object.clone()));
        self.value.set(field::EVENT_TYPE, Value::String(kind.as_str().to_owned()));
        let mut key = Struct::new(self.describe.key_schema());
        key.set(field::ID, id);

        let mut headers = Headers::default();
        headers.push(header::ORG, destination.org.as_str());
        let word = match origin {
            Origin::Stream { channel, replay_id } => {
                headers.push(header::CHANNEL, channel.as_str());
                headers.push(header::REPLAY_ID, replay_id.to_string());
                "stream"
            }
            Origin::Snapshot => "snapshot",
        };
        headers.push(header::STAMP, self.stamp.to_string());
        headers.push(header::CARRIED, serde_json::Value::from(self.carried).to_string());
        headers.push(header::ORIGIN, word);

        SourceRecord {
            topic: destination.topic.clone(),
            partition_key: self.id.as_str().as_bytes().to_vec(),
            record: Record { key: Some(key), value: Some(self.value), headers, timestamp: self.stamp.0 },
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn describe() -> Arc<Describe> {
        let describe = json!({"name": "Account", "fields": [
            {"name": "Id", "type": "id"},
            {"name": "Name", "type": "string"},
            {"name": "Phone", "type": "phone"},
            {"name": "SystemModstamp", "type": "datetime"},
        ]});
        Arc::new(serde_json::from_value(describe).unwrap())
    }

    fn destination() -> Destination {
        Destination { org: OrgId::parse("00D5g000004XyzE").unwrap(), topic: "a.Account".to_owned() }
    }

    fn row(json: serde_json::Value) -> Row {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn a_row_becomes_a_record_that_says_what_it_carries() {
        let row = row(json!({
            "attributes": {"type": "Account"},
            "Id": "0015g00000QwErTAAV",
            "Phone": null,
            "SystemModstamp": "2026-01-01T10:20:30.000+0000",
        }));
        let channel = Channel::of_push_topic("orgstream_Account");
        let origin = Origin::Stream { channel: &channel, replay_id: ReplayId(41) };
        let record =
            Image::of_row(&describe(), &row).unwrap().into_record(EventType::Updated, origin, &destination());

        assert_eq!(record.topic, "a.Account");
        assert_eq!(record.partition_key, b"0015g00000QwErTAAV");
        let record = record.record;
        assert_eq!(record.timestamp, 1_767_262_830_000);
        let texts = [
            (header::ORG, "00D5g000004XyzEEAS"),
            (header::CHANNEL, "/topic/orgstream_Account"),
            (header::REPLAY_ID, "41"),
            (header::STAMP, "2026-01-01T10:20:30.000Z"),
            (header::CARRIED, r#"["Id","Phone","SystemModstamp"]"#),
            (header::ORIGIN, "stream"),
        ];
        for (name, text) in texts {
            assert_eq!(record.headers.text(name), Some(text), "{name}");
        }
        assert_eq!(record.key.as_ref().unwrap().value("Id"), record.value.as_ref().unwrap().value("Id"));
        assert_eq!(record.text("_ObjectType"), Some("Account"));
        assert_eq!(record.text("_EventType"), Some("updated"));
        assert_eq!(record.text("Name"), None);
    }

    #[test]
    fn a_deleted_record_is_null_but_for_its_id() {
        let id = SalesforceId::parse("0015g00000QwErTAAV").unwrap();
        let record = Image::of_deleted(&describe(), id, Moment(5)).into_record(
            EventType::Deleted,
            Origin::Snapshot,
            &destination(),
        );
        let value = record.record.value.unwrap();
        let filled: Vec<_> =
            value.iter().filter(|(_, value)| !value.is_null()).map(|(name, _)| name).collect();
        assert_eq!(filled, ["Id", "_ObjectType", "_EventType"]);
        assert_eq!(record.record.headers.text(header::CARRIED), Some(r#"["Id"]"#));
        assert_eq!(record.record.headers.text(header::REPLAY_ID), None);
    }

    #[test]
    fn a_field_that_is_not_described_is_noticed() {
        let row =
            row(json!({"Id": "0015g00000QwErTAAV", "New__c": 1, "SystemModstamp": "2026-01-01T10:20:30Z"}));
        assert_eq!(
            Image::of_row(&describe(), &row).unwrap_err(),
            RowError::UnknownField("New__c".to_owned())
        );
    }
}
