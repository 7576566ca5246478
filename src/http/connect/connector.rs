//! A half of a pipeline as a connector.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::config::{Config, Pipeline};
use crate::control::{Kind, State, Status, TaskStatus};

/// One half of a pipeline.
#[derive(Debug)]
pub(super) struct Connector {
    /// `<pipeline>-source` or `<pipeline>-sink`.
    pub(super) name: String,
    /// The pipeline.
    pub(super) pipeline: String,
    /// Which half.
    pub(super) kind: Kind,
    /// What the file says of it, under the names of the file, and what Kafka Connect expects beside that.
    pub(super) config: BTreeMap<String, String>,
    /// The topics that the file names.
    topics: Vec<String>,
}

/// The class that connectors of a kind have.
pub(super) fn class(kind: Kind) -> &'static str {
    match kind {
        Kind::Source => "orgstream.SalesforceSource",
        Kind::Sink => "orgstream.SalesforceSink",
    }
}

/// All that a file makes, by name.
pub(super) fn all(file: &Config) -> BTreeMap<String, Connector> {
    let of = |pipeline: &Pipeline| {
        let source = pipeline.source.as_ref().map(|_| Connector::new(file, pipeline, Kind::Source));
        let sink = pipeline.sink.as_ref().map(|_| Connector::new(file, pipeline, Kind::Sink));
        source.into_iter().chain(sink)
    };
    file.pipelines.iter().flat_map(of).map(|connector| (connector.name.clone(), connector)).collect()
}

impl Connector {
    fn new(file: &Config, pipeline: &Pipeline, kind: Kind) -> Self {
        let name = format!("{}-{}", pipeline.name, kind.as_str());
        let topics = topics(pipeline, kind);
        let other = match kind {
            Kind::Source => "sink",
            Kind::Sink => "source",
        };
        let written = file.written.get(&pipeline.name).into_iter().flatten();
        let own = written.filter(|(key, _)| key.split('.').next() != Some(other));
        let mut config: BTreeMap<String, String> =
            own.map(|(key, value)| (key.clone(), value.clone())).collect();
        let tasks =
            pipeline.sink.as_ref().filter(|_| kind == Kind::Sink).map_or(1, |sink| sink.membership.tasks);
        config.insert("name".to_owned(), name.clone());
        config.insert("connector.class".to_owned(), class(kind).to_owned());
        config.insert("tasks.max".to_owned(), tasks.to_string());
        if kind == Kind::Sink {
            config.insert("topics".to_owned(), topics.join(","));
        }
        Self { name, pipeline: pipeline.name.clone(), kind, config, topics }
    }

    /// One of which nothing is known but its name.
    #[cfg(test)]
    pub(super) fn named(name: &str, kind: Kind) -> Self {
        Self {
            name: name.to_owned(),
            pipeline: String::new(),
            kind,
            config: BTreeMap::new(),
            topics: Vec::new(),
        }
    }

    /// Its tasks that a process runs, by number.
    pub(super) fn tasks<'a>(&self, status: &'a Status) -> Vec<&'a TaskStatus> {
        let pipeline = status.pipelines.iter().filter(|pipeline| pipeline.name == self.pipeline);
        pipeline.flat_map(|pipeline| &pipeline.tasks).filter(|task| task.kind == self.kind).collect()
    }

    /// As `GET /connectors/{name}` shows it.
    pub(super) fn info(&self, tasks: &[&TaskStatus]) -> Value {
        let ids: Vec<_> =
            (0..there(tasks).len()).map(|task| json!({ "connector": self.name, "task": task })).collect();
        json!({ "name": self.name, "config": self.config, "tasks": ids, "type": self.kind.as_str() })
    }

    /// What each of its tasks is given.
    pub(super) fn task_config(&self) -> Value {
        let task = match self.kind {
            Kind::Source => "orgstream.SalesforceSourceTask",
            Kind::Sink => "orgstream.SalesforceSinkTask",
        };
        let mut config = json!(self.config);
        config["task.class"] = json!(task);
        config
    }

    /// The topics it reads, or those it has written to, as far as their names are known.
    pub(super) fn topics_of(&self, tasks: &[&TaskStatus]) -> BTreeSet<String> {
        let positions = tasks.iter().flat_map(|task| &task.positions);
        let on_record = positions.filter_map(|position| position.partition.get("topic")?.as_str());
        self.topics.iter().cloned().chain(on_record.map(str::to_owned)).collect()
    }
}

/// The tasks that a connector has in Kafka Connect's eyes: a stopped one has none.
pub(super) fn there<'a>(tasks: &'a [&'a TaskStatus]) -> &'a [&'a TaskStatus] {
    if tasks.iter().all(|task| task.state == State::Stopped) { &[] } else { tasks }
}

/// The topics that are known before there are records.
fn topics(pipeline: &Pipeline, kind: Kind) -> Vec<String> {
    match (kind, &pipeline.source, &pipeline.sink) {
        (Kind::Source, Some(source), _) => {
            let objects = source.config.objects.iter().map(|object| &object.topic);
            let events = source.config.events.iter().map(|events| &events.topic);
            objects.chain(events).filter_map(|topic| Some(topic.name()?.to_string())).collect()
        }
        (Kind::Sink, _, Some(sink)) => {
            pipeline.objects.iter().map(|object| sink.topic(&object.name)).collect()
        }
        (Kind::Source, None, _) | (Kind::Sink, _, None) => Vec::new(),
    }
}
