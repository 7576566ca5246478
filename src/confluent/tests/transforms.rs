//! Single message transforms.

use super::*;

/// The properties of one transform.
fn one(class: &str, options: &[(&str, &str)]) -> String {
    let mut text = format!("transforms=t\ntransforms.t.type=org.apache.kafka.connect.transforms.{class}\n");
    for (name, value) in options {
        text.extend(["transforms.t.", name, "=", value, "\n"]);
    }
    text
}

#[test]
fn transforms_become_keys_of_the_file() {
    let insert = one("InsertField$Value", &[("static.field", "Origin__c!"), ("static.value", "org \"a\"")]);
    assert_keys(Kind::PushTopic, &insert, &["Origin__c:", r#"value: "\"org \\\"a\\\"\"""#, "type: string"]);
    assert_keys(Kind::Sink, &insert, &[r#"Origin__c: "\"org \\\"a\\\"\"""#]);
    let place = one("InsertField$Value", &[("topic.field", "Topic__c"), ("offset.field", "Offset__c")]);
    assert_keys(Kind::Sink, &place, &["Topic__c: topic", "Offset__c: offset"]);
    assert_refused(Kind::PushTopic, &place, "transforms.t.offset.field", "`value.SystemModstamp`");
    let topic = one("InsertField$Value", &[("topic.field", "Topic")]);
    assert_keys(Kind::PushTopic, &topic, &[r#"value: "\"leads\"""#]);

    let replace = one("ReplaceField$Value", &[("exclude", "Fax, Phone"), ("renames", "Email:Mail")]);
    assert_keys(Kind::PushTopic, &replace, &["Fax: null", "Phone: null", "Mail:", "from: Email"]);
    assert_keys(Kind::Sink, &replace, &["ignore_fields: [Fax, Phone, Email]", "Mail: value.Email"]);
    let include = one("ReplaceField$Value", &[("include", "Email")]);
    assert_refused(Kind::Sink, &include, "transforms.t.include", "`exclude`");

    let cast = one("Cast$Value", &[("spec", "AnnualRevenue:float64")]);
    assert_keys(
        Kind::PushTopic,
        &cast,
        &[r#"value: "value.AnnualRevenue == null ? null : double(value.AnnualRevenue)""#, "type: double"],
    );
    assert_keys(Kind::Sink, &cast, &[]);
    assert_refused(
        Kind::PushTopic,
        &one("Cast$Value", &[("spec", "int32")]),
        "transforms.t.spec",
        "name:name",
    );

    let route = one("RegexRouter", &[("regex", "(.*)"), ("replacement", "crm.$1")]);
    assert_keys(Kind::PushTopic, &route, &["topic: crm.leads", "topic_lowercase: false"]);
    // Messages go to the topic of their channel.
    assert_keys(Kind::PlatformEvent, &route, &["topic: crm.orders", "topic_lowercase: false"]);
    let (translation, _) = translated(Kind::PlatformEvent, &route);
    assert!(!translation.text.contains("topic: orders"), "{}", translation.text);
    let open = format!("{route}kafka.topic=a.${{Company}}\n");
    assert_refused(Kind::PushTopic, &open, "transforms.t.type", "`kafka.topic`");
}

#[test]
fn a_fixed_event_type_is_an_operation() {
    let insert = |event| one("InsertField$Value", &[("static.field", "_EventType"), ("static.value", event)]);
    assert_keys(Kind::Sink, &insert("created"), &["operation: insert"]);
    assert_keys(Kind::Sink, &insert("deleted"), &["operation: delete"]);
    assert_refused(Kind::Sink, &insert("made"), "transforms.t.static.value", "no event");
}

#[test]
fn what_a_filter_drops_its_expression_drops() {
    let filter = |class: &str, more: &str| {
        format!(
            "{}predicates=p\npredicates.p.type=org.apache.kafka.connect.transforms.predicates.{class}\n{more}",
            one("Filter", &[("predicate", "p")])
        )
    };
    let header = filter("HasHeaderKey", "predicates.p.name=test\n");
    assert_keys(Kind::PushTopic, &header, &[r#"filter: "!(\"test\" in headers)""#]);
    assert_keys(
        Kind::Sink,
        &format!("{header}transforms.t.negate=true\n"),
        &[r#"filter: "\"test\" in headers""#],
    );
    assert_keys(Kind::Sink, &filter("RecordIsTombstone", ""), &["on_null: skip"]);
    let topics = filter("TopicNameMatches", "predicates.p.pattern=a.*\n");
    assert_refused(Kind::Sink, &topics, "predicates.p.type", "`topics`");
    assert_refused(Kind::Sink, &one("Filter", &[]), "transforms.t.type", "every record");
    assert_refused(
        Kind::Sink,
        &one("Filter", &[("predicate", "q")]),
        "transforms.t.predicate",
        "does not name `q`",
    );
}

#[test]
fn other_transforms_are_refused_with_what_does_the_same_in_a_file() {
    for (class, words) in [
        ("MaskField$Value", "`objects.NAME.source.fields"),
        ("ReplaceField$Key", "keys stay as they are"),
        ("TimestampRouter", "put a field into the topic"),
        ("Flatten$Value", "value.Address.City"),
        ("OwnTransform", "by expressions in CEL"),
    ] {
        assert_refused(Kind::PushTopic, &one(class, &[]), "transforms.t.type", words);
    }
    let conditional =
        one("InsertField$Value", &[("static.field", "A__c"), ("static.value", "b"), ("predicate", "p")]);
    assert_refused(Kind::Sink, &conditional, "transforms.t.predicate", "is an expression");
    let events = one("ReplaceField$Value", &[("exclude", "Fax")]);
    assert_refused(Kind::Cdc, &events, "transforms.t.type", "keep their form");
    assert_refused(Kind::Sink, "transforms=t\n", "transforms.t.type", "Missing required configuration");
    let (translation, _) = translated(Kind::Sink, "transforms.x.type=a\n");
    assert_eq!(said(&translation.findings, "transforms.x.type")[0].message, "`transforms` does not name it");
}
