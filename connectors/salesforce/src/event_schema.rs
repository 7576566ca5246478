//! The schemas of events that are written as they came: the formats of Confluent's sources of change events and of
//! platform events. Generic channels have no such model; theirs is alike.

use std::sync::{Arc, LazyLock};

use orgstream_api::{Field, Schema, Type, record};

use crate::describe::{DescribeField, FieldKind};
use crate::schema::{NAMESPACE, id_field, key_schema, type_of};

/// The field with the place of the event in its channel.
pub const REPLAY_ID: &str = "ReplayId";

/// The field with what a change event says of itself.
pub const CHANGE_EVENT_HEADER: &str = "ChangeEventHeader";

/// When an event was raised.
pub const CREATED_DATE: &str = "CreatedDate";

/// The id of a platform event, which it keeps wherever it goes.
pub const EVENT_UUID: &str = "EventUuid";

/// The text of a generic event.
pub const PAYLOAD: &str = "Payload";

/// What a change event says of itself, in Confluent's order.
static HEADER: LazyLock<Arc<Schema>> = LazyLock::new(|| {
    let texts = || Type::Array(Arc::new(Type::String));
    let fields = [
        ("entityName", Type::String),
        ("recordIds", texts()),
        ("changeType", Type::String),
        ("changedFields", texts()),
        ("changeOrigin", Type::String),
        ("transactionKey", Type::String),
        ("sequenceNumber", Type::Int64),
        ("commitTimestamp", Type::Int64),
        ("commitNumber", Type::Int64),
        ("commitUser", Type::String),
    ];
    let fields = fields.into_iter().map(|(name, kind)| Field::optional(name, kind)).collect();
    Arc::new(Schema::new(CHANGE_EVENT_HEADER, fields))
});

/// The schema of [`CHANGE_EVENT_HEADER`].
pub fn change_event_header() -> Arc<Schema> {
    Arc::clone(&HEADER)
}

/// The value schema of the change events called `event`, of the object with these fields.
pub fn change_event_schema(event: &str, fields: &[DescribeField]) -> Schema {
    let first = [
        id_field(record::field::ID),
        text(REPLAY_ID),
        Field::required(CHANGE_EVENT_HEADER, Type::Struct(change_event_header())),
    ];
    let own = fields.iter().filter(|field| field.kind != FieldKind::Id).map(described);
    of_event(event, first.into_iter().chain(own))
}

/// The key schema of the change events called `event`.
pub fn change_event_key(event: &str) -> Schema {
    key_schema(event)
}

/// The value schema of the platform event called `event`, with these fields.
pub fn platform_event_schema(event: &str, fields: &[DescribeField]) -> Schema {
    let first = [
        text(REPLAY_ID),
        Field::optional(CREATED_DATE, Type::Timestamp),
        text("CreatedById"),
        text(EVENT_UUID),
    ];
    let names: Vec<String> = first.iter().map(|field| field.name.clone()).collect();
    let is_own = |field: &&DescribeField| field.kind != FieldKind::Id && !names.contains(&field.name);
    let own: Vec<Field> = fields.iter().filter(is_own).map(described).collect();
    of_event(event, first.into_iter().chain(own))
}

/// The value schema of the generic channel called `channel`.
pub fn generic_event_schema(channel: &str) -> Schema {
    // A channel may be called what no schema can.
    let legal = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' };
    let name: String = channel.chars().map(legal).collect();
    let fields = vec![text(REPLAY_ID), Field::optional(CREATED_DATE, Type::Timestamp), text(PAYLOAD)];
    Schema::new(format!("{NAMESPACE}.{name}"), fields)
}

fn of_event(event: &str, fields: impl Iterator<Item = Field>) -> Schema {
    let metadata = [record::field::OBJECT_TYPE, record::field::EVENT_TYPE].map(text);
    Schema::new(format!("{NAMESPACE}.{event}"), fields.chain(metadata).collect())
}

fn described(field: &DescribeField) -> Field {
    Field::optional(&field.name, type_of(field.kind))
}

fn text(name: &str) -> Field {
    Field::optional(name, Type::String)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::describe::Describe;

    fn describe(name: &str, fields: &[(&str, &str)]) -> Describe {
        let fields: Vec<_> = fields.iter().map(|(name, kind)| json!({"name": name, "type": kind})).collect();
        serde_json::from_value(json!({"name": name, "fields": fields})).unwrap()
    }

    fn names(schema: &Schema) -> Vec<&str> {
        schema.fields().iter().map(|field| field.name.as_str()).collect()
    }

    #[test]
    fn the_schema_of_change_events_is_confluents() {
        let contact = describe("Contact", &[("Id", "id"), ("LastName", "string"), ("Birthdate", "date")]);
        let schema = change_event_schema("ContactChangeEvent", &contact.fields);
        assert_eq!(schema.name(), "io.confluent.salesforce.ContactChangeEvent");
        assert_eq!(
            names(&schema),
            ["Id", "ReplayId", "ChangeEventHeader", "LastName", "Birthdate", "_ObjectType", "_EventType"]
        );
        let required: Vec<_> = schema.fields().iter().filter(|field| !field.optional).collect();
        assert_eq!(
            required.iter().map(|field| field.name.as_str()).collect::<Vec<_>>(),
            ["Id", "ChangeEventHeader"]
        );
        let Type::Struct(header) = &schema.field("ChangeEventHeader").unwrap().kind else { panic!() };
        assert_eq!(header.name(), "ChangeEventHeader");
        assert_eq!(header.field("recordIds").unwrap().kind, Type::Array(Arc::new(Type::String)));
        assert_eq!(header.field("commitNumber").unwrap().kind, Type::Int64);
        assert_eq!(schema.field("Birthdate").unwrap().kind, Type::Date);
    }

    #[test]
    fn the_schema_of_platform_events_is_confluents() {
        let order = describe(
            "Order__e",
            &[("ReplayId", "string"), ("CreatedDate", "datetime"), ("Amount__c", "double")],
        );
        let schema = platform_event_schema("Order__e", &order.fields);
        assert_eq!(
            names(&schema),
            ["ReplayId", "CreatedDate", "CreatedById", "EventUuid", "Amount__c", "_ObjectType", "_EventType"]
        );
        assert_eq!(schema.field("CreatedDate").unwrap().kind, Type::Timestamp);
        assert!(schema.fields().iter().all(|field| field.optional));
    }

    #[test]
    fn a_generic_channel_has_a_schema_under_a_name_that_schemas_can_have() {
        let schema = generic_event_schema("news 2026");
        assert_eq!(schema.name(), "io.confluent.salesforce.news_2026");
        assert_eq!(names(&schema), ["ReplayId", "CreatedDate", "Payload"]);
    }
}
