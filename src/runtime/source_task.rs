//! A source task, put together: an org's changes into its topics.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use orgstream_api::{Command, HealthReporter, Links, Order, Source, SourceHealth, TaskError};
use orgstream_salesforce::Org;
use orgstream_salesforce_source::{SourceConfig, SourceContext, SourceCounters, topics_on_record};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::process::Shared;
use super::produced::ProducedTopics;
use super::task::keep_running;
use crate::codec::{Codec, Output, Registry};
use crate::config::Pipeline;
use crate::control::NotOrdered;
use crate::shaping::Shaping;
use crate::worker::positions::SourceTask;
use crate::worker::record_topics::RecordTopics;
use crate::worker::source::{Beginning, SourceView, SourceWorker, StartSource};
use crate::worker::state::StateCell;

/// How long an order may take to be on record: shorter than whoever gives it waits for an answer.
const ORDER_TIMEOUT: Duration = Duration::from_secs(45);

/// Orders that wait for a source; more than a person gives.
const ORDERS: usize = 16;

/// A source task as the rest of the process sees it.
pub(super) struct SourceEntry {
    /// The pipeline.
    pub(super) pipeline: String,
    /// What the bytes of its records are.
    output: Output,
    /// What it is doing.
    pub(super) state: StateCell,
    /// What it has done.
    pub(super) view: Arc<SourceView>,
    /// What its connector has done since it was last started.
    pub(super) counters: Arc<Mutex<Option<Arc<SourceCounters>>>>,
    /// The name of the pipeline's target; `None` without a sink.
    sink: Option<String>,
    /// Where orders to it go; `None` before it is first started. Closed while it does not run.
    orders: Arc<Mutex<Option<mpsc::Sender<Order>>>>,
    /// What its connector says of the stream.
    pub(super) health: watch::Sender<SourceHealth>,
    /// Whether this process has claimed the task.
    claimed: Arc<AtomicBool>,
    /// Whether everything is to be read anew, and that is not on record yet.
    anew: Arc<AtomicBool>,
    /// What its records are on their topics.
    pub(super) shaping: Arc<Shaping>,
}

/// The topics that are known before there are records, each with its object or event.
fn named_topics(config: &SourceConfig) -> impl Iterator<Item = (String, String)> {
    let objects = config.objects.iter().map(|object| (&object.topic, &object.name));
    let all = objects.chain(config.events.iter().map(|events| (&events.topic, &events.name)));
    all.filter_map(|(topic, name)| Some((topic.name()?.to_string(), name.clone())))
}

impl SourceEntry {
    /// The task of `pipeline` before it runs; `anew`: it is to read everything anew.
    pub(super) fn new(pipeline: &Pipeline, anew: bool) -> Self {
        Self {
            pipeline: pipeline.name.clone(),
            output: pipeline.source.as_ref().map(|source| source.output.clone()).unwrap_or_default(),
            sink: pipeline.sink.as_ref().map(|sink| sink.org.clone()),
            state: StateCell::new(),
            view: Arc::default(),
            counters: Arc::default(),
            orders: Arc::default(),
            health: watch::Sender::default(),
            claimed: Arc::default(),
            anew: Arc::new(AtomicBool::new(anew)),
            shaping: pipeline.source.as_ref().map(|source| Arc::clone(&source.shaping)).unwrap_or_default(),
        }
    }

    /// Whether this is the source of `pipeline`, and everything is to be read anew, and that is not on record yet.
    pub(super) fn is_due_anew(&self, pipeline: &str) -> bool {
        self.pipeline == pipeline && self.anew.load(Ordering::Relaxed)
    }

    /// The task's name in logs and status.
    pub(super) fn name(&self) -> String {
        format!("{}-source-0", self.pipeline)
    }

    /// Orders this, and waits until it is accepted.
    pub(super) async fn order(&self, command: Command) -> Result<(), NotOrdered> {
        let orders = self.orders.lock().expect("no holder of this lock panics").clone();
        let absent = || {
            let (state, _) = self.state.read();
            let why = state.reason().map(|reason| format!(": {reason}")).unwrap_or_default();
            NotOrdered::NotRunning(format!("the source of pipeline {} does not run now{why}", self.pipeline))
        };
        let (reply, answer) = oneshot::channel();
        let Some(orders) = orders else { return Err(absent()) };
        let accepted = async {
            orders.send(Order { command, reply }).await.map_err(|_| absent())?;
            answer.await.map_err(|_| absent())?.map_err(NotOrdered::Refused)
        };
        // A source does not take what nobody waits for any more.
        timeout(ORDER_TIMEOUT, accepted).await.unwrap_or_else(|_| {
            let (state, _) = self.state.read();
            let why = state.reason().unwrap_or("it waits for the org or for Kafka");
            Err(NotOrdered::Late(format!(
                "the source of pipeline {} has not taken it within {} s: {why}. Give the order again when `orgstream \
                 status` shows no trouble; only where it waits for Kafka alone is it carried out all the same",
                self.pipeline,
                ORDER_TIMEOUT.as_secs()
            )))
        })
    }

    /// Runs the task until `stop`, starting it again where that helps.
    pub(super) async fn run(
        &self,
        shared: &Shared,
        config: SourceConfig,
        org: Org,
        stop: CancellationToken,
    ) -> Result<(), TaskError> {
        self.say_what_is_odd();
        keep_running(&self.name(), &self.state, &stop, || {
            self.attempt(shared, config.clone(), org.clone(), &stop)
        })
        .await
    }

    /// What the file asks for and may not be meant.
    fn say_what_is_odd(&self) {
        let Shaping { key, headers, .. } = &*self.shaping;
        if let Some(why) = key.breaks_order(|name| headers.is_constant(name)) {
            tracing::warn!(
                pipeline = self.pipeline,
                "The changes of one record may lie in several partitions, where they have no order: {why}. A sink would not                  know the last one; `source.key` decides."
            );
        }
        if self.shaping.read_back().is_none() {
            tracing::info!(
                pipeline = self.pipeline,
                "The records do not say where they come from (`source.headers`, `source.value`), so what lies on the topics                  cannot be read back: a snapshot that is interrupted begins again, and a start repeats the latest changes."
            );
        }
    }

    async fn attempt(
        &self,
        shared: &Shared,
        config: SourceConfig,
        org: Org,
        stop: &CancellationToken,
    ) -> Result<(), TaskError> {
        self.state.begin();
        let health = self.state.reporter();
        let registry =
            Registry::connect(&shared.registry, health.clone()).await.map_err(TaskError::restart)?;
        let codec = Codec::new(registry).writing(self.output.clone());
        let known = named_topics(&config).map(|(topic, _)| topic).collect();
        let worker = SourceWorker {
            task: SourceTask { pipeline: self.pipeline.clone(), number: 0 },
            node: shared.node.clone(),
            org: org.id().as_str().to_owned(),
            claimed: Arc::clone(&self.claimed),
            anew: Arc::clone(&self.anew),
            kafka: shared.kafka.clone(),
            again: shared.again,
            codec: codec.clone(),
            shaping: Arc::clone(&self.shaping),
            topics: RecordTopics::new(shared.admin.clone(), shared.partitions, known),
            start: self.starter(shared, config, org, codec, &health),
            quiet: shared.quiet,
            view: Arc::clone(&self.view),
            health,
        };
        worker.run(stop).await
    }

    /// What starts the source.
    fn starter(
        &self,
        shared: &Shared,
        config: SourceConfig,
        org: Org,
        codec: Codec,
        health: &HealthReporter,
    ) -> StartSource {
        let named: HashMap<_, _> = named_topics(&config).collect();
        let (kafka, admin, health) = (shared.kafka.clone(), shared.admin.clone(), health.clone());
        let links = self
            .sink
            .as_ref()
            .map(|sink| Arc::new(shared.ids.of_source(org.id().as_str(), sink)) as Arc<dyn Links>);
        let (counters, state) = (Arc::clone(&self.counters), self.state.clone());
        let (orders, seen) = (Arc::clone(&self.orders), Arc::new(shared.seen.of_task(self.name())));
        let source_health = self.health.clone();
        let metadata = self.shaping.read_back().cloned();
        Box::new(move |Beginning { positions, anew }| {
            let (config, org, counters, state) = (config.clone(), org.clone(), Arc::clone(&counters), &state);
            let (sender, commands) = mpsc::channel(ORDERS);
            *orders.lock().expect("no holder of this lock panics") = Some(sender);
            let on_record =
                topics_on_record(&positions).map(|(topic, object)| (topic.to_owned(), object.to_owned()));
            let objects = named.clone().into_iter().chain(on_record).collect();
            let (kafka, admin, codec, health) = (kafka.clone(), admin.clone(), codec.clone(), health.clone());
            let metadata = metadata.clone();
            let context = SourceContext {
                positions,
                anew,
                produced: Arc::new(ProducedTopics { kafka, admin, codec, metadata, objects, health }),
                links: links.clone(),
                seen: seen.clone(),
                commands,
                health: state.reporter_of_what_is_logged(),
                source_health: source_health.clone(),
            };
            Box::pin(async move {
                let source = orgstream_salesforce_source::start(config, org, context).await?;
                *counters.lock().expect("no holder of this lock panics") = Some(source.counters());
                Ok(Box::new(source) as Box<dyn Source>)
            })
        })
    }
}
