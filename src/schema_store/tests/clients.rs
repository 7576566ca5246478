//! Clients that know nothing of this store: the `schema_registry_converter` crate, and the codec of the pipelines.

use std::sync::Arc;

use orgstream_api::{Field, Headers, HealthReporter, Record, Schema, Struct, Type, Value};
use schema_registry_converter::async_impl::schema_registry::{
    SrSettings, get_all_subjects, get_all_versions, get_schema_by_guid, get_schema_by_id,
    get_schema_by_subject, is_compatible_schema, post_schema,
};
use schema_registry_converter::schema_registry_common::{
    SchemaType, SubjectNameStrategy, SuppliedReference, SuppliedSchema,
};

use super::*;
use crate::codec::{Codec, CodecError, Registry};

#[tokio::test]
async fn the_crates_client_registers_finds_and_follows_references() {
    let store = Store::start().await;
    let settings = SrSettings::new(store.url().as_str().trim_end_matches('/').to_owned());
    let named = |name: &str, kind: &str| {
        json!({ "type": "record", "name": name, "fields": [{ "name": "f", "type": kind }] }).to_string()
    };
    let address = SuppliedReference::new("Address".into(), "address".into(), named("Address", "string"));
    let mut person = SuppliedSchema::new(Some("Person".into()), SchemaType::Avro, named("Person", "Address"));
    person.references = vec![address];
    let posted = post_schema(&settings, "person-value".into(), person.clone()).await.unwrap();
    assert_eq!(post_schema(&settings, "person-value".into(), person).await.unwrap().id, posted.id);

    let found = get_schema_by_id(posted.id, &settings).await.unwrap();
    assert_eq!((found.schema, found.references.len()), (named("Person", "Address"), 1));
    let guid = posted.guid.expect("newer registries answer one");
    assert_eq!(get_schema_by_guid(&guid, &settings).await.unwrap().schema, named("Person", "Address"));
    let strategy = SubjectNameStrategy::TopicNameStrategy("person".into(), false);
    assert_eq!(get_schema_by_subject(&settings, &strategy).await.unwrap().id, posted.id);
    assert_eq!(get_all_subjects(&settings).await.unwrap(), ["address", "person-value"]);
    assert_eq!(get_all_versions(&settings, "address".into()).await.unwrap(), [1]);
    let changed = SuppliedSchema::new(None, SchemaType::Avro, named("Address", "int"));
    assert!(!is_compatible_schema(&settings, "address".into(), changed.clone()).await.unwrap());
    let refused = post_schema(&settings, "address".into(), changed).await.unwrap_err();
    assert!(refused.to_string().contains("409"), "{refused}");
}

fn record_with(fields: Vec<Field>) -> Record {
    let mut value = Struct::new(Arc::new(Schema::new("io.confluent.salesforce.Account", fields)));
    value.set("Id", Value::String("001000000000001AAA".into()));
    Record { key: None, value: Some(value), headers: Headers::default(), timestamp: 0 }
}

#[tokio::test]
async fn records_of_a_pipeline_are_read_back_after_the_store_came_back() {
    let store = Store::start().await;
    let id = Field::required("Id", Type::String).with_doc("Unique identifier for the object.");
    let one = record_with(vec![id.clone()]);
    let wider = record_with(vec![id.clone(), Field::optional("Name", Type::String)]);
    let codec = async |store: &Store| {
        Codec::new(Registry::connect(store.url(), HealthReporter::new().0).await.unwrap())
    };
    let writer = codec(&store).await;
    let bytes = writer.encode("t", &one).await.unwrap().value.unwrap();
    let more = writer.encode("t", &wider).await.unwrap().value.unwrap();
    assert_ne!(bytes[..5], more[..5]);
    assert_eq!(store.get("/subjects").await, (200, json!(["t-value"])));

    let store = store.restart().await;
    let codec = codec(&store).await;
    assert_eq!(codec.decode(None, Some(&bytes)).await.unwrap().value, one.value);
    assert_eq!(codec.decode(None, Some(&more)).await.unwrap().value, wider.value);
    assert_eq!(codec.encode("t", &one).await.unwrap().value.unwrap(), bytes);

    let refused =
        codec.encode("t", &record_with(vec![id, Field::required("New__c", Type::Int32)])).await.unwrap_err();
    let CodecError::Incompatible { message, .. } = &refused else { panic!("{refused:?}") };
    assert!(message.contains("New__c") && message.contains("BACKWARD"), "{message}");
    let unknown = codec.decode(None, Some(&[0, 0, 0, 0, 99, 0])).await.unwrap_err();
    assert!(matches!(unknown, CodecError::UnknownSchema { .. }), "{unknown:?}");
}

#[tokio::test]
async fn records_of_every_type_of_schema_are_read_with_all_that_they_refer_to() {
    let store = Store::start().await;
    let codec = Codec::new(Registry::connect(store.url(), HealthReporter::new().0).await.unwrap());
    let refer = |mut body: Json, name: &str, subject: &str| {
        body["references"] = json!([{ "name": name, "subject": subject, "version": 1 }]);
        body
    };
    let city = r#"syntax = "proto3"; package p; message City { string name = 1; }"#;
    let address = r#"syntax = "proto3"; package p; import "city.proto"; message Address { City city = 1; }"#;
    let person = r#"syntax = "proto3"; package p; import "address.proto"; message Person { string Id = 1; Address home = 2; }"#;
    store.register("city.proto", protobuf(city)).await;
    store.register("address.proto", refer(protobuf(address), "city.proto", "city.proto")).await;
    let proto = store.register("p-value", refer(protobuf(person), "address.proto", "address.proto")).await;

    let city = json_schema(&json!({ "title": "City", "properties": { "name": { "type": "string" } } }));
    let person = json_schema(
        &json!({ "properties": { "Id": { "type": "string" }, "home": { "$ref": "city.json" } } }),
    );
    store.register("city", city).await;
    let json = store.register("j-value", refer(person, "city.json", "city")).await;

    let city =
        avro(&json!({ "type": "record", "name": "City", "fields": [{ "name": "name", "type": "string" }] }));
    let fields = json!([{ "name": "Id", "type": "string" }, { "name": "home", "type": "City" }]);
    store.register("avro-city", city).await;
    let person = avro(&json!({ "type": "record", "name": "Person", "fields": fields }));
    let avro = store.register("a-value", refer(person, "City", "avro-city")).await;

    for (id, datum, home) in [
        (proto, &b"\0\x0a\x01x\x12\x05\x0a\x03\x0a\x01y"[..], json!({ "city": { "name": "y" } })),
        (json, br#"{"Id":"x","home":{"name":"y"}}"#, json!({ "name": "y" })),
        (avro, b"\x02x\x02y", json!({ "name": "y" })),
    ] {
        let framed = [&[0], &u32::try_from(id).unwrap().to_be_bytes()[..], datum].concat();
        let read = codec.decode(None, Some(&framed)).await.unwrap().value.unwrap();
        assert_eq!(read.value("Id"), Some(&Value::String("x".into())));
        assert_eq!(read.value("home").unwrap().to_json(), home);
        let cut = codec.decode(None, Some(&framed[..framed.len() - 1])).await.unwrap_err();
        let CodecError::Undecodable { reason, .. } = &cut else { panic!("{cut:?}") };
        assert!(reason.contains(&format!("schema id {id}")), "{reason}");
    }
}
