//! Connectors that share a process: its orgs, its topics, its names, its clients.

use super::files::{made, pair};
use super::*;

/// A copy of `set` under another name, with these properties.
fn changed(set: &Given, of: &str, properties: &[(&str, &str)]) -> Given {
    let mut copy = set.clone();
    of.clone_into(&mut copy.of);
    for (name, value) in properties {
        copy.properties.insert((*name).to_owned(), (*value).to_owned());
    }
    copy
}

#[test]
fn a_source_and_a_sink_of_one_org_run_together_however_they_write_the_same() {
    let [source, sink] = pair("acme", "acme");
    let sink = changed(
        &sink,
        "b.properties",
        &[
            ("salesforce.grant.type", "client_credentials"),
            ("salesforce.instance", "https://acme.my.salesforce.com/"),
            ("salesforce.version", "latest"),
            ("http.proxy.auth.scheme", "none"),
            // Neither is a part of this login.
            ("salesforce.username", "nobody@acme.example"),
            ("connection.timeout", "20000"),
            ("topics", "others"),
        ],
    );
    let (text, config) = made(&[source.clone(), sink.clone()], Pipelines::OfConnectors);
    assert_eq!(config.expect("a file").orgs.len(), 1, "{text}");
    let translation = translate(Some(&worker()), &[source, sink], Pipelines::OfConnectors);
    let told = said(&translation.findings, "connection.timeout");
    assert!(told[0].message.contains("a.properties"), "{told:?}");
}

#[test]
fn at_the_address_where_all_log_in_the_user_says_which_org_it_is() {
    let of = |set: &Given, of: &str, user: &str, key: &str| {
        let login = [
            ("salesforce.instance", "https://login.salesforce.com"),
            ("salesforce.grant.type", "PASSWORD"),
            ("salesforce.username", user),
            ("salesforce.password", "hush"),
            ("salesforce.consumer.key", key),
        ];
        changed(set, of, &login)
    };
    let [source, sink] = pair("acme", "emea");
    let source = of(&source, "a.properties", "a@acme.example", "one");
    let other = of(&sink, "b.properties", "b@emea.example", "two");
    let (_, config) = made(&[source.clone(), other], Pipelines::OfConnectors);
    assert_eq!(config.expect("a file").orgs.len(), 2);
    let same = of(&sink, "b.properties", "a@acme.example", "two");
    let translation = translate(Some(&worker()), &[source, same], Pipelines::OfConnectors);
    assert!(
        refused(&translation)[0].message.contains("logs in to the same org"),
        "{:#?}",
        translation.findings
    );
}

#[test]
fn two_connectors_never_become_one_pipeline() {
    let [_, sink] = pair("acme", "emea");
    let first = changed(&sink, "b.properties", &[("name", "leads"), ("topics", "x,y")]);
    let second = changed(&sink, "c.properties", &[("name", "leads-y"), ("topics", "z")]);
    let translation = translate(Some(&worker()), &[first, second], Pipelines::OfConnectors);
    let found = refused(&translation);
    assert_eq!((found[0].of.as_str(), found[0].property.as_str()), ("c.properties", "name"));
    assert!(found[0].message.contains("`leads-y`") && found[0].message.contains("b.properties"), "{found:?}");
}

#[test]
fn settings_of_clients_that_would_lead_elsewhere_are_refused() {
    let alone = |kind: Kind, property: &str, value: &str| {
        let connector = connector(kind, &format!("{property}={value}\n"));
        translate(Some(&worker()), &[connector], Pipelines::OfConnectors)
    };
    for (kind, property, fitting, wrong) in [
        (Kind::Sink, "consumer.override.auto.offset.reset", "earliest", "latest"),
        (Kind::Sink, "consumer.override.bootstrap.servers", "broker:9092", "other:9092"),
        (Kind::Cdc, "producer.override.bootstrap.servers", " broker:9092 ", "other:9092"),
    ] {
        let fits = alone(kind, property, fitting);
        assert!(!fits.is_refused(), "{property}: {:#?}", fits.findings);
        assert_eq!(refused(&alone(kind, property, wrong))[0].property, property);
    }
    for (property, value) in [
        ("consumer.auto.offset.reset", "latest"),
        ("consumer.bootstrap.servers", "other:9092"),
        ("consumer.sasl.jaas.config", "hush"),
    ] {
        let worker = given("worker.properties", &format!("{WORKER}{property}={value}\n"));
        let of = |kind| translate(Some(&worker), &[connector(kind, "")], Pipelines::OfConnectors);
        assert_eq!(refused(&of(Kind::Sink))[0].property, property);
        assert!(!of(Kind::Cdc).is_refused(), "no source reads: {property}");
    }
    // What repeats the worker's own connection is no other one.
    let same = "security.protocol=SSL\nproducer.security.protocol=SSL\nconsumer.security.protocol=SSL\n";
    let worker = given("worker.properties", &format!("{WORKER}{same}"));
    let translation = translate(Some(&worker), &pair("acme", "emea"), Pipelines::OfConnectors);
    assert!(!translation.is_refused(), "{:#?}", translation.findings);
}

#[test]
fn topics_of_two_sources_are_made_in_one_way() {
    let [source, _] = pair("acme", "emea");
    let other = [("name", "others"), ("kafka.topic", "other"), ("salesforce.push.topic.name", "Others")];
    let other = changed(&source, "c.properties", &other);
    let with = |set: &Given, partitions: &str| {
        changed(set, &set.of, &[("topic.creation.default.partitions", partitions)])
    };
    made(&[with(&source, "3"), other.clone()], Pipelines::OfConnectors);
    made(&[with(&source, "3"), with(&other, "3")], Pipelines::OfConnectors);
    made(&[with(&source, "-1"), with(&other, "-1")], Pipelines::OfConnectors);
    let two = [with(&source, "3"), with(&other, "6")];
    let translation = translate(Some(&worker()), &two, Pipelines::OfConnectors);
    let found = refused(&translation);
    assert_eq!((found.len(), found[0].of.as_str()), (1, "c.properties"), "{found:#?}");
    assert!(found[0].message.contains("a.properties"), "{found:?}");
}
