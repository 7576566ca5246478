//! Values that have no schema with them: Avro of a schema of the file, and JSON or whatever it is.

use orgstream_api::{HealthReporter, Struct, Value};
use proptest::prelude::*;

use super::versions::{own, record};
use crate::codec::{Codec, CodecError, Format, InlineSchema, Input, Output, Registry, Written};

const LEAD: &str = r#"{
    "type": "record", "name": "Lead", "fields": [
        { "name": "Name", "type": ["string", "null"] },
        { "name": "Id", "type": "string" },
        { "name": "Notes", "type": ["null", "string"], "default": null }
    ]
}"#;

/// A codec of these formats; no registry is asked by any of them.
async fn codec() -> Codec {
    let store = own().await;
    let codec = Codec::new(Registry::connect(store.url(), HealthReporter::new().0).await.unwrap());
    store.stop().await;
    codec
}

fn lead() -> InlineSchema {
    InlineSchema::parse(LEAD).unwrap()
}

#[tokio::test]
async fn a_record_of_a_schema_of_the_file_is_nothing_but_its_values_and_comes_back() {
    let codec = codec().await.writing(Output::of(Written::Text, Written::Avro(lead())));
    for record in [record(&["Id", "Name"]), record(&["Name", "Id", "Notes"])] {
        let bytes = codec.encode("t", &record).await.unwrap();
        assert_eq!(bytes.key, None);
        let value = bytes.value.unwrap();
        // The branch and the text of Name, the text of Id, the branch of Notes.
        assert!(value.starts_with(b"\0\x08Name\x04Id"), "{value:?}");
        let read = codec.decode(None, Some(&value)).await.unwrap().value.unwrap();
        let sent = record.value.unwrap();
        assert!(sent.iter().all(|(name, value)| read.value(name) == Some(value)), "{read:?}");
        assert_eq!(read.value("Notes").is_some_and(Value::is_null), sent.value("Notes").is_none());
    }
    let refused = codec.encode("t", &record(&["Id", "Name", "New__c"])).await.unwrap_err();
    assert!(refused.to_string().contains("New__c"), "{refused}");
}

#[tokio::test]
async fn what_is_not_of_the_schema_of_the_file_is_the_records_own_fault() {
    let codec = codec().await.reading(Input { key: Format::Json, value: Format::Avro(lead()) });
    for (bytes, why) in [
        (&b""[..], "cut off"),
        (b"\0\x08Nam", "cut off"),
        (b"\x06", "3 is none of its 2 branches"),
        (b"\0\x08Name\x04Id\0more", "4 bytes follow"),
    ] {
        let error = codec.decode(Some(b"key"), Some(bytes)).await.unwrap_err();
        assert!(
            matches!(error, CodecError::Undecodable { .. }) && error.to_string().contains(why),
            "{error}"
        );
    }
}

#[test]
fn what_is_no_schema_is_told_with_its_place() {
    for (text, why) in [
        ("{\n  \"type\": record\n}", "at line 2 column"),
        (r#"{ "type": "record", "name": "R", "fields": [{ "name": "f", "type": "strin" }] }"#, "strin"),
        (r#"{ "type": "record", "fields": [] }"#, "name"),
        ("7", "a JSON string, object or array"),
    ] {
        let error = InlineSchema::parse(text).unwrap_err();
        assert!(error.contains(why), "{text}: {error}");
    }
}

#[tokio::test]
async fn what_is_no_json_is_text_where_that_is_asked_for() {
    let codec = codec().await.reading(Input { key: Format::JsonOrText, value: Format::JsonOrText });
    let bare = |text: &str| Some(Struct::bare(Value::String(text.to_owned())));
    let read = codec.decode(Some(b"customer 7"), Some(b"{'a': 1}")).await.unwrap();
    assert_eq!((read.key, read.value), (bare("customer 7"), bare("{'a': 1}")));
    let read = codec.decode(Some(br#"{"Id":"x"}"#), Some(br#"{"a":"b"}"#)).await.unwrap();
    assert_eq!(read.key.unwrap().value("Id"), Some(&Value::String("x".into())));
    assert_eq!(read.value.unwrap().value("a"), Some(&Value::String("b".into())));
    let error = codec.decode(None, Some(b"\xff")).await.unwrap_err();
    assert!(error.to_string().contains("no text"), "{error}");
}

proptest! {
    #[test]
    fn garbage_without_framing_is_refused_or_read_and_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
        let read = lead().decode(&bytes);
        prop_assert!(read.is_err() || read.unwrap().is_some());
    }
}
