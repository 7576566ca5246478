//! Records as a source of org A writes them.

use std::sync::Arc;

use orgstream_api::record::{field, header};
use orgstream_api::{
    Field, Headers, InputOffset, Owed, Record, Schema, SinkRecord, Struct, TopicPartition, Type, Value,
};
use orgstream_salesforce::SalesforceId;

/// The org that all records come from.
pub(super) const ORG_A: &str = "00D5g000004XyzEEAS";

/// A record under construction. The fields that are set are the carried ones.
#[derive(Clone)]
pub(super) struct Change {
    object: String,
    id: String,
    event: Option<String>,
    fields: Vec<(String, Value)>,
    stamp: Option<String>,
    org: String,
    headers: bool,
    carried: Option<Vec<String>>,
    tombstone: bool,
    key: Key,
    /// In place of the value that it would have.
    held: Option<Struct>,
    /// When its topic told of it.
    told: i64,
}

/// What the key of a record is.
#[derive(Clone)]
enum Key {
    /// The id where nothing else has it.
    Usual,
    Own(Option<Struct>),
}

/// The id of the record `number` of an object in org A.
pub(super) fn id(object: &str, number: u32) -> String {
    let prefix = match object {
        "Account" => "001",
        "Contact" => "003",
        "Lead" => "00Q",
        other => panic!("{other} has no prefix here"),
    };
    SalesforceId::parse(&format!("{prefix}A0000{number:07}")).unwrap().to_string()
}

/// The account of the first contact, as the first record of its topic owes it.
pub(super) fn owed_account() -> Owed {
    Owed {
        at: InputOffset { partition: TopicPartition { topic: "a.Contact".into(), partition: 0 }, offset: 0 },
        org: ORG_A.into(),
        object: "Contact".into(),
        id: id("Contact", 1),
        field: "AccountId".into(),
        parent_objects: vec!["Account".into()],
        parent_id: id("Account", 1),
    }
}

impl Change {
    fn new(event: &str, object: &str, number: u32) -> Self {
        Self {
            object: object.to_owned(),
            id: id(object, number),
            event: Some(event.to_owned()),
            fields: Vec::new(),
            stamp: Some("2026-01-01T10:00:00.000Z".to_owned()),
            org: ORG_A.to_owned(),
            headers: true,
            carried: None,
            tombstone: false,
            key: Key::Usual,
            held: None,
            told: 1_767_261_600_000,
        }
    }

    /// The record's id in org A.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn created(object: &str, number: u32) -> Self {
        let change = Self::new("created", object, number);
        match object {
            "Account" => change.text("Name", &format!("Account {number}")),
            "Lead" => change.text("LastName", &format!("Lead {number}")).text("Company", "Acme"),
            _ => change.text("LastName", &format!("{object} {number}")),
        }
    }

    pub(super) fn updated(object: &str, number: u32) -> Self {
        Self::new("updated", object, number)
    }

    pub(super) fn deleted(object: &str, number: u32) -> Self {
        Self::new("deleted", object, number)
    }

    pub(super) fn undeleted(object: &str, number: u32) -> Self {
        Self { event: Some("undeleted".to_owned()), ..Self::created(object, number) }
    }

    pub(super) fn event(mut self, event: Option<&str>) -> Self {
        self.event = event.map(str::to_owned);
        self
    }

    pub(super) fn of_object(mut self, object: &str) -> Self {
        object.clone_into(&mut self.object);
        self
    }

    pub(super) fn with_id(mut self, id: &str) -> Self {
        id.clone_into(&mut self.id);
        self
    }

    pub(super) fn text(self, name: &str, text: &str) -> Self {
        self.value(name, Value::String(text.to_owned()))
    }

    pub(super) fn null(self, name: &str) -> Self {
        self.value(name, Value::Null)
    }

    pub(super) fn value(mut self, name: &str, value: Value) -> Self {
        self.fields.retain(|(set, _)| set != name);
        self.fields.push((name.to_owned(), value));
        self
    }

    pub(super) fn stamped(mut self, stamp: &str) -> Self {
        self.stamp = Some(stamp.to_owned());
        self
    }

    /// So many milliseconds later than other records were.
    pub(super) fn told(mut self, later: i64) -> Self {
        self.told += later;
        self
    }

    /// As of another org than [`ORG_A`].
    pub(super) fn of_org(mut self, id: &str) -> Self {
        id.clone_into(&mut self.org);
        self
    }

    /// As of a producer that knows nothing of orgstream's headers.
    pub(super) fn without_headers(mut self) -> Self {
        self.headers = false;
        self
    }

    /// Says that it carries these fields only.
    pub(super) fn carrying(mut self, fields: &[&str]) -> Self {
        self.carried = Some(fields.iter().map(|name| (*name).to_owned()).collect());
        self
    }

    pub(super) fn tombstone(mut self) -> Self {
        self.tombstone = true;
        self
    }

    /// With a key of its own.
    pub(super) fn keyed(mut self, key: Option<Struct>) -> Self {
        self.key = Key::Own(key);
        self
    }

    /// With a value of its own.
    pub(super) fn holding(mut self, value: Struct) -> Self {
        self.held = Some(value);
        self
    }

    /// The record at a place.
    pub(super) fn at(&self, topic: &str, partition: i32, offset: i64) -> SinkRecord {
        let partition = TopicPartition { topic: topic.to_owned(), partition };
        let mut headers = Headers::default();
        if self.headers {
            let set = || self.fields.iter().map(|(name, _)| name.clone()).collect();
            let carried: Vec<String> = self.carried.clone().unwrap_or_else(set);
            headers.push(header::ORG, self.org.as_str());
            headers.push(header::CARRIED, serde_json::to_string(&carried).unwrap());
            if let Some(stamp) = &self.stamp {
                headers.push(header::STAMP, stamp.as_str());
            }
        }
        let record = Record {
            key: None,
            value: (!self.tombstone).then(|| self.held.clone().unwrap_or_else(|| self.image())),
            headers,
            timestamp: self.told,
        };
        let key = match &self.key {
            Key::Usual => self.tombstone.then(|| self.key()),
            Key::Own(key) => key.clone(),
        };
        let record = Record { key, ..record };
        let texts: usize = self.fields.iter().filter_map(|(_, value)| value.as_str()).map(str::len).sum();
        let size = texts.max(1_000);
        SinkRecord { at: InputOffset { partition, offset }, record, size }
    }

    pub(super) fn object(&self) -> &str {
        &self.object
    }

    fn key(&self) -> Struct {
        let schema = Schema::new("Key", vec![Field::required(field::ID, Type::String)]);
        let mut key = Struct::new(Arc::new(schema));
        key.set(field::ID, Value::String(self.id.clone()));
        key
    }

    fn image(&self) -> Struct {
        let mut fields = vec![Field::required(field::ID, Type::String)];
        let kind = |value: &Value| match value {
            Value::Boolean(_) => Type::Boolean,
            Value::Int32(_) => Type::Int32,
            Value::Float64(_) => Type::Float64,
            Value::Timestamp(_) => Type::Timestamp,
            Value::Date(_) => Type::Date,
            Value::Struct(inner) => Type::Struct(Arc::clone(inner.schema())),
            Value::Array(_) => value.kind(),
            _ => Type::String,
        };
        fields.extend(self.fields.iter().map(|(name, value)| Field::optional(name, kind(value))));
        fields.push(Field::optional(field::OBJECT_TYPE, Type::String));
        fields.push(Field::optional(field::EVENT_TYPE, Type::String));
        let mut image = Struct::new(Arc::new(Schema::new("Image", fields)));
        image.set(field::ID, Value::String(self.id.clone()));
        image.set(field::OBJECT_TYPE, Value::String(self.object.clone()));
        if let Some(event) = &self.event {
            image.set(field::EVENT_TYPE, Value::String(event.clone()));
        }
        for (name, value) in &self.fields {
            image.set(name, value.clone());
        }
        image
    }
}
