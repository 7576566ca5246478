//! Against a real schema registry.

use std::sync::Arc;
use std::time::Duration;

use orgstream_api::{Field, Headers, Health, HealthReporter, Record, Schema, Struct, Type, Value};
use url::Url;

use super::*;
use crate::peers;

pub(in crate::codec) mod drawn;
mod formats;
mod hostile;
mod inline;
mod lagging;
mod registrations;
mod versions;

fn schema(fields: Vec<Field>) -> Arc<Schema> {
    Arc::new(Schema::new("io.confluent.salesforce.Account", fields))
}

fn account() -> Arc<Schema> {
    schema(vec![
        Field::required("Id", Type::String).with_doc("Unique identifier for the object."),
        Field::optional("Name", Type::String),
    ])
}

fn record(schema: &Arc<Schema>) -> Record {
    let mut value = Struct::new(Arc::clone(schema));
    value.set("Id", Value::String("001000000000001AAA".into()));
    let mut key = Struct::new(Arc::new(Schema::new(
        "io.confluent.salesforce.AccountKey",
        vec![Field::required("Id", Type::String)],
    )));
    key.set("Id", Value::String("001000000000001AAA".into()));
    Record { key: Some(key), value: Some(value), headers: Headers::default(), timestamp: 0 }
}

async fn codec() -> Option<Codec> {
    let registry = Registry::connect(&peers::registry()?, HealthReporter::new().0).await.unwrap();
    Some(Codec::new(registry))
}

#[tokio::test]
async fn a_record_comes_back_as_it_went_out_through_another_client() {
    let (Some(writer), Some(reader)) = (codec().await, codec().await) else { return };
    let (topic, record) = (peers::unique("t"), record(&account()));
    let bytes = writer.encode(&topic, &record).await.unwrap();
    let read = reader.decode(bytes.key.as_deref(), bytes.value.as_deref()).await.unwrap();
    assert_eq!((read.key, read.value), (record.key, record.value));
}

#[tokio::test]
async fn an_equal_schema_that_was_described_anew_keeps_its_id() {
    let Some(codec) = codec().await else { return };
    let topic = peers::unique("t");
    let first = codec.encode(&topic, &record(&account())).await.unwrap();
    let second = codec.encode(&topic, &record(&account())).await.unwrap();
    assert_eq!(first, second);
    let wider = schema([account().fields(), &[Field::optional("New__c", Type::String)]].concat());
    let third = codec.encode(&topic, &record(&wider)).await.unwrap();
    assert_ne!(first.value.unwrap()[..5], third.value.unwrap()[..5]);
}

#[tokio::test]
async fn a_schema_that_readers_cannot_follow_is_refused_by_subject() {
    let Some(codec) = codec().await else { return };
    let topic = peers::unique("t");
    codec.encode(&topic, &record(&account())).await.unwrap();
    let mut fields = account().fields().to_vec();
    fields.push(Field::required("New__c", Type::Boolean));
    let mut changed = record(&schema(fields));
    changed.value.as_mut().unwrap().set("New__c", Value::Boolean(true));
    let refused = codec.encode(&topic, &changed).await.unwrap_err();
    let CodecError::Incompatible { subject, .. } = &refused else { panic!("{refused:?}") };
    assert_eq!(subject, &format!("{topic}-value"));
}

#[tokio::test]
async fn garbage_is_the_records_own_fault_and_says_what_is_wrong() {
    let Some(codec) = codec().await else { return };
    let good = codec.encode(&peers::unique("t"), &record(&account())).await.unwrap().value.unwrap();
    let cut = &good[..good.len() - 1];
    for (bytes, why) in [(&b"{\"Id\":1}"[..], "0x7b"), (&[0, 0, 1], "too few"), (cut, "cut off")] {
        let error = codec.decode(None, Some(bytes)).await.unwrap_err();
        let CodecError::Undecodable { part: Part::Value, reason } = &error else { panic!("{error:?}") };
        assert!(reason.contains(why), "{reason}");
    }
    let error = codec.decode(Some(b"plain"), Some(&good)).await.unwrap_err();
    assert!(matches!(error, CodecError::Undecodable { part: Part::Key, .. }), "{error:?}");
    let tombstone = codec.decode(None, None).await.unwrap();
    assert_eq!((tombstone.key, tombstone.value), (None, None));
}

/// A registry that answers `failures` questions for a schema so and not otherwise, because no real one can be asked to.
async fn failing_registry(failures: u32, failure: (u16, &'static str)) -> Url {
    registry(move |question| if question < failures { failure } else { FOUND }).await
}

const FOUND: (u16, &str) = (200, r#"{"id":7,"schema":"\"string\""}"#);
const AWAY: (u16, &str) = (502, "<html>");

/// A registry that answers the questions for a schema, which are counted from 0, as it is told.
async fn registry(answer: impl Fn(u32) -> (u16, &'static str) + Clone + Send + Sync + 'static) -> Url {
    use axum::http::StatusCode;
    use std::sync::atomic::{AtomicU32, Ordering};
    let asked = Arc::new(AtomicU32::new(0));
    let answer = move |uri: axum::http::Uri| {
        let (asked, answer) = (Arc::clone(&asked), answer.clone());
        async move {
            if uri.path() == "/subjects" {
                return (StatusCode::OK, "[]".to_owned());
            }
            let (status, body) = answer(asked.fetch_add(1, Ordering::Relaxed));
            (StatusCode::from_u16(status).unwrap(), body.to_owned())
        }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, axum::Router::new().fallback(answer)).await.unwrap() });
    Url::parse(&format!("http://user:hidden@{address}")).unwrap()
}

#[tokio::test]
async fn a_registry_that_is_away_is_waited_for_and_told_of() {
    let (reporter, mut health) = HealthReporter::new();
    let registry = Registry::connect(&failing_registry(3, AWAY).await, reporter).await.unwrap();
    let codec = Codec::new(registry);
    let reader = tokio::spawn(async move { codec.decode(None, Some(&[0, 0, 0, 0, 7, 2, b'x'])).await });
    let degraded = health.wait_for(|health| matches!(health, Health::Degraded(_))).await.unwrap().clone();
    let Health::Degraded(reason) = &degraded else { panic!("{degraded:?}") };
    assert!(reason.contains("502") && !reason.contains("hidden"), "{reason}");
    assert!(reader.await.unwrap().is_ok());
    assert_eq!(*health.borrow(), Health::Running);
}

const NO_SUCH_SCHEMA: (u16, &str) = (404, r#"{"error_code":40403,"message":"Schema not found"}"#);

#[tokio::test]
async fn a_registry_that_is_behind_is_asked_again_and_told_of() {
    let (reporter, mut health) = HealthReporter::new();
    let registry = Registry::connect(&failing_registry(3, NO_SUCH_SCHEMA).await, reporter).await.unwrap();
    let codec = Codec::new(registry);
    let reader = tokio::spawn(async move { codec.decode(None, Some(&[0, 0, 0, 0, 7, 2, b'x'])).await });
    let degraded = health.wait_for(|health| matches!(health, Health::Degraded(_))).await.unwrap().clone();
    let Health::Degraded(reason) = &degraded else { panic!("{degraded:?}") };
    assert!(reason.contains("does not have schema 7") && !reason.contains("hidden"), "{reason}");
    assert!(reader.await.unwrap().is_ok());
    assert_eq!(*health.borrow(), Health::Running);
}

#[tokio::test]
async fn a_registry_that_comes_back_is_given_time_for_a_schema_and_is_no_longer_away() {
    // It is away for longer than a schema is asked for.
    let patience = Duration::from_millis(150);
    for (found, is_found) in [(4, true), (u32::MAX, false)] {
        let (reporter, health) = HealthReporter::new();
        let url = registry(move |question| match question {
            0..3 => AWAY,
            _ if question < found => NO_SUCH_SCHEMA,
            _ => FOUND,
        });
        let registry = Registry::connect(&url.await, reporter).await.unwrap().patient_for(patience);
        let read = Codec::new(registry).decode(None, Some(&[0, 0, 0, 0, 7, 2, b'x'])).await;
        assert_eq!(read.is_ok(), is_found, "{read:?}");
        assert_eq!(*health.borrow(), Health::Running);
    }
}

#[tokio::test]
async fn a_schema_that_nobody_knows_is_no_fault_of_the_bytes() {
    let registry = failing_registry(u32::MAX, NO_SUCH_SCHEMA).await;
    let registry = Registry::connect(&registry, HealthReporter::new().0).await.unwrap();
    let codec = Codec::new(registry.patient_for(Duration::from_millis(300)));
    let error = codec.decode(None, Some(&[0, 0, 0, 0, 7, 2, b'x'])).await.unwrap_err();
    assert!(matches!(error, CodecError::UnknownSchema { part: Part::Value, id: 7, .. }), "{error:?}");
}
