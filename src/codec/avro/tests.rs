use std::sync::Arc;

use apache_avro::writer::datum::GenericDatumWriter;
use orgstream_api::{Field, Headers, HealthReporter, Record, Schema, Struct, Type, Value};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use super::*;
use crate::codec::tests::drawn::{array, lead, structs};
use crate::codec::{Codec, Registry};
use crate::schema_store::{Given, Options, SchemaStore};
use crate::store::Database;

const LEAD: &str = concat!(
    r#"{"type":"record","name":"Lead","namespace":"io.confluent.salesforce","fields":["#,
    r#"{"name":"Id","type":{"type":"string","connect.doc":"Unique identifier for the object."}},"#,
    r#"{"name":"IsConverted","type":["null","boolean"],"default":null},"#,
    r#"{"name":"NumberOfEmployees","type":["null","int"],"default":null},"#,
    r#"{"name":"ConvertedDate","type":["null",{"type":"int","connect.version":1,"#,
    r#""connect.name":"org.apache.kafka.connect.data.Date","logicalType":"date"}],"default":null},"#,
    r#"{"name":"CreatedDate","type":["null",{"type":"long","connect.version":1,"#,
    r#""connect.name":"org.apache.kafka.connect.data.Timestamp","logicalType":"timestamp-millis"}],"default":null},"#,
    r#"{"name":"Start__c","type":["null",{"type":"int","connect.version":1,"#,
    r#""connect.name":"org.apache.kafka.connect.data.Time","logicalType":"time-millis"}],"default":null},"#,
    r#"{"name":"Views__c","type":["null","long"],"default":null},"#,
    r#"{"name":"Address","type":["null",{"type":"record","name":"Address","fields":["#,
    r#"{"name":"GeocodeAccuracy","type":["null","string"],"default":null},"#,
    r#"{"name":"State","type":["null",{"type":"string","connect.doc":""}],"default":null},"#,
    r#"{"name":"Latitude","type":["null","double"],"default":null}],"#,
    r#""connect.name":"io.confluent.salesforce.Address"}],"default":null},"#,
    r#"{"name":"Other__c","type":["null","Address"],"default":null},"#,
    r#"{"name":"_EventType","type":["null","string"],"default":null}],"#,
    r#""connect.name":"io.confluent.salesforce.Lead"}"#,
);

fn encoded(value: &Struct) -> Result<Vec<u8>, AvroError> {
    let mut bytes = Vec::new();
    Encoder::compile(&schema_text(value.schema())?, &[], value.schema())?.encode(value, &mut bytes)?;
    Ok(bytes)
}

/// Bytes as a writer of `text` sends them.
fn written(text: &str, value: apache_avro::types::Value) -> Vec<u8> {
    let schema = apache_avro::Schema::parse_str(text).unwrap();
    GenericDatumWriter::builder(&schema).build().unwrap().write_value_to_vec(value).unwrap()
}

#[test]
fn the_text_of_a_schema_is_avro_converters() {
    assert_eq!(schema_text(&lead()).unwrap(), LEAD);
}

#[test]
fn a_text_of_avro_converter_is_the_schema_it_was_made_from() {
    assert_eq!(*parse(LEAD).unwrap().schema(), lead());
}

#[test]
fn an_array_is_what_avro_converter_writes_and_holds_no_null() {
    let kind = Type::Array(Arc::new(Type::Timestamp));
    let schema = Arc::new(Schema::new("n.R", vec![Field::optional("times", kind).with_doc("when")]));
    let text = schema_text(&schema).unwrap();
    assert_eq!(
        text,
        concat!(
            r#"{"type":"record","name":"R","namespace":"n","fields":[{"name":"times","type":["null","#,
            r#"{"type":"array","items":{"type":"long","connect.version":1,"#,
            r#""connect.name":"org.apache.kafka.connect.data.Timestamp","logicalType":"timestamp-millis"},"#,
            r#""connect.doc":"when"}],"default":null}],"connect.name":"n.R"}"#,
        )
    );
    assert_eq!(*parse(&text).unwrap().schema(), *schema);
    let mut value = Struct::new(schema);
    value.set("times", Value::Array(vec![Value::Timestamp(1), Value::Null]));
    let error = encoded(&value).unwrap_err().to_string();
    assert!(error.contains("field times of n.R"), "{error}");
}

#[test]
fn two_schemas_of_one_name_are_refused() {
    let address =
        |field: &str| Type::Struct(Arc::new(Schema::new("n.A", vec![Field::optional(field, Type::String)])));
    let schema =
        Schema::new("n.R", vec![Field::optional("a", address("x")), Field::optional("b", address("y"))]);
    assert!(schema_text(&schema).unwrap_err().to_string().contains("n.A"));
}

#[test]
fn a_delete_event_carries_its_id_and_nothing_else() {
    let schema = Arc::new(lead());
    let mut deleted = Struct::new(Arc::clone(&schema));
    deleted.set("Id", Value::String("00Q000000000001AAA".into()));
    deleted.set("_EventType", Value::String("deleted".into()));
    let bytes = encoded(&deleted).unwrap();
    assert_eq!(decode(&parse(LEAD).unwrap(), &bytes).unwrap(), Some(deleted));
}

#[test]
fn a_struct_that_does_not_fit_its_schema_is_refused_with_the_field() {
    let mut value = Struct::new(Arc::new(lead()));
    let missing = encoded(&value).unwrap_err().to_string();
    assert!(missing.contains("field Id of io.confluent.salesforce.Lead"), "{missing}");
    value.set("Id", Value::String("1".into()));
    value.set("CreatedDate", Value::Int64(1));
    let wrong = encoded(&value).unwrap_err().to_string();
    assert!(wrong.contains("field CreatedDate"), "{wrong}");
}

#[test]
fn what_other_producers_write_is_read_as_far_as_it_means_something() {
    use apache_avro::types::Value as Avro;
    let text = r#"{"type":"record","name":"R","namespace":"n","fields":[
        {"name":"kind","type":{"type":"enum","name":"K","symbols":["A","B"]},"doc":"what it is"},
        {"name":"again","type":["K","null"],"default":"A"},
        {"name":"price","type":{"type":"bytes","logicalType":"decimal","precision":10,"scale":2}},
        {"name":"ratio","type":"float","default":0.5},
        {"name":"at","type":{"type":"long","logicalType":"timestamp-micros"}},
        {"name":"day","type":{"type":"int","connect.name":"org.apache.kafka.connect.data.Date"}},
        {"name":"blob","type":"bytes"},
        {"name":"tags","type":{"type":"array","items":"string"}},
        {"name":"holes","type":{"type":"array","items":["null","int"]}},
        {"name":"sub","type":{"type":"record","name":"S","namespace":"m","fields":[{"name":"x","type":"long"}]}}]}"#;
    let writer = parse(text).unwrap();
    let bytes = written(
        text,
        Avro::Record(vec![
            ("kind".into(), Avro::Enum(1, "B".into())),
            ("again".into(), Avro::Union(1, Box::new(Avro::Null))),
            ("price".into(), Avro::Decimal(apache_avro::Decimal::from((-1_205_i16).to_be_bytes()))),
            ("ratio".into(), Avro::Float(0.25)),
            ("at".into(), Avro::TimestampMicros(-1)),
            ("day".into(), Avro::Int(19_000)),
            ("blob".into(), Avro::Bytes(vec![0, 255])),
            ("tags".into(), Avro::Array(vec![Avro::String("a".into()), Avro::String("b".into())])),
            (
                "holes".into(),
                Avro::Array(vec![
                    Avro::Union(1, Box::new(Avro::Int(4))),
                    Avro::Union(0, Box::new(Avro::Null)),
                ]),
            ),
            ("sub".into(), Avro::Record(vec![("x".into(), Avro::Long(7))])),
        ]),
    );
    let read = decode(&writer, &bytes).unwrap().unwrap();
    assert_eq!(read.schema().name(), "n.R");
    assert_eq!(read.schema().field("kind").unwrap().doc.as_deref(), Some("what it is"));
    assert!(read.schema().field("again").unwrap().optional);
    let string = |text: &str| Value::String(text.into());
    for (name, expected) in [
        ("kind", string("B")),
        ("again", Value::Null),
        ("price", string("-12.05")),
        ("ratio", Value::Float64(0.25)),
        ("at", Value::Timestamp(-1)),
        ("day", Value::Date(19_000)),
        ("blob", string("AP8=")),
        ("tags", Value::Array(vec![string("a"), string("b")])),
        ("holes", string("[4,null]")),
    ] {
        assert_eq!(read.value(name), Some(&expected), "{name}");
    }
    let Some(Value::Struct(sub)) = read.value("sub") else { panic!("{read:?}") };
    assert_eq!((sub.schema().name(), sub.value("x")), ("m.S", Some(&Value::Int64(7))));
}

#[test]
fn a_list_of_maps_and_a_uuid_are_read_as_text_and_what_no_field_holds_is_refused_by_its_name() {
    use apache_avro::types::Value as Avro;
    let text = r#"{"type":"record","name":"R","fields":[
        {"name":"maps","type":{"type":"array","items":{"type":"map","values":"int"}}},
        {"name":"key","type":{"type":"fixed","size":16,"name":"U","logicalType":"uuid"}},
        {"name":"time","type":["null",{"type":"fixed","size":12,"name":"D","logicalType":"duration"}]}]}"#;
    let writer = parse(text).unwrap();
    let id = "67e55044-10b1-426f-9247-bb680e5fe0c8";
    let record = |time: Avro| {
        let maps = [[("b", 2), ("a", 1)], [("c", 3), ("d", 4)]];
        let map = |map: [(&str, i32); 2]| {
            Avro::Map(map.into_iter().map(|(name, value)| (name.to_owned(), Avro::Int(value))).collect())
        };
        Avro::Record(vec![
            ("maps".into(), Avro::Array(maps.map(map).into())),
            ("key".into(), Avro::Uuid(id.parse().unwrap())),
            ("time".into(), time),
        ])
    };
    let bytes = written(text, record(Avro::Union(0, Box::new(Avro::Null))));
    let read = decode(&writer, &bytes).unwrap().unwrap();
    assert_eq!(read.value("maps"), Some(&Value::String(r#"[{"a":1,"b":2},{"c":3,"d":4}]"#.into())));
    assert_eq!(read.value("key"), Some(&Value::String(id.into())));
    let duration = Avro::Duration(apache_avro::Duration::from([0_u8; 12]));
    let error = decode(&writer, &written(text, record(Avro::Union(1, Box::new(duration))))).unwrap_err();
    assert!(error.0.contains("field time: no field of an org holds a duration"), "{error}");
}

#[test]
fn a_union_of_scalars_is_text_and_keeps_what_each_says() {
    use apache_avro::types::Value as Avro;
    let text = r#"{"type":"record","name":"R","fields":[{"name":"f","type":["null","string","long","boolean",
        {"type":"int","logicalType":"date"},{"type":"enum","name":"E","symbols":["A"]}]}]}"#;
    let writer = parse(text).unwrap();
    let field = writer.schema().field("f").cloned().unwrap();
    assert_eq!((field.kind, field.optional), (Type::String, true));
    for (branch, avro, expected) in [
        (0, Avro::Null, Value::Null),
        (1, Avro::String("x".into()), Value::String("x".into())),
        (2, Avro::Long(-7), Value::String("-7".into())),
        (3, Avro::Boolean(true), Value::String("true".into())),
        (4, Avro::Date(1), Value::String("1970-01-02".into())),
        (5, Avro::Enum(0, "A".into()), Value::String("A".into())),
    ] {
        let bytes = written(text, Avro::Record(vec![("f".into(), Avro::Union(branch, Box::new(avro)))]));
        let read = decode(&writer, &bytes).unwrap().unwrap();
        assert_eq!(read.value("f"), Some(&expected));
    }
}

#[test]
fn a_value_that_may_be_one_of_several_records_is_that_record() {
    use apache_avro::types::Value as Avro;
    let record = |name: &str, field: &str| {
        format!(
            r#"{{"type":"record","name":"{name}","namespace":"n","fields":[{{"name":"{field}","type":"string"}}]}}"#
        )
    };
    let text = format!("[{},{},\"null\"]", record("A", "a"), record("B", "b"));
    let writer = parse(&text).unwrap();
    let b = Avro::Union(1, Box::new(Avro::Record(vec![("b".into(), Avro::String("x".into()))])));
    let read = decode(&writer, &written(&text, b)).unwrap().unwrap();
    assert_eq!((read.schema().name(), read.value("b")), ("n.B", Some(&Value::String("x".into()))));
    assert_eq!(decode(&writer, &written(&text, Avro::Union(2, Box::new(Avro::Null)))).unwrap(), None);
}

#[test]
fn a_type_may_be_defined_in_another_schema() {
    let address =
        r#"{"type":"record","name":"Address","namespace":"n","fields":[{"name":"city","type":"string"}]}"#;
    let person = r#"{"type":"record","name":"Person","namespace":"n","fields":[
        {"name":"home","type":"Address"},{"name":"other","type":["null","n.Address"]}]}"#;
    let referenced = crate::codec::writer::Referenced { name: "n.Address".into(), text: address.into() };
    let writer = parse_with(person, &[referenced.clone(), referenced]).unwrap();
    // A city of one letter, and no other address.
    let read = decode(&writer, &[2, b'B', 0]).unwrap().unwrap();
    let Some(Value::Struct(home)) = read.value("home") else { panic!("{read:?}") };
    assert_eq!((home.schema().name(), home.value("city")), ("n.Address", Some(&Value::String("B".into()))));
    assert_eq!(read.value("other"), Some(&Value::Null));
    assert!(parse(person).is_err());
}

#[test]
fn plain_keys_have_one_field() {
    let bytes = written("\"string\"", "001".into());
    let read = decode(&parse("\"string\"").unwrap(), &bytes).unwrap().unwrap();
    assert_eq!(read.value("value"), Some(&Value::String("001".into())));
}

#[test]
fn a_type_without_a_counterpart_is_refused_by_name() {
    let field =
        |kind: &str| format!(r#"{{"type":"record","name":"R","fields":[{{"name":"f","type":{kind}}}]}}"#);
    let several = parse(&field(r#"["string",{"type":"array","items":"int"}]"#)).unwrap_err().to_string();
    assert!(several.contains("field f of R") && several.contains(r#"["string",{"#), "{several}");
    let itself = parse(&field(r#"["null","R"]"#)).unwrap_err().to_string();
    assert!(itself.contains("contains itself"), "{itself}");
    assert!(parse("{").is_err());
}

#[test]
fn bytes_that_do_not_fit_are_refused() {
    let writer = parse(LEAD).unwrap();
    let mut value = Struct::new(writer.schema());
    value.set("Id", Value::String("00Q".into()));
    let mut bytes = encoded(&value).unwrap();
    for length in 0..bytes.len() {
        assert!(decode(&writer, &bytes[..length]).is_err(), "{length}");
    }
    bytes.push(0);
    assert!(decode(&writer, &bytes).unwrap_err().to_string().contains("1 bytes follow"));
    assert!(decode(&writer, &[0xff; 40]).is_err());
}

proptest! {
    #[test]
    fn what_is_encoded_is_decoded_as_it_was(value in structs("n.Outer", 1)) {
        // Two different nested structs may have been drawn; those are refused by another test.
        if let Ok(text) = schema_text(value.schema()) {
            let writer = parse(&text).unwrap();
            prop_assert_eq!(&*writer.schema(), &**value.schema());
            let bytes = encoded(&value).unwrap();
            prop_assert_eq!(decode(&writer, &bytes).unwrap(), Some(value));
        }
    }

    #[test]
    fn garbage_is_refused_or_read_and_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        // Most garbage is refused; some is a value by chance. Neither may end the worker.
        let read = decode(&parse(LEAD).unwrap(), &bytes);
        prop_assert!(read.is_err() || read.unwrap().unwrap().value("Id").is_some());
    }

    #[test]
    fn decimals_keep_every_digit(unscaled: i64, scale in 0_u32..12) {
        let text = format!(r#"{{"type":"record","name":"R","fields":[{{"name":"d","type":
            {{"type":"bytes","logicalType":"decimal","precision":20,"scale":{scale}}}}}]}}"#);
        let decimal = apache_avro::Decimal::from(unscaled.to_be_bytes());
        let bytes = written(&text, apache_avro::types::Value::Record(vec![("d".into(), apache_avro::types::Value::Decimal(decimal))]));
        let read = decode(&parse(&text).unwrap(), &bytes).unwrap().unwrap();
        let found = read.value("d").unwrap().as_str().unwrap().to_owned();
        let digits: String = found.chars().filter(|c| *c != '.').collect();
        prop_assert_eq!(digits.parse::<i64>().unwrap(), unscaled);
        prop_assert_eq!(found.find('.').map_or(0, |point| found.len() - point - 1), scale as usize);
    }
}

/// Of what is registered once and read by somebody else.
#[tokio::test]
async fn lists_come_back_as_they_were_through_the_programs_own_schema_store() {
    let dir = tempfile::tempdir().unwrap();
    let database = Database::open(&dir.path().join("state.db")).unwrap();
    let store = SchemaStore::start(Options { port: 0, database, given: Given::default() }).await.unwrap();
    let codec = async || Codec::new(Registry::connect(store.url(), HealthReporter::new().0).await.unwrap());
    let (writer, reader) = (codec().await, codec().await);
    let (mut runner, lists) = (TestRunner::default(), array(1));
    for number in 0..40 {
        let (kind, value) = lists.new_tree(&mut runner).unwrap().current();
        let schema = Arc::new(Schema::new("n.Outer", vec![Field::required("list", kind)]));
        let mut written = Struct::new(schema);
        written.set("list", value);
        let record = Record { key: None, value: Some(written), headers: Headers::default(), timestamp: 0 };
        let bytes = writer.encode(&format!("t{number}"), &record).await.unwrap();
        let read = reader.decode(None, bytes.value.as_deref()).await.unwrap();
        assert_eq!(read.value, record.value);
    }
    store.stop().await;
}
