use orgstream_api::{Struct, Value};
use proptest::prelude::*;
use protox::prost_reflect::prost::Message as _;
use protox::prost_reflect::{DescriptorPool, DynamicMessage, MapKey, Value as Proto};
use serde_json::json;

use super::*;
use crate::codec::writer::Referenced;

const ACCOUNT: &str = r#"
syntax = "proto3";
package crm;
import "address.proto";
import "google/protobuf/timestamp.proto";
import "google/protobuf/wrappers.proto";
import "google/type/date.proto";
import "google/type/timeofday.proto";
import "confluent/meta.proto";
import "confluent/type/decimal.proto";
enum Rating { COLD = 0; HOT = 1; }
message Other { map<string, string> before = 1; message Deep { string x = 1; message Deeper { int32 y = 1; } } }
message Account {
    string Id = 1 [(confluent.field_meta) = { doc: "its id" }];
    string Name = 2;
    optional string Fax = 3;
    google.protobuf.StringValue Phone = 4;
    int32 Employees = 5;
    optional int64 Views = 6;
    uint64 Huge = 7;
    float Ratio = 8;
    bool Active = 9;
    Rating Rating = 10;
    google.protobuf.Timestamp Since = 11;
    google.type.Date Day = 12;
    google.type.TimeOfDay Opens = 13;
    confluent.type.Decimal Revenue = 14;
    bytes Blob = 15;
    repeated string Tags = 16;
    map<string, int32> Counts = 17;
    Address Home = 18;
    oneof kind { string Person = 19; bool Company = 20; }
    google.protobuf.Int64Value Wide = 21;
}
message Loop { Loop next = 1; google.protobuf.Timestamp at = 2; }
"#;
const ADDRESS: &str = r#"syntax = "proto3"; package crm; message Address { optional string city = 1; }"#;

fn imports() -> [Referenced; 1] {
    [Referenced { name: "address.proto".into(), text: ADDRESS.into() }]
}

fn writer() -> Writer {
    Writer::parse(ACCOUNT, &imports()).unwrap()
}

fn pool() -> DescriptorPool {
    let files = compile(ACCOUNT, [("address.proto", ADDRESS)]).unwrap();
    DescriptorPool::from_file_descriptor_set(files).unwrap()
}

fn message(name: &str, fields: Vec<(&str, Proto)>) -> DynamicMessage {
    let mut message = DynamicMessage::new(pool().get_message_by_name(name).unwrap());
    for (name, value) in fields {
        message.set_field_by_name(name, value);
    }
    message
}

fn sub(name: &str, fields: Vec<(&str, Proto)>) -> Proto {
    Proto::Message(message(name, fields))
}

/// The bytes behind the places of the message, as a serializer writes them.
fn framed(places: &[u8], message: &DynamicMessage) -> Vec<u8> {
    [places, &message.encode_to_vec()].concat()
}

fn account(fields: Vec<(&str, Proto)>) -> Result<Option<Struct>, String> {
    // The second message of the file: one place, 1, in zigzag.
    writer().decode(&framed(&[2, 2], &message("crm.Account", fields)))
}

fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}

#[test]
fn every_kind_of_field_has_its_meaning() {
    let string = |text: &str| Proto::String(text.to_owned());
    let number =
        |fields: &[(&'static str, i32)]| fields.iter().map(|(name, n)| (*name, Proto::I32(*n))).collect();
    let decimal = vec![("value", Proto::Bytes(vec![0xfb, 0x4b].into())), ("scale", Proto::I32(2))];
    let read = account(vec![
        ("Id", string("001")),
        ("Name", string("Čapek")),
        ("Fax", string("")),
        ("Phone", sub("google.protobuf.StringValue", vec![("value", string("030"))])),
        ("Employees", Proto::I32(5)),
        ("Views", Proto::I64(0)),
        ("Huge", Proto::U64(u64::MAX)),
        ("Ratio", Proto::F32(0.1)),
        ("Active", Proto::Bool(true)),
        ("Rating", Proto::EnumNumber(1)),
        (
            "Since",
            sub(
                "google.protobuf.Timestamp",
                vec![("seconds", Proto::I64(-1)), ("nanos", Proto::I32(500_000_000))],
            ),
        ),
        ("Day", sub("google.type.Date", number(&[("year", 2026), ("month", 2), ("day", 28)]))),
        (
            "Opens",
            sub("google.type.TimeOfDay", number(&[("hours", 9), ("minutes", 30), ("nanos", 5_000_000)])),
        ),
        ("Revenue", sub("confluent.type.Decimal", decimal)),
        ("Blob", Proto::Bytes(vec![0, 255].into())),
        ("Tags", Proto::List(vec![string("a"), string("b")])),
        (
            "Counts",
            Proto::Map(
                [(MapKey::String("b".into()), Proto::I32(2)), (MapKey::String("a".into()), Proto::I32(1))]
                    .into(),
            ),
        ),
        ("Home", sub("crm.Address", vec![("city", string("Praha"))])),
        ("Company", Proto::Bool(false)),
        ("Wide", sub("google.protobuf.Int64Value", vec![("value", Proto::I64(i64::MIN))])),
    ])
    .unwrap()
    .unwrap();
    assert_eq!(read.schema().name(), "crm.Account");
    for (name, value) in [
        ("Id", text("001")),
        ("Name", text("Čapek")),
        ("Fax", text("")),
        ("Phone", text("030")),
        ("Employees", Value::Int32(5)),
        ("Views", Value::Int64(0)),
        ("Huge", text("18446744073709551615")),
        ("Ratio", Value::Float64(0.1)),
        ("Active", Value::Boolean(true)),
        ("Rating", text("HOT")),
        ("Since", Value::Timestamp(-500)),
        ("Day", Value::Date(20_512)),
        ("Opens", Value::Time(34_200_005)),
        ("Revenue", text("-12.05")),
        ("Blob", text("AP8=")),
        ("Tags", Value::Array(vec![text("a"), text("b")])),
        ("Counts", text(r#"{"a":1,"b":2}"#)),
        ("Person", Value::Null),
        ("Company", Value::Boolean(false)),
        ("Wide", Value::Int64(i64::MIN)),
    ] {
        assert_eq!(read.value(name), Some(&value), "{name}");
        let field = read.schema().field(name).unwrap();
        assert!(value.is_null() || field.kind == value.kind(), "{name} {:?}", field.kind);
        assert!(!value.is_null() || field.optional, "{name}");
    }
    assert_eq!(read.value("Home").unwrap().to_json(), json!({ "city": "Praha" }));
}

#[test]
fn what_is_not_set_is_null_where_the_schema_can_tell_and_nothing_where_it_cannot() {
    let read = account(vec![("Id", Proto::String("001".into()))]).unwrap().unwrap();
    for name in
        ["Name", "Fax", "Phone", "Views", "Since", "Day", "Revenue", "Blob", "Tags", "Counts", "Home", "Wide"]
    {
        assert_eq!(read.value(name), Some(&Value::Null), "{name}");
    }
    assert_eq!(read.value("Employees"), Some(&Value::Int32(0)));
    assert_eq!(read.value("Active"), Some(&Value::Boolean(false)));
    assert_eq!(read.value("Rating"), Some(&text("COLD")));
    assert_eq!(read.value("Huge"), Some(&text("0")));
}

#[test]
fn a_value_says_which_message_of_its_file_it_is() {
    let deep = message("crm.Other.Deep", vec![("x", Proto::String("x".into()))]);
    let deeper = message("crm.Other.Deep.Deeper", vec![("y", Proto::I32(7))]);
    let named = |bytes: &[u8]| writer().decode(bytes).unwrap().unwrap().schema().name().to_owned();
    // A map before it is no message of the text.
    assert_eq!(named(&framed(&[4, 0, 0], &deep)), "crm.Other.Deep");
    assert_eq!(named(&framed(&[6, 0, 0, 0], &deeper)), "crm.Other.Deep.Deeper");
    // A single zero is the first message.
    assert_eq!(named(&[0]), "crm.Other");
    assert_eq!(named(&[2, 0]), "crm.Other");
    for (bytes, why) in [
        (&[2, 20][..], "no message at [10]"),
        (&[4, 0, 2], "no message at [0, 1]"),
        (&[2, 1], "no message at [-1]"),
        (&[1], "-1 is no number"),
        (&[], "cut off"),
        (&[0x80], "cut off"),
        (&[2], "cut off"),
    ] {
        let error = writer().decode(bytes).unwrap_err();
        assert!(error.contains(why), "{error}");
    }
}

#[test]
fn what_has_no_counterpart_is_refused_by_field() {
    let at = sub("google.protobuf.Timestamp", vec![("seconds", Proto::I64(i64::MAX))]);
    assert!(account(vec![("Since", at)]).unwrap_err().contains("field Since"));
    let day = sub("google.type.Date", vec![("year", Proto::I32(2026))]);
    assert!(account(vec![("Day", day)]).unwrap_err().contains("field Day: `2026-00-00`"));
    assert!(
        account(vec![("Rating", Proto::EnumNumber(9))])
            .unwrap_err()
            .contains("field Rating: crm.Rating has no value 9")
    );
    let looped = writer().decode(&framed(&[2, 4], &message("crm.Loop", Vec::new()))).unwrap_err();
    assert!(looped.contains("field next of crm.Loop") && looped.contains("contains itself"), "{looped}");
    // Field 99, a varint.
    let unknown = writer().decode(&[2, 2, 0x98, 0x06, 1]).unwrap_err();
    assert!(unknown.contains("no field 99"), "{unknown}");
    let any = r#"syntax = "proto3"; import "google/protobuf/struct.proto"; message M { google.protobuf.Struct s = 1; }"#;
    let refused = Writer::parse(any, &[]).unwrap().decode(&[0]).unwrap_err();
    assert!(refused.contains("field s of M") && refused.contains("anything"), "{refused}");
    let missing = Writer::parse(r#"syntax = "proto3"; import "gone.proto"; message M {}"#, &[]).unwrap_err();
    assert!(missing.contains("gone.proto"), "{missing}");
    let old = Writer::parse(r#"syntax = "proto2"; message M { required string a = 1; }"#, &[]).unwrap();
    assert!(old.decode(&[0]).unwrap_err().contains("field a: it is missing"));
}

proptest! {
    #[test]
    fn scalars_come_back_as_they_were(id in "[^\\x00]{1,20}", employees: i32, views: i64, huge: u64, active: bool, seconds in -60_000_000_000_i64..250_000_000_000, nanos in 0..1_000_000_000) {
        let since = sub("google.protobuf.Timestamp", vec![("seconds", Proto::I64(seconds)), ("nanos", Proto::I32(nanos))]);
        let read = account(vec![
            ("Id", Proto::String(id.clone())), ("Employees", Proto::I32(employees)), ("Views", Proto::I64(views)),
            ("Huge", Proto::U64(huge)), ("Active", Proto::Bool(active)), ("Since", since),
        ]).unwrap().unwrap();
        prop_assert_eq!(read.value("Id"), Some(&Value::String(id)));
        prop_assert_eq!(read.value("Employees"), Some(&Value::Int32(employees)));
        prop_assert_eq!(read.value("Views"), Some(&Value::Int64(views)));
        prop_assert_eq!(read.value("Huge"), Some(&Value::String(huge.to_string())));
        prop_assert_eq!(read.value("Active"), Some(&Value::Boolean(active)));
        prop_assert_eq!(read.value("Since"), Some(&Value::Timestamp(seconds * 1_000 + i64::from(nanos / 1_000_000))));
    }

    #[test]
    fn garbage_is_refused_or_read_and_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
        let whole = [&[2, 2][..], &bytes].concat();
        let writer = writer();
        for bytes in [&bytes[..], &whole] {
            let read = writer.decode(bytes);
            prop_assert!(read.is_err() || read.unwrap().is_some());
        }
    }
}
