use proptest::prelude::{any, prop_assert, prop_assert_eq, prop_assume, proptest};
use serde_json::json;

use super::*;

fn field(kind: &str) -> DescribeField {
    serde_json::from_value(json!({"name": "F__c", "type": kind})).unwrap()
}

fn read(kind: &str, json: &Json) -> Value {
    to_value(&field(kind), json).unwrap()
}

#[test]
fn every_type_is_read_as_its_schema_says() {
    let text = |text: &str| Value::String(text.to_owned());
    for (kind, json, value) in [
        ("id", json!("0015g00000QwErTAAV"), text("0015g00000QwErTAAV")),
        ("reference", json!("001D000000IqhSL"), text("001D000000IqhSLIAZ")),
        ("string", json!("Ä"), text("Ä")),
        ("multipicklist", json!("a;b"), text("a;b")),
        ("combobox", json!("x"), text("x")),
        ("anyType", json!(12), text("12")),
        ("somethingOf2031", json!({"a": 1}), text("{\"a\":1}")),
        ("boolean", json!(false), Value::Boolean(false)),
        ("int", json!(42), Value::Int32(42)),
        ("int", json!(42.0), Value::Int32(42)),
        ("long", json!(9_007_199_254_740_993_i64), Value::Int64(9_007_199_254_740_993)),
        ("double", json!(23.0), Value::Float64(23.0)),
        ("percent", json!(12.5), Value::Float64(12.5)),
        ("currency", json!(1_500_000.0), text("1500000.0")),
        ("currency", json!(1.0e10), text("10000000000.0")),
        ("currency", json!(12), text("12")),
        ("currency", json!("9999999999999999.99"), text("9999999999999999.99")),
        ("date", json!("1970-01-02"), Value::Date(1)),
        ("datetime", json!("1970-01-01T00:00:01.000+0000"), Value::Timestamp(1_000)),
        ("datetime", json!("1970-01-01T00:00:01.000Z"), Value::Timestamp(1_000)),
        ("time", json!("00:00:01.500Z"), Value::Time(1_500)),
    ] {
        assert_eq!(read(kind, &json), value, "{kind} {json}");
    }
}

#[test]
fn null_is_null_in_every_type() {
    for kind in ["id", "boolean", "int", "currency", "date", "datetime", "address", "location", "string"] {
        assert_eq!(read(kind, &Json::Null), Value::Null, "{kind}");
    }
}

#[test]
fn an_address_is_the_same_from_both_apis() {
    let rest =
        json!({"city": "Roma", "stateCode": null, "latitude": 41.9, "street": "Via Roma 1", "plusCode": "x"});
    let streaming = json!({"City": "Roma", "StateCode": null, "Latitude": 41.9, "Street": "Via Roma 1"});
    let value = read("address", &rest);
    assert_eq!(value, read("address", &streaming));
    let Value::Struct(address) = value else { panic!("an address is a struct") };
    assert_eq!(address.schema().name(), "io.confluent.salesforce.Address");
    assert_eq!(address.value("City"), Some(&Value::String("Roma".to_owned())));
    assert_eq!(address.value("Latitude"), Some(&Value::Float64(41.9)));
    assert_eq!(address.value("State"), Some(&Value::Null));
}

#[test]
fn a_location_has_two_numbers() {
    let Value::Struct(location) = read("location", &json!({"latitude": 41.9, "longitude": 12.5})) else {
        panic!("a location is a struct")
    };
    assert_eq!(location.values(), [Value::Float64(41.9), Value::Float64(12.5)]);
}

#[test]
fn what_does_not_fit_is_said_with_the_fields_name() {
    for (kind, json) in [
        ("boolean", json!("yes")),
        ("int", json!(3_000_000_000_i64)),
        ("int", json!(1.5)),
        ("double", json!("much")),
        ("currency", json!("1e5 euro")),
        ("date", json!("2026-02-30")),
        ("datetime", json!(12)),
        ("address", json!("Roma")),
    ] {
        let error = to_value(&field(kind), &json).unwrap_err();
        assert!(error.to_string().starts_with("field `F__c`: "), "{error}");
    }
}

#[test]
fn writes_are_spelled_as_the_org_reads_them() {
    for (kind, value, json) in [
        ("string", Value::Null, json!(null)),
        ("boolean", Value::Boolean(true), json!(true)),
        ("int", Value::Int32(42), json!(42)),
        ("double", Value::Float64(0.1), json!(0.1)),
        ("date", Value::Date(1), json!("1970-01-02")),
        ("datetime", Value::Timestamp(1_000), json!("1970-01-01T00:00:01.000Z")),
        ("textarea", Value::Array(vec![Value::String("a".into()), Value::Int64(1)]), json!(r#"["a",1]"#)),
        ("time", Value::Time(1_500), json!("00:00:01.500Z")),
        ("currency", Value::String("1500000.0".to_owned()), json!(1_500_000.0)),
        ("currency", Value::String("12".to_owned()), json!(12)),
        ("currency", Value::String("-0.10".to_owned()), json!(-0.1)),
        // A double would make it 10000000000000000.
        ("currency", Value::String("9999999999999999.99".to_owned()), json!("9999999999999999.99")),
        ("currency", Value::String("1.5E+3".to_owned()), json!("1.5E+3")),
        ("string", Value::String("12".to_owned()), json!("12")),
    ] {
        assert_eq!(to_json(&field(kind), &value), Ok(json), "{kind} {value:?}");
    }
}

#[test]
fn a_value_of_another_type_is_spelled_as_the_field_takes_it() {
    let text = |text: &str| Value::String(text.to_owned());
    for (kind, value, json) in [
        ("boolean", text("True"), json!(true)),
        ("int", Value::Float64(42.0), json!(42)),
        ("int", text("42"), json!(42)),
        ("long", text("9007199254740993"), json!(9_007_199_254_740_993_i64)),
        ("double", Value::Int64(3), json!(3)),
        ("percent", text("12.5"), json!(12.5)),
        ("date", text("2026-01-31"), json!("2026-01-31")),
        ("date", Value::Timestamp(86_400_000), json!("1970-01-02")),
        ("datetime", text("2026-01-31T10:20:30+02:00"), json!("2026-01-31T08:20:30.000Z")),
        ("time", text("10:20:30"), json!("10:20:30.000Z")),
        ("string", Value::Int32(42), json!("42")),
        ("string", Value::Float64(0.5), json!("0.5")),
        ("string", Value::Boolean(true), json!("true")),
        ("picklist", Value::Date(1), json!("1970-01-02")),
        ("textarea", Value::Timestamp(1_000), json!("1970-01-01T00:00:01.000Z")),
        ("multipicklist", Value::Array(vec![text("a"), text("b")]), json!("a;b")),
    ] {
        assert_eq!(to_json(&field(kind), &value), Ok(json), "{kind} {value:?}");
    }
}

#[test]
fn what_a_field_cannot_take_is_refused_before_a_call() {
    let text = |text: &str| Value::String(text.to_owned());
    for (kind, value) in [
        ("boolean", Value::Int32(1)),
        ("boolean", text("yes")),
        ("int", Value::Float64(42.5)),
        ("int", Value::Int64(3_000_000_000)),
        ("long", text("9223372036854775808")),
        ("double", text("much")),
        ("double", text("inf")),
        ("currency", text("dear")),
        ("date", Value::Timestamp(1)),
        ("date", text("31.01.2026")),
        ("datetime", Value::Date(1)),
        ("datetime", text("2026-01-31T10:20:30")),
        ("time", Value::Timestamp(1)),
    ] {
        let error = to_json(&field(kind), &value).unwrap_err();
        assert!(error.to_string().starts_with("field `F__c`: "), "{kind} {value:?}: {error}");
    }
}

#[test]
fn what_no_org_has_is_not_written() {
    assert!(to_json(&field("double"), &Value::Float64(f64::NAN)).is_err());
    let address = read("address", &json!({"city": "Roma"}));
    assert!(to_json(&field("address"), &address).is_err());
}

#[test]
fn numbers_and_texts_are_dates_and_times_where_the_field_is_one() {
    let text = |text: &str| Value::String(text.to_owned());
    for (kind, value, json) in [
        ("date", text("2026-01-31"), json!("2026-01-31")),
        ("date", text("2026-01-31T00:00:00Z"), json!("2026-01-31")),
        ("date", text("2026-01-31T00:00:00.000+0000"), json!("2026-01-31")),
        ("date", Value::Int64(19_335), json!("2022-12-09")),
        ("date", Value::Int32(-1), json!("1969-12-31")),
        ("datetime", text("2026-01-31T10:20:30+02:00"), json!("2026-01-31T08:20:30.000Z")),
        ("datetime", text("2026-01-31T10:20:30.123456Z"), json!("2026-01-31T10:20:30.123Z")),
        ("datetime", Value::Int64(1_670_582_776_000), json!("2022-12-09T10:46:16.000Z")),
        ("time", text("10:20:30"), json!("10:20:30.000Z")),
        ("time", Value::Int64(1_500), json!("00:00:01.500Z")),
        ("boolean", text("true"), json!(true)),
    ] {
        assert_eq!(to_json(&field(kind), &value), Ok(json), "{kind} {value:?}");
    }
}

#[test]
fn what_is_no_date_or_would_be_cut_or_shifted_is_refused_by_field() {
    let text = |text: &str| Value::String(text.to_owned());
    for (kind, value) in [
        ("date", text("2026-02-30")),
        ("date", text("2026-01-31T10:00:00Z")),
        // Nobody says of which zone.
        ("datetime", text("2026-01-31T10:20:30")),
        ("datetime", text("2026-01-31")),
        ("time", text("25:00:00")),
        // Milliseconds are no days.
        ("date", Value::Int64(1_670_582_776_000)),
        ("datetime", Value::Int64(i64::MAX)),
        ("time", Value::Int64(86_400_000)),
    ] {
        let refused = to_json(&field(kind), &value).unwrap_err();
        assert!(!refused.field.is_empty(), "{kind} {value:?}");
    }
}

proptest! {
    #[test]
    fn dates_and_times_are_written_alike_from_numbers_texts_and_values(days in -98_615_i32..741_806, millis in 0_i64..86_400_000) {
        let moment = i64::from(days) * 86_400_000 + millis;
        let time = i32::try_from(millis).unwrap();
        for (kind, value, number) in [
            ("date", Value::Date(days), i64::from(days)),
            ("datetime", Value::Timestamp(moment), moment),
            ("time", Value::Time(time), millis),
        ] {
            let written = to_json(&field(kind), &value).unwrap();
            prop_assert_eq!(to_json(&field(kind), &Value::Int64(number)), Ok(written.clone()));
            let text = Value::String(written.as_str().unwrap().to_owned());
            prop_assert_eq!(to_json(&field(kind), &text), Ok(written));
        }
    }

    #[test]
    fn a_number_of_the_org_survives_the_way_through_text(number in any::<f64>()) {
        prop_assume!(number.is_finite());
        let sent: Json = serde_json::from_str(&serde_json::to_string(&number).unwrap()).unwrap();
        let text = read("currency", &sent);
        let back = to_json(&field("currency"), &text).unwrap();
        prop_assert_eq!(back.as_f64(), Some(number), "{:?}", text);
    }

    #[test]
    fn every_number_comes_back_as_it_was(whole in any::<i64>(), small in any::<i32>(), number in any::<f64>()) {
        prop_assume!(number.is_finite());
        for (kind, value) in
            [("long", Value::Int64(whole)), ("int", Value::Int32(small)), ("double", Value::Float64(number))]
        {
            let sent = to_json(&field(kind), &value).unwrap();
            let sent: Json = serde_json::from_str(&sent.to_string()).unwrap();
            prop_assert_eq!(read(kind, &sent), value);
        }
    }

    #[test]
    fn a_whole_number_of_a_text_field_loses_no_digit(whole in any::<i64>()) {
        let sent = to_json(&field("string"), &Value::Int64(whole)).unwrap();
        prop_assert_eq!(to_json(&field("long"), &read("string", &sent)), Ok(Json::from(whole)));
    }

    /// The years that an org has, 1700 to 4000.
    #[test]
    fn no_day_and_no_millisecond_is_shifted(
        days in -98_616_i32..741_452,
        moment in -8_520_422_400_000_i64..64_061_452_800_000,
        time in 0..86_400_000_i32,
    ) {
        for (kind, value) in
            [("date", Value::Date(days)), ("datetime", Value::Timestamp(moment)), ("time", Value::Time(time))]
        {
            let sent = to_json(&field(kind), &value).unwrap();
            prop_assert_eq!(read(kind, &sent), value.clone());
            // As text of another producer, the same.
            let text = Value::String(sent.as_str().unwrap().to_owned());
            prop_assert_eq!(to_json(&field(kind), &text), Ok(sent));
        }
    }

    /// Whatever is written into whatever field: a number is never another one, and what goes as text says the same.
    #[test]
    fn no_field_takes_a_number_as_another_one(number in any::<f64>(), whole in any::<i64>()) {
        for kind in ["boolean", "int", "long", "double", "currency", "date", "datetime", "time", "string"] {
            if let Ok(sent) = to_json(&field(kind), &Value::Float64(number)) {
                let back = sent.as_f64().or_else(|| sent.as_str()?.parse().ok());
                prop_assert_eq!(back, Some(number), "{}", kind);
            }
            // What a number means as a day or a time is another matter.
            let counts = !matches!(kind, "date" | "datetime" | "time");
            if let Ok(sent) = to_json(&field(kind), &Value::Int64(whole)) && counts {
                let back = sent.as_i64().or_else(|| sent.as_str()?.parse().ok());
                prop_assert_eq!(back, Some(whole), "{}", kind);
            }
        }
    }

    #[test]
    fn a_decimal_text_keeps_its_digits(text in "-?[1-9][0-9]{0,17}\\.[0-9]{1,4}") {
        let written = to_json(&field("currency"), &Value::String(text.clone())).unwrap();
        // Either the text itself, or a number whose shortest spelling has the same digits.
        let spelled = match &written {
            Json::String(text) => text.clone(),
            number => number.as_f64().unwrap().to_string(),
        };
        prop_assert!(significant(&spelled) == significant(&text), "{text} became {written}");
    }
}
