//! What the sources add.

use super::{BUS, Default, Fate, Kind, Known, MANY, SOURCES, Type, known};

use Default::{Is, Null, Required};
use Fate::{Ignored, Refused, Same};
use Type::{Boolean, List, Number, Text, Word};

const PUSH_TOPIC: &[Kind] = &[Kind::PushTopic];
const CDC: &[Kind] = &[Kind::Cdc];
const PLATFORM: &[Kind] = &[Kind::PlatformEvent];

const NOTIFY: Fate = Same("pipelines.NAME.objects.NAME.source.push_topic.notify");

pub(super) const TABLE: &[Known] = &[
    known("kafka.topic", SOURCES, Text, Required, Same("pipelines.NAME.source.topic")),
    known(
        "kafka.topic.lowercase",
        SOURCES,
        Boolean,
        Is("true"),
        Same("pipelines.NAME.source.topic_lowercase"),
    ),
    known(
        "regex.timeout.ms",
        SOURCES,
        Number(0, MANY),
        Is("100"),
        Ignored("topic names are made without regular expressions"),
    ),
    known("salesforce.object", PUSH_TOPIC, Text, Required, Same("pipelines.NAME.objects")),
    known(
        "salesforce.push.topic.name",
        PUSH_TOPIC,
        Text,
        Required,
        Same("pipelines.NAME.objects.NAME.source.push_topic.name"),
    ),
    known(
        "salesforce.initial.start",
        SOURCES,
        Word(&["all", "latest"]),
        Is("latest"),
        Same("pipelines.NAME.source.start"),
    ),
    known(
        "salesforce.push.topic.create",
        PUSH_TOPIC,
        Boolean,
        Is("true"),
        Same("pipelines.NAME.objects.NAME.source.push_topic.manage"),
    ),
    known("salesforce.push.topic.notify.create", PUSH_TOPIC, Boolean, Is("true"), NOTIFY),
    known("salesforce.push.topic.notify.update", PUSH_TOPIC, Boolean, Is("true"), NOTIFY),
    known("salesforce.push.topic.notify.delete", PUSH_TOPIC, Boolean, Is("true"), NOTIFY),
    known("salesforce.push.topic.notify.undelete", PUSH_TOPIC, Boolean, Is("true"), NOTIFY),
    known("salesforce.cdc.channel", CDC, Text, Required, Same("pipelines.NAME.source.cdc.channel")),
    known("salesforce.cdc.name", CDC, Text, Null, Same("pipelines.NAME.source.cdc.channel")),
    known("salesforce.channel.type", CDC, Text, Null, Ignored("the channel's name says which it is")),
    known("salesforce.channel.entities", CDC, List, Is(""), Same("pipelines.NAME.objects")),
    known(
        "invalid.replay.id.behaviour",
        BUS,
        Word(&["all", "latest"]),
        Is("all"),
        Same("pipelines.NAME.source.on_gap"),
    ),
    known(
        "convert.changed.fields",
        CDC,
        Boolean,
        Is("false"),
        Same("pipelines.NAME.source.convert_changed_fields"),
    ),
    known("salesforce.platform.event.name", PLATFORM, Text, Required, Same("pipelines.NAME.source.events")),
    known(
        "salesforce.platform.subscription.type",
        PLATFORM,
        Text,
        Null,
        Ignored("the channel's name says which it is"),
    ),
    known(
        "salesforce.platform.custom.channel.name",
        PLATFORM,
        Text,
        Null,
        Same("pipelines.NAME.source.events"),
    ),
    known(
        "salesforce.platform.channel.entities",
        PLATFORM,
        List,
        Is(""),
        Same("pipelines.NAME.source.events.NAME.entities"),
    ),
    known(
        "output.data.format",
        SOURCES,
        Text,
        Null,
        Refused("of Confluent's cloud; write `value.converter`"),
    ),
];
