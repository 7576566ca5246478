use std::sync::Arc;

use orgstream_api::record::header;
use orgstream_api::{EventScope, EventType, Field, Headers, InputOffset, Schema, Struct, TopicPartition};
use proptest::prelude::*;

use super::*;

fn value() -> Struct {
    let fields = vec![
        Field::optional("Name", Type::String),
        Field::optional("Amount", Type::Float64),
        Field::optional("AnnualRevenue", Type::String),
        Field::optional("Size__c", Type::Int32),
        Field::optional("CloseDate", Type::Date),
        Field::optional("CreatedDate", Type::Timestamp),
        Field::optional("Active__c", Type::Boolean),
        Field::optional("Phone", Type::String),
    ];
    let mut value = Struct::new(Arc::new(Schema::new("Account", fields)));
    for (name, known) in [
        ("Name", Value::String("Acme".into())),
        ("Amount", Value::Float64(12.5)),
        ("AnnualRevenue", Value::String("1500000.0".into())),
        ("Size__c", Value::Int32(4)),
        ("CloseDate", Value::Date(20_454)),
        ("CreatedDate", Value::Timestamp(1_767_262_830_000)),
        ("Active__c", Value::Boolean(true)),
    ] {
        assert!(value.set(name, known));
    }
    value
}

fn with<T>(ask: impl FnOnce(&Scope<'_>) -> T) -> T {
    let value = value();
    let mut headers = Headers::default();
    headers.push(header::ORIGIN, "stream");
    let event = EventScope {
        kind: Some(EventType::Updated),
        object: "Account",
        id: Some("0015g00000QwErTAAV"),
        replay_id: Some(41),
        channel: Some("/topic/a"),
        time: 1_767_262_830_000,
        carried: &|| vec!["Id", "Name"],
    };
    let partition = TopicPartition { topic: "a.Account".to_owned(), partition: 2 };
    let at = InputOffset { partition, offset: 7 };
    ask(&Scope { value: &value, key: None, headers: &headers, event, at: Some(&at) })
}

fn holds(text: &str) -> Result<bool, ExpressionError> {
    let expression = read(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    with(|scope| expression.holds(scope))
}

fn computed(text: &str, kind: &Type) -> Result<Value, ExpressionError> {
    let expression = read(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    with(|scope| expression.value(scope, kind))
}

#[test]
fn what_a_record_says_can_be_asked() {
    for text in [
        "value.Name == 'Acme'",
        "value.Phone == null",
        "value.Active__c && value.Size__c > 3",
        "value.Size__c in [3, 4]",
        "value.Amount > 10.0",
        "value.Amount > 10",
        "double(value.AnnualRevenue) >= 1500000.0",
        "value.CloseDate >= '2026-01-01' && value.CloseDate < '2026-12-31'",
        "value.CreatedDate > '2026-01-01T00:00:00.000Z'",
        "value.Name.startsWith('Ac') && value.Name.lowerAscii() == 'acme'",
        "headers['orgstream.origin'] == 'stream'",
        "event.type == 'updated' && event.replay_id == 41 && event.object == 'Account'",
        "'Name' in event.carried && !('Phone' in event.carried)",
        "event.carried.exists(name, name == 'Id')",
        "has(value.Name) && value['Name'] == 'Acme'",
        "key == null",
        "type(value.Name) == string",
    ] {
        assert_eq!(holds(text), Ok(true), "{text}");
    }
}

#[test]
fn what_cannot_be_evaluated_says_why_and_shows_no_value() {
    for (text, part) in [
        ("value.Nme == 'Acme'", "there is no field `Nme`"),
        ("value.Size__c", "is int, not true or false"),
        ("value.Name > 3", "`>` does not go with string, int"),
        ("value.Name + 3 == ''", "`+` does not go with"),
        ("1 / 0 == 1", "division by zero"),
    ] {
        let error = holds(text).unwrap_err().to_string();
        assert!(error.contains(part) && error.contains(text), "{text}: {error}");
        assert!(!error.contains("Acme") || text.contains("Acme"), "{error}");
    }
}

#[test]
fn what_is_no_expression_is_refused_before_there_are_records() {
    for (text, part) in [
        ("value.Name ==", "is not an expression (CEL): at character"),
        ("valu.Name == 'x'", "`valu` is not known; there are `value`"),
        ("value.Name.lower() == 'x'", "no function `lower`"),
        ("nothing(value.Name)", "no function `nothing`"),
        ("value.Name.matches('x')", "no function `matches`"),
    ] {
        let error = read(text).map(|_| ()).unwrap_err();
        assert!(error.contains(part) && !error.contains('\n'), "{text}: {error}");
    }
}

#[test]
fn a_computed_value_has_the_type_of_its_field_or_none() {
    let text = |text: &str| Value::String(text.to_owned());
    for (expression, kind, expected) in [
        ("value.Name + '!'", Type::String, text("Acme!")),
        ("value.Size__c * 2", Type::Int32, Value::Int32(8)),
        ("value.Size__c", Type::Int64, Value::Int64(4)),
        ("value.Amount / 2.0", Type::Float64, Value::Float64(6.25)),
        ("value.Size__c > 3", Type::Boolean, Value::Boolean(true)),
        ("'2026-01-01'", Type::Date, Value::Date(20_454)),
        ("value.CreatedDate", Type::Timestamp, Value::Timestamp(1_767_262_830_000)),
        ("value.Phone", Type::Int32, Value::Null),
        ("value.Size__c > 3 ? 'large' : null", Type::String, text("large")),
    ] {
        assert_eq!(computed(expression, &kind), Ok(expected), "{expression}");
    }
    for (expression, kind) in [
        ("value.Size__c", Type::String),
        ("3000000000", Type::Int32),
        ("'soon'", Type::Date),
        ("[1]", Type::String),
    ] {
        assert!(computed(expression, &kind).is_err(), "{expression}");
    }
}

#[test]
fn where_a_record_lies_is_known_to_a_sink_alone() {
    let text = "topic == 'a.Account' && partition == 2 && offset == 7";
    let error = read(text).map(|_| ()).unwrap_err();
    assert!(
        error.contains("`offset` is not known; there are `value`, `key`, `headers` and `event`"),
        "{error}"
    );
    assert_eq!(with(|scope| read_of_sink(text).unwrap().holds(scope)), Ok(true));
    let error = read_of_sink("topics == 'a'").map(|_| ()).unwrap_err();
    assert!(error.contains("`event`, `topic`, `partition` and `offset`"), "{error}");
}

#[test]
fn a_result_is_what_the_expression_makes_of_it() {
    let result = |text| with(|scope| read_of_sink(text).unwrap().result(scope));
    for (text, expected) in [
        ("value.Name + '!'", Value::String("Acme!".to_owned())),
        ("value.Size__c + 1", Value::Int64(5)),
        ("value.Amount * 2.0", Value::Float64(25.0)),
        ("value.Size__c > 3", Value::Boolean(true)),
        ("value.CloseDate", Value::String("2026-01-01".to_owned())),
        ("value.Phone", Value::Null),
        ("['a', value.Name]", Value::Array(vec![Value::String("a".into()), Value::String("Acme".into())])),
    ] {
        assert_eq!(result(text), Ok(expected), "{text}");
    }
    let error = result("{'a': 1}").unwrap_err().to_string();
    assert!(error.contains("no field can hold"), "{error}");
}

#[test]
fn only_the_fields_that_are_named_are_made() {
    let fields = |text| {
        let program = ENV.compile(text).unwrap();
        let references = References::of(program.expression());
        references.fields_of("value").map(|fields| fields.iter().cloned().collect::<Vec<_>>())
    };
    assert_eq!(fields("value.A == 1 || value.B.exists(value, value.C)"), Some(vec!["A".into(), "B".into()]));
    assert_eq!(fields("size(value) > 3 && value.A == 1"), None);
    assert_eq!(fields("value['A'] == 1"), None);
}

proptest! {
    #[test]
    fn no_text_ends_the_program(text in "[a-z(){}\\[\\]'\"+&|.,:?0-9 -]{0,30}") {
        if let Ok(expression) = read(&text) {
            let _answered = with(|scope| expression.holds(scope)).is_ok();
        }
    }
}

fn body(text: &str, response: Response<'_>) -> Result<serde_json::Value, ExpressionError> {
    let body = ReportBody::read(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    let partition = orgstream_api::TopicPartition { topic: "a.Account".into(), partition: 2 };
    let at = orgstream_api::InputOffset { partition, offset: 41 };
    with(|scope| body.of(scope, &at, response))
}

#[test]
fn the_body_of_a_report_sees_the_record_its_place_and_the_response() {
    let written = Response::Written { id: Some("001B"), created: true };
    let text = r#"{"source": event.id, "target": response.id, "new": response.created, "at": [topic, partition, offset],
                   "name": value.Name, "none": response.code}"#;
    let expected = serde_json::json!({
        "source": "0015g00000QwErTAAV", "target": "001B", "new": true, "at": ["a.Account", 2, 41],
        "name": "Acme", "none": null
    });
    assert_eq!(body(text, written), Ok(expected));
    let fields = vec!["Name".to_owned()];
    let rejection = orgstream_api::Rejection { code: "STRING_TOO_LONG".into(), message: "no".into(), fields };
    let refused = Response::Refused(&rejection);
    let expected = serde_json::json!(["STRING_TOO_LONG", "no", ["Name"], false, null]);
    let text = "[response.code, response.message, response.fields, response.success, response.id]";
    assert_eq!(body(text, refused), Ok(expected));
    assert_eq!(body("response.success ? 1 : 1.5", refused), Ok(serde_json::json!(1.5)));
}

#[test]
fn a_body_that_cannot_be_is_refused_when_the_file_is_read_or_says_why() {
    let wrong = ReportBody::read("{\"a\": respons.id}").unwrap_err();
    assert!(wrong.contains("`respons` is not known; there are `value`"), "{wrong}");
    assert!(ReportBody::read("{\"a\": ").is_err());
    assert!(read("response.id").is_err(), "filters have no response");
    let written = Response::Written { id: None, created: false };
    assert!(body("value.Nope", written).unwrap_err().what.contains("no field `Nope`"));
}
