//! What the three languages of a registry make of our records, without a registry.

use std::sync::Arc;

use orgstream_api::{Field, Schema, Struct, Type, Value};
use proptest::prelude::*;
use schema_registry_converter::schema_registry_common::SchemaType;

use super::drawn::{lead, structs};
use crate::codec::encoder::Encoder;
use crate::codec::format::Language;
use crate::codec::protobuf::Numbers;
use crate::codec::writer::{Source, Writer};
use crate::codec::{avro, json, protobuf};

pub(super) fn source(language: Language, schema: &Schema) -> Result<Source, String> {
    let (schema_type, text) = match language {
        Language::Avro => (SchemaType::Avro, avro::schema_text(schema).map_err(|error| error.0)?),
        Language::JsonSchema => (SchemaType::Json, json::schema_text(schema)),
        Language::Protobuf => (SchemaType::Protobuf, protobuf::schema_text(schema, &Numbers::default())?),
    };
    Ok(Source { schema_type, text, referenced: Vec::new() })
}

pub(super) fn encoded(language: Language, source: &Source, value: &Struct) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    Encoder::compile(language, source, value.schema())?.encode(value, &mut bytes)?;
    Ok(bytes)
}

fn there_and_back(language: Language, value: &Struct) -> Result<Struct, String> {
    let source = source(language, value.schema())?;
    let bytes = encoded(language, &source, value)?;
    Ok(Writer::parse(&source)?.decode(&bytes)?.expect("a value"))
}

#[test]
fn the_json_schema_of_a_record_is_the_converters_and_takes_no_other_members() {
    let address = concat!(
        r#"{"type":"object","title":"io.confluent.salesforce.Address","properties":{"#,
        r#""GeocodeAccuracy":{"oneOf":[{"type":"null"},{"type":"string"}],"connect.index":0},"#,
        r#""State":{"oneOf":[{"type":"null"},{"type":"string","description":""}],"connect.index":1},"#,
        r#""Latitude":{"oneOf":[{"type":"null"},{"type":"number","connect.type":"float64"}],"connect.index":2}},"#,
        r#""additionalProperties":false}"#,
    );
    let logical = |name: &str, of: &str| {
        format!(
            r#"{{"type":"integer","title":"org.apache.kafka.connect.data.{name}","connect.version":1,"connect.type":"{of}"}}"#
        )
    };
    let mut members = vec![
        r#""Id":{"type":"string","description":"Unique identifier for the object.","connect.index":0}"#
            .to_owned(),
    ];
    let optional = [
        ("IsConverted", r#"{"type":"boolean"}"#.to_owned()),
        ("NumberOfEmployees", r#"{"type":"integer","connect.type":"int32"}"#.to_owned()),
        ("ConvertedDate", logical("Date", "int32")),
        ("CreatedDate", logical("Timestamp", "int64")),
        ("Start__c", logical("Time", "int32")),
        ("Views__c", r#"{"type":"integer","connect.type":"int64"}"#.to_owned()),
        ("Address", address.to_owned()),
        ("Other__c", address.to_owned()),
        ("_EventType", r#"{"type":"string"}"#.to_owned()),
    ];
    members.extend(optional.iter().zip(1..).map(|((name, kind), index)| {
        format!(r#""{name}":{{"oneOf":[{{"type":"null"}},{kind}],"connect.index":{index}}}"#)
    }));
    let expected = format!(
        r#"{{"type":"object","title":"io.confluent.salesforce.Lead","properties":{{{}}},"required":["Id"],"additionalProperties":false}}"#,
        members.join(",")
    );
    assert_eq!(source(Language::JsonSchema, &lead()).unwrap().text, expected);
}

const PROTO: &str = r#"syntax = "proto3";
package io.confluent.salesforce;

import "google/protobuf/timestamp.proto";
import "google/type/date.proto";
import "google/type/timeofday.proto";

message Lead {
  string Id = 1;
  optional bool IsConverted = 2;
  optional int32 NumberOfEmployees = 3;
  .google.type.Date ConvertedDate = 4;
  .google.protobuf.Timestamp CreatedDate = 5;
  .google.type.TimeOfDay Start__c = 6;
  optional int64 Views__c = 7;
  .io.confluent.salesforce.Address Address = 8;
  .io.confluent.salesforce.Address Other__c = 9;
  optional string _EventType = 10;
}

message Address {
  optional string GeocodeAccuracy = 1;
  optional string State = 2;
  optional double Latitude = 3;
}
"#;

#[test]
fn the_proto_file_of_a_record_has_a_message_for_each_struct_and_tells_null_from_nothing() {
    assert_eq!(source(Language::Protobuf, &lead()).unwrap().text, PROTO);
}

#[test]
fn fields_that_protobuf_cannot_tell_apart_are_refused_by_name() {
    let refused = |names: [&str; 2]| {
        let fields = names.map(|name| Field::optional(name, Type::String)).to_vec();
        source(Language::Protobuf, &Schema::new("n.R", fields)).err()
    };
    let error = refused(["Foo_Bar__c", "FooBar__c"]).unwrap();
    assert!(error.contains("field FooBar__c of n.R") && error.contains("from field Foo_Bar__c"), "{error}");
    assert_eq!(refused(["FooBar__c", "Foobar__c"]), None);
}

#[test]
fn what_protobuf_cannot_say_is_refused_with_the_field() {
    let refused = |name: &str, kind: Type, value: Value| {
        let mut record = Struct::new(Arc::new(Schema::new("n.R", vec![Field::optional(name, kind)])));
        record.set(name, value);
        there_and_back(Language::Protobuf, &record).unwrap_err()
    };
    let lists = Type::Array(Arc::new(Type::Array(Arc::new(Type::String))));
    for (error, words) in [
        (refused("first-name", Type::String, Value::Null), "first-name of n.R: Protobuf has no field"),
        (refused("a", lists, Value::Null), "field a of n.R: Protobuf has no lists of lists"),
        (refused("a", Type::Date, Value::Date(i32::MAX)), "field a of n.R holds a day of the year"),
        (refused("a", Type::Time, Value::Time(86_400_000)), "field a of n.R holds 86400000 ms"),
        (refused("a", Type::Timestamp, Value::Timestamp(i64::MIN)), "field a of n.R holds"),
        (refused("a", Type::Int32, Value::Int64(1)), "field a of n.R is Int32 and holds Int64(1)"),
    ] {
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn a_required_field_without_a_value_is_refused_in_every_language() {
    let value = Struct::new(Arc::new(lead()));
    for language in [Language::Avro, Language::Protobuf, Language::JsonSchema] {
        let source = source(language, value.schema()).unwrap();
        let error = encoded(language, &source, &value).unwrap_err();
        assert!(error.contains("field Id"), "{language:?}: {error}");
    }
}

/// What orgs hold: Protobuf's dates and times end.
fn bounded(value: Value) -> Value {
    match value {
        Value::Date(days) => Value::Date(days.rem_euclid(2_900_000)),
        Value::Time(millis) => Value::Time(millis.rem_euclid(86_400_000)),
        Value::Timestamp(millis) => {
            Value::Timestamp(millis.rem_euclid(313_000_000_000_000) - 62_000_000_000_000)
        }
        Value::Array(values) => Value::Array(values.into_iter().map(bounded).collect()),
        Value::Struct(value) => Value::Struct(bounded_struct(&value)),
        value => value,
    }
}

fn bounded_struct(value: &Struct) -> Struct {
    let values = value.values().iter().cloned().map(bounded).collect();
    Struct::of(Arc::clone(value.schema()), values).unwrap()
}

/// The values as Protobuf gives them back: an empty list is none, and an empty text is none where none cannot be said.
fn through_protobuf(value: &Struct) -> Vec<Value> {
    let fields = value.schema().fields().iter().zip(value.values());
    let of = |(field, value): (&Field, &Value)| match value {
        Value::Array(values) if values.is_empty() => Value::Null,
        Value::String(text) if text.is_empty() && !field.optional => Value::Null,
        value => value.clone(),
    };
    fields.map(of).collect()
}

/// The names and the values, without what a schema says beside them.
fn plainly(values: &[Value]) -> Vec<String> {
    let of = |value: &Value| match value {
        Value::Struct(inner) => format!("{:?}", plainly(&through_protobuf(inner))),
        Value::Array(items) => format!("[{:?}]", plainly(items)),
        other => format!("{other:?}"),
    };
    values.iter().map(of).collect()
}

proptest! {
    #[test]
    fn any_record_comes_back_from_json_schema_as_it_was(value in structs("n.Outer", 1)) {
        let finite = !format!("{value:?}").contains("inf");
        let read = there_and_back(Language::JsonSchema, &value);
        if finite {
            prop_assert_eq!(read.unwrap(), value);
        } else {
            prop_assert!(read.unwrap_err().contains("JSON has no number for it"));
        }
    }

    #[test]
    fn any_record_comes_back_from_protobuf_as_it_was(value in structs("n.Outer", 1)) {
        let value = bounded_struct(&value);
        match there_and_back(Language::Protobuf, &value) {
            Ok(read) => {
                prop_assert_eq!(plainly(&through_protobuf(&read)), plainly(&through_protobuf(&value)));
                let kinds = |value: &Struct| {
                    let fields = value.schema().fields().iter();
                    fields.map(|field| (field.name.clone(), std::mem::discriminant(&field.kind))).collect::<Vec<_>>()
                };
                prop_assert_eq!(kinds(&read), kinds(&value));
                prop_assert_eq!(read.schema().name(), "n.Outer");
            }
            // Different nested structs of one name may have been drawn, and lists of lists.
            Err(error) => prop_assert!(
                error.contains("two different schemas") || error.contains("lists of lists"), "{}", error
            ),
        }
    }
}
