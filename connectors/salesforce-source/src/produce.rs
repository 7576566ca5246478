//! Makes the records that go to Kafka. Everything that a source produces passes [`shape`], however it was read.
//!
//! The value has all described fields; what was not read is null there, and the `carried` header tells an unread
//! field from one that is null in the org.

use std::collections::HashSet;

use orgstream_api::record::{field, header};
use orgstream_api::{
    About, EventScope, EventType, Headers, Record, Scope, SourcePosition, SourceRecord, Struct,
    TopicTemplate, Value,
};
use orgstream_salesforce::OrgId;

use crate::counters::Count;
use crate::filter::Filter;
use crate::position::topic_begun;
use crate::record::{Image, Origin};
use crate::standing::Standing;

/// A record before it has its form, and what it says, for those who keep track of what was produced.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    /// The index of its object.
    pub(crate) object: usize,
    pub(crate) kind: EventType,
    pub(crate) standing: Standing,
    pub(crate) image: Image,
    pub(crate) origin: Origin,
    /// Where it came back from the recycle bin, whatever `kind` says: how many generations of parents came back above it.
    pub(crate) back: Option<u8>,
}

/// Where the records of one object go, and which of them.
#[derive(Debug, Clone)]
pub(crate) struct Destination {
    pub(crate) org: OrgId,
    pub(crate) topic: TopicTemplate,
    pub(crate) filter: Filter,
}

/// The topics that are on record as written to.
#[derive(Debug)]
pub(crate) struct Topics(HashSet<String>);

/// The record that `draft` becomes: filtered, with the fields that the file wants, under its topic. `None` when it is not
/// wanted.
pub(crate) fn shape(draft: Draft, destination: &Destination) -> Option<SourceRecord> {
    let Draft { kind, image, origin, .. } = draft;
    let Image { id, stamp, described, mut value, carried } = image;
    let id = id.as_str();
    let object = described.describe().object.as_str();
    let text = |text: &str| Value::String(text.to_owned());
    value.set(field::ID, text(id));
    value.set(field::OBJECT_TYPE, text(object));
    value.set(field::EVENT_TYPE, text(kind.as_str()));
    let mut key = Struct::new(described.describe().key_schema());
    key.set(field::ID, text(id));

    let mut headers = Headers::default();
    headers.push(header::ORG, destination.org.as_str());
    if let Some((channel, replay_id)) = origin.place() {
        headers.push(header::CHANNEL, channel);
        if let Some(id) = replay_id {
            headers.push(header::REPLAY_ID, id.to_string());
        }
    }
    headers.push(header::STAMP, stamp.to_string());
    headers.push(header::ORIGIN, origin.as_str());

    let names = || described.carried_names(&carried);
    let (channel, replay_id) = origin.place().unzip();
    let event = EventScope {
        kind: Some(kind),
        object,
        id: Some(id),
        replay_id: replay_id.flatten(),
        channel,
        time: origin.time().unwrap_or(stamp).0,
        carried: &names,
    };
    let about =
        About { kind: Some(kind), object: object.to_owned(), id: Some(id.to_owned()), time: event.time };
    let scope = Scope { value: &value, key: Some(&key), headers: &headers, event, at: None };
    if !destination.filter.wants(&scope, &carried) {
        destination.filter.count();
        return None;
    }
    let formed = described.form().map(|form| {
        form.apply(&scope, &carried, &mut |error| destination.filter.errors.note(Count::FieldError, error))
    });
    let (value, carried) = match formed {
        Some((value, carried)) => (value, carried.into()),
        None => (value, described.carried(&carried)),
    };
    headers.push(header::CARRIED, &*carried);
    Some(SourceRecord {
        topic: destination.topic.render(&value, Some(kind)).to_string(),
        partition_key: id.as_bytes().to_vec(),
        about,
        record: Record { key: Some(key), value: Some(value), headers, timestamp: stamp.0 },
    })
}

impl Topics {
    pub(crate) fn new(on_record: HashSet<String>) -> Self {
        Self(on_record)
    }

    /// What to store with a record of `object` for `topic`, when it is the first one there.
    pub(crate) fn begin(&mut self, topic: &str, object: &str) -> Option<SourcePosition> {
        if self.0.contains(topic) {
            return None;
        }
        self.0.insert(topic.to_owned());
        Some(topic_begun(topic, object))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use orgstream_salesforce::{Row, SalesforceId};
    use serde_json::json;

    use super::*;
    use crate::described::Described;
    use crate::event::Event;
    use crate::moment::Moment;

    fn described() -> Arc<Described> {
        let describe = json!({"name": "Account", "fields": [
            {"name": "Id", "type": "id"},
            {"name": "Name", "type": "string"},
            {"name": "Phone", "type": "phone"},
            {"name": "SystemModstamp", "type": "datetime"},
        ]});
        Arc::new(Described::new(Arc::new(serde_json::from_value(describe).unwrap())))
    }

    fn destination() -> Destination {
        Destination {
            org: OrgId::parse("00D5g000004XyzE").unwrap(),
            topic: TopicTemplate::fixed("a.Account"),
            filter: Filter::default(),
        }
    }

    fn draft(kind: EventType, image: Image, origin: Origin) -> Draft {
        Draft { object: 0, kind, standing: Standing::Row(image.stamp.stamp()), image, origin, back: None }
    }

    #[test]
    fn a_row_becomes_a_record_that_says_what_it_carries() {
        let row = json!({
            "attributes": {"type": "Account"},
            "Id": "0015g00000QwErTAAV",
            "Phone": null,
            "SystemModstamp": "2026-01-01T10:20:30.000+0000",
        });
        let row: Row = serde_json::from_value(row).unwrap();
        let event = Event::sample("orgstream_Account", 41);
        let image = Image::of_row(&described(), &row).unwrap();
        let origin = Origin::Stream { event: Arc::new(event) };
        let record = shape(draft(EventType::Updated, image, origin), &destination()).unwrap();

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
        let image = Image::of_deleted(&described(), id, Moment(5));
        let record = shape(draft(EventType::Deleted, image, Origin::Snapshot), &destination()).unwrap();
        let value = record.record.value.unwrap();
        let filled: Vec<_> =
            value.iter().filter(|(_, value)| !value.is_null()).map(|(name, _)| name).collect();
        assert_eq!(filled, ["Id", "_ObjectType", "_EventType"]);
        assert_eq!(record.record.headers.text(header::CARRIED), Some(r#"["Id"]"#));
        assert_eq!(record.record.headers.text(header::REPLAY_ID), None);
    }

    #[test]
    fn a_topic_is_put_on_record_with_its_first_record_only() {
        let mut topics = Topics::new(HashSet::from(["a.Lead".to_owned()]));
        assert_eq!(topics.begin("a.Lead", "Lead"), None);
        let begun = topics.begin("a.Account", "Account").unwrap();
        assert_eq!(begun.partition, json!({"topic": "a.Account"}));
        assert_eq!(begun.offset, json!({"object": "Account"}));
        assert_eq!(topics.begin("a.Account", "Account"), None);
    }
}
