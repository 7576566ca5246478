//! Schemas that change while a topic lasts, in every language, with the program's own registry and a real one.

use std::sync::Arc;

use orgstream_api::{Field, Headers, HealthReporter, Record, Schema, Struct, Type, Value};
use url::Url;

use crate::codec::{Codec, CodecError, Language, Output, Registry, Written};
use crate::peers;
use crate::schema_store::{Given, Options, SchemaStore};
use crate::store::Database;

pub(super) const LANGUAGES: [Language; 3] = [Language::Avro, Language::JsonSchema, Language::Protobuf];

async fn codec(url: &Url, language: Language) -> Codec {
    let written = Written::Registry(language);
    let registry = Registry::connect(url, HealthReporter::new().0).await.unwrap();
    Codec::new(registry).writing(Output::of(written.clone(), written))
}

/// A record of optional texts, whose values are their names.
pub(super) fn record(fields: &[&str]) -> Record {
    let described = fields.iter().map(|name| Field::optional(*name, Type::String)).collect();
    let mut value = Struct::new(Arc::new(Schema::new("io.confluent.salesforce.Lead", described)));
    for name in fields {
        value.set(name, Value::String((*name).to_owned()));
    }
    Record { key: None, value: Some(value), headers: Headers::default(), timestamp: 0 }
}

pub(super) async fn own() -> SchemaStore {
    let database = Database::open(std::path::Path::new(Database::IN_MEMORY)).unwrap();
    SchemaStore::start(Options { port: 0, database, given: Given::default() }).await.unwrap()
}

/// The bytes of a record, which another client reads as it was.
async fn written(url: &Url, language: Language, topic: &str, record: &Record) -> Result<Vec<u8>, CodecError> {
    // Nothing is remembered from one record to the next, as after a restart.
    let bytes = codec(url, language).await.encode(topic, record).await?.value.unwrap();
    let read = codec(url, language).await.decode(None, Some(&bytes)).await.unwrap().value.unwrap();
    let sent = record.value.as_ref().unwrap();
    let plain = |value: &Struct| value.iter().map(|(name, value)| (name.to_owned(), value.clone())).collect();
    let (read, sent): (Vec<_>, Vec<_>) = (plain(&read), plain(sent));
    assert_eq!(read, sent, "{language:?}");
    Ok(bytes)
}

fn id(bytes: &[u8]) -> &[u8] {
    &bytes[1..5]
}

async fn fields_are_added_and_keep_their_schema(url: &Url) {
    for language in LANGUAGES {
        let topic = peers::unique("t");
        let first = written(url, language, &topic, &record(&["Id", "Name"])).await.unwrap();
        // A new field in the middle, where the org lists it.
        let second = written(url, language, &topic, &record(&["Id", "City", "Name"])).await.unwrap();
        assert_ne!(id(&first), id(&second), "{language:?}");
        let again = written(url, language, &topic, &record(&["Id", "City", "Name"])).await.unwrap();
        assert_eq!(id(&second), id(&again), "{language:?}");
    }
}

#[tokio::test]
async fn a_field_that_is_added_is_a_new_version_in_every_language() {
    let store = own().await;
    fields_are_added_and_keep_their_schema(store.url()).await;
    store.stop().await;
}

#[tokio::test]
async fn a_real_registry_takes_a_field_that_is_added_in_every_language() {
    let Some(url) = peers::registry() else { return };
    fields_are_added_and_keep_their_schema(&url).await;
}

#[tokio::test]
async fn a_field_that_goes_and_comes_back_keeps_its_number_in_protobuf() {
    let store = own().await;
    let (topic, url) = (peers::unique("t"), store.url().clone());
    let whole = ["Id", "City", "Name"];
    let first = written(&url, Language::Protobuf, &topic, &record(&whole)).await.unwrap();
    let without = written(&url, Language::Protobuf, &topic, &record(&["Id", "Name"])).await.unwrap();
    // The number is as it was: 3 for the third field.
    let (third, rest) = (&first[first.len() - 6..], &without[without.len() - 6..]);
    assert_eq!((third, rest), (&b"\x1a\x04Name"[..], third));
    let back = written(&url, Language::Protobuf, &topic, &record(&whole)).await.unwrap();
    assert_eq!(first, back);
    let new = written(&url, Language::Protobuf, &topic, &record(&["Id", "New__c", "Name"])).await.unwrap();
    // 4 is the first number that nobody had.
    assert!(new.windows(8).any(|bytes| bytes == b"\x22\x06New__c"), "{new:?}");
    store.stop().await;
}

#[tokio::test]
async fn a_field_of_another_type_is_refused_by_subject_in_every_language() {
    let store = own().await;
    for language in LANGUAGES {
        let topic = peers::unique("t");
        written(store.url(), language, &topic, &record(&["Id", "Size"])).await.unwrap();
        let fields = vec![Field::optional("Id", Type::String), Field::optional("Size", Type::Boolean)];
        let value = Struct::new(Arc::new(Schema::new("io.confluent.salesforce.Lead", fields)));
        let changed = Record { value: Some(value), ..record(&[]) };
        let refused = codec(store.url(), language).await.encode(&topic, &changed).await.unwrap_err();
        let CodecError::Incompatible { subject, .. } = &refused else { panic!("{language:?} {refused:?}") };
        assert_eq!(*subject, format!("{topic}-value"));
    }
    store.stop().await;
}
