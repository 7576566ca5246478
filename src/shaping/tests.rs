use std::sync::Arc;

use orgstream_api::record::field;
use orgstream_api::{About, EventType, Expression as _, Field, Headers, Schema, Struct, Type, Value};
use proptest::prelude::*;

use super::*;

const ID: &str = "0015g00000QwErTAAV";

/// A record of an account with this name, `None` being a null.
fn source(name: Option<&str>) -> SourceRecord {
    let fields = vec![Field::optional(field::ID, Type::String), Field::optional("Name", Type::String)];
    let mut value = Struct::new(Arc::new(Schema::new("Account", fields)));
    value.set(field::ID, Value::String(ID.to_owned()));
    value.set("Name", name.map_or(Value::Null, |name| Value::String(name.to_owned())));
    let mut headers = Headers::default();
    headers.push(header::ORG, "00D5g000004XyzEEAS");
    headers.push(header::ORIGIN, "stream");
    let id = Some(ID.to_owned());
    SourceRecord {
        topic: "a.Account".to_owned(),
        partition_key: ID.as_bytes().to_vec(),
        about: About { kind: Some(EventType::Updated), object: "Account".to_owned(), id, time: 5 },
        record: Record { key: None, value: Some(value), headers, timestamp: 5 },
    }
}

fn message() -> SourceRecord {
    let about = About { kind: None, object: "Order__e".to_owned(), id: None, time: 5 };
    SourceRecord { about, partition_key: b"/event/Order__e".to_vec(), ..source(None) }
}

fn expression(text: &str) -> JsonExpression {
    JsonExpression::read(text).unwrap()
}

fn key_of(from: KeySource, missing: Missing, source: SourceRecord) -> Result<(Half, Vec<u8>), String> {
    let key = KeyRule::Text(TextKey { from, missing });
    let shaping = Shaping::new(key, HeaderRules::default(), None);
    shaping.shape(source).map(|shaped| (shaped.key, shaped.place)).map_err(|refused| refused.message)
}

fn text(text: &str) -> Half {
    Half::Bytes(text.as_bytes().to_vec())
}

fn stream(pattern: &str) -> KeySource {
    KeySource::Stream(Some(Pattern::new(pattern).unwrap()))
}

#[test]
fn what_the_file_does_not_speak_of_stays_as_it_is() {
    let source = source(Some("Acme"));
    let shaped = Shaping::default().shape(source.clone()).unwrap();
    assert_eq!((shaped.record, shaped.place), (source.record, source.partition_key));
    assert_eq!((shaped.key, shaped.value), (Half::Own, Half::Own));
}

#[test]
fn a_pattern_takes_its_first_group_or_else_the_whole_match() {
    for (pattern, key) in [
        ("^Account-(...)", "001"),
        ("(Account)-(...)", "Account"),
        ("^[A-Z][a-z]*", "Account"),
        ("^(?:Account|Lead)-.{4}", "Account-0015"),
    ] {
        let made = key_of(stream(pattern), Missing::Reject, source(None)).unwrap();
        assert_eq!(made, (text(key), key.as_bytes().to_vec()), "{pattern}");
    }
    let whole = key_of(KeySource::Stream(None), Missing::Reject, source(None)).unwrap();
    assert_eq!(whole.0, text(&format!("Account-{ID}")));
    assert_eq!(key_of(KeySource::StreamSuffix, Missing::Reject, source(None)).unwrap().0, text(ID));
}

#[test]
fn a_key_that_is_missing_is_the_id_or_null_or_a_refusal() {
    // No match, a group that takes no part in it, an empty one.
    for pattern in ["^Lead", "^Lead-(x)|Account", "Account(x*)"] {
        let of = |missing| key_of(stream(pattern), missing, source(None));
        let id = (text(ID), ID.as_bytes().to_vec());
        assert_eq!(of(Missing::RecordId).unwrap(), id, "{pattern}");
        // Without a key it lies with the others of its id all the same.
        assert_eq!(of(Missing::None).unwrap(), (Half::Null, id.1), "{pattern}");
        let why = of(Missing::Reject).unwrap_err();
        assert!(why.contains(&format!("takes nothing of Account-{ID}")), "{why}");
    }
    for expr in ["value.Name", "int(event.id)", "''"] {
        let from = || KeySource::Expression(expression(expr));
        assert_eq!(key_of(from(), Missing::RecordId, source(None)).unwrap().0, text(ID), "{expr}");
        assert!(key_of(from(), Missing::Reject, source(None)).is_err(), "{expr}");
    }
}

#[test]
fn messages_have_keys_of_headers_and_expressions_only() {
    for from in [KeySource::Stream(None), KeySource::StreamSuffix, stream("nothing")] {
        let (key, place) = key_of(from, Missing::Reject, message()).unwrap();
        assert_eq!((key, &*place), (Half::Null, &b"/event/Order__e"[..]));
    }
    let named = KeySource::Expression(expression("event.object"));
    assert_eq!(key_of(named, Missing::Reject, message()).unwrap().0, text("Order__e"));
    let nothing = KeySource::Expression(expression("event.id"));
    assert_eq!(key_of(nothing, Missing::RecordId, message()).unwrap().0, Half::Null);
}

#[test]
fn values_that_are_not_text_are_json_and_null_is_a_tombstone() {
    let value = |text: &str| Shaping::new(KeyRule::Record, HeaderRules::default(), Some(expression(text)));
    for (expr, bytes) in [
        ("{'b': value.Name, 'a': [1, 2.5, true]}", text(r#"{"a":[1,2.5,true],"b":"Acme"}"#)),
        ("value.Name", text("Acme")),
        ("value", text(&format!(r#"{{"Id":"{ID}","Name":"Acme"}}"#))),
        ("event.type == 'updated' ? null : value", Half::Null),
    ] {
        let shaped = value(expr).shape(source(Some("Acme"))).unwrap();
        assert_eq!((shaped.value, shaped.key), (bytes, Half::Own), "{expr}");
    }
    let refused = value("value.Name + 1").shape(source(Some("Acme"))).unwrap_err();
    assert_eq!(refused.code, "VALUE_EXPRESSION");
    assert!(!refused.message.contains("Acme"), "a message shows no value: {}", refused.message);
}

#[test]
fn headers_are_added_renamed_and_left_out() {
    let more = || {
        vec![
            ("tenant".to_owned(), Content::Fixed(Arc::from(&b"acme"[..]))),
            ("name".to_owned(), Content::Computed(expression("value.Name"))),
            ("length".to_owned(), Content::Computed(expression("size(value.Name)"))),
        ]
    };
    let of = |metadata, name| {
        let rules = HeaderRules { metadata, more: more() };
        let shaping = Shaping::new(KeyRule::Record, rules, None);
        let shaped = shaping.shape(source(name)).unwrap();
        let headers: Vec<_> = shaped
            .record
            .headers
            .iter()
            .map(|(name, value)| format!("{name}={}", String::from_utf8_lossy(value)))
            .collect();
        (headers, shaping.counts()["header_errors"])
    };
    let all = ["sf_org=00D5g000004XyzEEAS", "sf_origin=stream", "tenant=acme", "name=Acme", "length=4"];
    assert_eq!(of(Metadata::Under("sf_".to_owned()), Some("Acme")), (all.map(str::to_owned).to_vec(), 0));
    // Null has no header; an expression without a value is counted.
    assert_eq!(of(Metadata::LeftOut, None), (vec!["tenant=acme".to_owned()], 1));
}

#[test]
fn only_what_may_change_from_one_change_of_a_record_to_the_next_breaks_its_order() {
    let headers = HeaderRules {
        metadata: Metadata::Under("x.".to_owned()),
        more: vec![
            ("tenant".to_owned(), Content::Fixed(Arc::from(&b"acme"[..]))),
            ("short".to_owned(), Content::Computed(expression("event.id"))),
            ("name".to_owned(), Content::Computed(expression("value.Name"))),
        ],
    };
    let names = |names: &[&str]| KeySource::Headers(names.iter().map(|name| (*name).to_owned()).collect());
    for (from, breaks) in [
        (KeySource::Stream(None), None),
        (stream("(.)"), None),
        (KeySource::StreamSuffix, None),
        (names(&["tenant", "short", "x.org"]), None),
        (names(&["tenant", "name"]), Some("`name`")),
        (names(&["x.origin"]), Some("`x.origin`")),
        (KeySource::Expression(expression("event.id")), None),
        (KeySource::Expression(expression("value.Name")), Some("`value.Name`")),
    ] {
        let said = format!("{from:?}");
        let key = KeyRule::Text(TextKey { from, missing: Missing::RecordId });
        let why = key.breaks_order(|name| headers.is_constant(name));
        match breaks {
            None => assert_eq!(why, None, "{said}"),
            Some(part) => assert!(why.as_ref().is_some_and(|why| why.contains(part)), "{said}: {why:?}"),
        }
    }
    assert_eq!(KeyRule::Record.breaks_order(|_| false), None);
}

#[test]
fn what_lies_on_the_topic_is_known_again_only_by_its_value_and_its_metadata() {
    assert_eq!(Shaping::default().read_back(), Some(&Metadata::default()));
    let named = HeaderRules { metadata: Metadata::Under("x.".to_owned()), more: Vec::new() };
    let named = Shaping::new(KeyRule::Record, named, None);
    assert_eq!(named.read_back().and_then(|names| names.name(header::STAMP)).as_deref(), Some("x.stamp"));
    let without = HeaderRules { metadata: Metadata::LeftOut, more: Vec::new() };
    assert_eq!(Shaping::new(KeyRule::Record, without, None).read_back(), None);
    let computed = Shaping::new(KeyRule::Record, HeaderRules::default(), Some(expression("value")));
    assert_eq!(computed.read_back(), None);
}

#[test]
fn changes_are_chosen_by_what_happened_and_to_which_record() {
    let matching = |prefix: &str, pattern: Option<&str>| Matching {
        prefixes: vec!["Lead-".to_owned(), prefix.to_owned()],
        pattern: pattern.map(|pattern| Pattern::new(pattern).unwrap()),
    };
    let all = || Select { event_types: Vec::new(), stream: Matching::default(), event: Matching::default() };
    for (select, is) in [
        (all(), true),
        (Select { event_types: vec![EventType::Deleted], ..all() }, false),
        (Select { event_types: vec![EventType::Deleted, EventType::Updated], ..all() }, true),
        (Select { stream: matching("Account-", None), ..all() }, true),
        (Select { stream: matching("Account-", Some("-0025")), ..all() }, false),
        (Select { stream: matching("account-", None), ..all() }, false),
        (Select { event: matching("Account.up", Some("dated$")), ..all() }, true),
        (Select { event: matching("Account.", Some("^created")), ..all() }, false),
    ] {
        assert_eq!(in_scope(&source(None), |scope| select.holds(scope)), Ok(is), "{select:?}");
    }
    let none = Select {
        event_types: vec![EventType::Deleted],
        stream: matching("x", None),
        event: matching("x", None),
    };
    assert_eq!(in_scope(&message(), |scope| none.holds(scope)), Ok(true), "messages are about no record");
}

proptest! {
    #[test]
    fn keys_of_headers_are_their_values_with_hyphens_between(
        values in prop::collection::vec(prop::option::of("[a-zA-Zäö ]{1,8}"), 1..5),
    ) {
        let mut source = source(None);
        for (nth, value) in values.iter().enumerate() {
            if let Some(value) = value {
                source.record.headers.push(format!("h{nth}"), value.as_str());
            }
        }
        let names = (0..values.len()).map(|nth| format!("h{nth}")).collect();
        let there: Vec<&str> = values.iter().flatten().map(String::as_str).collect();
        let (key, place) = key_of(KeySource::Headers(names), Missing::None, source).unwrap();
        if there.is_empty() {
            prop_assert_eq!((key, &*place), (Half::Null, ID.as_bytes()));
        } else {
            prop_assert_eq!(&key, &text(&there.join("-")));
            // What has an equal key lies in the same partition.
            prop_assert_eq!(key, Half::Bytes(place));
        }
    }

    #[test]
    fn a_record_is_refused_or_produced_whatever_its_name_is(name in prop::option::of(".{0,20}")) {
        let key = KeyRule::Text(TextKey { from: KeySource::Expression(expression("value.Name")), missing: Missing::Reject });
        let source = source(name.as_deref());
        match Shaping::new(key, HeaderRules::default(), None).shape(source.clone()) {
            Ok(shaped) => prop_assert_eq!(shaped.key, text(&name.unwrap_or_default())),
            Err(refused) => {
                prop_assert!(name.is_none_or(|name| name.is_empty()));
                prop_assert_eq!(refused.source, source);
            }
        }
    }
}
