//! A worker's properties.

use super::framework::WRITTEN;
use super::{Default, Fate, Known, MANY, Type, known};
use crate::confluent::registering::STRATEGIES;

use Default::{Is, Null, Required};
use Fate::{Differs, Ignored, Refused, Same};
use Type::{Boolean, List, Number, Text};

/// What is said of everything that only workers in a cluster have.
const DISTRIBUTED: Fate = Refused(
    "this is the file of a distributed worker; every process takes a worker's file of its own with `bootstrap.servers`, the \
     converters and `offset.storage.file.filename`",
);
/// What becomes of the connection's security.
const SECURITY: Fate = Same("kafka.properties");
/// What is said of which versions of TLS are spoken.
const NEWEST: Fate = Differs("", "the newest version of TLS that both sides know is spoken, 1.2 at least");

pub(super) const TABLE: &[Known] = &[
    known("bootstrap.servers", &[], List, Is("localhost:9092"), Same("kafka.bootstrap_servers")),
    known("key.converter", &[], Text, Required, Same("pipelines.NAME.source.output.key, sink.input.key")),
    known(
        "value.converter",
        &[],
        Text,
        Required,
        Same("pipelines.NAME.source.output.value, sink.input.value"),
    ),
    known("key.converter.schema.registry.url", &[], List, Null, Same("schema_registry.url")),
    known(
        "key.converter.schemas.enable",
        &[],
        Boolean,
        Is("true"),
        Same("pipelines.NAME.source.output.key, sink.input.key"),
    ),
    known("key.converter.basic.auth.*", &[], Type::Secret, Null, Same("schema_registry.basic_auth")),
    known("key.converter.bearer.auth.*", &[], Type::Secret, Null, Same("schema_registry.bearer_token")),
    known(
        "key.converter.schema.registry.basic.auth.*",
        &[],
        Type::Secret,
        Null,
        Same("schema_registry.basic_auth"),
    ),
    known(
        "key.converter.schema.registry.ssl.*",
        &[],
        Type::Secret,
        Null,
        Same("schema_registry.ca, certificate, key"),
    ),
    known(
        "key.converter.auto.register.schemas",
        &[],
        Boolean,
        Is("true"),
        Same("pipelines.NAME.source.output.key_schemas"),
    ),
    known(
        "key.converter.use.latest.version",
        &[],
        Boolean,
        Is("false"),
        Same("pipelines.NAME.source.output.key_schemas"),
    ),
    known(
        "key.converter.key.subject.name.strategy",
        &[],
        Type::Word(&STRATEGIES),
        Is(STRATEGIES[0]),
        Same("pipelines.NAME.source.output.key_subject"),
    ),
    known("key.converter.*", &[], Type::Secret, Null, WRITTEN),
    known("value.converter.schema.registry.url", &[], List, Null, Same("schema_registry.url")),
    known(
        "value.converter.schemas.enable",
        &[],
        Boolean,
        Is("true"),
        Same("pipelines.NAME.source.output.value, sink.input.value"),
    ),
    known("value.converter.basic.auth.*", &[], Type::Secret, Null, Same("schema_registry.basic_auth")),
    known("value.converter.bearer.auth.*", &[], Type::Secret, Null, Same("schema_registry.bearer_token")),
    known(
        "value.converter.schema.registry.basic.auth.*",
        &[],
        Type::Secret,
        Null,
        Same("schema_registry.basic_auth"),
    ),
    known(
        "value.converter.schema.registry.ssl.*",
        &[],
        Type::Secret,
        Null,
        Same("schema_registry.ca, certificate, key"),
    ),
    known(
        "value.converter.auto.register.schemas",
        &[],
        Boolean,
        Is("true"),
        Same("pipelines.NAME.source.output.schemas"),
    ),
    known(
        "value.converter.use.latest.version",
        &[],
        Boolean,
        Is("false"),
        Same("pipelines.NAME.source.output.schemas"),
    ),
    known(
        "value.converter.value.subject.name.strategy",
        &[],
        Type::Word(&STRATEGIES),
        Is(STRATEGIES[0]),
        Same("pipelines.NAME.source.output.subject"),
    ),
    known("value.converter.*", &[], Type::Secret, Null, WRITTEN),
    known("header.converter", &[], Text, Null, Differs("", "headers are text")),
    known("header.converter.*", &[], Text, Null, Differs("", "headers are text")),
    known(
        "offset.storage.file.filename",
        &[],
        Text,
        Required,
        Differs(
            "state",
            "orgstream's directory of state stands beside that file; positions and offsets lie in Kafka",
        ),
    ),
    known(
        "offset.flush.interval.ms",
        &[],
        Number(0, MANY),
        Is("60000"),
        Differs("", "positions are committed with their records, in one transaction"),
    ),
    known(
        "offset.flush.timeout.ms",
        &[],
        Number(0, MANY),
        Is("5000"),
        Ignored("positions are committed with their records"),
    ),
    known("plugin.path", &[], List, Null, Ignored("the connectors are part of the program")),
    known("plugin.discovery", &[], Text, Null, Ignored("the connectors are part of the program")),
    known(
        "listeners",
        &[],
        List,
        Is("http://:8083"),
        Differs(
            "http.listen",
            "the first of them, on this machine alone, since who asks from another needs credentials: `orgstream import`, and then \
             `http.listen` and `http.auth`",
        ),
    ),
    known("listeners.https.*", &[], Type::Secret, Null, Ignored("no listener with HTTPS is taken")),
    known("rest.port", &[], Number(0, 65_535), Null, Same("http.listen")),
    known(
        "rest.extension.classes",
        &[],
        List,
        Is(""),
        Refused("there are no Java classes; `orgstream import`, and then `http.auth` says who may ask"),
    ),
    known("rest.advertised.*", &[], Text, Null, Ignored("no worker asks another one")),
    known("rest.*", &[], Text, Null, Differs("", "the HTTP server takes no other settings of a worker's")),
    known("admin.listeners*", &[], Text, Null, Ignored("there is no second REST interface")),
    known("access.control.*", &[], Text, Null, Ignored("there is no page of another site to allow")),
    known("response.http.headers.config", &[], Text, Null, Ignored("of the REST interface")),
    known(
        "task.shutdown.graceful.timeout.ms",
        &[],
        Number(0, MANY),
        Is("5000"),
        Ignored("what is under way is finished or comes again"),
    ),
    known(
        "connector.client.config.override.policy",
        &[],
        Text,
        Is("All"),
        Ignored("clients take no settings from connectors"),
    ),
    known(
        "topic.creation.enable",
        &[],
        Boolean,
        Is("true"),
        Differs("", "topics that are missing are always made"),
    ),
    known("topic.tracking*", &[], Text, Null, Ignored("the status names the topics")),
    known("metric*", &[], Text, Null, Ignored("there is no JMX")),
    known("client.id", &[], Text, Null, Ignored("clients are named after their tasks")),
    known("client.dns.lookup", &[], Text, Null, Ignored("all addresses of a broker are tried")),
    known("*.ms", &[], Number(-1, MANY), Null, Ignored("connections keep times of their own")),
    known("*buffer.bytes", &[], Number(-1, MANY), Null, Ignored("connections keep buffers of their own")),
    known(
        "exactly.once.source.support",
        &[],
        Text,
        Is("disabled"),
        Differs("", "always: records and positions are one transaction"),
    ),
    known("internal.*", &[], Text, Null, Ignored("nothing is kept in that form")),
    known("confluent.*", &[], Text, Null, Ignored("there is no licence")),
    known("config.providers*", &[], Text, Null, Same("${env:NAME}, ${file:PATH}")),
    known("security.protocol", &[], Text, Is("PLAINTEXT"), SECURITY),
    known("sasl.*", &[], Type::Secret, Null, SECURITY),
    known("ssl.protocol", &[], Text, Null, NEWEST),
    known("ssl.enabled.protocols", &[], List, Null, NEWEST),
    known("ssl.provider", &[], Text, Null, Ignored("there are no Java security providers")),
    known("ssl.*manager.algorithm", &[], Text, Null, Ignored("there are no Java security providers")),
    known("ssl.*", &[], Type::Secret, Null, SECURITY),
    known(
        "producer.*",
        &[],
        Text,
        Null,
        Differs(
            "",
            "the producer is set up for the transactions that it makes; its other settings are left out",
        ),
    ),
    known(
        "consumer.*",
        &[],
        Text,
        Null,
        Differs(
            "",
            "the consumer is set up for the calls that are under way; its other settings are left out",
        ),
    ),
    known("admin.*", &[], Text, Null, Differs("", "left out")),
    known("group.id", &[], Text, Null, DISTRIBUTED),
    known("config.storage.*", &[], Text, Null, DISTRIBUTED),
    known("status.storage.*", &[], Text, Null, DISTRIBUTED),
    known("offset.storage.topic", &[], Text, Null, DISTRIBUTED),
    known("offset.storage.replication.factor", &[], Text, Null, DISTRIBUTED),
    known("offset.storage.partitions", &[], Text, Null, DISTRIBUTED),
];
