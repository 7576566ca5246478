use std::path::Path;
use std::time::Duration;

use orgstream_salesforce::{Auth, OrgConfig};
use orgstream_salesforce_sink::{BulkFrom, Expired, Operation};
use orgstream_salesforce_source::Start;

use super::*;
use crate::config::{Brokers, Org, SchemaRegistry};

mod effect;
mod failures;
mod formats;
mod http;
mod produced;
mod producer;
mod references;
mod rules;
mod secrets;
mod security;
mod source;
mod writing;

/// A whole file, with `pipelines` as its pipelines.
fn file(pipelines: &str) -> String {
    let head = "\
orgs:
  a: { url: 'https://a.example', auth: { flow: client_credentials, client_id: x, client_secret: y } }
  b: { url: 'https://b.example', auth: { flow: client_credentials, client_id: x, client_secret: y } }
  c: { url: 'https://c.example', auth: { flow: client_credentials, client_id: x, client_secret: y } }
kafka: { bootstrap_servers: 'broker:9092' }
schema_registry: { url: 'http://registry:8081' }
pipelines:
";
    format!("{head}{pipelines}")
}

fn load_text(text: &str) -> Result<Config, Faults> {
    let variable = |name: &str| match name {
        "SECRET" => Some("s3cret".to_owned()),
        "SIX" => Some("6".to_owned()),
        _ => None,
    };
    let from = Surroundings { directory: Path::new("/conf"), variable: &variable };
    parse(text, Path::new("f.yaml"), &from)
}

/// The faults of `text` as `line:column key: message`, without the file.
fn faults(text: &str) -> Vec<String> {
    let faults = load_text(text).expect_err("the text has faults").to_string();
    faults.lines().map(|line| line.trim_start_matches("f.yaml:").to_owned()).collect()
}

#[track_caller]
fn assert_fault(text: &str, start: &str, part: &str) {
    let faults = faults(text);
    assert_eq!(faults.len(), 1, "{faults:#?}");
    assert!(faults[0].starts_with(start) && faults[0].contains(part), "{}", faults[0]);
}

#[test]
fn a_whole_file_becomes_its_configuration() {
    let config = load_text(&file(
        "  crm:
    source: { org: a, topic: 'a.${object}', start: earliest }
    sink: { org: b, operation: upsert, retry_for: 90s, bulk: { from: off }, parked: { expire_after: 2d, then: write_without } }
    objects:
      Lead: { external_id: OrgA_Id__c, ignore_fields: [CleanStatus] }
      Account: { external_id: OrgA_Id__c }
",
    ))
    .expect("the file is good");
    assert_eq!(config.state, Path::new("/conf/./state"));
    assert_eq!((config.kafka.partitions, config.kafka.replication_factor), (6, -1));
    let pipeline = &config.pipelines[0];
    let source = pipeline.source_config().expect("there is a source");
    assert_eq!(source.start, Start::Earliest);
    let topics: Vec<_> = source.objects.iter().map(|object| object.topic.to_string()).collect();
    assert_eq!(topics, ["a.Lead", "a.Account"], "the order of the file");
    let sink = pipeline.sink_config(None).expect("there is a sink");
    assert_eq!(sink.operation, Operation::Upsert);
    assert_eq!(sink.retry_for, Duration::from_secs(90));
    assert_eq!(sink.bulk.from, BulkFrom::Never);
    let parking = sink.parking;
    assert_eq!((parking.expire_after, parking.then), (Duration::from_hours(48), Expired::WriteWithout));
    assert_eq!((parking.after, parking.max), (Duration::from_secs(30), 10_000));
    assert_eq!(sink.objects[0].topic, "a.Lead", "the sink takes the source's topics");
    assert_eq!(sink.objects[0].ignore_fields, ["CleanStatus"]);
}

#[test]
fn every_fault_is_reported_at_once_in_order_with_its_place_and_key() {
    let text = file(
        "  crm:
    source: { org: aa, topic: 'a.${objekt}', start: latests }
    sink: { org: b, oparation: sync, retry_for: soon }
    objects:
      Account: {}
      1Contact: { external_id: 'OrgA Id' }
extra: 1
",
    );
    let faults = faults(&text);
    let expected = [
        ("9:20: pipelines.crm.source.org: ", "did you mean `a`?"),
        ("9:31: pipelines.crm.source.topic: ", "`${objekt}`"),
        ("9:53: pipelines.crm.source.start: ", "did you mean `latest`?"),
        ("10:21: pipelines.crm.sink.oparation: ", "did you mean `operation`?"),
        ("10:49: pipelines.crm.sink.retry_for: ", "`soon` is not a duration"),
        ("12:7: pipelines.crm.objects.Account.external_id: ", "is missing"),
        ("13:7: pipelines.crm.objects.1Contact: ", "API name"),
        ("13:32: pipelines.crm.objects.1Contact.external_id: ", "`OrgA Id`"),
        ("14:1: extra: ", "unknown key; known here: `orgs`, `kafka`"),
    ];
    assert_eq!(faults.len(), expected.len(), "{faults:#?}");
    for (fault, (start, part)) in faults.iter().zip(expected) {
        assert!(fault.starts_with(start) && fault.contains(part), "{fault}\nis not\n{start}…{part}");
    }
}

#[test]
fn a_number_without_a_unit_is_told_the_units_and_an_example() {
    let of_pipeline = |key: &str| {
        let objects = if key.starts_with("sink") { "{ external_id: OrgA_Id__c }" } else { "{}" };
        file(&format!("  crm:\n    {key}\n    objects: {{ Account: {objects} }}\n"))
    };
    let of_source = |key: &str| of_pipeline(&format!("source: {{ org: a, topic: t, {key} }}"));
    for (text, key, said) in [
        (
            of_source("poll_every: 5"),
            "source.poll_every",
            "`5` is not a duration; write a number and a unit (ms, s, m, h, d), such as",
        ),
        (of_source("sweep: { every: 0 }"), "source.sweep.every", "`0` is not a duration"),
        (of_source("sweep: { max_missing: 10 }"), "source.sweep.max_missing", "such as 10%"),
        (
            of_source("stream: { buffer: 64 }"),
            "source.stream.buffer",
            "(B, KB, MB, GB; 1 KB is 1024 B), such as 64MB",
        ),
        (
            of_pipeline("sink: { org: b, topic: t, bulk: { from: 0 } }"),
            "sink.bulk.from",
            "`0` is neither a whole number above zero nor `auto` or `off`",
        ),
        (
            of_pipeline("sink: { org: b, topic: t, bulk: { from: 3001 } }"),
            "sink.bulk.from",
            "a sink holds 3000 at once",
        ),
        (
            of_pipeline("sink: { org: b, topic: t, bulk: { give_up_after: 90 } }"),
            "sink.bulk.give_up_after",
            "`90` is not a duration",
        ),
        (
            of_pipeline("sink: { org: b, topic: t, retry_for: 1.5 }"),
            "sink.retry_for",
            "`1.5` is not a duration",
        ),
        (
            of_pipeline("sink: { org: b, topic: t, parked: { after: now } }"),
            "sink.parked.after",
            "`now` is not a duration",
        ),
    ] {
        let faults = faults(&text);
        assert_eq!(faults.len(), 1, "{faults:#?}");
        assert!(
            faults[0].contains(&format!("pipelines.crm.{key}: ")) && faults[0].contains(said),
            "{}",
            faults[0]
        );
    }
}

#[test]
fn text_that_is_not_yaml_is_one_fault() {
    for (text, start) in [
        ("orgs: {\n  a: b\n", "1:7: "),
        ("a: b: c\n", "1:5: "),
        ("orgs: 1\norgs: 2\n", "2:1: "),
        ("a: *x\n", "1:4: "),
        ("", "1:1: the file is empty"),
    ] {
        assert_fault(text, start, "");
    }
    // Where an open quote is noticed, at its start or where the text ends, is left to the library.
    assert_fault("a: \"x\n", "", "quote");
}

#[test]
fn a_placeholder_within_braces_is_told_to_be_quoted() {
    assert_fault("orgs: { a: ${env:A} }\n", "1:", "needs quotes");
}

#[test]
fn a_fault_never_shows_what_was_put_in() {
    let text = file(
        "  crm:
    source: { org: a, topic: t, start: '${env:SECRET}' }
    objects: { Account: {} }
",
    )
    .replace("'broker:9092'", "'${env:SECRET}:${env:SECRET}'");
    let faults = faults(&text);
    assert_eq!(faults.len(), 2, "{faults:#?}");
    assert!(!faults.concat().contains("s3cret"), "{faults:#?}");
}

#[test]
fn a_secret_never_shows_in_debug() {
    let text = file("  crm: { source: { org: a, topic: t }, objects: { Account: } }\n")
        .replace("client_secret: y", "client_secret: '${env:SECRET}'");
    let config = load_text(&text).expect("the file is good");
    let Org::Salesforce(OrgConfig { auth: Auth::ClientCredentials { client_secret, .. }, .. }) =
        &config.orgs["a"]
    else {
        panic!("another flow");
    };
    assert_eq!(client_secret.reveal(), "s3cret");
    assert!(!format!("{config:?}").contains("s3cret"));
}

#[test]
fn a_number_may_come_from_outside() {
    let text = file("  crm: { source: { org: a, topic: t }, objects: { Account: } }\n").replace(
        "bootstrap_servers: 'broker:9092'",
        "bootstrap_servers: 'broker:9092', topics: { partitions: '${env:SIX}' }",
    );
    assert_eq!(load_text(&text).expect("the file is good").kafka.partitions, 6);
}

#[test]
fn a_value_that_cannot_be_had_is_one_fault() {
    let text = file("  crm: { source: { org: a, topic: t }, objects: { Account: } }\n")
        .replace("'https://a.example'", "'${env:NOT_SET}'");
    assert_fault(&text, "2:13: orgs.a.url: ", "`NOT_SET` is not set");
}

#[test]
fn what_is_left_out_is_embedded() {
    let text = "\
orgs: { a: { sandbox: {} }, b: { sandbox: { records: 30 } } }
kafka: { topics: { partitions: 2 } }
pipelines:
  crm:
    source: { org: a, topic: t }
    sink: { org: b }
    objects: { Account: { external_id: OrgA_Id__c } }
";
    for text in [text.to_owned(), text.replace("kafka: { topics: { partitions: 2 } }\n", "")] {
        let config = load_text(&text).expect("the file is good");
        assert_eq!(config.kafka.brokers, Brokers::Embedded);
        assert_eq!(config.schema_registry, SchemaRegistry::Embedded);
        let Org::Sandbox(sandbox) = &config.orgs["b"] else { panic!("b is a sandbox") };
        assert_eq!((sandbox.records, &sandbox.objects), (30, &None));
    }
}

#[test]
fn an_org_is_either_somewhere_or_simulated() {
    let with = |org: &str| {
        format!(
            "orgs:\n  a: {org}\npipelines: {{ crm: {{ source: {{ org: a, topic: t }}, objects: {{ Account: }} }} }}\n"
        )
    };
    assert_fault(
        &with("{ sandbox: {}, url: 'https://a.example' }"),
        "2:26: orgs.a.url: ",
        "remove one of the two",
    );
    assert_fault(&with("{ sandbx: {} }"), "2:8: orgs.a.sandbx: ", "did you mean `sandbox`?");
    assert_fault(
        &with("{ sandbox: { objects: none.yaml } }"),
        "2:28: orgs.a.sandbox.objects: ",
        "cannot be read",
    );
    let missing = faults(&with("{}"));
    assert_eq!(missing.len(), 2, "{missing:#?}");
    assert!(missing.iter().all(|fault| fault.contains("`sandbox: {}` for a simulated one")), "{missing:#?}");
    let up = with("{ sandbox: {} }").replace("a: {", "../a: {").replace("org: a", "org: ../a");
    assert_fault(&up, "2:3: orgs.../a: ", "a directory's name");
}

#[test]
fn what_is_inserted_needs_no_external_id() {
    for (word, operation) in [("insert", Operation::Insert), ("by_event_type", Operation::ByEventType)] {
        let text = file(&format!(
            "  crm: {{ source: {{ org: a, topic: t }}, sink: {{ org: b, operation: {word} }}, objects: {{ Account: {{}} }} }}\n"
        ));
        let config = load_text(&text).expect("no external id is needed");
        assert_eq!(config.pipelines[0].sink.as_ref().map(|sink| sink.operation), Some(operation));
    }
}

#[test]
fn a_sink_alone_names_its_topics() {
    let text = file("  crm: { sink: { org: b }, objects: { Account: { external_id: X__c } } }\n");
    assert_fault(&text, "8:10: pipelines.crm.sink.topic: ", "which topics to read");
}

#[test]
fn keys_of_the_sink_without_a_sink_are_refused() {
    let text = file("  crm: { source: { org: a, topic: t }, objects: { Account: { external_id: X__c } } }\n");
    assert_fault(&text, "8:75: pipelines.crm.objects.Account.external_id: ", "has no sink");
}

#[test]
fn several_objects_need_topics_of_their_own() {
    let text = file("  crm: { source: { org: a, topic: t }, objects: { Account: , Lead: } }\n");
    assert_fault(&text, "8:35: pipelines.crm.source.topic: ", "${object}");
}

#[test]
fn an_org_is_not_replicated_into_itself() {
    let objects = "objects: { Account: { external_id: X__c } }";
    let text = file(&format!("  crm: {{ source: {{ org: a, topic: t }}, sink: {{ org: a }}, {objects} }}\n"));
    assert_fault(&text, "8:53: pipelines.crm.sink.org: ", "into itself");
    let text = file(&format!(
        "  one: {{ source: {{ org: a, topic: t }}, objects: {{ Account: }} }}\n  two: {{ sink: {{ org: a, topic: t }}, {objects} }}\n"
    ));
    assert_fault(&text, "9:49: pipelines.two.objects.Account: ", "write them back");
}

#[test]
fn a_cycle_over_an_object_is_refused_also_through_a_third_org() {
    let way = |name: &str, from: &str, to: &str, object: &str| {
        format!(
            "  {name}: {{ source: {{ org: {from}, topic: '{from}.${{object}}' }}, sink: {{ org: {to} }}, \
             objects: {{ {object}: {{ external_id: X__c }} }} }}\n"
        )
    };
    let two = way("one", "a", "b", "Account") + &way("two", "b", "a", "Account");
    assert_fault(&file(&two), "9:81: pipelines.two.objects.Account: ", "from `a` to `b` through `one`");
    let three =
        way("one", "a", "b", "Account") + &way("two", "b", "c", "Account") + &way("xxx", "c", "a", "Account");
    assert_fault(&file(&three), "10:81: pipelines.xxx.objects.Account: ", "through `one`, `two`");
    let apart = way("one", "a", "b", "Account") + &way("two", "b", "a", "Contact");
    load_text(&file(&apart)).expect("different objects make no cycle");
}

#[test]
fn topics_that_are_taken_are_refused() {
    let pipelines = "  one: { source: { org: a, topic: t }, objects: { Account: } }
  two: { source: { org: b, topic: t }, objects: { Account: } }
  xxx: { source: { org: b, topic: one.parked }, objects: { Account: } }
  yyy: { source: { org: b, topic: _orgstream.ids }, objects: { Account: } }
";
    let faults = faults(&file(pipelines));
    assert_eq!(faults.len(), 3, "{faults:#?}");
    for (fault, start) in faults.iter().zip(["9:35: ", "10:35: ", "11:35: "]) {
        assert!(fault.starts_with(start), "{fault}");
    }
}

#[test]
fn a_file_of_a_private_key_is_looked_at() {
    let dir = tempfile::tempdir().expect("a directory");
    std::fs::write(dir.path().join("b.pem"), "no key").expect("a file");
    let text = file("  crm: { source: { org: a, topic: t }, objects: { Account: } }\n").replacen(
        "flow: client_credentials, client_id: x, client_secret: y",
        "flow: jwt_bearer, client_id: x, username: u, private_key: b.pem",
        1,
    );
    let from = Surroundings { directory: dir.path(), variable: &|_| None };
    let faults = parse(&text, Path::new("f.yaml"), &from).expect_err("no key");
    assert!(faults.to_string().contains("holds no private key"), "{faults}");
    std::fs::write(dir.path().join("b.pem"), "-----BEGIN PRIVATE KEY-----\n").expect("a file");
    parse(&text, Path::new("f.yaml"), &from).expect("the file looks like a key");
}
