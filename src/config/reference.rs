//! The reference of all keys, as Markdown. It is made of the same types that read the file, so it cannot say otherwise.

use std::fmt::Write as _;

use orgstream_salesforce_sink::BulkRules;
use serde_json::Value;

use super::schema::json_schema;

/// What stands before the table of keys.
const HEAD: &str = "\
# Configuration

Every key of the file. This page is made of the types that read it (`orgstream schema --markdown`); `config/orgstream.yaml` shows the
keys in use, and `orgstream check FILE` reports everything that is wrong with a file at once.

Durations are numbers with units (`500ms`, `15m`, `1h30m`), sizes too (`64MB`; 1 KB is 1024 B). A value may hold `${env:NAME}`,
`${file:PATH}` and `{{secrets.NAME}}` ([CONNECTION.md](CONNECTION.md) has more of these, and of how brokers and registry are asked). `NAME` in a key stands for a name of your choice.

Expressions (`filter`, `fields`) are [CEL](https://cel.dev). They see `value` (the record's fields), `key`, `headers` and `event` (`type`,
`object`, `id`, `replay_id`, `channel`, `time`, `carried`). Dates and times are text in ISO 8601, which compares as it should; currency
is text too, so `double(value.AnnualRevenue) > 1000.0`. A whole number and one with a fraction compare, but do not add up: `int(…)` and
`double(…)` make one of the other. What is compared with `null` by `<` or `>` has no value: write `value.Amount != null && value.Amount >
10`. A source's filter lets pass what it has no value for, and counts it (`filter_errors` in the status). Expressions of `source.key`, `source.headers` and
`source.value` see the record as it would be written without them. Patterns are regular expressions in the syntax of the crate `regex`, without Unicode classes.

Those of a sink (`sink.when` and `sink.filter`, the same under `objects.NAME.sink`, `objects.NAME.fields`) see also where the record lies: `topic`, `partition`,
`offset`. What they have no value for is rejected, with the expression and the field. A filter needs all fields that it names, and so
does a computed field of which the record carries any; it is written whenever it carries one, or when the expression names none. A record
from another producer does not say what it carries; of those the values count that are not null. A computed null clears its field. The
computed value of a reference is an id of the source, and becomes that of its record in the target.

Under *Confluent* stand the properties of Confluent's Salesforce connectors that a key takes the place of. Below, all others of its
sources and of its SObject sink, each with the reason why there is no key.
";

/// Properties of Confluent's sources and of its SObject sink that have no key, and why. A `*` stands for anything.
const NOT_OURS: &[(&str, &str)] = &[
    (
        "request.max.retries.time.ms",
        "the source waits for its org without a limit, and the status says for what and since when",
    ),
    ("salesforce.auth.retries.time.ms", "the same; refused credentials end the program at once"),
    ("curl.logging", "it prints the token; `RUST_LOG=debug` names the calls without it"),
    ("http.proxy.auth.ntlm.domain", "the HTTP client knows no NTLM"),
    ("oauth.refresh.token", "needs Confluent's cloud; tokens are renewed by themselves in every flow"),
    ("confluent.license", "there is no licence"),
    ("confluent.topic*", "the topic of the licence"),
    ("csfle.enabled", "fields are not encrypted on the way"),
    ("exactly.once.support", "always: records and positions are one transaction"),
    ("transaction.boundary*", "one transaction for what is read at once"),
    ("topic.creation.groups", "all topics are made alike: `kafka.topics`"),
    ("topic.creation.*.replication.factor", "for all topics: `kafka.topics.replication_factor`"),
    ("topic.creation.*.partitions", "for all topics: `kafka.topics.partitions`"),
    (
        "topic.creation.*",
        "topics with other settings are made by hand before the first run; they are used as they are",
    ),
    (
        "regex.timeout.ms",
        "no expression here can take long: patterns are matched in time that grows with the text alone",
    ),
    ("ignore.text.area.fields", "long texts are read with the row (`hydrate`); events never have them"),
    ("include.event.metadata", "headers carry it, unless `source.headers.metadata` says otherwise"),
    ("poll.idle.time", "events are taken when they come"),
    ("poll.record.bulk.size", "as many as there are, up to 5,000"),
    ("header.converter", "headers are text"),
    ("schema.context.name", "subjects have no context before their names"),
    ("SF_API", "an output format of Confluent's cloud: raw bytes, which no sink reads; records are typed"),
    ("errors.tolerance", "an event that cannot be read goes to the dead letters, and the rest goes on"),
    ("auto.restart.on.user.error", "an object that fails is tried again every five minutes by itself"),
    ("kafka.auth.mode", "of Confluent's cloud"),
    ("kafka.api.key", "of Confluent's cloud"),
    ("kafka.api.secret", "of Confluent's cloud"),
    ("producer.override.*", "the producer is set up for the transactions that it makes"),
    ("connector.egress.whitelist", "of Confluent's cloud"),
    ("topics.regex", "a sink reads the topics of its objects, which the file names"),
    (
        "skip.relationship.fields",
        "a parent that a record names by a value of its own is written so, unless `ignore_fields` has its name",
    ),
    ("salesforce.object.num", "as many objects as the file names"),
    ("salesforce.objectN*", "each object has its own keys under `objects`"),
    ("skip.objectN.relationship.fields", "as `skip.relationship.fields`"),
    ("salesforce.enable.batching", "what waits together goes together"),
    ("salesforce.batch.size", "as many as wait, up to what the org takes in one call"),
    ("salesforce.all.or.none", "each record for itself: one that is refused holds no other up"),
    ("max.poll.*", "the consumer is set up for the calls that are under way"),
    (
        "errors.deadletterqueue.*",
        "refused records are in `<pipeline>.dead_letters`, always with their headers",
    ),
    ("reporter.bootstrap.servers", "reports go to the brokers of the pipeline"),
    ("reporter.admin.*", "the same"),
    ("reporter.producer.*", "the same"),
    ("reporter.*.topic.replication.factor", "for all topics: `kafka.topics.replication_factor`"),
    (
        "reporter.*.topic.partitions",
        "one; a topic with more is made by hand before the first run, and used as it is",
    ),
    ("reporter.*.format", "reports are JSON; `sink.reports.body` says what is in them"),
    ("reporter.*.schemas.enable", "reports have no schema"),
    ("reporter.*.schemas.cache.size", "the same"),
];

/// The reference as one document.
pub fn markdown() -> String {
    let mut text = HEAD.to_owned();
    let schema = json_schema();
    for (title, path) in [
        ("Orgs", "orgs"),
        ("Kafka, schemas, secrets, state", "kafka schema_registry secrets state"),
        ("HTTP server and log", "http log"),
        ("Pipelines", "pipelines"),
    ] {
        let _infallible =
            write!(text, "\n## {title}\n\n| key | value | default | Confluent | |\n|---|---|---|---|---|\n");
        for name in path.split(' ') {
            rows(&schema["properties"][name], name, is_required(&schema, name), &mut text);
        }
    }
    text.push_str("\n## Confluent's properties without a key\n\n| property | why |\n|---|---|\n");
    for (name, why) in NOT_OURS {
        let _infallible = writeln!(text, "| `{name}` | {why} |");
    }
    text
}

/// The row of the key at `path`, and those below it.
fn rows(schema: &Value, path: &str, required: bool, text: &mut String) {
    let name = path.rsplit('.').next().unwrap_or(path);
    // A name of the user's choice is no key of its own, but where its value is one of a few words they are told.
    if name != "NAME" || words(schema).next().is_some() {
        row(schema, path, required, text);
    }
    for choice in maps(schema) {
        let properties = || choice["properties"].as_object().into_iter().flatten();
        // The word that tells the choices apart stands at the head of each of them, and at each of its keys.
        let word =
            properties().find_map(|(name, child)| Some(format!("{name}: {}", child["const"].as_str()?)));
        let mut of = path.to_owned();
        if let Some(word) = word {
            of = format!("{path}({word})");
            let _infallible = writeln!(text, "| `{of}` | | | | {} |", described(choice));
        }
        for (name, child) in properties().filter(|(_, child)| child.get("const").is_none()) {
            rows(child, &format!("{of}.{name}"), is_required(choice, name), text);
        }
    }
    if schema["additionalProperties"].is_object() {
        rows(&schema["additionalProperties"], &format!("{path}.NAME"), false, text);
    }
}

fn row(schema: &Value, path: &str, required: bool, text: &mut String) {
    let default = match &schema["default"] {
        Value::Null if required => "required".to_owned(),
        Value::Null => String::new(),
        Value::String(word) => format!("`{word}`"),
        other => format!("`{other}`"),
    };
    let confluent: Vec<_> = confluent(schema).map(|name| format!("`{name}`")).collect();
    let _infallible = writeln!(
        text,
        "| `{path}` | {} | {default} | {} | {} |",
        kind(schema),
        confluent.join(", "),
        described(schema)
    );
}

/// The description, and those of the words that the value may be.
fn described(schema: &Value) -> String {
    let line = |schema: &Value| schema["description"].as_str().unwrap_or_default().replace('\n', " ");
    let mut text = line(schema);
    for choice in words(schema) {
        let _infallible =
            write!(text, "<br>`{}`: {}", choice["const"].as_str().unwrap_or_default(), line(choice));
    }
    text
}

fn kind(schema: &Value) -> String {
    if words(schema).next().is_some() {
        return "one of the words".to_owned();
    }
    match (schema["type"].as_str(), schema["minimum"].as_i64(), schema["maximum"].as_i64()) {
        (Some("integer"), Some(least), Some(most)) => format!("{least} to {most}"),
        (Some("integer"), ..) => "whole number".to_owned(),
        (Some("boolean"), ..) => "`true`, `false`".to_owned(),
        (Some("array"), ..) => {
            let words: Vec<_> = words(&schema["items"]).filter_map(|word| word["const"].as_str()).collect();
            if words.is_empty() {
                "list of text".to_owned()
            } else {
                format!("list of `{}`", words.join("`, `"))
            }
        }
        (Some("string"), ..) => "text".to_owned(),
        _ if schema["x-form"] == "property" => "text, a number, `true`, `false`".to_owned(),
        _ if schema["x-form"] == "waiting" => format!("1 to {}, `auto`, `off`", BulkRules::MOST),
        _ => String::new(),
    }
}

/// The maps that a value may be: itself, or its choices.
fn maps(schema: &Value) -> impl Iterator<Item = &Value> {
    let choices = schema["oneOf"].as_array().into_iter().flatten();
    std::iter::once(schema).chain(choices).filter(|map| map["properties"].is_object())
}

fn words(schema: &Value) -> impl Iterator<Item = &Value> {
    schema["oneOf"].as_array().into_iter().flatten().filter(|choice| choice["const"].is_string())
}

fn confluent(schema: &Value) -> impl Iterator<Item = &str> {
    schema["x-confluent"].as_array().into_iter().flatten().filter_map(Value::as_str)
}

fn is_required(schema: &Value, name: &str) -> bool {
    schema["required"].as_array().into_iter().flatten().any(|known| known == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_property_has_a_key_or_a_reason_and_not_both() {
        let text = markdown();
        let (keys, _) = text.split_once("## Confluent's properties").unwrap();
        for (name, why) in NOT_OURS {
            assert!(!keys.contains(&format!("`{name}`")), "{name} has a key");
            assert!(why.len() > 5 && !why.ends_with('.'), "{name}");
        }
    }

    #[test]
    fn every_key_has_one_row() {
        let text = markdown();
        let mut keys: Vec<_> =
            text.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
        let all = keys.len();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), all);
        for key in ["orgs.NAME.url", "pipelines.NAME.objects.NAME.source.push_topic.name"] {
            assert!(keys.contains(&key), "{key}");
        }
    }
}
