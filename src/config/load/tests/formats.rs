//! What the bytes of records are, and which schemas they have.

use super::*;
use crate::codec::{Format, Language, Registration, Schemas, SubjectName, Written};

const SCHEMA: &str = r#"{ "type": "record", "name": "R", "fields": [{ "name": "Id", "type": "string" }] }"#;

/// One pipeline whose source writes and whose sink reads so.
fn pipeline(output: &str, input: &str) -> String {
    let input = if input.is_empty() { String::new() } else { format!(", input: {{ {input} }}") };
    file(&format!(
        "  crm: {{ source: {{ org: a, topic: t, output: {{ {output} }} }}, sink: {{ org: b{input} }}, objects: {{ Account: {{ external_id: X__c }} }} }}\n"
    ))
}

fn formats(output: &str, input: &str) -> (crate::codec::Output, crate::codec::Input) {
    let config = load_text(&pipeline(output, input)).expect("the file is good");
    let pipeline = &config.pipelines[0];
    (pipeline.source.as_ref().unwrap().output.clone(), pipeline.sink.as_ref().unwrap().input.clone())
}

#[test]
fn a_schema_of_the_file_stands_in_it_or_beside_it() {
    let quoted = format!("value: avro_unframed, schema: '{SCHEMA}'");
    let (output, input) = formats(&quoted, "");
    assert!(matches!(&output.value, Written::Avro(_)), "{output:?}");
    // The schema is that of values, and keys are ids; the sink reads the same.
    assert_eq!((&output.key, &input.key), (&Written::Text, &Format::Text));
    assert_eq!(input, output.read_as());
    let (_, input) = formats("value: json", &quoted);
    assert!(matches!((&input.key, &input.value), (Format::Json, Format::Avro(_))), "{input:?}");

    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("lead.avsc"), SCHEMA).unwrap();
    let from = Surroundings { directory: dir.path(), variable: &|_| None };
    let text = pipeline("value: avro_unframed, schema: lead.avsc", "");
    let config = parse(&text, Path::new("f.yaml"), &from).expect("the file is good");
    assert_eq!(config.pipelines[0].source.as_ref().unwrap().output.value, output.value);
}

#[test]
fn a_schema_that_is_none_or_that_nobody_asks_for_is_told_with_its_place() {
    for (output, input, key, words) in [
        ("value: avro_unframed", "", "source.output.value", "takes `schema` beside it"),
        ("value: json", "value: avro_unframed", "sink.input.value", "takes `schema` beside it"),
        ("value: json, schema: x.avsc", "", "source.output.schema", "only `value: avro_unframed`"),
        ("value: avro_unframed, schema: none.avsc", "", "source.output.schema", "none.avsc` cannot be read"),
        ("value: avro_unframed, schema: '{ \"type\" }'", "", "source.output.schema", "line 1 column"),
        (
            "value: json",
            "value: avro_unframed, schema: '{ \"type\": \"recrd\" }'",
            "sink.input.schema",
            "recrd",
        ),
    ] {
        let found = faults(&pipeline(output, input));
        let [fault] = found.as_slice() else { panic!("{output} {input}: {found:#?}") };
        assert!(fault.contains(&format!("pipelines.crm.{key}")) && fault.contains(words), "{fault}");
    }
}

#[test]
fn json_may_fall_back_to_text() {
    let (_, input) = formats("value: json", "value: json_or_text");
    assert_eq!((&input.key, &input.value), (&Format::JsonOrText, &Format::JsonOrText));
    let (_, input) = formats("value: json", "value: json_or_text, key: unread");
    assert_eq!(input.key, Format::Unread);
}

#[test]
fn keys_have_the_schemas_and_subjects_of_values_unless_they_say_otherwise() {
    let of = |schemas, subject| Registration { schemas, subject };
    let (output, _) = formats("value: avro, schemas: latest, subject: record", "");
    let both = of(Schemas::Latest, SubjectName::Record);
    assert_eq!((output.value_registration, output.key_registration), (both, both));
    let (output, _) = formats(
        "value: json, key: protobuf, key_schemas: registered, key_subject: topic_record",
        "value: json, key: registry",
    );
    assert_eq!(output.key, Written::Registry(Language::Protobuf));
    assert_eq!(output.key_registration, of(Schemas::Registered, SubjectName::TopicRecord));
    let (output, _) = formats("value: avro", "");
    assert_eq!(output.value_registration, Registration::default());
    assert_eq!(output.key_registration, Registration::default());
}

#[test]
fn schemas_that_no_registry_has_are_not_asked_for() {
    for (output, key) in [
        ("value: json, schemas: latest", "schemas"),
        ("value: json_with_schema, subject: record", "subject"),
        ("value: avro, key: text, key_schemas: latest", "key_schemas"),
        ("value: avro, key: json, key_subject: record", "key_subject"),
    ] {
        let found = faults(&pipeline(output, ""));
        let [fault] = found.as_slice() else { panic!("{output}: {found:#?}") };
        assert!(
            fault.contains(&format!("source.output.{key}")) && fault.contains("has no effect"),
            "{fault}"
        );
    }
}
