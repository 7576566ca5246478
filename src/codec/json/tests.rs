use orgstream_api::{Struct, Type, Value};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::*;
use crate::codec::writer::Referenced;

fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}

fn plainly(json: &str) -> Struct {
    decode(json.as_bytes()).unwrap().unwrap()
}

/// The payload with its schema beside it.
fn connected(schema: &Json, payload: &Json) -> Result<Option<Struct>, String> {
    Connect::default().decode(json!({ "schema": schema, "payload": payload }).to_string().as_bytes())
}

fn schemed(schema: &Json, value: &str) -> Result<Option<Struct>, String> {
    JsonSchema::parse(&schema.to_string(), &[]).unwrap().decode(value.as_bytes())
}

#[test]
fn plain_json_is_what_it_says_and_loses_no_digit() {
    let read = plainly(
        r#"{"Id":"001","Name":"Čapek \"Á\"","Count":5,"Ratio":0.1,"Big":12345678901234567890.12,"Whole":1e3,
            "Small":1.5e-3,"Flag":true,"None":null,"Tags":["a","b"],"Mixed":["a",1],"Sub":{"x":[{"y":1}]}}"#,
    );
    for (name, value) in [
        ("Name", text("Čapek \"Á\"")),
        ("Count", Value::Int64(5)),
        ("Ratio", Value::Float64(0.1)),
        ("Big", text("12345678901234567890.12")),
        ("Whole", Value::Int64(1_000)),
        ("Small", Value::Float64(0.0015)),
        ("Flag", Value::Boolean(true)),
        ("None", Value::Null),
        ("Tags", Value::Array(vec![text("a"), text("b")])),
        ("Mixed", text(r#"["a",1]"#)),
    ] {
        assert_eq!(read.value(name), Some(&value), "{name}");
        assert_eq!(read.schema().field(name).unwrap().kind, value.kind(), "{name}");
    }
    assert_eq!(read.value("Sub").unwrap().to_json(), json!({ "x": [{ "y": 1 }] }));
}

#[test]
fn what_is_no_object_is_a_bare_value_and_null_is_none() {
    assert_eq!(plainly("\"001\"").as_bare(), Some(&text("001")));
    assert_eq!(plainly("7").as_bare(), Some(&Value::Int64(7)));
    assert_eq!(plainly(r#"{"value":7}"#).as_bare(), None);
    assert_eq!(decode(b"null"), Ok(None));
}

#[test]
fn what_is_no_json_is_refused_with_the_reason() {
    let deep = format!("{}{}", "[".repeat(100), "]".repeat(100));
    for (bytes, why) in [
        (&b""[..], "not JSON"),
        (b"{\"Id\":1", "not JSON"),
        (b"\xff", "not JSON"),
        (b"{\"a\":1}x", "not JSON"),
        (b"{\"a\":1,\"a\":2}", "`a` stands twice"),
        (b"{\"a\":1e999999999999}", "beyond"),
        (deep.as_bytes(), "levels deep"),
    ] {
        let error = decode(bytes).unwrap_err();
        assert!(error.contains(why), "{error}");
    }
}

fn lead_schema() -> Json {
    let date = |name: &str, kind: &str| json!({ "type": kind, "optional": true, "name": format!("org.apache.kafka.connect.data.{name}"), "version": 1 });
    let mut fields = vec![json!({ "type": "string", "optional": false, "doc": "its id", "field": "Id" })];
    for (field, mut kind) in [
        ("Day", date("Date", "int32")),
        ("Opens", date("Time", "int32")),
        ("At", date("Timestamp", "int64")),
        ("Small", json!({ "type": "int16", "optional": true })),
        (
            "Price",
            json!({ "type": "bytes", "optional": true, "name": "org.apache.kafka.connect.data.Decimal",
                          "version": 1, "parameters": { "scale": "2" } }),
        ),
        ("Blob", json!({ "type": "bytes", "optional": true })),
        ("Ratio", json!({ "type": "double", "optional": true })),
        ("Tags", json!({ "type": "array", "items": { "type": "string" }, "optional": true })),
        (
            "Map",
            json!({ "type": "map", "keys": { "type": "string" }, "values": { "type": "int32" }, "optional": true }),
        ),
        ("Status", json!({ "type": "string", "optional": false, "default": "Open" })),
        (
            "Sub",
            json!({ "type": "struct", "optional": true, "name": "n.Sub",
                        "fields": [{ "type": "boolean", "field": "on" }] }),
        ),
    ] {
        kind["field"] = json!(field);
        fields.push(kind);
    }
    json!({ "type": "struct", "fields": fields, "optional": false, "name": "io.confluent.salesforce.Lead" })
}

#[test]
fn a_record_of_json_converter_has_the_types_of_its_schema() {
    let payload = json!({
        "Id": "00Q", "Day": 19_335, "Opens": 1_500, "At": 1_670_582_776_000_i64, "Small": 5, "Price": "BLU=",
        "Blob": "AP8=", "Ratio": 1, "Tags": ["a"], "Map": { "b": 2, "a": 1 }, "Status": "Closed", "Sub": { "on": true },
    });
    let read = connected(&lead_schema(), &payload).unwrap().unwrap();
    assert_eq!(read.schema().name(), "io.confluent.salesforce.Lead");
    assert_eq!(read.schema().field("Id").unwrap().doc.as_deref(), Some("its id"));
    for (name, value) in [
        ("Id", text("00Q")),
        ("Day", Value::Date(19_335)),
        ("Opens", Value::Time(1_500)),
        ("At", Value::Timestamp(1_670_582_776_000)),
        ("Small", Value::Int32(5)),
        ("Price", text("12.05")),
        ("Blob", text("AP8=")),
        ("Ratio", Value::Float64(1.0)),
        ("Tags", Value::Array(vec![text("a")])),
        ("Map", text(r#"{"a":1,"b":2}"#)),
        ("Status", text("Closed")),
    ] {
        assert_eq!(read.value(name), Some(&value), "{name}");
    }
    assert_eq!(read.value("Sub").unwrap().to_json(), json!({ "on": true }));
}

#[test]
fn what_a_payload_leaves_out_is_null_or_the_default() {
    let read = connected(&lead_schema(), &json!({ "Id": "00Q", "Price": 12.05 })).unwrap().unwrap();
    assert_eq!(read.value("Day"), Some(&Value::Null));
    assert_eq!(read.value("Status"), Some(&text("Open")));
    assert_eq!(read.value("Price"), Some(&text("12.05")));
    assert_eq!(connected(&json!(null), &json!(null)), Ok(None));
    let key = connected(&json!({ "type": "string", "optional": false }), &json!("001")).unwrap().unwrap();
    assert_eq!(key.as_bare(), Some(&text("001")));
}

#[test]
fn what_does_not_fit_its_schema_is_refused_by_field() {
    for (payload, why) in [
        (json!({ "Day": 1 }), "field Id: it is missing"),
        (json!({ "Id": 7 }), "field Id: 7 is no String"),
        (json!({ "Id": "1", "Small": 1.5 }), "field Small"),
        (json!({ "Id": "1", "Day": 3_000_000_000_i64 }), "field Day"),
        (json!({ "Id": "1", "Price": "!" }), "field Price"),
        (json!({ "Id": "1", "Tags": [null] }), "field Tags"),
        (json!({ "Id": "1", "Sub": { "on": 1 } }), "field Sub: field on"),
        (json!({ "Id": "1", "Extra": 1 }), "field Extra"),
        (json!(null), "missing"),
    ] {
        let error = connected(&lead_schema(), &payload).unwrap_err();
        assert!(error.contains(why) || payload.is_null(), "{error}");
    }
    for (bytes, why) in [
        (r#"{"Id":"1"}"#, "JsonConverter"),
        (r#"{"schema":null,"payload":{"Id":"1"}}"#, "null"),
        (r#"{"schema":{"type":"struct"},"payload":{}}"#, "without `fields`"),
        (r#"{"schema":{"type":"uuid"},"payload":1}"#, "`uuid`"),
        ("[]", "JsonConverter"),
    ] {
        let error = Connect::default().decode(bytes.as_bytes()).unwrap_err();
        assert!(error.contains(why), "{error}");
    }
}

#[test]
fn a_json_schema_says_what_is_a_date_a_decimal_an_integer() {
    let named = |name: &str, kind: &str| {
        json!({ "oneOf": [{ "type": "null" },
                          { "type": kind, "title": format!("org.apache.kafka.connect.data.{name}"), "connect.version": 1 }] })
    };
    let schema = json!({
        "$schema": "http://json-schema.org/draft-07/schema#", "title": "people.Person", "type": "object",
        "required": ["Id"], "additionalProperties": { "$ref": "#/definitions/extra" },
        "definitions": { "extra": { "type": ["string", "null"] }, "count": { "type": "integer" } },
        "properties": {
            "Id": { "type": "string" },
            "Day": named("Date", "integer"),
            "At": named("Timestamp", "integer"),
            "Price": { "type": "number", "title": "org.apache.kafka.connect.data.Decimal", "connect.type": "bytes",
                       "connect.parameters": { "scale": "2" } },
            "Count": { "$ref": "#/definitions/count" },
            "Same": { "allOf": [{ "$ref": "#/definitions/count" }] },
            "Ratio": { "type": "number" },
            "Either": { "anyOf": [{ "type": "boolean" }, { "type": "string" }] },
            "Map": { "type": "object", "connect.type": "map", "additionalProperties": { "type": "integer" } },
            "Sub": { "type": "object", "title": "people.Sub", "properties": { "x": { "$ref": "#/definitions/count" } } },
        },
    });
    let value = r#"{"Id":"1","Day":1,"At":2,"Price":"BLU=","Count":5.0,"Same":6,"Ratio":2,"Either":"no",
                    "Map":{"a":1},"Sub":{"x":3},"Other":"o","Gone":null}"#;
    let read = schemed(&schema, value).unwrap().unwrap();
    assert_eq!(read.schema().name(), "people.Person");
    for (name, value) in [
        ("Day", Value::Date(1)),
        ("At", Value::Timestamp(2)),
        ("Price", text("12.05")),
        ("Count", Value::Int64(5)),
        ("Same", Value::Int64(6)),
        ("Ratio", Value::Int64(2)),
        ("Either", text("no")),
        ("Map", text(r#"{"a":1}"#)),
        ("Other", text("o")),
        ("Gone", Value::Null),
    ] {
        assert_eq!(read.value(name), Some(&value), "{name}");
    }
    let Some(Value::Struct(sub)) = read.value("Sub") else { panic!("{read:?}") };
    assert_eq!((sub.schema().name(), sub.value("x")), ("people.Sub", Some(&Value::Int64(3))));
    // What is not there is not said, other than what is null.
    assert_eq!(schemed(&schema, r#"{"Id":"1"}"#).unwrap().unwrap().schema().fields().len(), 1);
    for (value, why) in [
        ("{}", "field Id: it is missing"),
        (r#"{"Id":1}"#, "field Id: 1 is no string"),
        (r#"{"Id":"1","Count":1.5}"#, "field Count: 1.5 is no integer"),
        (r#"{"Id":"1","Count":null}"#, "field Count: it is null"),
        (r#"{"Id":"1","Either":5}"#, "field Either"),
        (r#"{"Id":"1","Other":5}"#, "field Other"),
        ("null", "null"),
    ] {
        let error = schemed(&schema, value).unwrap_err();
        assert!(error.contains(why), "{error}");
    }
}

#[test]
fn a_json_schema_takes_others_by_their_names() {
    let address = json!({ "type": "object", "title": "Address", "definitions": { "city": { "type": "string" } },
                          "properties": { "city": { "$ref": "#/definitions/city" } } });
    let schema = json!({ "type": "object", "properties": {
        "home": { "$ref": "address.json" }, "city": { "$ref": "address.json#/definitions/city" },
        "lost": { "$ref": "nowhere.json" } } });
    let other = Referenced { name: "address.json".into(), text: address.to_string() };
    let schema = JsonSchema::parse(&schema.to_string(), &[other]).unwrap();
    let read = schema.decode(br#"{"home":{"city":"Praha"},"city":"Brno"}"#).unwrap().unwrap();
    let Some(Value::Struct(home)) = read.value("home") else { panic!("{read:?}") };
    assert_eq!((home.schema().name(), home.value("city")), ("Address", Some(&text("Praha"))));
    assert!(schema.decode(br#"{"home":{"city":7}}"#).unwrap_err().contains("field home: field city"));
    assert!(schema.decode(br#"{"lost":1}"#).unwrap_err().contains("nowhere.json"));
}

#[test]
fn a_schema_that_leads_to_itself_ends_as_the_value_does_or_is_refused() {
    let tree =
        json!({ "type": "object", "properties": { "next": { "$ref": "#" }, "n": { "type": "integer" } } });
    let read = schemed(&tree, r#"{"n":1,"next":{"n":2,"next":{"n":3}}}"#).unwrap().unwrap();
    assert_eq!(read.value("next").unwrap().to_json(), json!({ "n": 2, "next": { "n": 3 } }));
    for endless in [
        json!({ "$ref": "#" }),
        json!({ "allOf": [{ "$ref": "#" }, { "$ref": "#" }] }),
        json!({ "oneOf": [{ "$ref": "#" }, { "$ref": "#" }] }),
    ] {
        for value in ["{}", "null"] {
            assert!(schemed(&endless, value).unwrap_err().contains("without an end"), "{endless}");
        }
    }
}

proptest! {
    #[test]
    fn numbers_keep_every_digit(spelled in "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,20})?") {
        let read = plainly(&format!("[{spelled}]")).as_bare().cloned();
        let Some(Value::Array(read)) = read else { panic!("{read:?}") };
        let shown = match &read[0] {
            Value::Int64(value) => value.to_string(),
            Value::Float64(value) => value.to_string(),
            Value::String(text) => text.clone(),
            other => panic!("{other:?}"),
        };
        let digits = |text: &str| {
            let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
            (whole.trim_start_matches('-').trim_start_matches('0').to_owned(), fraction.trim_end_matches('0').to_owned())
        };
        prop_assert_eq!(digits(&shown), digits(&spelled));
    }

    #[test]
    fn an_exponent_moves_the_point_and_nothing_else(digits in 1_u32..1_000_000, places in 0_usize..8, exponent in -30_i32..30) {
        let mut mantissa = format!("{digits:0>9}");
        mantissa.insert(9 - places, '.');
        let mantissa = format!("{}0", mantissa.trim_start_matches('0'));
        let mantissa = if mantissa.starts_with('.') { format!("0{mantissa}") } else { mantissa };
        let spelled = format!("{mantissa}e{exponent}");
        let moved = number::decimal(&spelled).unwrap();
        prop_assert_eq!(moved.parse::<f64>().ok(), spelled.parse::<f64>().ok(), "{} {}", spelled, moved);
        prop_assert!(!moved.contains('e'));
    }

    #[test]
    fn garbage_is_refused_or_read_and_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200), cut in "[\\[\\]{}:,\"a0-9.eE-]{0,60}") {
        let schema = JsonSchema::parse(r#"{"type":"object","required":["Id"]}"#, &[]).unwrap();
        for bytes in [&bytes[..], cut.as_bytes()] {
            let _read = decode(bytes);
            prop_assert!(schema.decode(bytes).is_err() || decode(bytes).is_ok());
            prop_assert!(Connect::default().decode(bytes).is_err());
        }
    }

    #[test]
    fn what_json_converter_writes_comes_back(id in any::<String>(), day: i32, at: i64, ratio in -1e300_f64..1e300, on: bool, unscaled: i64) {
        use base64::Engine as _;
        let field = |name: &str, kind: &str, logical: Option<&str>| {
            let mut field = json!({ "field": name, "type": kind, "optional": true });
            if let Some(logical) = logical {
                field["name"] = json!(format!("org.apache.kafka.connect.data.{logical}"));
                field["parameters"] = json!({ "scale": "3" });
            }
            field
        };
        let fields = [
            field("Id", "string", None), field("day", "int32", Some("Date")), field("at", "int64", Some("Timestamp")),
            field("ratio", "double", None), field("on", "boolean", None), field("price", "bytes", Some("Decimal")),
        ];
        let schema = json!({ "type": "struct", "name": "n.R", "fields": fields });
        let price = base64::engine::general_purpose::STANDARD.encode(unscaled.to_be_bytes());
        let payload = json!({ "Id": id, "day": day, "at": at, "ratio": ratio, "on": on, "price": price });
        let read = connected(&schema, &payload).unwrap().unwrap();
        prop_assert_eq!(read.value("Id"), Some(&text(&id)));
        prop_assert_eq!(read.value("day"), Some(&Value::Date(day)));
        prop_assert_eq!(read.value("at"), Some(&Value::Timestamp(at)));
        prop_assert_eq!(read.value("ratio"), Some(&Value::Float64(ratio)));
        prop_assert_eq!(read.value("on"), Some(&Value::Boolean(on)));
        let price: String = read.value("price").unwrap().as_str().unwrap().chars().filter(|c| *c != '.').collect();
        prop_assert_eq!(price.parse::<i64>().unwrap(), unscaled);
        prop_assert_eq!(&read.schema().field("price").unwrap().kind, &Type::String);
    }
}

#[test]
fn what_is_written_with_its_schema_is_what_json_converter_writes() {
    use orgstream_api::{Field, Schema};
    let address = Schema::new("io.confluent.salesforce.Address", vec![Field::optional("City", Type::String)]);
    let fields = vec![
        Field::required("Id", Type::String).with_doc("Unique identifier for the object."),
        Field::optional("CreatedDate", Type::Timestamp),
        Field::optional("Latitude", Type::Float64),
        Field::optional("Tags", Type::Array(std::sync::Arc::new(Type::String))),
        Field::optional("Address", Type::Struct(std::sync::Arc::new(address.clone()))),
        Field::optional("Birthdate", Type::Date),
    ];
    let mut record = Struct::new(std::sync::Arc::new(Schema::new("io.confluent.salesforce.Lead", fields)));
    let mut place = Struct::new(std::sync::Arc::new(address));
    place.set("City", text("Brno"));
    record.set("Id", text("00Q"));
    record.set("CreatedDate", Value::Timestamp(1_670_582_776_000));
    record.set("Latitude", Value::Float64(49.0));
    record.set("Tags", Value::Array(vec![text("a")]));
    record.set("Address", Value::Struct(place));
    let written = WithSchema::default().encode(&record).unwrap();
    let expected = concat!(
        r#"{"schema":{"type":"struct","fields":["#,
        r#"{"type":"string","optional":false,"doc":"Unique identifier for the object.","field":"Id"},"#,
        r#"{"type":"int64","optional":true,"name":"org.apache.kafka.connect.data.Timestamp","version":1,"field":"CreatedDate"},"#,
        r#"{"type":"double","optional":true,"field":"Latitude"},"#,
        r#"{"type":"array","items":{"type":"string","optional":false},"optional":true,"field":"Tags"},"#,
        r#"{"type":"struct","fields":[{"type":"string","optional":true,"field":"City"}],"optional":true,"#,
        r#""name":"io.confluent.salesforce.Address","field":"Address"},"#,
        r#"{"type":"int32","optional":true,"name":"org.apache.kafka.connect.data.Date","version":1,"field":"Birthdate"}"#,
        r#"],"optional":false,"name":"io.confluent.salesforce.Lead"},"payload":"#,
        r#"{"Id":"00Q","CreatedDate":1670582776000,"Latitude":49.0,"Tags":["a"],"Address":{"City":"Brno"},"Birthdate":null}}"#,
    );
    assert_eq!(String::from_utf8(written.clone()).unwrap(), expected);
    assert_eq!(Connect::default().decode(&written).unwrap().unwrap(), record);
    record.set("Latitude", Value::Float64(f64::NAN));
    assert_eq!(encode(&record).unwrap_err(), "field Latitude: JSON has no number for it");
}
