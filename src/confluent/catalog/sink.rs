//! What the SObject sink adds, its reports included.

use super::{Default, Fate, Known, MANY, SINK, Type, known};

use Default::{Is, Null, Required};
use Fate::{Differs, Ignored, Refused, Same};
use Type::{Boolean, List, Number, Text, Word};

/// What reports look like.
const FORM: Fate =
    Differs("pipelines.NAME.sink.reports.body", "keys and values of reports are JSON without a schema");
/// Formats of reports.
const FORMATS: Type = Word(&["json", "string"]);

pub(super) const TABLE: &[Known] = &[
    known(
        "topics",
        SINK,
        List,
        Required,
        Differs(
            "pipelines.NAME.sink.topic",
            "each topic after the first becomes a pipeline of its own, with calls of its own",
        ),
    ),
    known("topics.regex", SINK, Text, Null, Refused("the topics have to be named; write `topics`")),
    known("salesforce.object", SINK, Text, Required, Same("pipelines.NAME.objects")),
    known(
        "salesforce.sink.object.operation",
        SINK,
        Word(&["insert", "update", "upsert", "delete"]),
        Is("insert"),
        Same("pipelines.NAME.sink.operation"),
    ),
    known("override.event.type", SINK, Boolean, Is("false"), Same("pipelines.NAME.sink.operation")),
    known("salesforce.ignore.fields", SINK, List, Is(""), Same("pipelines.NAME.objects.NAME.ignore_fields")),
    known(
        "salesforce.ignore.reference.fields",
        SINK,
        Boolean,
        Is("false"),
        Differs(
            "pipelines.NAME.objects.NAME.ignore_reference_fields",
            "with `false` a reference gets the id that its record has in the target org, where that is known, and no id of another org",
        ),
    ),
    known(
        "skip.relationship.fields",
        SINK,
        Boolean,
        Is("true"),
        Differs(
            "",
            "a parent that a record names by a value of its own is written so; `salesforce.ignore.fields` keeps it out",
        ),
    ),
    known(
        "salesforce.use.custom.id.field",
        SINK,
        Boolean,
        Is("false"),
        Same("pipelines.NAME.objects.NAME.external_id"),
    ),
    known(
        "salesforce.custom.id.field.name",
        SINK,
        Text,
        Null,
        Same("pipelines.NAME.objects.NAME.external_id"),
    ),
    known(
        "behavior.on.api.errors",
        SINK,
        Word(&["log", "ignore", "fail"]),
        Is("fail"),
        Differs(
            "pipelines.NAME.sink.on_error.default",
            "`log` also keeps the record, in `<pipeline>.dead_letters`; `ignore` counts it under its code. What no org was asked, because the \
             record itself is wrong, stops the task in any case",
        ),
    ),
    known(
        "behavior.on.null.record",
        SINK,
        Word(&["fail", "ignore"]),
        Is("fail"),
        Same("pipelines.NAME.sink.on_null"),
    ),
    known("ignore.null.fields", SINK, Boolean, Null, Same("pipelines.NAME.sink.nulls")),
    known("input.data.format", SINK, Text, Null, Refused("of Confluent's cloud; write `value.converter`")),
    known("salesforce.enable.batching", SINK, Boolean, Null, Ignored("what waits together goes together")),
    known(
        "salesforce.batch.size",
        SINK,
        Number(1, 200),
        Null,
        Ignored("as many go together as wait, up to what the org takes in one call"),
    ),
    known(
        "salesforce.all.or.none",
        SINK,
        Boolean,
        Null,
        Differs("", "each record counts for itself: one that is refused holds no other up"),
    ),
    known(
        "salesforce.object*",
        SINK,
        Text,
        Null,
        Refused("of Confluent's cloud; write a connector for each object, or a file with `objects`"),
    ),
    known(
        "reporter.bootstrap.servers",
        SINK,
        List,
        Null,
        Differs("", "reports go to the brokers of the worker"),
    ),
    known(
        "reporter.result.topic.name",
        SINK,
        Text,
        Is("${connector}-success"),
        Same("pipelines.NAME.sink.reports.success"),
    ),
    known(
        "reporter.error.topic.name",
        SINK,
        Text,
        Is("${connector}-error"),
        Same("pipelines.NAME.sink.reports.error"),
    ),
    known(
        "reporter.*.topic.replication.factor",
        SINK,
        Number(-1, 32_767),
        Is("3"),
        Differs(
            "kafka.topics.replication_factor",
            "report topics that are missing are made as the cluster does by default",
        ),
    ),
    known(
        "reporter.*.topic.partitions",
        SINK,
        Number(1, 2_147_483_647),
        Is("1"),
        Differs("", "a report topic that is missing is made with one partition"),
    ),
    known("reporter.*.topic.key.format", SINK, FORMATS, Is("json"), FORM),
    known("reporter.*.topic.value.format", SINK, FORMATS, Is("json"), FORM),
    known("reporter.*.format.schemas.enable", SINK, Boolean, Is("false"), FORM),
    known(
        "reporter.*.format.schemas.cache.size",
        SINK,
        Number(0, 2_048),
        Is("128"),
        Ignored("reports have no schema"),
    ),
    known(
        "reporter.admin.*",
        SINK,
        Text,
        Null,
        Differs("", "reports go to the brokers of the worker, over its connection"),
    ),
    known(
        "reporter.producer.*",
        SINK,
        Text,
        Null,
        Differs("", "reports go to the brokers of the worker, over its connection"),
    ),
    known(
        "max.poll.interval.ms",
        SINK,
        Number(1, MANY),
        Null,
        Ignored("the consumer is set up for the calls that are under way"),
    ),
    known(
        "max.poll.records",
        SINK,
        Number(1, MANY),
        Null,
        Ignored("the consumer is set up for the calls that are under way"),
    ),
];
