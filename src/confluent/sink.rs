//! A sink connector as one pipeline for each of its topics.

use super::document::Map;
use super::kind::Kind;
use super::part::{Making, Pipeline};
use super::refusals::refusals;
use super::transforms::{Changed, transforms};
use super::wire::{Wire, Wires};

/// The pipelines.
pub(super) fn sink(making: &mut Making<'_, '_>, org: &str, wires: &Wires) -> Vec<Pipeline> {
    let mut sink = Map::default();
    sink.put("org", org, None);
    let topics = making.settings.list("topics");
    if topics.len() == 1 {
        making.settings.same("topics", "`pipelines.NAME.sink.topic`");
    }
    operation(making, &mut sink);
    input(making, wires, &mut sink);
    refusals(making, &mut sink);
    reports(making, &mut sink);
    if let Some(time) = making.settings.number("request.max.retries.time.ms") {
        making.put(&mut sink, "retry_for", format!("{time}ms"), "request.max.retries.time.ms");
    }
    if let Some(tasks) = making.settings.number("tasks.max") {
        making.put(&mut sink, "tasks", tasks, "tasks.max");
    }
    let mut objects = objects(making);
    let mut changed = Changed { kind: Kind::Sink, half: &mut sink, objects: &mut objects, topic: None };
    transforms(making, &mut changed);
    let pipeline = |(index, topic): (usize, &String)| {
        let mut half = sink.clone();
        half.put("topic", topic.as_str(), making.from("topics"));
        // The first keeps the connector's name, and with it what is known of its records, when more are added behind it.
        let name = if index == 0 { making.name.clone() } else { format!("{}-{topic}", making.name) };
        Pipeline { name, topic: Some(topic.clone()), half, objects: objects.clone() }
    };
    topics.iter().enumerate().map(pipeline).collect()
}

fn operation(making: &mut Making<'_, '_>, sink: &mut Map) {
    let (fixed, property) = (making.settings.is("override.event.type"), "salesforce.sink.object.operation");
    if !fixed {
        making.put(sink, "operation", "by_event_type", "override.event.type");
        if making.settings.has(property) {
            making.settings.ignore(
                property,
                "`override.event.type` is not true, so each record says what is done with it",
            );
        }
        return;
    }
    let operation = making.settings.word(property);
    making.put(sink, "operation", operation.as_str(), property);
    if operation == "upsert" && !making.settings.is("salesforce.use.custom.id.field") {
        let message = "an upsert finds its record by an external id: write `salesforce.use.custom.id.field=true` and \
                       `salesforce.custom.id.field.name`";
        making.settings.refuse(property, message);
    }
}

fn input(making: &mut Making<'_, '_>, wires: &Wires, sink: &mut Map) {
    let mut input = Map::default();
    let value = match wires.value {
        None => None,
        Some(Wire::Avro | Wire::JsonSchema | Wire::Protobuf) => Some("registry"),
        Some(Wire::JsonWithSchema) => Some("json_with_schema"),
        Some(Wire::Json) => Some("json"),
        Some(Wire::Text | Wire::Bytes) => {
            let message = "records have fields; take JsonConverter, AvroConverter, JsonSchemaConverter or ProtobufConverter";
            making.settings.refuse("value.converter", message);
            None
        }
    };
    // A key is not needed, and one that cannot be read must not stop a record that says all.
    let key = match wires.key {
        None => None,
        Some(Wire::Avro | Wire::JsonSchema | Wire::Protobuf) => Some("registry"),
        Some(Wire::JsonWithSchema) => Some("json_with_schema"),
        Some(Wire::Json) => Some("json"),
        Some(Wire::Text) => Some("text"),
        Some(Wire::Bytes) => Some("unread"),
    };
    for (name, word) in [("value", value), ("key", key)] {
        if let Some(word) = word {
            making.put(&mut input, name, word, &format!("{name}.converter"));
        }
    }
    if !input.is_empty() {
        sink.put("input", input, None);
    }
    if making.settings.has("behavior.on.null.record") {
        let skip = making.settings.word("behavior.on.null.record") == "ignore";
        making.put(sink, "on_null", if skip { "skip" } else { "reject" }, "behavior.on.null.record");
    }
    if making.settings.has("ignore.null.fields") {
        let ignore = making.settings.is("ignore.null.fields");
        making.put(sink, "nulls", if ignore { "ignore" } else { "write" }, "ignore.null.fields");
    }
}

fn reports(making: &mut Making<'_, '_>, sink: &mut Map) {
    let asked = making.settings.given.properties.keys().any(|name| name.starts_with("reporter."));
    if !asked {
        return;
    }
    let mut reports = Map::default();
    for (key, property) in [("success", "reporter.result.topic.name"), ("error", "reporter.error.topic.name")]
    {
        if let Some(topic) = making.settings.filled(property) {
            making.put(&mut reports, key, topic.replace("${connector}", &making.name), property);
        }
    }
    for report in ["result", "error"] {
        for option in [
            "partitions",
            "key.format",
            "value.format",
            "key.format.schemas.enable",
            "value.format.schemas.enable",
        ] {
            let property = format!("reporter.{report}.topic.{option}");
            if making.settings.is_default(&property) {
                making.settings.same(&property, "as reports are anyway");
            }
        }
    }
    if !reports.is_empty() {
        making.put(sink, "reports", reports, "reporter.bootstrap.servers");
    }
}

fn objects(making: &mut Making<'_, '_>) -> Map {
    let mut objects = Map::default();
    let Some(object) = making.settings.filled("salesforce.object") else { return objects };
    let mut keys = Map::default();
    let (switch, name) = ("salesforce.use.custom.id.field", "salesforce.custom.id.field.name");
    if making.settings.is(switch) {
        if making.settings.filled(name).is_none() {
            making
                .settings
                .refuse(name, format!("Missing required configuration \"{name}\": `{switch}` is true"));
        }
        making.copy(&mut keys, "external_id", name);
    } else if making.settings.has(name) {
        making.settings.ignore(name, format!("`{switch}` is not true"));
    }
    let ignored = making.settings.list("salesforce.ignore.fields");
    if !ignored.is_empty() {
        making.put(&mut keys, "ignore_fields", ignored, "salesforce.ignore.fields");
    }
    let references = "salesforce.ignore.reference.fields";
    if making.settings.is(references) {
        making.put(&mut keys, "ignore_reference_fields", true, references);
    }
    making.put(&mut objects, &object, keys, "salesforce.object");
    objects
}
