//! The keys of sources: what they become, and which of them do not go together.

use orgstream_salesforce_source::{
    CdcChannel, Changes, FieldSource, Manage, Notify, NotifyForFields, OnGap, Records, SourceConfig,
    Transport,
};

use super::*;

const SINK: &str = "sink: { org: b }";

/// One pipeline of these source keys, other halves and objects.
fn pipeline(source: &str, sink: &str, objects: &str) -> String {
    let halves =
        [format!("source: {{ org: a, {source} }}"), sink.to_owned(), format!("objects: {{ {objects} }}")];
    let halves: Vec<_> = halves.into_iter().filter(|half| !half.is_empty()).collect();
    file(&format!("  crm: {{ {} }}\n", halves.join(", ")))
}

fn config(source: &str, objects: &str) -> SourceConfig {
    let text = pipeline(source, "", objects);
    load_text(&text).expect("the file is good").pipelines[0].source_config().expect("there is a source")
}

#[test]
fn what_is_not_said_has_its_default() {
    let config = config("topic: t", "Account:");
    let object = &config.objects[0];
    assert_eq!((object.changes, object.records, object.hydrate), (Changes::PushTopic, Records::Full, true));
    assert_eq!((config.on_gap, config.cdc), (OnGap::Repair, CdcChannel::Single));
    assert_eq!(config.sweep.every, Some(Duration::from_mins(10)));
    assert_eq!((config.snapshot.bulk_above, config.snapshot.page), (10_000, 2_000));
    assert_eq!(config.stream.max_response, 100 << 20);
    assert_eq!(object.push_topic.manage, None);
}

#[test]
fn what_the_source_says_holds_for_all_objects_that_do_not_say_otherwise() {
    let config = config(
        "topic: 'a.${object}', channel: cdc, hydrate: false, cdc: { channel: Sales__chn }, on_gap: latest, \
         sweep: { every: off, overlap: 1h, max_missing: 5% }, snapshot: { bulk_above: 5, page: 7 }, \
         stream: { transport: long_polling, buffer: 1MB, max_response: 2MB, renew_every: 1h }, describe_every: 1m",
        "Account: , Lead: { source: { channel: polling, hydrate: true, poll_every: 5s } }, \
         Contact: { source: { channel: push_topic, push_topic: { name: Mine, query: SELECT Id FROM Contact, \
         notify_for_fields: Where, notify: [create, delete], manage: never, api_version: '61.0' } } }",
    );
    assert_eq!((config.cdc, config.on_gap), (CdcChannel::Custom("Sales__chn".to_owned()), OnGap::Latest));
    assert_eq!((config.sweep.every, config.sweep.max_missing), (None, 5));
    assert_eq!((config.snapshot.bulk_above, config.snapshot.page), (5, 7));
    assert_eq!((config.stream.transport, config.stream.buffer), (Transport::LongPolling, 1 << 20));
    let [account, lead, contact] = config.objects.as_slice() else { panic!("three objects") };
    assert_eq!((account.changes, account.hydrate), (Changes::Cdc, false));
    assert_eq!((lead.changes, lead.hydrate), (Changes::Polling, true));
    assert_eq!(lead.poll_every, Duration::from_secs(5));
    let topic = &contact.push_topic;
    assert_eq!((topic.name.as_deref(), topic.manage), (Some("Mine"), Some(Manage::Never)));
    assert_eq!(topic.notify_for_fields, NotifyForFields::Where);
    assert_eq!(topic.notify, Notify { create: true, update: false, delete: true, undelete: false });
}

#[test]
fn fields_are_renamed_or_left_out() {
    let config = config("topic: t", "Lead: { source: { fields: { Mail: { from: Email }, Fax: } } }");
    let [mail, fax] = config.objects[0].fields.as_slice() else { panic!("two rules") };
    assert!(matches!(&mail.source, Some(FieldSource::Field(from)) if from == "Email"));
    assert!(fax.name == "Fax" && fax.source.is_none());
}

#[test]
fn messages_need_no_object() {
    let config =
        config("topic: t, events: { Order__e: { topic: 'a.${object}' }, /u/Notes: { topic: n } }", "");
    let topics: Vec<_> = config.events.iter().map(|events| events.topic.to_string()).collect();
    assert_eq!(topics, ["n", "a.Order__e"]);
}

#[test]
fn what_does_not_go_together_is_refused() {
    let one = "Account:";
    let keyed = "Account: { external_id: X__c }";
    let cases = [
        ("topic: '${Name}'", "", one, "source.topic: ", "begins with a variable"),
        ("topic: 'crm.${Name}'", "", one, "source.topic: ", "keeps for itself"),
        ("topic: 'a.${Name}'", SINK, keyed, "source.topic: ", "several topics"),
        ("topic: 'a.${Name}'", "", "Account: , Lead:", "source.topic: ", "has its own"),
        ("topic: t, topic_lowercase: 1", "", one, "source.topic_lowercase: ", "not true or false"),
        ("topic: t, records: event", "", one, "Account.source.records: ", "`channel: cdc`"),
        ("topic: t, cdc: { channel: ChangeEvents }", "", one, "source.cdc: ", "`channel: cdc`"),
        ("topic: t, channel: cdc, cdc: { channel: x }", "", one, "cdc.channel: ", "`Sales__chn`"),
        (
            "topic: t, channel: cdc, records: event, start: latest, sweep: { every: off }, on_gap: latest",
            "",
            "Account: { source: { fields: { Phone: null } } }",
            "source.fields: ",
            "stay as they are",
        ),
        ("topic: t, convert_changed_fields: true", "", one, "convert_changed_fields: ", "records: event"),
        ("topic: t, events: { Order: { topic: o } }", "", one, "events.Order: ", "platform event"),
        (
            "topic: t, events: { O__e: { topic: o, entities: [P__e] } }",
            "",
            one,
            "O__e.entities: ",
            "custom channel",
        ),
        ("topic: t, events: { O__e: {} }", "", one, "O__e.topic: ", "missing"),
        ("topic: t, sweep: { every: 0s }", "", one, "sweep.every: ", "no time"),
        ("topic: t, sweep: { max_missing: 10 }", "", one, "sweep.max_missing: ", "such as 10%"),
        ("topic: t, sweep: { max_missing: 101% }", "", one, "sweep.max_missing: ", "share of a hundred"),
        ("topic: t, stream: { buffer: 64 MiB }", "", one, "stream.buffer: ", "not a size"),
        ("topic: t, snapshot: { page: 2001 }", "", one, "snapshot.page: ", "not between 1 and 2000"),
        ("topic: t", "", "Account: { source: { poll_every: 1m } }", "source.poll_every: ", "not polled"),
        (
            "topic: t",
            "",
            "Account: { source: { channel: cdc, push_topic: {} } }",
            "source.push_topic: ",
            "not read by a PushTopic",
        ),
        (
            "topic: t",
            "",
            "Account: { source: { push_topic: { name: abcdefghijklmnopqrstuvwxyz } } }",
            "push_topic.name: ",
            "25 characters",
        ),
        (
            "topic: t",
            "",
            "Account: { source: { push_topic: { manage: never } } }",
            "push_topic.manage: ",
            "write its `name`",
        ),
        (
            "topic: t",
            "",
            "Account: { source: { push_topic: { notify: [] } } }",
            "push_topic.notify: ",
            "at least one",
        ),
        ("topic: t", "", "Account: { source: { fields: { Id: } } }", "fields.Id: ", "stays as it is"),
        (
            "topic: t",
            "",
            "Account: { source: { fields: { A: { value: '1' } } } }",
            "fields.A.type: ",
            "before the first record",
        ),
        (
            "topic: t",
            "",
            "Account: { source: { fields: { A: { from: B, type: int } } } }",
            "fields.A: ",
            "is either `from`",
        ),
        (
            "topic: t, events: { O__e: { topic: 'a.${event_type}' } }",
            "",
            one,
            "O__e.topic: ",
            "`${_EventType}`",
        ),
        ("topic: t, filter: 'valu.Name == 1'", "", one, "source.filter: ", "`valu` is not known"),
        (
            "topic: t",
            "",
            "Account: { source: { fields: { A: { value: '1 +', type: int } } } }",
            "fields.A.value: ",
            "is not an expression",
        ),
    ];
    for (source, sink, objects, key, message) in cases {
        let faults = faults(&pipeline(source, sink, objects));
        assert_eq!(faults.len(), 1, "{source}, {objects}: {faults:#?}");
        assert!(faults[0].contains(key) && faults[0].contains(message), "{source}, {objects}: {}", faults[0]);
    }
}

#[test]
fn records_with_event_headers_are_never_read_and_never_sunk() {
    let all = pipeline("topic: t, channel: cdc, records: event", SINK, "Account: { external_id: X__c }");
    let faults = faults(&all);
    for key in ["source.records: ", "source.start: ", "source.sweep: ", "source.on_gap: "] {
        assert!(faults.iter().any(|fault| fault.contains(key)), "{key}: {faults:#?}");
    }
    assert_eq!(faults.len(), 4, "{faults:#?}");
    let kept = "channel: cdc, records: event, start: latest, sweep: { every: off }, on_gap: latest";
    let wrong = pipeline(
        &format!("topic: 'a.${{event_type}}', {kept}"),
        "",
        "Account: { source: { fields: { Fax: } } }",
    );
    let faults = self::faults(&wrong);
    assert!(faults.iter().any(|fault| fault.contains("source.topic: ")), "{faults:#?}");
    assert!(faults.iter().any(|fault| fault.contains("source.fields: ")), "{faults:#?}");
    config(
        "topic: t, channel: cdc, records: event, start: latest, sweep: { every: off }, on_gap: latest",
        "Account:",
    );
}

#[test]
fn pipelines_whose_templates_may_name_one_topic_are_refused() {
    let pair = |one: &str, two: &str| {
        file(&format!(
            "  one: {{ source: {{ org: a, topic: '{one}' }}, objects: {{ Account: }} }}\n  two: {{ source: {{ org: b, topic: '{two}' }}, objects: {{ Account: }} }}\n"
        ))
    };
    for (one, two) in [("a.${Name}", "a.x"), ("a.${Name}", "a.b.${Name}")] {
        assert_fault(&pair(one, two), "9:", "is written by pipeline `one` as well");
    }
    load_text(&pair("${org}.${Name}", "${org}.${Name}")).expect("orgs part them");
}
