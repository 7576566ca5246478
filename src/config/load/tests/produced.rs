//! What records are on their topics: which keys, headers and values go together.

use super::*;
use crate::shaping::{KeyRule, Metadata};

const SINK: &str = "sink: { org: b }";

/// One pipeline of these source keys and this sink.
fn pipeline(source: &str, sink: &str) -> String {
    let object = if sink.is_empty() { "Account:" } else { "Account: { external_id: X__c }" };
    let halves = [format!("source: {{ org: a, topic: t, {source} }}"), sink.to_owned()];
    let halves: Vec<_> = halves.into_iter().filter(|half| !half.is_empty()).collect();
    file(&format!("  crm: {{ {}, objects: {{ {object} }} }}\n", halves.join(", ")))
}

#[track_caller]
fn good(source: &str, sink: &str) -> Config {
    load_text(&pipeline(source, sink)).unwrap_or_else(|faults| panic!("{source}: {faults}"))
}

#[test]
fn without_a_word_records_are_as_they_always_were() {
    for source in ["start: latest", "key: record_id", "key: { from: record_id }", "headers: {}"] {
        let config = good(source, "");
        let shaping = &config.pipelines[0].source.as_ref().expect("a source").shaping;
        assert!(matches!(shaping.key, KeyRule::Record), "{source}");
        assert_eq!((&shaping.headers.metadata, shaping.headers.more.len()), (&Metadata::default(), 0));
        assert!(shaping.value.is_none() && shaping.read_back().is_some(), "{source}");
    }
}

#[test]
fn every_form_of_key_header_value_and_selection_is_read() {
    for source in [
        "key: stream",
        "key: stream_suffix",
        "key: { from: stream, pattern: '^(.*)-', missing: reject }",
        "headers: { static: { tenant: acme }, prefix: 'sf-' }, key: { from: headers, names: [tenant, sf-org], missing: none }",
        "headers: { computed: { city: value.BillingCity }, metadata: false }",
        "key: { from: expression, expr: 'value.OwnerId' }",
        "value: 'event.type == \"deleted\" ? null : value'",
        "only: { event_types: [created, updated], stream: { prefix: [Account-0015], pattern: '[0-9]$' }, event: { prefix: [Account.] } }",
    ] {
        good(source, "");
    }
}

#[test]
fn what_does_not_go_together_is_refused() {
    let by_text = "sink: { org: b, input: { key: text } }";
    let unread = "sink: { org: b, input: { key: unread } }";
    good("key: stream_suffix", by_text);
    good("key: record_id, output: { key: text }", "");
    good("key: { from: stream, pattern: '^(.{11})', missing: none }", unread);
    good("key: { from: expression, expr: event.id }, only: { stream: { prefix: [Account-001] } }", unread);
    for (source, sink, key, message) in [
        ("key: id", "", "source.key: ", "is not one of `record_id`"),
        ("key: {}", "", "source.key.from: ", "this key is missing"),
        ("key: { from: stream, pattern: '(' }", "", "key.pattern: ", "is no regular expression"),
        ("key: { from: stream_suffix, pattern: x }", "", "key.pattern: ", "belongs to `from: stream`"),
        ("key: { from: stream, missing: none }", "", "key.missing: ", "has no effect"),
        ("key: { from: headers }", "", "key.names: ", "missing or empty"),
        ("key: { from: headers, names: [tenant] }", "", "key.names: ", "no record has a header `tenant`"),
        (
            "headers: { metadata: false }, key: { from: headers, names: [orgstream.org] }",
            "",
            "key.names: ",
            "no record has a header `orgstream.org`",
        ),
        ("key: { from: expression }", "", "key.expr: ", "this key is missing"),
        ("key: { from: expression, expr: valu.Id }", "", "key.expr: ", "`valu` is not known"),
        ("key: { from: expression, expr: value.Name }", unread, "source.key: ", "in any order"),
        ("key: { from: headers, names: [orgstream.origin] }", unread, "source.key: ", "in any order"),
        ("key: stream", SINK, "source.key: ", "key: unread"),
        ("key: stream", by_text, "source.key: ", "key: unread"),
        ("headers: { static: { orgstream.org: x } }", "", "static.orgstream.org: ", "have already"),
        ("headers: { static: { a: x }, computed: { a: '1' } }", "", "computed.a: ", "static header `a`"),
        ("headers: { computed: { a: '1 +' } }", "", "computed.a: ", "is not an expression"),
        ("headers: { metadata: false, prefix: x }", "", "headers.prefix: ", "has no effect"),
        ("headers: { metadata: false }", SINK, "headers.metadata: ", "needs the headers"),
        ("headers: { prefix: x. }", SINK, "headers.prefix: ", "needs the headers"),
        ("key: stream, output: { key: json }", "", "source.output.key: ", "has no effect"),
        ("value: value", SINK, "source.value: ", "with all their fields"),
        ("value: 'size('", "", "source.value: ", "is not an expression"),
        ("only: {}", "", "source.only: ", "says nothing"),
        ("only: { event_types: [] }", "", "only.event_types: ", "nothing would be produced"),
        ("only: { event_types: [created] }", SINK, "only.event_types: ", "would not learn"),
        ("only: { event: { prefix: [A] } }", SINK, "only.event: ", "would not learn"),
        ("only: { stream: {} }", "", "only.stream: ", "says nothing"),
        ("only: { stream: { pattern: '[' } }", "", "stream.pattern: ", "is no regular expression"),
    ] {
        let faults = faults(&pipeline(source, sink));
        assert_eq!(faults.len(), 1, "{source}, {sink}: {faults:#?}");
        assert!(faults[0].contains(key) && faults[0].contains(message), "{source}, {sink}: {}", faults[0]);
    }
}

#[test]
fn what_a_sink_in_another_pipeline_cannot_do_with_is_refused_as_in_its_own() {
    let of = |source: &str, input: &str, topic: &str| {
        let writer =
            format!("  feed: {{ source: {{ org: a, topic: t, {source} }}, objects: {{ Account: }} }}\n");
        let object = "objects: { Account: { external_id: X__c } }";
        file(&format!("{writer}  into: {{ sink: {{ org: b, topic: {topic}{input} }}, {object} }}\n"))
    };
    let unread = ", input: { key: unread }";
    for (source, input) in [
        ("start: latest", ""),
        ("key: stream", unread),
        ("key: stream_suffix", ", input: { key: text }"),
        ("headers: { static: { tenant: acme } }", ""),
        ("only: { stream: { prefix: [Account-001] } }", ""),
    ] {
        load_text(&of(source, input, "t")).unwrap_or_else(|faults| panic!("{source}: {faults}"));
    }
    for (source, key, message) in [
        ("key: { from: expression, expr: value.Name }", "source.key: ", "in any order"),
        ("key: { from: headers, names: [orgstream.origin] }", "source.key: ", "in any order"),
        ("value: value", "source.value: ", "with all their fields"),
        ("headers: { metadata: false }", "headers.metadata: ", "needs the headers"),
        ("headers: { prefix: x. }", "headers.prefix: ", "needs the headers"),
        ("only: { event_types: [created] }", "only.event_types: ", "would not learn"),
        ("only: { event: { prefix: [A] } }", "only.event: ", "would not learn"),
    ] {
        let faults = faults(&of(source, unread, "t"));
        assert_eq!(faults.len(), 1, "{source}: {faults:#?}");
        for part in ["pipelines.feed.source", key, message, "pipeline `into`"] {
            assert!(faults[0].contains(part), "{source}: {}", faults[0]);
        }
        load_text(&of(source, unread, "other")).unwrap_or_else(|faults| panic!("{source}: {faults}"));
    }
    assert_fault(&of("key: stream", "", "t"), "8:", "key: unread");
}
