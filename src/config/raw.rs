//! Every key of the file, once. The docs become the descriptions of the JSON Schema.
//!
//! All fields are options, also the required ones: what is missing or mistyped is reported from the schema
//! with its place, and the checks go on with the rest. `x-form`
//! says of a text that it has a form of its own, such as a number with a unit; `x-switch` names the words that are meant where false or
//! true stand in its place, and `x-example` a map that is meant where a word stands.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

mod org;
pub(super) use org::{Allowances, Auth, Keystore, Org, Proxy, Sandbox, Timeouts};

mod input;
pub(super) use input::{Input, KeyFormat, Nulls, TakenFor, ValueFormat};

mod output;
pub(super) use output::{Output, WrittenKey, WrittenValue};
mod registration;
pub(super) use registration::{Schemas, Subject};

mod source;
pub(super) use source::{
    Cdc, Changes, Events, FieldRule, FieldType, ObjectSource, OnGap, Records, Snapshot, Source, Start,
    Stream, Sweep, Transport,
};

mod secret_text;
pub(super) use secret_text::SecretText;

mod secrets;
pub(super) use secrets::Secrets;

mod registry;
pub(super) use registry::{BasicAuth, SchemaRegistry};

mod security;
pub(super) use security::{Mechanism, OAuth, Properties, Protocol, Security};

mod references;
pub(super) use references::{FindRule, Reference, ReferenceWord};
mod failures;
pub(super) use failures::{ErrorAction, OnError, OtherErrors, Reports, StopAfter};
mod rules;
pub(super) use rules::{Computed, ObjectSink, OnLeave, Renamed, TooLong, Values};

mod algorithm;
pub(super) use algorithm::Algorithm;
mod writing;
pub(super) use writing::DeletedTarget;

mod bulk;
pub(super) use bulk::Bulk;

mod parked;
pub(super) use parked::{Expired, Parked};

mod start;
pub(super) use start::{PartitionStart, PartitionStarts, SinkStart, SinkStartPlace, SinkStartWord};

mod producer;
pub(super) use producer::{AddressFamily, Codec, Compression, Producer};

mod produced;
pub(super) use produced::{
    EventWord, HeaderExpression, HeaderText, Headers, KeySource, KeyWord, Matching, MissingKey, Only,
    RecordKey,
};

mod http;
pub(super) use http::{Http, HttpAuth, HttpTls};

mod log;
pub(super) use log::{Log, LogFormat, LogLevel};

mod push_topic;
pub(super) use push_topic::{Manage, NotifyForFields, Operation as PushTopicOperation, PushTopic};

/// Keeps Salesforce orgs in step through Kafka.
#[derive(Deserialize, JsonSchema, Default)]
#[schemars(title = "orgstream")]
pub(super) struct File {
    /// The Salesforce orgs, each under a name of your choice.
    #[schemars(required)]
    pub(super) orgs: Option<BTreeMap<String, Org>>,
    /// The Kafka cluster that carries the records. Without it a broker for development runs inside the process.
    pub(super) kafka: Option<Kafka>,
    /// The schema registry that keeps the records' Avro schemas. Without it a schema store runs inside the process.
    pub(super) schema_registry: Option<SchemaRegistry>,
    /// Where `{{secrets.NAME}}` is looked for.
    #[expect(dead_code, reason = "read before everything else, as it stands in the tree")]
    pub(super) secrets: Option<Secrets>,
    /// The directory of this process's own state, relative to this file. One process at a time uses it.
    #[schemars(extend("default" = "./state"))]
    pub(super) state: Option<String>,
    /// The log of `orgstream run`.
    pub(super) log: Option<Log>,
    /// The HTTP server of the process. Without it there is none.
    pub(super) http: Option<Http>,
    /// The pipelines, each under a name of your choice. The name is part of topic and group names.
    #[schemars(required)]
    pub(super) pipelines: Option<BTreeMap<String, Pipeline>>,
}

/// The Kafka cluster.
#[derive(Deserialize, JsonSchema, Default)]
pub(super) struct Kafka {
    /// `host:port` of one or more brokers, separated by commas. Without it a broker for development runs inside the process.
    pub(super) bootstrap_servers: Option<String>,
    /// How topics are made that do not exist yet.
    pub(super) topics: Option<Topics>,
    /// How the connection to the brokers is secured.
    pub(super) security: Option<Security>,
    /// How records are written.
    pub(super) producer: Option<Producer>,
    /// Which addresses of the brokers are used.
    #[schemars(extend("default" = "any"))]
    pub(super) broker_address_family: Option<AddressFamily>,
    /// Properties of the Kafka client, librdkafka, by its own names, such as `socket.timeout.ms`. They stand above all but what
    /// orgstream's promises need; overriding that is an error.
    pub(super) properties: Option<Properties>,
    /// The same for the clients that write.
    pub(super) producer_properties: Option<Properties>,
    /// The same for the clients that read.
    pub(super) consumer_properties: Option<Properties>,
}

/// How topics are made that do not exist yet.
#[derive(Deserialize, JsonSchema, Default)]
pub(super) struct Topics {
    /// Partitions of record topics. It cannot change later: records would leave their order. -1 takes the cluster's own default,
    /// and topics that are there as they are.
    #[schemars(range(min = -1, max = 10_000), extend("default" = 6))]
    pub(super) partitions: Option<i32>,
    /// Copies of each partition; -1 takes the cluster's own default.
    #[schemars(range(min = -1, max = 100), extend("default" = -1))]
    pub(super) replication_factor: Option<i32>,
}

/// A source, a sink or both, and the objects that flow through them.
#[derive(Deserialize, JsonSchema)]
pub(super) struct Pipeline {
    /// The org whose changes go into Kafka.
    pub(super) source: Option<Source>,
    /// The org that the records are written to.
    pub(super) sink: Option<Sink>,
    /// The objects, by API name. A snapshot reads them in this order: with parents before their children it takes fewer writes.
    #[schemars(extend("x-confluent" = ["salesforce.object", "salesforce.channel.entities"]))]
    pub(super) objects: Option<BTreeMap<String, Object>>,
}

/// The org that the records are written to.
#[derive(Deserialize, JsonSchema)]
pub(super) struct Sink {
    /// The org's name under `orgs`.
    #[schemars(required)]
    pub(super) org: Option<String>,
    /// The topic of each object, as in `source.topic`, which is the default. A pipeline without a source needs it.
    #[schemars(extend("x-confluent" = ["topics"]))]
    pub(super) topic: Option<String>,
    /// Where to begin in a partition of which the consumer group has committed nothing yet. It holds once: afterwards the group's own
    /// offsets count (`orgstream offsets`), and a topic that is made anew is read from its first record.
    #[schemars(extend("default" = "beginning"))]
    pub(super) start: Option<SinkStart>,
    /// What is done with a record.
    #[schemars(extend(
        "default" = "sync",
        "x-confluent" = ["salesforce.sink.object.operation", "override.event.type"]
    ))]
    pub(super) operation: Option<Operation>,
    /// How the changes of one record become writes. Inserts are never merged.
    #[schemars(extend("default" = "ordered"))]
    pub(super) algorithm: Option<Algorithm>,
    /// What the bytes of records are, where another producer writes them.
    pub(super) input: Option<Input>,
    /// What a record without a value is taken for. Its key has the id.
    #[schemars(extend("default" = "reject", "x-confluent" = ["behavior.on.null.record"]))]
    pub(super) on_null: Option<TakenFor>,
    /// What a record is taken for that says nothing of what happened, or what nobody knows, where `operation` depends on it.
    #[schemars(extend("default" = "reject"))]
    pub(super) on_unknown_event: Option<TakenFor>,
    /// What nulls mean in records that do not say which fields they carry. Those of orgstream do, and change events.
    #[schemars(extend("default" = "ignore", "x-confluent" = ["ignore.null.fields"]))]
    pub(super) nulls: Option<Nulls>,
    /// How long a record is tried again after a transient error before it is rejected. Outages of the org do not count.
    #[schemars(extend("x-form" = "duration", "default" = "15m"))]
    pub(super) retry_for: Option<String>,
    /// Records that cannot be written yet.
    pub(super) parked: Option<Parked>,
    /// What is done with records that are refused.
    pub(super) on_error: Option<OnError>,
    /// When the task stops because too many records are rejected.
    pub(super) stop_after: Option<StopAfter>,
    /// The id of the user or queue of the target org that is given records whose owner is inactive there, which are refused
    /// otherwise. They are counted as `fallback_owner` in the status.
    pub(super) fallback_owner: Option<String>,
    /// What is done with a change of a record that somebody deleted in the target org. A deletion of such a record is done, and a
    /// record that its own org brought back is fetched back in any case. An update never makes a record (`operation`).
    #[schemars(extend("default" = "undelete"))]
    pub(super) on_deleted_target: Option<DeletedTarget>,
    /// Whether records are written that a duplicate rule of the target org only warns of. Those that it blocks are always refused
    /// (`DUPLICATES_DETECTED`).
    #[schemars(extend("default" = false))]
    pub(super) allow_duplicates: Option<bool>,
    /// What the assignment rules of the target org do with written accounts, cases and leads: `off` (the record has the owner that it
    /// is written with) or `active` (the active rule gives it one). With `active` these records go by no bulk job, which knows no such
    /// rule.
    #[schemars(extend("x-switch" = ["off", "active"], "default" = "off"))]
    pub(super) assignment_rules: Option<String>,
    /// The name under which the target org knows the program: its change events repeat it in `changeOrigin`.
    #[schemars(extend("default" = "orgstream"))]
    pub(super) client: Option<String>,
    /// Topics that are told what became of each record, as by Kafka Connect's reporter. Without it nothing is reported.
    pub(super) reports: Option<Reports>,
    /// How many tasks share the partitions of the topics. Each has its own consumer and its own calls under way; more than there
    /// are partitions have nothing to do. The order of deletions across records (docs/DELIVERY.md, D5) holds within a task.
    #[schemars(range(min = 1, max = 100), extend("default" = 1, "x-confluent" = ["tasks.max"]))]
    pub(super) tasks: Option<usize>,
    /// How long a task or process may be silent before others get its partitions. A call lasts half of it at most, so that it is
    /// over by then; a process that stops leaves its partitions for as long, which spares a restart a rebalance.
    #[schemars(extend("x-form" = "duration", "default" = "45s"))]
    pub(super) session_timeout: Option<String>,
    /// When records are written by bulk jobs.
    pub(super) bulk: Option<Bulk>,
    /// An expression (CEL). Records of which it does not hold are none of this sink's, deletions among them: they are passed over,
    /// counted (`unmatched`) and committed, before anything else is asked of them. `value` is null where there is none, and has only
    /// the fields that the record carries; `event.object` is empty where nobody knows it. What it has no value for is rejected with
    /// `CONDITION_FAILED`, for which `on_error` may say otherwise.
    pub(super) when: Option<String>,
    /// An expression (CEL). Only records of which it holds are written; deletions always are.
    pub(super) filter: Option<String>,
    /// What becomes of a record that the target has when the filter holds for it no more.
    #[schemars(extend("default" = "keep"))]
    pub(super) on_leave: Option<OnLeave>,
}

/// What is done with a record.
#[derive(Deserialize, JsonSchema, Clone, Copy)]
#[serde(rename_all = "snake_case")]
pub(super) enum Operation {
    /// Upsert by external id, delete and undelete, as the record says. The external id holds the record's id in its own org.
    Sync,
    /// Always upsert by external id; deletions are rejected.
    Upsert,
    /// Always update a record that exists; deletions are rejected.
    Update,
    /// Always delete.
    Delete,
    /// Always make a new record; deletions are rejected. None is made twice, whatever happens on the way.
    Insert,
    /// Insert what was created, update what was updated, delete and undelete: as the record says.
    ByEventType,
}

/// How one object flows.
#[derive(Deserialize, JsonSchema)]
pub(super) struct Object {
    /// The field of the target org that holds the record's id in its own org: text, an external id, unique.
    #[schemars(extend("x-confluent" = ["salesforce.use.custom.id.field", "salesforce.custom.id.field.name"]))]
    pub(super) external_id: Option<String>,
    /// Fields that are never written. A name that is nearly one of the target's is refused at the start.
    #[schemars(extend("x-confluent" = ["salesforce.ignore.fields"]))]
    pub(super) ignore_fields: Option<Vec<String>>,
    /// What is done with references, by field, each `map`, `leave_out` or a rule; `default` says it of all others. With `map`,
    /// what points at an object of the pipeline gets the id that its record has in the target org, and all else is left out; with
    /// `leave_out` nothing is written.
    pub(super) references: Option<BTreeMap<String, Reference>>,
    /// Whether no reference to another record is written.
    #[schemars(extend("default" = false, "x-confluent" = ["salesforce.ignore.reference.fields"]))]
    pub(super) ignore_reference_fields: Option<bool>,
    /// Fields of the target that are computed: behind each name an expression (CEL), such as `value.LastName`. The fields
    /// that it names are written as well, where the target has them and `ignore_fields` does not name them.
    pub(super) fields: Option<BTreeMap<String, Computed>>,
    /// Values that have another name in the target: behind a field the source's values, each with the target's behind
    /// it, as in `Status: { Open: New }`. Others stay as they are, unless there is one for `"*"`.
    pub(super) values: Option<BTreeMap<String, Values>>,
    /// What becomes of text that is longer than its field.
    #[schemars(extend("default" = "reject"))]
    pub(super) too_long: Option<TooLong>,
    /// How the object is written, where that differs from what the sink says.
    pub(super) sink: Option<ObjectSink>,
    /// How the object is read, where that differs from what the source says.
    pub(super) source: Option<ObjectSource>,
}
