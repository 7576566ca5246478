//! The configuration as the rest of the program sees it. Everything in it was checked.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use orgstream_api::record::field;
use orgstream_api::{Expression, TopicTemplate};
use orgstream_salesforce::{OrgConfig, WriteOptions};
use orgstream_salesforce_sink::{
    Algorithm, BulkRules, DeletedTarget, Failures, Operation, Parking, Reading, ReferenceRules, Rules,
    SinkConfig, SinkObject,
};
use orgstream_salesforce_source::SourceConfig;

use super::http::Http;
use super::settled::Settled;
use super::start::SinkStart;
use super::written::Written;
use crate::codec::{Input, Output, RegistryConfig};
use crate::expression::ReportBody;
use crate::kafka::Settings;
use crate::shaping::Shaping;
use crate::telemetry::LogOptions;
use crate::worker::source::Again;

/// One file's configuration.
#[derive(Debug, Clone)]
pub struct Config {
    /// The file, as the user named it.
    pub file: PathBuf,
    /// The orgs by name.
    pub orgs: BTreeMap<String, Org>,
    /// The Kafka cluster.
    pub kafka: Kafka,
    /// What keeps the schemas.
    pub schema_registry: SchemaRegistry,
    /// The state directory; may not exist yet.
    pub state: PathBuf,
    /// The log of a run.
    pub log: LogOptions,
    /// The HTTP server; `None` where the file asks for none.
    pub http: Option<Http>,
    /// The pipelines, ordered by name.
    pub pipelines: Vec<Pipeline>,
    /// The same as they stand in the file, for those who are shown it.
    pub written: Written,
    /// What all of it comes to, to tell what another file would change.
    pub settled: Settled,
    /// The file itself.
    pub(crate) text: FileText,
}

/// The text of a file. It may hold secrets, so nothing shows it.
#[derive(Clone, Default)]
pub(crate) struct FileText(Arc<str>);

impl FileText {
    pub(super) fn new(text: &str) -> Self {
        Self(text.into())
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for FileText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FileText")
    }
}

/// An org: one that is somewhere, or one that the process simulates.
#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "a handful of them is made once")]
pub enum Org {
    /// Where it is and how to log in.
    Salesforce(OrgConfig),
    /// A simulated org, kept in the state directory.
    Sandbox(Sandbox),
}

/// A simulated org.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sandbox {
    /// Custom objects and fields, as the text of a YAML file.
    pub objects: Option<String>,
    /// Records that are in it when it is new.
    pub records: u32,
}

/// What keeps the schemas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SchemaRegistry {
    /// A registry.
    At(RegistryConfig),
    /// The schema store of the process.
    Embedded,
}

/// What carries the records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Brokers {
    /// A cluster: `host:port`, separated by commas.
    At(String),
    /// The development broker of the process.
    Embedded,
}

/// The Kafka cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kafka {
    /// Where it is.
    pub brokers: Brokers,
    /// Partitions of the record topics that are made; -1 is the cluster's default, and any number where a topic is there.
    pub partitions: i32,
    /// Copies of each partition; -1 is the cluster's default.
    pub replication_factor: i32,
    /// What is done when a source's transaction is aborted.
    pub again: Again,
    /// How its clients are set up.
    pub settings: Settings,
}

/// A source, a sink or both, and the objects that flow through them.
#[derive(Debug, Clone)]
pub struct Pipeline {
    /// Its name, part of group names and of the names of its own topics.
    pub name: String,
    /// The source; at least one of source and sink is there.
    pub source: Option<PipelineSource>,
    /// The sink.
    pub sink: Option<PipelineSink>,
    /// The objects in the order of the file, at least one.
    pub objects: Vec<Object>,
}

impl Pipeline {
    /// What its halves are called: `crm-source`, `crm-sink`.
    pub fn halves(&self) -> impl Iterator<Item = String> {
        let source = self.source.as_ref().map(|_| format!("{}-source", self.name));
        source.into_iter().chain(self.sink.as_ref().map(|_| format!("{}-sink", self.name)))
    }
}

/// The source of a pipeline.
#[derive(Debug, Clone)]
pub struct PipelineSource {
    /// A name in [`Config::orgs`].
    pub org: String,
    /// What the bytes of records are.
    pub output: Output,
    /// What the source connector is given.
    pub config: SourceConfig,
    /// What its records are on their topics.
    pub shaping: Arc<Shaping>,
}

/// The sink of a pipeline.
#[derive(Debug, Clone)]
pub struct PipelineSink {
    /// A name in [`Config::orgs`].
    pub org: String,
    /// The topic of each object, which is all that is left open in it.
    pub topic: TopicTemplate,
    /// Where it begins in partitions of which its group has committed nothing.
    pub start: SinkStart,
    /// The condition for a record to be looked at at all.
    pub when: Option<Arc<dyn Expression>>,
    /// What the bytes of records are.
    pub input: Input,
    /// What is done with what records leave open.
    pub reading: Reading,
    /// What is done with a record.
    pub operation: Operation,
    /// How the changes of one record become writes.
    pub algorithm: Algorithm,
    /// How long a record's transient errors are tried again.
    pub retry_for: Duration,
    /// When records wait in Kafka, and for how long.
    pub parking: Parking,
    /// What is done with records that cannot be written.
    pub failures: Failures,
    /// Where it is told what became of records; `None` where nobody asks.
    pub reports: Option<Reports>,
    /// When records are written by bulk jobs.
    pub bulk: BulkRules,
    /// How its tasks are members of their consumer group.
    pub membership: Membership,
    /// What is done with changes of records that somebody deleted in the org.
    pub on_deleted_target: DeletedTarget,
    /// What the org is told beside the records.
    pub writing: WriteOptions,
}

/// How the tasks of a sink are members of their consumer group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Membership {
    /// How many there are, at least one.
    pub tasks: usize,
    /// How long the group waits for a silent one. Calls to the org last half of it at most.
    pub session_timeout: Duration,
}

/// Where it is told what became of records.
#[derive(Debug, Clone)]
pub struct Reports {
    /// The topic of those that were written.
    pub success: Option<String>,
    /// The topic of those that were refused.
    pub error: Option<String>,
    /// What a report says, where that is not the plain text.
    pub(crate) body: Option<ReportBody>,
}

impl Reports {
    /// The topics, one or two.
    pub fn topics(&self) -> impl Iterator<Item = &String> {
        self.success.iter().chain(&self.error)
    }
}

/// An object of a pipeline.
#[derive(Debug, Clone)]
pub struct Object {
    /// Its API name.
    pub name: String,
    /// The target's external-id field; there for `sync` and `upsert`.
    pub external_id: Option<String>,
    /// Fields that are never written.
    pub ignore_fields: Vec<String>,
    /// What is done with its references.
    pub references: ReferenceRules,
    /// Which of its records are written, and what their fields hold.
    pub rules: Rules,
}

impl Pipeline {
    /// The name of the org that the sink reads to match records of both orgs; `None` when no rule asks for that.
    pub fn matched_org(&self) -> Option<&str> {
        let asked =
            self.sink.is_some() && self.objects.iter().any(|object| object.references.ask_the_source());
        self.source.as_ref().filter(|_| asked).map(|source| source.org.as_str())
    }

    /// What the source connector is given; `None` without a source.
    pub fn source_config(&self) -> Option<SourceConfig> {
        Some(self.source.as_ref()?.config.clone())
    }

    /// What the sink connector is given; `None` without a sink. `source_org` is the 18-character id of the org
    /// that records without a header come from.
    pub fn sink_config(&self, source_org: Option<String>) -> Option<SinkConfig> {
        let sink = self.sink.as_ref()?;
        let objects = self.objects.iter().map(|object| SinkObject {
            name: object.name.clone(),
            topic: sink.topic(&object.name),
            external_id: object.external_id.clone(),
            ignore_fields: object.ignore_fields.clone(),
            references: object.references.clone(),
            rules: object.rules.clone(),
        });
        Some(SinkConfig {
            pipeline: self.name.clone(),
            operation: sink.operation,
            algorithm: sink.algorithm,
            when: sink.when.clone(),
            reading: sink.reading,
            retry_for: sink.retry_for,
            parking: sink.parking,
            failures: sink.failures.clone(),
            source_org,
            bulk: sink.bulk,
            on_deleted_target: sink.on_deleted_target,
            writing: sink.writing.clone(),
            objects: objects.collect(),
        })
    }
}

impl PipelineSource {
    /// The template of the topics of `object`.
    pub fn topic(&self, object: &str) -> Option<&TopicTemplate> {
        self.config.objects.iter().find(|known| known.name == object).map(|known| &known.topic)
    }
}

impl PipelineSink {
    /// The topic that records of `object` are read from.
    pub fn topic(&self, object: &str) -> String {
        topic_of(&self.topic, object).to_string()
    }
}

/// The template for records of `object` in which all is put in that the object's name says. The records must be whole:
/// change events have a type of their own.
pub(super) fn topic_of(template: &TopicTemplate, object: &str) -> TopicTemplate {
    template.of_object(object).with_field(field::OBJECT_TYPE, object)
}
