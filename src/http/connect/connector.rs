//! A half of a pipeline as a connector, or a connector by Kafka Connect's properties.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::config::{Config, Pipeline};
use crate::confluent;
use crate::connectors::{Declared, Trouble};
use crate::control::{Kind, State, Status, TaskStatus};

/// One half of a pipeline, or of several that one connector became.
#[derive(Debug)]
pub(super) struct Connector {
    /// `<pipeline>-source` or `<pipeline>-sink`; or the name that somebody gave it.
    pub(super) name: String,
    /// The pipelines.
    pub(super) pipelines: Vec<String>,
    /// Whether it is a half of a pipeline of the file.
    pub(super) is_half: bool,
    /// Which half.
    pub(super) kind: Kind,
    /// What the file says of it, under the names of the file, and what Kafka Connect expects beside that; or its properties.
    pub(super) config: BTreeMap<String, String>,
    /// Why it could not be started.
    pub(super) trouble: Option<Trouble>,
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

/// All that a file makes, and those by Kafka Connect's properties, by name.
pub(super) fn all(file: &Config, declared: Vec<Declared>) -> BTreeMap<String, Connector> {
    let is_half =
        |pipeline: &&Pipeline| !declared.iter().any(|declared| declared.pipelines.contains(&pipeline.name));
    let of = |pipeline: &Pipeline| {
        let source = pipeline.source.as_ref().map(|_| Connector::new(file, pipeline, Kind::Source));
        let sink = pipeline.sink.as_ref().map(|_| Connector::new(file, pipeline, Kind::Sink));
        source.into_iter().chain(sink)
    };
    let mut all: BTreeMap<_, _> = file
        .pipelines
        .iter()
        .filter(is_half)
        .flat_map(of)
        .map(|connector| (connector.name.clone(), connector))
        .collect();
    for declared in declared {
        all.insert(declared.name.clone(), Connector::declared(file, declared));
    }
    all
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
        let pipelines = vec![pipeline.name.clone()];
        Self { name, pipelines, is_half: true, kind, config, trouble: None, topics }
    }

    fn declared(file: &Config, declared: Declared) -> Self {
        let Declared { name, kind, pipelines, config, trouble, .. } = declared;
        let own = file.pipelines.iter().filter(|pipeline| pipelines.contains(&pipeline.name));
        let topics = own.flat_map(|pipeline| topics(pipeline, kind)).collect();
        Self { name, pipelines, is_half: false, kind, config, trouble, topics }
    }

    /// One of which nothing is known but its name.
    #[cfg(test)]
    pub(super) fn named(name: &str, kind: Kind) -> Self {
        Self {
            name: name.to_owned(),
            pipelines: Vec::new(),
            is_half: true,
            kind,
            config: BTreeMap::new(),
            trouble: None,
            topics: Vec::new(),
        }
    }

    /// Its tasks that a process runs, by number.
    pub(super) fn tasks<'a>(&self, status: &'a Status) -> Vec<&'a TaskStatus> {
        if self.trouble.is_some() {
            return Vec::new();
        }
        let pipelines = status.pipelines.iter().filter(|pipeline| self.pipelines.contains(&pipeline.name));
        pipelines.flat_map(|pipeline| &pipeline.tasks).filter(|task| task.kind == self.kind).collect()
    }

    /// Whether it is there for whoever asks: halves of pipelines are when this process runs them, others always.
    pub(super) fn is_shown(&self, tasks: &[&TaskStatus]) -> bool {
        !self.is_half || !tasks.is_empty()
    }

    /// As `GET /connectors/{name}` shows it.
    pub(super) fn info(&self, tasks: &[&TaskStatus]) -> Value {
        let ids: Vec<_> =
            (0..there(tasks).len()).map(|task| json!({ "connector": self.name, "task": task })).collect();
        json!({ "name": self.name, "config": self.config, "tasks": ids, "type": self.kind.as_str() })
    }

    /// The tasks that it will have when it runs.
    pub(super) fn planned(&self) -> Value {
        let each = match self.kind {
            Kind::Source => 1,
            Kind::Sink => self.config.get("tasks.max").and_then(|most| most.trim().parse().ok()).unwrap_or(1),
        };
        let all = self.pipelines.len().saturating_mul(each);
        (0..all).map(|task| json!({ "connector": self.name, "task": task })).collect()
    }

    /// What each of its tasks is given.
    pub(super) fn task_config(&self) -> Value {
        let task = match (self.is_half, self.kind) {
            (true, Kind::Source) => "orgstream.SalesforceSourceTask".to_owned(),
            (true, Kind::Sink) => "orgstream.SalesforceSinkTask".to_owned(),
            (false, _) => {
                let class = self.config.get("connector.class").map(String::as_str).unwrap_or_default();
                let known = confluent::Kind::of_class(class).map(confluent::Kind::class);
                let class = known.as_ref().map_or(class, |known| *known);
                format!("{}Task", class.strip_suffix("Connector").unwrap_or(class))
            }
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
