//! Events that are written as they came, with what they say of themselves: change events, platform events, pushed texts.
//! In the formats of Confluent's sources. Pure.

use std::sync::Arc;

use orgstream_api::record::{field, header};
use orgstream_api::{
    About, EventScope, EventType, Headers, Record, Schema, Scope, SourceRecord, Struct, Value,
};
use orgstream_salesforce::event_schema::{
    self, CHANGE_EVENT_HEADER, CREATED_DATE, EVENT_UUID, PAYLOAD, REPLAY_ID,
};
use orgstream_salesforce::{Describe, SalesforceId, to_value};

use crate::described::Described;
use crate::error::RowError;
use crate::event::{ChangeEvent, Event, GenericEvent, PlatformEvent, What};
use crate::event_image::{flat_field, told_by_change};
use crate::produce::Destination;
use crate::record::Image;
use crate::way::change_event;

/// One event, or one record's part in it.
#[derive(Debug, Clone)]
pub(crate) struct Envelope {
    /// The index of what stands for its channel, or of its object.
    pub(crate) object: usize,
    pub(crate) event: Arc<Event>,
    /// The record; `None` for messages.
    of_record: Option<SalesforceId>,
    key: Option<Struct>,
    value: Struct,
    /// What it tells of the record, which filters go by.
    image: Option<Image>,
}

impl Envelope {
    /// What a change event tells of one of its records. `row` is the record as it is, for texts that are told as a
    /// difference; with `convert` the changed fields bear the names that they have in the record.
    pub(crate) fn of_change(
        object: usize,
        event: &Arc<Event>,
        (change, id): (&ChangeEvent, SalesforceId),
        described: &Arc<Described>,
        row: Option<&Image>,
        convert: bool,
    ) -> Result<Self, RowError> {
        let describe = described.describe();
        let told = told_by_change(described, id, change)?;
        let name = change_event(&describe.object);
        let mut value = Struct::new(described.change_event_schema());
        for (name, own) in told.value.iter() {
            value.set(name, own.clone());
        }
        for name in differing(change) {
            let whole = row.and_then(|row| row.value.value(name)).cloned();
            value.set(name, whole.unwrap_or(Value::Null));
        }
        value.set(field::ID, text(id.as_str()));
        value.set(CHANGE_EVENT_HEADER, Value::Struct(header_of(change, describe, convert)));
        mark(&mut value, event, &name, Some(&change.schema));
        let mut key = Struct::new(Arc::new(event_schema::change_event_key(&name)));
        key.set(field::ID, text(id.as_str()));
        let of_record = Some(id);
        Ok(Self { object, event: Arc::clone(event), of_record, key: Some(key), value, image: Some(told) })
    }

    /// A platform event of the name and the schema of `schema`.
    pub(crate) fn of_platform(
        object: usize,
        event: &Arc<Event>,
        platform: &PlatformEvent,
        describe: &Describe,
        schema: &Arc<Schema>,
    ) -> Result<Self, RowError> {
        let mut value = Struct::new(Arc::clone(schema));
        for (name, json) in &platform.fields {
            let own = describe.field(name);
            let converted = match own {
                Some(own) => to_value(own, json)?,
                None if name == CREATED_DATE => Value::Timestamp(event.created.0),
                None if schema.position(name).is_some() => json.as_str().map_or(Value::Null, text),
                None => return Err(RowError::UnknownField(name.clone())),
            };
            value.set(name, converted);
        }
        value.set(EVENT_UUID, platform.uuid.as_deref().map_or(Value::Null, text));
        mark(&mut value, event, &describe.object, Some(&platform.schema));
        Ok(Self::message(object, event, value))
    }

    /// A text that was pushed through the channel of `schema`.
    pub(crate) fn of_generic(
        object: usize,
        event: &Arc<Event>,
        generic: &GenericEvent,
        schema: &Arc<Schema>,
    ) -> Self {
        let mut value = Struct::new(Arc::clone(schema));
        value.set(CREATED_DATE, Value::Timestamp(event.created.0));
        value.set(PAYLOAD, text(&generic.payload));
        mark(&mut value, event, "", None);
        Self::message(object, event, value)
    }

    fn message(object: usize, event: &Arc<Event>, value: Struct) -> Self {
        Self { object, event: Arc::clone(event), of_record: None, key: None, value, image: None }
    }

    /// The record that it becomes; `None` when it is not wanted.
    pub(crate) fn record(self, destination: &Destination) -> Option<SourceRecord> {
        let Self { event, of_record, key, value, image, .. } = self;
        let mut headers = Headers::default();
        headers.push(header::ORG, destination.org.as_str());
        headers.push(header::CHANNEL, event.channel.as_str());
        if let Some(id) = event.replay_id {
            headers.push(header::REPLAY_ID, id.to_string());
        }
        headers.push(header::STAMP, event.created.to_string());
        headers.push(header::ORIGIN, "stream");
        if let Some(image) = &image {
            if !is_wanted(destination, &event, image, (key.as_ref(), &headers)) {
                destination.filter.count();
                return None;
            }
            headers.push(header::CARRIED, image.described.carried(&image.carried).as_ref());
        }
        let about = About {
            kind: kind_of(&event),
            object: match &image {
                Some(image) => image.described.describe().object.clone(),
                None => {
                    value.value(field::OBJECT_TYPE).and_then(Value::as_str).unwrap_or_default().to_owned()
                }
            },
            id: of_record.map(|id| id.as_str().to_owned()),
            time: event.created.0,
        };
        // What is about no record has no other order than that of its channel.
        let partition_key = match of_record {
            Some(id) => id.as_str().as_bytes().to_vec(),
            None => event.channel.as_str().as_bytes().to_vec(),
        };
        Some(SourceRecord {
            topic: destination.topic.render(&value, None).to_string(),
            partition_key,
            about,
            record: Record { key, value: Some(value), headers, timestamp: event.created.0 },
        })
    }
}

/// What happened to the record of a change event; `None` for other messages.
fn kind_of(event: &Event) -> Option<EventType> {
    match &event.what {
        What::Change(change) => change.header.kind.event_type(),
        _ => None,
    }
}

/// Whether the filter lets a change event pass, by what it tells of its record.
fn is_wanted(
    destination: &Destination,
    event: &Event,
    image: &Image,
    (key, headers): (Option<&Struct>, &Headers),
) -> bool {
    let names = || image.described.carried_names(&image.carried);
    let told = EventScope {
        kind: kind_of(event),
        object: &image.described.describe().object,
        id: Some(image.id.as_str()),
        replay_id: event.replay_id.map(|id| id.0),
        channel: Some(event.channel.as_str()),
        time: event.created.0,
        carried: &names,
    };
    let scope = Scope { value: &image.value, key, headers, event: told, at: None };
    destination.filter.wants(&scope, &image.carried)
}

/// The fields that are told as the difference from a text that is not known.
pub(crate) fn differing(change: &ChangeEvent) -> impl Iterator<Item = &str> {
    let differs = |(_, value): &(&String, &serde_json::Value)| crate::event_image::is_difference(value);
    change.fields.iter().filter(differs).map(|(name, _)| name.as_str())
}

/// What all events have beside their own fields.
fn mark(value: &mut Struct, event: &Event, name: &str, schema: Option<&str>) {
    value.set(REPLAY_ID, event.replay_id.map_or(Value::Null, |id| Value::String(id.to_string())));
    if let Some(schema) = schema {
        value.set(field::OBJECT_TYPE, text(name));
        value.set(field::EVENT_TYPE, text(schema));
    }
}

fn header_of(change: &ChangeEvent, describe: &Describe, convert: bool) -> Struct {
    let header = &change.header;
    let list = |texts: &mut dyn Iterator<Item = String>| Value::Array(texts.map(Value::String).collect());
    let changed = |name: &String| match name.split_once('.') {
        Some((compound, member)) if convert => {
            flat_field(describe, compound, member).map_or_else(|| name.clone(), |flat| flat.name.clone())
        }
        _ => name.clone(),
    };
    let mut value = Struct::new(event_schema::change_event_header());
    value.set("entityName", text(&header.entity));
    value.set("recordIds", list(&mut header.ids.records().iter().map(ToString::to_string)));
    value.set("changeType", text(header.kind.as_str()));
    value.set("changedFields", list(&mut header.changed.iter().map(changed)));
    value.set("changeOrigin", text(&header.origin));
    value.set("transactionKey", text(&header.transaction));
    value.set("sequenceNumber", Value::Int64(header.sequence));
    value.set("commitTimestamp", Value::Int64(header.committed.0));
    value.set("commitNumber", Value::Int64(header.commit_number));
    value.set("commitUser", text(&header.user));
    value
}

fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}

#[cfg(test)]
mod tests {
    use orgstream_api::TopicTemplate;
    use orgstream_salesforce::OrgId;
    use serde_json::json;

    use super::*;
    use crate::event::fixture;
    use crate::filter::Filter;

    fn described(name: &str, fields: &serde_json::Value) -> Arc<Described> {
        Arc::new(Described::new(Arc::new(
            serde_json::from_value(json!({"name": name, "fields": fields})).unwrap(),
        )))
    }

    fn account() -> Arc<Described> {
        described(
            "Account",
            &json!([
                {"name": "Id", "type": "id"},
                {"name": "Industry", "type": "picklist"},
                {"name": "Phone", "type": "phone"},
                {"name": "Description", "type": "textarea"},
                {"name": "BillingCity", "type": "string", "compoundFieldName": "BillingAddress"},
                {"name": "BillingAddress", "type": "address"},
                {"name": "LastModifiedDate", "type": "datetime"},
            ]),
        )
    }

    fn destination() -> Destination {
        let org = OrgId::parse("00D5g000004XyzE").unwrap();
        Destination { org, topic: TopicTemplate::fixed("t"), filter: Filter::default() }
    }

    fn of_change(name: &str, convert: bool) -> SourceRecord {
        let event = Arc::new(fixture(name));
        let What::Change(change) = &event.what else { panic!("{name}") };
        let id = change.header.ids.records()[0];
        let envelope = Envelope::of_change(0, &event, (change, id), &account(), None, convert).unwrap();
        envelope.record(&destination()).unwrap()
    }

    #[test]
    fn a_change_event_is_written_with_its_header() {
        let record = of_change("cdc_update", false);
        assert_eq!(record.partition_key, b"0015g00000QwErTAAV");
        let (key, value) = (record.record.key.as_ref().unwrap(), record.record.value.as_ref().unwrap());
        assert_eq!(key.schema().name(), "io.confluent.salesforce.AccountChangeEventKey");
        let json = Value::Struct(value.clone()).to_json();
        assert_eq!(json["Id"], "0015g00000QwErTAAV");
        assert_eq!(json["ReplayId"], "10231");
        assert_eq!(json["_ObjectType"], "AccountChangeEvent");
        assert_eq!(json["_EventType"], "-pQ0mR2sXx1b7aYq9mNoTg");
        assert_eq!(json["Industry"], "Apparel");
        assert_eq!(json["BillingCity"], "Bremen");
        assert_eq!(json["Phone"], json!(null));
        assert_eq!(
            json["ChangeEventHeader"],
            json!({
                "entityName": "Account",
                "recordIds": ["0015g00000QwErTAAV"],
                "changeType": "UPDATE",
                "changedFields": ["Industry", "Phone", "BillingAddress.City", "LastModifiedDate"],
                "changeOrigin": "com/salesforce/api/rest/59.0;client=mirror-tool",
                "transactionKey": "0002b3f1-9e41-1a2b-0f6d-4d2a17c9e001",
                "sequenceNumber": 1,
                "commitTimestamp": 1_767_262_830_000_i64,
                "commitNumber": 10_915_706_370_983_i64,
                "commitUser": "0055g00000AbCdEAAV",
            })
        );
    }

    #[test]
    fn changed_fields_bear_the_names_of_the_record_where_that_is_wanted() {
        let record = of_change("cdc_update", true);
        let json = Value::Struct(record.record.value.unwrap()).to_json();
        let changed = &json["ChangeEventHeader"]["changedFields"];
        assert_eq!(*changed, json!(["Industry", "Phone", "BillingCity", "LastModifiedDate"]));
    }

    #[test]
    fn a_platform_event_has_no_key_and_the_order_of_its_channel() {
        let order = described(
            "Order__e",
            &json!([
                {"name": "CreatedDate", "type": "datetime"},
                {"name": "Order_Number__c", "type": "string"},
                {"name": "Amount__c", "type": "double"},
                {"name": "Shipped__c", "type": "boolean"},
                {"name": "Note__c", "type": "string"},
            ]),
        );
        let event = Arc::new(fixture("platform"));
        let What::Platform(platform) = &event.what else { panic!() };
        let describe = order.describe();
        let schema = Arc::new(event_schema::platform_event_schema("Order__e", &describe.fields));
        let envelope = Envelope::of_platform(0, &event, platform, describe, &schema).unwrap();
        let record = envelope.record(&destination()).unwrap();
        assert_eq!((record.record.key, &*record.partition_key), (None, &b"/event/Order__e"[..]));
        assert_eq!(
            Value::Struct(record.record.value.unwrap()).to_json(),
            json!({
                "ReplayId": "2112", "CreatedDate": 1_767_262_830_517_i64, "CreatedById": "0055g00000AbCdEAAV",
                "EventUuid": "b3b3a9f1-7a1b-4df1-8f3b-0b6f6f0a1c11", "Order_Number__c": "SO-1", "Amount__c": 12.5,
                "Shipped__c": false, "Note__c": null,
                "_ObjectType": "Order__e", "_EventType": "dRk0pZ2sXx1b7aYq9mNoTw",
            })
        );
    }

    #[test]
    fn a_pushed_text_is_written_with_its_time_and_place() {
        let event = Arc::new(fixture("generic"));
        let What::Generic(generic) = &event.what else { panic!() };
        let schema = Arc::new(event_schema::generic_event_schema("notes"));
        let record = Envelope::of_generic(0, &event, generic, &schema).record(&destination()).unwrap();
        assert_eq!(
            Value::Struct(record.record.value.unwrap()).to_json(),
            json!({"ReplayId": "3", "CreatedDate": 1_767_262_830_456_i64, "Payload": "free text"})
        );
    }
}
