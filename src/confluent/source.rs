//! A source connector as a pipeline.

use super::document::Map;
use super::kind::Kind;
use super::part::{Making, Pipeline};
use super::transforms::{Changed, transforms};
use super::wire::{Wire, Wires};

/// What notifies of what.
const NOTIFY: [(&str, &str); 4] = [
    ("create", "salesforce.push.topic.notify.create"),
    ("update", "salesforce.push.topic.notify.update"),
    ("delete", "salesforce.push.topic.notify.delete"),
    ("undelete", "salesforce.push.topic.notify.undelete"),
];

/// The pipeline, and what is said of topics that are made.
pub(super) fn source(making: &mut Making<'_, '_>, kind: Kind, org: &str, wires: &Wires) -> (Pipeline, Map) {
    let mut source = Map::default();
    source.put("org", org, None);
    making.copy(&mut source, "topic", "kafka.topic");
    making.put(
        &mut source,
        "topic_lowercase",
        making.settings.is("kafka.topic.lowercase"),
        "kafka.topic.lowercase",
    );
    let start = if making.settings.word("salesforce.initial.start") == "all" { "earliest" } else { "latest" };
    making.put(&mut source, "start", start, "salesforce.initial.start");
    written(making, wires, &mut source);
    let mut objects = match kind {
        Kind::PushTopic => push_topic(making),
        Kind::Cdc => captured(making, &mut source),
        Kind::PlatformEvent | Kind::Sink => {
            messages(making, &mut source);
            Map::default()
        }
    };
    if let Some(size) = making.settings.number("connection.max.message.size").filter(|size| *size > 0) {
        making.put(source.map("stream"), "max_response", format!("{size}B"), "connection.max.message.size");
    }
    let topic = topic(making, kind, &objects);
    let mut changed = Changed { kind, half: &mut source, objects: &mut objects, topic };
    transforms(making, &mut changed);
    let topic = changed.topic;
    let pipeline = Pipeline { name: making.name.clone(), topic, half: source, objects };
    (pipeline, topics(making))
}

/// What the converters would write.
fn written(making: &mut Making<'_, '_>, wires: &Wires, source: &mut Map) {
    let mut output = Map::default();
    let words = [
        ("value", wires.value.map(|wire| word(wire).filter(|_| wire != Wire::Text))),
        ("key", wires.key.map(word)),
    ];
    for (half, word) in words {
        let property = format!("{half}.converter");
        match word {
            None => {}
            Some(Some(word)) => making.put(&mut output, half, word, &property),
            Some(None) => {
                let message = "a source writes records with fields; take AvroConverter, JsonSchemaConverter or ProtobufConverter \
                               of `io.confluent.connect`, or `org.apache.kafka.connect.json.JsonConverter`";
                making.settings.refuse(&property, message);
            }
        }
    }
    for (half, wire) in [("key", wires.key), ("value", wires.value)] {
        if wire == Some(Wire::Protobuf) {
            let differs = "nulls are kept, as the converter keeps them with `optional.for.nullables=true`, and the messages of \
                           compound fields stand beside the record's";
            making.settings.differs(&format!("{half}.converter"), differs);
        }
    }
    if wires.key == Some(Wire::Text) {
        making.settings.differs("key.converter", "the key is the record's id alone, and not `Struct{Id=…}`");
    }
    let has_registering = registering(making, wires, &mut output);
    // Avro with a registry is what is written anyway.
    let registered =
        [wires.key, wires.value].into_iter().all(|wire| wire.is_none_or(|wire| wire == Wire::Avro));
    if has_registering || !output.is_empty() && !registered {
        source.put("output", output, None);
    }
}

/// Which schemas the converters would write with. There each half says it for itself, and here keys are as values where
/// nothing else is said.
fn registering(making: &mut Making<'_, '_>, wires: &Wires, output: &mut Map) -> bool {
    let is_registered = |wire: Option<Wire>| wire.is_none_or(Wire::is_registered);
    let (keys, values) = (&wires.registering_keys, &wires.registering_values);
    let mut has_some = false;
    for (name, usual, value, key) in [
        ("schemas", "register", &values.schemas, &keys.schemas),
        ("subject", "topic", &values.subject, &keys.subject),
    ] {
        if let Some((word, property)) = value {
            making.put(output, name, *word, property);
            has_some = true;
        }
        let word_of = |said: &Option<(&'static str, String)>| said.as_ref().map_or(usual, |(word, _)| *word);
        if word_of(key) != word_of(value) && is_registered(wires.key) {
            let origin = key.as_ref().or(value.as_ref());
            let property =
                origin.map_or_else(|| "key.converter".to_owned(), |(_, property)| property.clone());
            making.put(output, &format!("key_{name}"), word_of(key), &property);
            has_some = true;
        }
    }
    has_some
}

/// The form of what a converter writes; `None` where nobody writes it here.
fn word(wire: Wire) -> Option<&'static str> {
    Some(match wire {
        Wire::Avro => "avro",
        Wire::JsonSchema => "json_schema",
        Wire::Protobuf => "protobuf",
        Wire::JsonWithSchema => "json_with_schema",
        Wire::Json => "json",
        Wire::Text => "text",
        Wire::Bytes => return None,
    })
}

fn push_topic(making: &mut Making<'_, '_>) -> Map {
    let mut objects = Map::default();
    let Some(object) = making.settings.filled("salesforce.object") else { return objects };
    let mut topic = Map::default();
    making.copy(&mut topic, "name", "salesforce.push.topic.name");
    let manage = if making.settings.is("salesforce.push.topic.create") { "create" } else { "never" };
    making.put(&mut topic, "manage", manage, "salesforce.push.topic.create");
    let mut off = NOTIFY.iter().filter(|(_, property)| !making.settings.is(property));
    if let Some((_, property)) = off.next_back() {
        let on = NOTIFY.iter().filter(|(_, property)| making.settings.is(property));
        let on: Vec<String> = on.map(|(word, _)| (*word).to_owned()).collect();
        making.put(&mut topic, "notify", on, property);
    }
    let mut keys = Map::default();
    keys.map("source").put("push_topic", topic, None);
    making.put(&mut objects, &object, keys, "salesforce.object");
    objects
}

fn captured(making: &mut Making<'_, '_>, source: &mut Map) -> Map {
    let property = if making.settings.has("salesforce.cdc.channel") {
        "salesforce.cdc.channel"
    } else {
        "salesforce.cdc.name"
    };
    making.put(source, "channel", "cdc", "connector.class");
    making.put(source, "records", "event", "connector.class");
    source.map("sweep").put("every", "off", making.from("connector.class"));
    on_gap(making, source);
    let convert = making.settings.is("convert.changed.fields");
    making.put(source, "convert_changed_fields", convert, "convert.changed.fields");
    let mut objects = Map::default();
    let Some(channel) = making.settings.filled(property) else { return objects };
    let channel = channel.trim_start_matches("/data/");
    if let Some(object) = object_of(channel) {
        making.put(&mut objects, &object, Map::default(), property);
        return objects;
    }
    making.put(source.map("cdc"), "channel", channel, property);
    for entity in making.settings.list("salesforce.channel.entities") {
        let object = object_of(&entity).unwrap_or(entity);
        making.put(&mut objects, &object, Map::default(), "salesforce.channel.entities");
    }
    if objects.is_empty() {
        let message = format!(
            "`{channel}` brings several objects; name those that are wanted in `salesforce.channel.entities`"
        );
        making.settings.refuse(property, message);
    }
    objects
}

/// The object of `LeadChangeEvent` or `Order__ChangeEvent`.
fn object_of(channel: &str) -> Option<String> {
    let name = channel.strip_suffix("ChangeEvent").filter(|name| !name.is_empty())?;
    Some(name.strip_suffix("__").map_or_else(|| name.to_owned(), |custom| format!("{custom}__c")))
}

fn messages(making: &mut Making<'_, '_>, source: &mut Map) {
    on_gap(making, source);
    let property = if making.settings.has("salesforce.platform.custom.channel.name") {
        "salesforce.platform.custom.channel.name"
    } else {
        "salesforce.platform.event.name"
    };
    let Some(name) = making.settings.filled(property) else { return };
    let mut channel = Map::default();
    making.copy(&mut channel, "topic", "kafka.topic");
    let entities = making.settings.list("salesforce.platform.channel.entities");
    if !entities.is_empty() {
        making.put(&mut channel, "entities", entities, "salesforce.platform.channel.entities");
    }
    making.put(source.map("events"), &name, channel, property);
}

fn on_gap(making: &mut Making<'_, '_>, source: &mut Map) {
    let property = "invalid.replay.id.behaviour";
    let on_gap = if making.settings.word(property) == "latest" { "latest" } else { "earliest" };
    making.put(source, "on_gap", on_gap, property);
}

/// The one topic, where it is one.
fn topic(making: &Making<'_, '_>, kind: Kind, objects: &Map) -> Option<String> {
    let topic = making.settings.filled("kafka.topic")?;
    let topic = match &objects.keys()[..] {
        // Change events have a type of their own.
        [object] if kind == Kind::PushTopic => topic.replace("${_ObjectType}", object),
        _ => topic,
    };
    let topic = if making.settings.is("kafka.topic.lowercase") { topic.to_lowercase() } else { topic };
    (!topic.contains("${")).then_some(topic)
}

fn topics(making: &mut Making<'_, '_>) -> Map {
    let mut topics = Map::default();
    for key in ["partitions", "replication_factor"] {
        let property = format!("topic.creation.default.{}", key.replace('_', "."));
        if let Some(number) = making.settings.number(&property) {
            making.put(&mut topics, key, number, &property);
        }
    }
    topics
}
