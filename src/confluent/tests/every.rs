//! Each property that Confluent's connectors are documented to have is known, with a value that it may have.

use super::*;

use Verdict::{Differs, Honoured, Ignored, Refused};

const SOURCES: &[Kind] = &[Kind::PushTopic, Kind::Cdc, Kind::PlatformEvent];
const BUS: &[Kind] = &[Kind::Cdc, Kind::PlatformEvent];
const PUSH_TOPIC: &[Kind] = &[Kind::PushTopic];
const CDC: &[Kind] = &[Kind::Cdc];
const PLATFORM: &[Kind] = &[Kind::PlatformEvent];
const SINK: &[Kind] = &[Kind::Sink];
const PROXY: &[Kind] = &[Kind::PlatformEvent, Kind::Sink];
const ALL: &[Kind] = &Kind::ALL;

/// The connectors that have a property, its name, a value, and what becomes of it.
const EVERY: &[(&[Kind], &str, &str, Verdict)] = &[
    // The connection.
    (ALL, "salesforce.instance", "https://emea.my.salesforce.com", Honoured),
    (ALL, "salesforce.username", "sync@acme.example", Honoured),
    (ALL, "salesforce.password", "hush", Honoured),
    (ALL, "salesforce.password.token", "hush", Honoured),
    (ALL, "salesforce.grant.type", "client_credentials", Honoured),
    (ALL, "salesforce.consumer.key", "key", Honoured),
    (ALL, "salesforce.consumer.secret", "hush", Honoured),
    (ALL, "salesforce.jwt.keystore.path", "keys/a.p12", Honoured),
    (ALL, "salesforce.jwt.keystore.password", "hush", Honoured),
    (ALL, "salesforce.version", "62.0", Honoured),
    (ALL, "connection.timeout", "20000", Honoured),
    (SOURCES, "connection.max.message.size", "10048576", Honoured),
    (SINK, "connection.max.message.size", "10048576", Ignored),
    (ALL, "request.max.retries.time.ms", "20000", Differs),
    (ALL, "salesforce.auth.retries.time.ms", "20000", Differs),
    (ALL, "curl.logging", "true", Differs),
    (ALL, "curl.logging", "false", Honoured),
    (ALL, "http.proxy", "proxy:3128", Honoured),
    (PROXY, "http.proxy.auth.scheme", "NONE", Honoured),
    (PROXY, "http.proxy.user", "", Honoured),
    (PROXY, "http.proxy.password", "", Honoured),
    (SINK, "http.proxy.auth.ntlm.domain", "ACME", Refused),
    // The licence, and Kafka Connect's own.
    (ALL, "confluent.license", "hush", Ignored),
    (ALL, "confluent.topic", "_confluent-command", Ignored),
    (ALL, "confluent.topic.bootstrap.servers", "broker:9092", Ignored),
    (ALL, "confluent.topic.replication.factor", "1", Ignored),
    (ALL, "confluent.topic.ssl.truststore.location", "/x", Ignored),
    (ALL, "confluent.topic.security.protocol", "PLAINTEXT", Ignored),
    (ALL, "confluent.topic.sasl.mechanism", "PLAIN", Ignored),
    (ALL, "csfle.enabled", "false", Honoured),
    (ALL, "csfle.enabled", "true", Refused),
    (SOURCES, "auto.register.schemas", "true", Honoured),
    (SOURCES, "auto.register.schemas", "false", Honoured),
    (SINK, "auto.register.schemas", "false", Ignored),
    (SOURCES, "use.latest.version", "FALSE", Honoured),
    (SOURCES, "use.latest.version", "true", Ignored),
    (SINK, "use.latest.version", "true", Ignored),
    (SOURCES, "exactly.once.support", "required", Differs),
    (SOURCES, "transaction.boundary", "poll", Differs),
    (SOURCES, "transaction.boundary.interval.ms", "1000", Ignored),
    (SOURCES, "topic.creation.groups", "compacted", Differs),
    (SOURCES, "topic.creation.default.replication.factor", "1", Differs),
    (SOURCES, "topic.creation.default.partitions", "3", Differs),
    (SOURCES, "topic.creation.default.partitions", "-1", Differs),
    (SOURCES, "topic.creation.compacted.include", "x", Differs),
    (SOURCES, "topic.creation.compacted.exclude", "x", Differs),
    (SOURCES, "topic.creation.compacted.cleanup.policy", "compact", Differs),
    (ALL, "tasks.max.enforce", "true", Ignored),
    (ALL, "header.converter", "org.apache.kafka.connect.storage.SimpleHeaderConverter", Differs),
    (ALL, "config.action.reload", "restart", Ignored),
    (SINK, "errors.tolerance", "all", Honoured),
    (SOURCES, "errors.tolerance", "all", Differs),
    (ALL, "errors.retry.timeout", "-1", Differs),
    (ALL, "errors.retry.delay.max.ms", "60000", Ignored),
    (ALL, "errors.log.enable", "true", Differs),
    (ALL, "errors.log.include.messages", "true", Differs),
    (SINK, "errors.deadletterqueue.topic.name", "dlq", Differs),
    (SINK, "errors.deadletterqueue.topic.replication.factor", "1", Differs),
    (SINK, "errors.deadletterqueue.context.headers.enable", "true", Differs),
    (ALL, "producer.override.linger.ms", "5", Differs),
    (ALL, "consumer.override.max.poll.records", "5", Differs),
    // Kafka.
    (SOURCES, "kafka.topic", "org-a.${_ObjectType}", Honoured),
    (SOURCES, "kafka.topic.lowercase", "false", Honoured),
    (SOURCES, "regex.timeout.ms", "100", Ignored),
    // PushTopics.
    (PUSH_TOPIC, "salesforce.object", "Contact", Honoured),
    (PUSH_TOPIC, "salesforce.push.topic.name", "Contacts", Honoured),
    (SOURCES, "salesforce.initial.start", "all", Honoured),
    (PUSH_TOPIC, "salesforce.push.topic.create", "false", Honoured),
    (PUSH_TOPIC, "salesforce.push.topic.notify.create", "false", Honoured),
    (PUSH_TOPIC, "salesforce.push.topic.notify.update", "false", Honoured),
    (PUSH_TOPIC, "salesforce.push.topic.notify.delete", "false", Honoured),
    (PUSH_TOPIC, "salesforce.push.topic.notify.undelete", "false", Honoured),
    // Change Data Capture and platform events.
    (CDC, "salesforce.cdc.channel", "Order__ChangeEvent", Honoured),
    (CDC, "salesforce.cdc.name", "LeadChangeEvent", Honoured),
    (CDC, "salesforce.channel.type", "SINGLE", Ignored),
    (CDC, "salesforce.channel.entities", "LeadChangeEvent", Honoured),
    (BUS, "invalid.replay.id.behaviour", "latest", Honoured),
    (CDC, "convert.changed.fields", "true", Honoured),
    (PLATFORM, "salesforce.platform.event.name", "Order__e", Honoured),
    (PLATFORM, "salesforce.platform.subscription.type", "SINGLE_EVENT", Ignored),
    (PLATFORM, "salesforce.platform.custom.channel.name", "Orders__chn", Honoured),
    (PLATFORM, "salesforce.platform.channel.entities", "", Honoured),
    // The SObject sink.
    (SINK, "topics", "contacts", Honoured),
    (SINK, "topics", "contacts,leads", Differs),
    (SINK, "topics.regex", "c.*", Refused),
    (SINK, "salesforce.object", "Contact", Honoured),
    (SINK, "salesforce.sink.object.operation", "insert", Ignored),
    (SINK, "override.event.type", "true", Honoured),
    (SINK, "salesforce.ignore.fields", "CleanStatus,Jigsaw", Honoured),
    (SINK, "salesforce.ignore.reference.fields", "true", Differs),
    (SINK, "skip.relationship.fields", "false", Differs),
    (SINK, "salesforce.use.custom.id.field", "false", Honoured),
    (SINK, "salesforce.custom.id.field.name", "CustomId__c", Ignored),
    (SINK, "behavior.on.api.errors", "log", Differs),
    (SINK, "behavior.on.null.record", "ignore", Honoured),
    (SINK, "ignore.null.fields", "true", Honoured),
    (SINK, "salesforce.enable.batching", "true", Ignored),
    (SINK, "salesforce.batch.size", "200", Ignored),
    (SINK, "salesforce.all.or.none", "true", Differs),
    (SINK, "salesforce.object.num", "2", Refused),
    (SINK, "salesforce.object1.topics", "x", Refused),
    (SINK, "max.poll.interval.ms", "300000", Ignored),
    (SINK, "max.poll.records", "500", Ignored),
    (SINK, "input.data.format", "AVRO", Refused),
    (SOURCES, "output.data.format", "JSON", Refused),
    // Reports.
    (SINK, "reporter.bootstrap.servers", "broker:9092", Honoured),
    (SINK, "reporter.bootstrap.servers", "other:9092", Differs),
    (SINK, "reporter.result.topic.name", "written", Honoured),
    (SINK, "reporter.result.topic.replication.factor", "1", Differs),
    (SINK, "reporter.result.topic.partitions", "1", Honoured),
    (SINK, "reporter.result.topic.key.format", "json", Honoured),
    (SINK, "reporter.result.topic.value.format", "string", Differs),
    (SINK, "reporter.result.topic.key.format.schemas.enable", "false", Honoured),
    (SINK, "reporter.result.topic.value.format.schemas.enable", "false", Honoured),
    (SINK, "reporter.result.topic.key.format.schemas.cache.size", "128", Ignored),
    (SINK, "reporter.result.topic.value.format.schemas.cache.size", "128", Ignored),
    (SINK, "reporter.error.topic.name", "refused", Honoured),
    (SINK, "reporter.error.topic.replication.factor", "1", Differs),
    (SINK, "reporter.error.topic.partitions", "1", Honoured),
    (SINK, "reporter.error.topic.key.format", "json", Honoured),
    (SINK, "reporter.error.topic.value.format", "string", Differs),
    (SINK, "reporter.error.topic.key.format.schemas.enable", "false", Honoured),
    (SINK, "reporter.error.topic.value.format.schemas.enable", "false", Honoured),
    (SINK, "reporter.error.topic.key.format.schemas.cache.size", "128", Ignored),
    (SINK, "reporter.error.topic.value.format.schemas.cache.size", "128", Ignored),
    (SINK, "reporter.admin.bootstrap.servers", "broker:9092", Differs),
    (SINK, "reporter.producer.bootstrap.servers", "broker:9092", Differs),
];

#[test]
fn every_property_of_confluents_connectors_is_known_with_what_becomes_of_it() {
    for (kinds, name, value, verdict) in EVERY {
        for kind in *kinds {
            let (translation, _) = translated(*kind, &format!("{name}={value}\n"));
            // Some stand in what every connector needs as well, which is told beside.
            let twice = |finding: &&Finding| finding.message.starts_with("stands in line");
            let (beside, found): (Vec<_>, Vec<_>) =
                said(&translation.findings, name).into_iter().partition(twice);
            let verdicts: Vec<_> = found.iter().map(|finding| finding.verdict).collect();
            // What is told beside takes the place of a word that says nothing more.
            let is_told = !verdicts.is_empty() || (*verdict == Honoured && !beside.is_empty());
            assert!(is_told, "{kind:?} {name} is unknown");
            assert!(verdicts.iter().all(|found| found == verdict), "{kind:?} {name}={value}: {found:#?}");
        }
    }
}

#[test]
fn the_tables_name_no_property_that_nobody_tried() {
    let tried = |pattern: &str, kind: Kind| {
        let (before, behind) = pattern.split_once('*').unwrap_or((pattern, ""));
        let is_like = |name: &str| name.starts_with(before) && name.ends_with(behind);
        EVERY.iter().any(|(kinds, name, ..)| kinds.contains(&kind) && is_like(name))
    };
    // Those that have tests of their own, and those of other systems.
    let elsewhere =
        ["name", "connector.class", "tasks.max", "key.converter", "value.converter", "header.converter."];
    let others = [
        "transforms",
        "predicates",
        "admin.override.",
        "offsets.storage.topic",
        "oauth.refresh.token",
        "salesforce.jwt.keystore.file",
    ];
    for known in crate::confluent::catalog::connectors() {
        if elsewhere.iter().chain(&others).any(|start| known.name.starts_with(start)) {
            continue;
        }
        for kind in known.of {
            assert!(tried(known.name, *kind), "{kind:?} {}", known.name);
        }
    }
}

#[test]
fn a_property_that_nobody_knows_warns_with_the_one_that_is_meant() {
    let (translation, config) =
        translated(Kind::Sink, "salesforce.ignore.field=A\n__comment=x\nkafka.topic=t\n");
    assert!(config.is_some(), "{:#?}", translation.findings);
    let near = said(&translation.findings, "salesforce.ignore.field");
    assert_eq!(near[0].verdict, Verdict::Unknown);
    assert!(near[0].message.contains("`salesforce.ignore.fields`"), "{near:?}");
    assert_eq!(
        said(&translation.findings, "__comment")[0].message,
        "no such property is known; it has no effect"
    );
    let other = said(&translation.findings, "kafka.topic")[0];
    assert!(other.message.contains("this connector has no such property"), "{other:?}");
}

#[test]
fn what_must_be_there_is_named_in_kafka_connects_words() {
    for (kind, name) in [
        (Kind::PushTopic, "kafka.topic"),
        (Kind::PushTopic, "salesforce.object"),
        (Kind::PushTopic, "salesforce.push.topic.name"),
        (Kind::Cdc, "salesforce.cdc.channel"),
        (Kind::PlatformEvent, "salesforce.platform.event.name"),
        (Kind::Sink, "topics"),
        (Kind::Sink, "salesforce.object"),
        (Kind::Sink, "salesforce.consumer.key"),
        (Kind::Sink, "name"),
        (Kind::Sink, "connector.class"),
    ] {
        let mut given = connector(kind, "");
        given.properties.remove(name);
        let translation = translate(Some(&worker()), &[given], Pipelines::OfConnectors);
        let words = format!("Missing required configuration \"{name}\" which has no default value.");
        assert!(
            refused(&translation).iter().any(|finding| finding.message == words),
            "{:#?}",
            translation.findings
        );
    }
}

#[test]
fn what_a_worker_says_is_known_with_what_becomes_of_it() {
    for known in crate::confluent::catalog::worker() {
        let name = known.name.replace('*', "x");
        let value = match known.kind {
            crate::confluent::catalog::Type::Number(least, _) => least.max(1).to_string(),
            crate::confluent::catalog::Type::Boolean => "true".to_owned(),
            _ if name == "listeners" => "http://host:8083".to_owned(),
            _ => "x".to_owned(),
        };
        let mut worker = worker();
        worker.properties.insert(name.clone(), value);
        let translation = translate(Some(&worker), &[connector(Kind::Sink, "")], Pipelines::OfConnectors);
        let expected = match known.fate {
            crate::confluent::catalog::Fate::Same(_) => Honoured,
            crate::confluent::catalog::Fate::Differs(..) => Differs,
            crate::confluent::catalog::Fate::Ignored(_) => Ignored,
            crate::confluent::catalog::Fate::Refused(_) => Refused,
        };
        let found = said(&translation.findings, &name);
        // There is no converter of that name, and no registry that only half of a record knows.
        let is = |finding: &&Finding| finding.verdict == expected || name.contains(".converter");
        assert!(!found.is_empty() && found.iter().all(is), "{name}: {found:#?}");
    }
}
