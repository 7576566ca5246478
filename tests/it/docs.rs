//! The documents name files, tests and crates that exist.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use orgstream::confluent::catalog::{self, Fate, Known};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// What stands in backticks, outside blocks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

fn is_rust(path: impl AsRef<Path>) -> bool {
    path.as_ref().extension().is_some_and(|extension| extension == "rs")
}

fn rust_files(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).expect("the folder is there") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if is_rust(&path) {
            found.push(path);
        }
    }
}

/// The names of all functions that are tests.
fn tests() -> BTreeSet<String> {
    let mut files = Vec::new();
    for dir in ["src", "connectors", "tests"] {
        rust_files(&root().join(dir), &mut files);
    }
    let mut names = BTreeSet::new();
    for file in files {
        let text = std::fs::read_to_string(file).expect("the file is there");
        let mut is_test = false;
        for line in text.lines().map(str::trim) {
            // A scenario of one of these has its attribute from the macro.
            let macros = ["on_both_brokers! {", "over_both_transports! {"];
            let scenario = line.starts_with("async fn ") && macros.iter().any(|name| text.contains(name));
            if scenario {
                is_test = true;
            }
            if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
                is_test = true;
            } else if let Some((_, rest)) = line.split_once("fn ")
                && std::mem::take(&mut is_test)
            {
                names.extend(rest.split('(').next().map(str::to_owned));
            }
        }
    }
    names
}

#[test]
fn every_delivery_rule_names_files_and_tests_that_exist() {
    let text = read("docs/DELIVERY.md");
    let tests = tests();
    let mut rules = 0;
    for section in text.split("\n## D").skip(1) {
        rules += 1;
        let section = section.split("\n## ").next().unwrap_or_default();
        let (mut files, mut named) = (0, 0);
        for word in quoted(section) {
            if is_rust(word) {
                assert!(root().join(word).is_file(), "{word} does not exist");
                files += 1;
            } else if word.matches('_').count() > 2 {
                assert!(tests.contains(word), "there is no test {word}");
                named += 1;
            }
        }
        assert!(files > 0 && named > 0, "D{section}");
    }
    assert_eq!(rules, 9);
}

#[test]
fn every_file_and_test_that_a_document_names_exists() {
    let tests = tests();
    for document in ["README.md", "docs/DELIVERY.md"] {
        let text = read(document);
        let links = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        for link in links.filter(|link| !link.contains("://")) {
            assert!(root().join(link).is_file(), "{document}: {link} does not exist");
        }
        for word in quoted(&text).filter(|word| !word.contains(char::is_whitespace)) {
            if word.contains('/') && is_rust(word) {
                assert!(root().join(word).is_file(), "{document}: {word} does not exist");
            } else if word.matches('_').count() > 3 {
                assert!(tests.contains(word), "{document}: there is no test {word}");
            }
        }
    }
}

/// Each line of what Confluent's sink is said to do names what holds it here.
#[test]
fn every_line_of_confluents_sink_has_tests_that_exist() {
    every_line_has_tests_that_exist("docs/FROM_CONFLUENT_SINK.md");
}

/// The settings of Kurrent's Kafka sink.
const KURRENT: &[&str] = &[
    "topic",
    "bootstrapServers",
    "defaultHeaders",
    "partitionKeyExtraction:enabled",
    "partitionKeyExtraction:source",
    "partitionKeyExtraction:expression",
    "subscription:filter:scope",
    "subscription:filter:filterType",
    "subscription:initialPosition",
    "transformer:function",
    "autocommit",
    "authentication:securityProtocol",
    "waitForBrokerAck",
    "resilience:enabled",
    "resilience:maxRetries",
    "resilience:transientErrorDelay",
    "resilience:requestTimeoutMs",
    "resilience:reconnectBackoffMaxMs",
    "resilience:messageSendMaxRetries",
    "brokerAddressFamily",
    "compression:type",
    "compression:level",
];

/// Each setting of Kurrent's sink has a line that says whether it is the same, and what holds that.
#[test]
fn every_setting_of_kurrents_sink_has_a_line_and_tests_that_exist() {
    let rows = every_line_has_tests_that_exist("docs/FROM_KURRENT.md");
    for row in &rows {
        let verdict = row.split(" | ").nth(2).unwrap_or_default();
        assert!(verdict == "same" || verdict.starts_with("differs "), "{row}");
    }
    let there: Vec<&str> = rows.iter().filter_map(|row| row.split(" | ").next()).collect();
    for setting in KURRENT {
        let begins = |word: &str| word == *setting || word.starts_with(&format!("{setting}: "));
        assert!(there.iter().any(|cell| quoted(cell).any(begins)), "{setting} has no line");
    }
}

/// The settings and defaults of Camunda's Kafka connectors.
const CAMUNDA: &[&str] = &[
    "Username and Password",
    "sasl.mechanism",
    "{{secrets.NAME}}",
    "bootstrap servers",
    "topic name",
    "Headers",
    "Key and Value",
    "Additional properties",
    "acks=all",
    "delivery.timeout.ms",
    "Default (JSON)",
    "Avro (experimental)",
    "rawValue",
    "Activation condition",
    "Correlation key",
    "group.id",
    "enable.auto.commit",
    "session.timeout.ms",
    "Auto offset reset",
    "Offsets",
];

#[test]
fn every_setting_of_camundas_connectors_has_a_line_and_tests_that_exist() {
    let rows = every_line_has_tests_that_exist("docs/FROM_CAMUNDA.md");
    for row in &rows {
        let verdict = row.split(" | ").nth(2).unwrap_or_default();
        assert!(verdict == "same" || verdict.starts_with("differs because "), "{row}");
    }
    let there: Vec<&str> = rows.iter().filter_map(|row| row.split(" | ").next()).collect();
    for setting in CAMUNDA {
        assert!(there.iter().any(|cell| cell.contains(setting)), "{setting} has no line");
    }
}

/// The rows of a page's table, of which each names in its last cell the tests that hold it.
#[track_caller]
fn every_line_has_tests_that_exist(page: &str) -> Vec<String> {
    let text = read(page);
    let tests = tests();
    let rows: Vec<String> =
        text.lines().filter(|line| line.starts_with("| ")).skip(1).map(str::to_owned).collect();
    assert!(!rows.is_empty(), "the table is gone");
    for row in &rows {
        let held_by = row.trim_end_matches(" |").rsplit(" | ").next().unwrap_or_default();
        let named: Vec<&str> = quoted(held_by).collect();
        assert!(!named.is_empty(), "no test holds: {row}");
        for name in named {
            assert!(tests.contains(name), "there is no test {name}: {row}");
        }
    }
    rows
}

/// Each property has a row with its default, what becomes of it, and the tests that show it.
#[test]
fn every_property_that_is_known_has_its_row_with_tests_that_exist() {
    let text = read("docs/COMPATIBILITY.md");
    let tests = tests();
    let (_, tables) = text.split_once("## Properties of connectors").expect("the tables are there");
    let rows: Vec<Vec<&str>> = tables
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| line.trim_matches(['|', ' ']).split(" | ").map(str::trim).collect())
        .collect();
    let (of_connectors, of_worker): (Vec<_>, Vec<_>) = rows.iter().partition(|row| row.len() == 5);
    for row in &rows {
        let held_by: Vec<&str> = quoted(row.last().expect("cells")).collect();
        assert!(!held_by.is_empty(), "no test shows: {row:?}");
        for name in held_by {
            assert!(tests.contains(name), "there is no test {name}: {row:?}");
        }
    }
    let compare = |rows: &[&Vec<&str>], known: Vec<&'static Known>| {
        assert_eq!(rows.len(), known.len(), "one row for each property, in the order of the tables");
        for (row, known) in rows.iter().zip(known) {
            let cells = (row[0], row[row.len() - 3], row[row.len() - 2]);
            assert_eq!(cells, (&*format!("`{}`", known.name), &*default(known), &*here(known)));
        }
    };
    compare(&of_connectors, catalog::connectors().collect());
    compare(&of_worker, catalog::worker().collect());
}

/// The cell of a property's default.
fn default(known: &Known) -> String {
    match known.default {
        catalog::Default::Required => "required".to_owned(),
        catalog::Default::Null => "–".to_owned(),
        catalog::Default::Is("") => "empty".to_owned(),
        catalog::Default::Is(text) => format!("`{text}`"),
    }
}

/// The cell of what becomes of a property.
fn here(known: &Known) -> String {
    match known.fate {
        Fate::Same(key) => format!("same: `{key}`"),
        Fate::Differs("", how) => format!("differs: {how}"),
        Fate::Differs(key, how) => format!("`{key}`, differs: {how}"),
        Fate::Ignored(why) => format!("no effect: {why}"),
        Fate::Refused(instead) => format!("refused: {instead}"),
    }
}

#[test]
fn every_dependency_has_its_line() {
    let manifest = read("Cargo.toml");
    let section = manifest.split("[workspace.dependencies]").nth(1).and_then(|rest| rest.split("\n[").next());
    let section = section.expect("the section is there");
    let names =
        section.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(" = "));
    let used: BTreeSet<&str> =
        names.map(|(name, _)| name).filter(|name| !name.starts_with("orgstream")).collect();
    let text = read("docs/DEPENDENCIES.md");
    let listed: BTreeSet<&str> =
        text.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    assert_eq!(listed, used);
}

/// Every property of Confluent's three streaming sources and of what they have in common, those of its cloud and of forks
/// included, and those of its SObject sink with its reports.
const CONFLUENT: &[&str] = &[
    // The connection.
    "salesforce.instance",
    "salesforce.username",
    "salesforce.password",
    "salesforce.password.token",
    "salesforce.grant.type",
    "salesforce.consumer.key",
    "salesforce.consumer.secret",
    "salesforce.jwt.keystore.path",
    "salesforce.jwt.keystore.file",
    "salesforce.jwt.keystore.password",
    "salesforce.version",
    "connection.timeout",
    "connection.max.message.size",
    "request.max.retries.time.ms",
    "salesforce.auth.retries.time.ms",
    "curl.logging",
    "http.proxy",
    "http.proxy.auth.scheme",
    "http.proxy.user",
    "http.proxy.password",
    "http.proxy.auth.ntlm.domain",
    "oauth.refresh.token",
    // The licence, and Kafka Connect's own.
    "confluent.license",
    "confluent.topic",
    "confluent.topic.bootstrap.servers",
    "confluent.topic.replication.factor",
    "confluent.topic.ssl.truststore.location",
    "confluent.topic.security.protocol",
    "confluent.topic.sasl.mechanism",
    "csfle.enabled",
    "auto.register.schemas",
    "use.latest.version",
    "key.subject.name.strategy",
    "value.subject.name.strategy",
    "exactly.once.support",
    "transaction.boundary",
    "transaction.boundary.interval.ms",
    "topic.creation.groups",
    "topic.creation.default.replication.factor",
    "topic.creation.default.partitions",
    "topic.creation.default.include",
    "topic.creation.default.exclude",
    "topic.creation.default.cleanup.policy",
    // Kafka.
    "kafka.topic",
    "kafka.topic.lowercase",
    "regex.timeout.ms",
    // PushTopics.
    "salesforce.object",
    "salesforce.push.topic.name",
    "salesforce.initial.start",
    "salesforce.push.topic.create",
    "salesforce.push.topic.notify.create",
    "salesforce.push.topic.notify.update",
    "salesforce.push.topic.notify.delete",
    "salesforce.push.topic.notify.undelete",
    "salesforce.push.topic.notify.fields",
    "salesforce.push.topic.query",
    "salesforce.topic.query.fields",
    "ignore.text.area.fields",
    "include.event.metadata",
    "poll.idle.time",
    "poll.record.bulk.size",
    "bayeux.client.timeout",
    "output.data.format",
    "errors.tolerance",
    "auto.restart.on.user.error",
    "kafka.auth.mode",
    "kafka.api.key",
    "kafka.api.secret",
    "schema.context.name",
    "header.converter",
    "producer.override.compression.type",
    "producer.override.linger.ms",
    "connector.egress.whitelist",
    // Change Data Capture.
    "salesforce.cdc.channel",
    "salesforce.cdc.name",
    "salesforce.channel.type",
    "salesforce.channel.entities",
    "invalid.replay.id.behaviour",
    "convert.changed.fields",
    "SF_API",
    // Platform events.
    "salesforce.platform.event.name",
    "salesforce.platform.subscription.type",
    "salesforce.platform.custom.channel.name",
    "salesforce.platform.channel.entities",
    // What the sink does with errors, and its reports.
    "behavior.on.api.errors",
    "reporter.bootstrap.servers",
    "reporter.result.topic.name",
    "reporter.result.topic.replication.factor",
    "reporter.result.topic.partitions",
    "reporter.result.topic.key.format",
    "reporter.result.topic.value.format",
    "reporter.result.topic.key.format.schemas.enable",
    "reporter.result.topic.value.format.schemas.enable",
    "reporter.result.topic.key.format.schemas.cache.size",
    "reporter.result.topic.value.format.schemas.cache.size",
    "reporter.error.topic.name",
    "reporter.error.topic.replication.factor",
    "reporter.error.topic.partitions",
    "reporter.error.topic.key.format",
    "reporter.error.topic.value.format",
    "reporter.error.topic.key.format.schemas.enable",
    "reporter.error.topic.value.format.schemas.enable",
    "reporter.error.topic.key.format.schemas.cache.size",
    "reporter.error.topic.value.format.schemas.cache.size",
    "reporter.admin.bootstrap.servers",
    "reporter.producer.bootstrap.servers",
    // What a sink reads.
    "input.data.format",
    "key.converter",
    "value.converter",
    "behavior.on.null.record",
    "ignore.null.fields",
    // The SObject sink.
    "salesforce.ignore.fields",
    "salesforce.ignore.reference.fields",
    "salesforce.sink.object.operation",
    "override.event.type",
    "topics",
    "topics.regex",
    "tasks.max",
    "skip.relationship.fields",
    "salesforce.use.custom.id.field",
    "salesforce.custom.id.field.name",
    "salesforce.object.num",
    "salesforce.objectN",
    "salesforce.objectN.topics",
    "salesforce.objectN.override.event.type",
    "salesforce.objectN.sink.operation",
    "salesforce.objectN.ignore.fields",
    "salesforce.objectN.ignore.reference.fields",
    "salesforce.objectN.use.custom.id.field",
    "salesforce.objectN.custom.id.field.name",
    "skip.objectN.relationship.fields",
    "salesforce.enable.batching",
    "salesforce.batch.size",
    "salesforce.all.or.none",
    "max.poll.interval.ms",
    "max.poll.records",
    "errors.deadletterqueue.topic.name",
    "errors.deadletterqueue.context.headers.enable",
];

/// Whether `name` is `pattern`, in which a star stands for anything.
fn is_like(name: &str, pattern: &str) -> bool {
    match pattern.split_once('*') {
        None => name == pattern,
        Some((before, after)) => {
            name.len() >= before.len() + after.len() && name.starts_with(before) && name.ends_with(after)
        }
    }
}

#[test]
fn the_reference_of_the_keys_is_what_the_program_prints() {
    assert_eq!(
        read("docs/CONFIGURATION.md"),
        orgstream::config::reference::markdown(),
        "run `orgstream schema --markdown > docs/CONFIGURATION.md`"
    );
}

/// What a page is made of; with `ORGSTREAM_WRITE_DOCS` it is written.
fn is_made_of(page: &str, text: &str) {
    if std::env::var_os("ORGSTREAM_WRITE_DOCS").is_some() {
        std::fs::write(root().join(page), text).expect("the page is written");
    }
    assert_eq!(read(page), text, "run this test with ORGSTREAM_WRITE_DOCS=1");
}

#[test]
fn the_page_of_metrics_is_what_the_program_serves() {
    is_made_of("docs/METRICS.md", &orgstream::http::metrics::families::markdown());
}

#[test]
fn every_property_of_confluents_connectors_is_in_the_reference() {
    let text = read("docs/CONFIGURATION.md");
    let (keys, reasons) =
        text.split_once("## Confluent's properties without a key").expect("the table is there");
    // The fourth cell of a key's row, the first of a reason's.
    let cells = |text: &str, cell: usize| -> Vec<String> {
        let rows =
            text.lines().filter(|line| line.starts_with("| `")).filter_map(|line| line.split('|').nth(cell));
        rows.flat_map(|cell| quoted(cell).map(str::to_owned).collect::<Vec<_>>()).collect()
    };
    let (named, reasoned) = (cells(keys, 4), cells(reasons, 1));
    let has = |known: &[String], name: &str| known.iter().any(|pattern| is_like(name, pattern));
    for property in CONFLUENT {
        let (key, reason) = (has(&named, property), has(&reasoned, property));
        assert!(key || reason, "{property} is missing");
        assert!(!(key && reason), "{property} has a key and a reason for none");
    }
    for name in named {
        assert!(
            name == "connector.class" || CONFLUENT.contains(&&*name),
            "{name} is no property of Confluent's"
        );
    }
}
