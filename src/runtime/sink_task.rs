//! A sink task, put together: a pipeline's topics into its target org.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use orgstream_api::{Capacity, Intents, TaskError};
use orgstream_salesforce::Org;
use orgstream_salesforce_sink::{SinkConfig, SinkContext, SinkCounters};
use tokio_util::sync::CancellationToken;

use super::lag::LagTable;
use super::process::Shared;
use super::task::keep_running;
use super::unlinked::say_unlinked;
use crate::codec::{Codec, Input, Registry};
use crate::config::{Pipeline, Reports};
use crate::kafka::{GroupConfig, GroupConsumer, Producer};
use crate::worker::intents::IntentStore;
use crate::worker::sink::{Parts, SinkTask, SinkView, SinkWorker};
use crate::worker::state::StateCell;

/// How long the group waits for a silent member. Calls to the org last half of it at most.
const SESSION_TIMEOUT: Duration = Duration::from_secs(45);
/// What is read ahead of the sink.
const READ_AHEAD: Capacity = Capacity { records: 5_000, bytes: 32 << 20 };

/// The orgs that a sink calls.
#[derive(Clone)]
pub(super) struct SinkOrgs {
    /// The one that it writes to.
    pub(super) target: Org,
    /// The one that it reads to match records of both, where the file asks for that.
    pub(super) source: Option<Org>,
}

/// A sink task as the rest of the process sees it.
pub(super) struct SinkEntry {
    /// The pipeline.
    pub(super) pipeline: String,
    /// The name of the org it writes to.
    pub(super) org: String,
    /// Where it tells what became of records.
    reports: Option<Reports>,
    /// The topics it reads.
    pub(super) topics: Vec<String>,
    /// What the bytes on them are.
    input: Input,
    /// What it is doing.
    pub(super) state: StateCell,
    /// What it has done.
    pub(super) view: Arc<SinkView>,
    /// What its connector has done since it was last started.
    pub(super) counters: Arc<Mutex<Option<Arc<SinkCounters>>>>,
    /// How far it is behind.
    pub(super) lag: Arc<LagTable>,
}

impl SinkEntry {
    /// The task of `pipeline`, which writes to `org` what it reads from `topics`, before it runs.
    pub(super) fn new(pipeline: &Pipeline, org: &str, topics: Vec<String>) -> Self {
        Self {
            pipeline: pipeline.name.clone(),
            org: org.to_owned(),
            reports: pipeline.sink.as_ref().and_then(|sink| sink.reports.clone()),
            topics,
            input: pipeline.sink.as_ref().map(|sink| sink.input).unwrap_or_default(),
            state: StateCell::new(),
            view: Arc::default(),
            counters: Arc::default(),
            lag: Arc::default(),
        }
    }

    /// The task's name in logs and status.
    pub(super) fn name(&self) -> String {
        format!("{}-sink-0", self.pipeline)
    }

    /// The consumer group of the pipeline.
    pub(super) fn group(&self) -> String {
        self.task().group()
    }

    fn task(&self) -> SinkTask {
        SinkTask { pipeline: self.pipeline.clone(), number: 0 }
    }

    /// Runs the task until `stop`, starting it again where that helps.
    pub(super) async fn run(
        &self,
        shared: &Shared,
        config: SinkConfig,
        orgs: SinkOrgs,
        stop: CancellationToken,
    ) -> Result<(), TaskError> {
        keep_running(&self.name(), &self.state, &stop, || {
            self.attempt(shared, config.clone(), orgs.clone(), &stop)
        })
        .await
    }

    async fn attempt(
        &self,
        shared: &Shared,
        config: SinkConfig,
        SinkOrgs { target: org, source }: SinkOrgs,
        stop: &CancellationToken,
    ) -> Result<(), TaskError> {
        self.state.begin();
        let health = self.state.reporter();
        shared.ids_health.iter().for_each(|part| self.state.hear_shared(part.clone()));
        let task = self.task();
        let consumer = GroupConsumer::open(
            &shared.kafka,
            GroupConfig {
                group: task.group(),
                instance: task.instance(&shared.node),
                on_behalf_of: org.id().as_str().to_owned(),
                topics: self.topics.clone(),
                session_timeout: SESSION_TIMEOUT,
                read_ahead: READ_AHEAD,
            },
        )?;
        let codec = Codec::new(
            Registry::connect(&shared.registry, health.clone()).await.map_err(TaskError::restart)?,
        );
        let producer = Producer::open(&shared.kafka, health)?;
        let intents = Arc::new(IntentStore::new(
            shared.kafka.clone(),
            self.pipeline.clone(),
            producer.clone(),
            self.state.reporter(),
        ));
        let inserts = config.operation.inserts();
        let context = SinkContext {
            ids: Arc::new(shared.ids.clone()),
            intents: Arc::clone(&intents) as Arc<dyn Intents>,
            lease: consumer.lease(),
            health: self.state.reporter(),
            source,
            spool: shared.spool.clone(),
        };
        let target_org = org.id().as_str().to_owned();
        let started = async {
            let sink = orgstream_salesforce_sink::start(config.clone(), org.clone(), context).await?;
            say_unlinked(&config, &shared.ids, &org).await;
            Ok::<_, TaskError>(sink)
        };
        let sink = tokio::select! {
            sink = started => sink?,
            () = stop.cancelled() => return Ok(()),
        };
        *self.counters.lock().expect("no holder of this lock panics") = Some(sink.counters());
        let refusals = sink.refusals();
        let worker = SinkWorker::new(Parts {
            task,
            refusals,
            reports: self.reports.clone(),
            kafka: shared.kafka.clone(),
            consumer,
            codec: codec.reading(self.input),
            sink: Box::new(sink),
            target_org,
            ids: shared.ids.clone(),
            producer,
            intents: inserts.then_some(intents),
            admin: shared.admin.clone(),
            renewal: SESSION_TIMEOUT / 3,
            view: Arc::clone(&self.view),
            health: self.state.reporter(),
        });
        worker.run(stop).await
    }
}
