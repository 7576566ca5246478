//! Several files together.

use super::*;

const SOURCE: &str = "
name=lead-source
connector.class=io.confluent.salesforce.SalesforcePushTopicSourceConnector
kafka.topic=sfdc-leads
salesforce.object=Lead
salesforce.push.topic.name=Leads
salesforce.initial.start=all
";

const SINK: &str = "
name=lead-sink
connector.class=io.confluent.salesforce.SalesforceSObjectSinkConnector
topics=sfdc-leads
salesforce.object=Lead
override.event.type=true
salesforce.sink.object.operation=upsert
salesforce.use.custom.id.field=true
salesforce.custom.id.field.name=CustomId__c
";

/// The login of an org, with its own secrets.
pub(super) fn org(name: &str) -> String {
    format!(
        "salesforce.instance=https://{name}.my.salesforce.com\nsalesforce.grant.type=CLIENT_CREDENTIALS\n\
         salesforce.consumer.key={name}-key\nsalesforce.consumer.secret={name}-secret\n"
    )
}

pub(super) fn pair(a: &str, b: &str) -> [Given; 2] {
    [
        given("a.properties", &format!("{SOURCE}{}", org(a))),
        given("b.properties", &format!("{SINK}{}", org(b))),
    ]
}

pub(super) fn made(connectors: &[Given], pipelines: Pipelines) -> (String, Option<crate::config::Config>) {
    let mut translation = translate(Some(&worker()), connectors, pipelines);
    let config = translation.check(Path::new("made"));
    assert!(config.is_some(), "{:#?}\n{}", refused(&translation), translation.text);
    (translation.text, config)
}

#[test]
fn a_source_and_a_sink_that_meet_at_a_topic_become_one_pipeline() {
    let (text, config) = made(&pair("acme", "emea"), Pipelines::Joined);
    let expected = "\
orgs:
  acme:
    url: \"https://acme.my.salesforce.com\"  # salesforce.instance
    auth:  # salesforce.grant.type
      flow: client_credentials  # salesforce.grant.type
      client_id: acme-key  # salesforce.consumer.key
      client_secret: \"${env:LEAD_SOURCE_SALESFORCE_CONSUMER_SECRET}\"  # salesforce.consumer.secret
    api_version: latest  # salesforce.version
  emea:
    url: \"https://emea.my.salesforce.com\"  # salesforce.instance
    auth:  # salesforce.grant.type
      flow: client_credentials  # salesforce.grant.type
      client_id: emea-key  # salesforce.consumer.key
      client_secret: \"${env:LEAD_SINK_SALESFORCE_CONSUMER_SECRET}\"  # salesforce.consumer.secret
    api_version: latest  # salesforce.version
kafka:
  bootstrap_servers: \"broker:9092\"  # bootstrap.servers
  topics:
    partitions: -1
state: \"/var/lib/connect/offsets.orgstream\"  # offset.storage.file.filename
http:
  listen: \"127.0.0.1:8083\"  # listeners
schema_registry:
  url: \"http://registry:8081\"  # key.converter.schema.registry.url
pipelines:
  lead-source:
    source:
      org: acme
      topic: sfdc-leads  # kafka.topic
      topic_lowercase: true  # kafka.topic.lowercase
      start: earliest  # salesforce.initial.start
    objects:
      Lead:  # salesforce.object
        source:
          push_topic:
            name: Leads  # salesforce.push.topic.name
            manage: create  # salesforce.push.topic.create
        external_id: CustomId__c  # salesforce.custom.id.field.name
    sink:
      org: emea
      operation: upsert  # salesforce.sink.object.operation
      on_error:
        default: stop  # behavior.on.api.errors
";
    assert_eq!(text, expected);
    assert_eq!(config.expect("a file").pipelines.len(), 1);
}

#[test]
fn what_does_not_meet_stays_apart() {
    let [source, mut sink] = pair("acme", "emea");
    sink.properties.insert("topics".to_owned(), "others".to_owned());
    let (_, config) = made(&[source.clone(), sink.clone()], Pipelines::Joined);
    assert_eq!(config.expect("a file").pipelines.len(), 2);
    sink.properties.insert("topics".to_owned(), "sfdc-leads".to_owned());
    sink.properties
        .insert("value.converter".to_owned(), "org.apache.kafka.connect.json.JsonConverter".to_owned());
    let (_, config) = made(&[source, sink], Pipelines::Joined);
    assert_eq!(config.expect("a file").pipelines.len(), 2);
}

#[test]
fn connectors_that_run_keep_their_names_whatever_runs_beside_them() {
    let [source, sink] = pair("acme", "emea");
    let names = |connectors: &[Given]| -> Vec<String> {
        let (_, config) = made(connectors, Pipelines::OfConnectors);
        config.expect("a file").pipelines.into_iter().map(|pipeline| pipeline.name).collect()
    };
    assert_eq!(names(std::slice::from_ref(&source)), ["lead-source"]);
    assert_eq!(names(&[source, sink]), ["lead-sink", "lead-source"]);
}

#[test]
fn connectors_of_one_org_share_it() {
    let mut second = given("c.properties", &format!("{SOURCE}{}", org("acme")));
    for (name, value) in
        [("name", "others"), ("kafka.topic", "other"), ("salesforce.push.topic.name", "Others")]
    {
        second.properties.insert(name.to_owned(), value.to_owned());
    }
    let [source, _] = pair("acme", "emea");
    let (text, config) = made(&[source, second], Pipelines::Joined);
    let config = config.expect("a file");
    assert_eq!((config.orgs.len(), config.pipelines.len()), (1, 2), "{text}");
}

#[test]
fn connectors_of_other_kinds_share_an_org_too_and_never_log_in_to_it_in_two_ways() {
    let [source, _] = pair("acme", "emea");
    let other = |more: &str| {
        let class = "connector.class=SalesforcePlatformEventSource\nkafka.topic=orders\n";
        let own = format!(
            "name=orders\n{class}salesforce.platform.event.name=Order__e\nhttp.proxy.auth.scheme=NONE\n"
        );
        given("e.properties", &format!("{own}{}{more}", org("acme")))
    };
    let (text, config) = made(&[source.clone(), other("")], Pipelines::OfConnectors);
    assert_eq!(config.expect("a file").orgs.len(), 1, "{text}");
    let two = [source, other("salesforce.consumer.key=another\n")];
    let translation = translate(Some(&worker()), &two, Pipelines::OfConnectors);
    let found = refused(&translation);
    assert_eq!((found[0].of.as_str(), found[0].property.as_str()), ("e.properties", "salesforce.instance"));
    let said = &found[0].message;
    assert!(said.contains("a.properties") && said.contains("`salesforce.consumer.key` is another"), "{said}");
}

#[test]
fn two_connectors_of_one_name_and_two_registries_are_refused() {
    let [source, mut sink] = pair("acme", "emea");
    sink.properties.insert("name".to_owned(), "lead-source".to_owned());
    let translation = translate(Some(&worker()), &[source.clone(), sink], Pipelines::OfConnectors);
    assert_eq!(refused(&translation)[0].property, "name");
    let [_, mut sink] = pair("acme", "emea");
    for (name, value) in [
        ("value.converter", "io.confluent.connect.avro.AvroConverter"),
        ("value.converter.schema.registry.url", "http://other:8081"),
        ("key.converter", "org.apache.kafka.connect.storage.StringConverter"),
    ] {
        sink.properties.insert(name.to_owned(), value.to_owned());
    }
    let translation = translate(Some(&worker()), &[source, sink], Pipelines::OfConnectors);
    let found = refused(&translation);
    assert_eq!(
        (found[0].of.as_str(), found[0].property.as_str()),
        ("b.properties", "value.converter.schema.registry.url")
    );
}

#[test]
fn without_a_workers_file_brokers_are_those_that_a_connector_names() {
    let [source, _] = pair("acme", "emea");
    let mut alone = source.clone();
    let translation = translate(None, &[source], Pipelines::Joined);
    assert!(translation.text.contains("bootstrap_servers: \"localhost:9092\""), "{}", translation.text);
    assert_eq!(said(&translation.findings, "bootstrap.servers")[0].verdict, Verdict::Differs);
    // Nobody else finds schemas that lie in the process.
    let registry = said(&translation.findings, "value.converter");
    assert!(registry[0].message.contains("`schema_registry.url`"), "{registry:?}");
    let json = connector(Kind::Sink, "value.converter=org.apache.kafka.connect.json.JsonConverter\n");
    let translation = translate(None, &[json], Pipelines::Joined);
    assert_eq!(said(&translation.findings, "value.converter")[0].verdict, Verdict::Honoured);
    alone.properties.insert("confluent.topic.bootstrap.servers".to_owned(), "b:1".to_owned());
    let translation = translate(None, &[alone], Pipelines::Joined);
    assert!(translation.text.contains("bootstrap_servers: \"b:1\""), "{}", translation.text);
}

#[test]
fn the_file_of_a_distributed_worker_is_refused() {
    for (property, words) in [
        ("group.id=connect-cluster", "distributed worker"),
        ("config.storage.topic=c", "distributed worker"),
        ("offset.storage.topic=c", "distributed worker"),
    ] {
        let worker = given("worker.properties", &format!("{WORKER}{property}\n"));
        let translation = translate(Some(&worker), &pair("acme", "emea"), Pipelines::OfConnectors);
        assert!(refused(&translation).iter().any(|finding| finding.message.contains(words)), "{property}");
    }
    let worker = given(
        "worker.properties",
        &format!(
            "{WORKER}plugin.path=/x\nlisteners=http://:8083\nsecurity.protocol=PLAINTEXT\noffset.flush.interval.ms=1000\n"
        ),
    );
    let translation = translate(Some(&worker), &pair("acme", "emea"), Pipelines::OfConnectors);
    assert!(!translation.is_refused(), "{:#?}", translation.findings);
}

#[test]
fn a_variable_that_is_not_set_is_refused_by_what_runs_and_not_by_what_is_printed() {
    let [mut source, _] = pair("acme", "emea");
    source.properties.insert("salesforce.consumer.secret".to_owned(), "${env:NOT_SET_ANYWHERE}".to_owned());
    let mut translation = translate(Some(&worker()), &[source], Pipelines::Joined);
    assert!(translation.check_for_later(Path::new("made")).is_some(), "{:#?}", translation.findings);
    assert!(translation.text.contains("\"${env:NOT_SET_ANYWHERE}\""), "{}", translation.text);
    assert!(translation.check(Path::new("made")).is_none());
    let found = &refused(&translation)[0];
    assert_eq!((found.property.as_str(), found.of.as_str()), ("salesforce.consumer.secret", "a.properties"));
}

#[test]
fn no_secret_is_in_the_file_or_in_what_is_said() {
    let [source, sink] = pair("acme", "emea");
    let worker = given(
        "worker.properties",
        &format!("{WORKER}sasl.jaas.config=jaas-secret\nssl.key.password=key-secret\n"),
    );
    let mut sink = sink;
    sink.properties.insert("salesforce.grant.type".to_owned(), "PASSWORD".to_owned());
    sink.properties.insert("value.converter.basic.auth.user.info".to_owned(), "user:info-secret".to_owned());
    let translation = translate(Some(&worker), &[source, sink], Pipelines::Joined);
    let said: String = translation.findings.iter().map(Finding::to_string).collect();
    assert!(!format!("{}{said}", translation.text).contains("-secret"), "{}\n{said}", translation.text);
    assert!(translation.variables.values().any(|value| value == "acme-secret"));
}
