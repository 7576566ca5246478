//! A sink task, put together: partitions of a pipeline's topics into its target org.

use std::sync::Arc;

use orgstream_api::{Capacity, Intents, TaskError};
use orgstream_salesforce::Org;
use orgstream_salesforce_sink::{SinkConfig, SinkContext};
use tokio_util::sync::CancellationToken;

use super::process::Shared;
use super::sink::{SinkEntry, SinkTaskEntry};
use super::task::keep_running;
use super::unlinked::say_unlinked;
use crate::codec::{Codec, Registry};
use crate::kafka::{GroupConfig, GroupConsumer, Producer, topics};
use crate::worker::intents::IntentStore;
use crate::worker::parked::entry::largest;
use crate::worker::sink::{Parts, SinkTask, SinkWorker};

/// What is read ahead of the sink.
const READ_AHEAD: Capacity = Capacity { records: 1_000, bytes: 8 << 20 };

/// The orgs that a sink calls.
#[derive(Clone)]
pub(super) struct SinkOrgs {
    /// The one that it writes to.
    pub(super) target: Org,
    /// The one that it reads to match records of both, where the file asks for that.
    pub(super) source: Option<Org>,
}

impl SinkEntry {
    /// Runs the task `number` until `stop`, starting it again where that helps.
    pub(super) async fn run(
        &self,
        number: usize,
        shared: &Shared,
        config: SinkConfig,
        orgs: SinkOrgs,
        stop: CancellationToken,
    ) -> Result<(), TaskError> {
        let task = self.task(number);
        keep_running(&task.name(), &self.tasks[number].state, &stop, || {
            self.attempt(task.clone(), &self.tasks[number], shared, config.clone(), orgs.clone(), &stop)
        })
        .await
    }

    async fn attempt(
        &self,
        task: SinkTask,
        SinkTaskEntry { state, view, counters }: &SinkTaskEntry,
        shared: &Shared,
        mut config: SinkConfig,
        SinkOrgs { target: org, source }: SinkOrgs,
        stop: &CancellationToken,
    ) -> Result<(), TaskError> {
        state.begin();
        let health = state.reporter();
        shared.ids_health.iter().for_each(|part| state.hear_shared(part.clone()));
        let inserts = config.operation.inserts();
        let waiting = async {
            let starts = self.starts(&shared.admin).await?;
            self.wait_for_topics(inserts, &shared.admin, &health).await?;
            Ok::<_, TaskError>(starts)
        };
        let starts = tokio::select! {
            starts = waiting => starts?,
            () = stop.cancelled() => return Ok(()),
        };
        let consumer = GroupConsumer::open(
            &shared.kafka,
            GroupConfig {
                group: task.group(),
                instance: task.instance(&shared.node),
                on_behalf_of: org.id().as_str().to_owned(),
                topics: self.topics.clone(),
                starts,
                session_timeout: self.session_timeout,
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
            state.reporter(),
        ));
        if let Some(bytes) = shared.admin.largest_record(&topics::parked(&self.pipeline)).await {
            config.parking.largest = largest(bytes);
        }
        let context = SinkContext {
            ids: Arc::new(shared.ids.clone()),
            intents: Arc::clone(&intents) as Arc<dyn Intents>,
            lease: consumer.lease(),
            health: state.reporter(),
            source,
            spool: shared.spool.clone(),
            tally: Arc::clone(&self.tally),
        };
        let target_org = org.id().as_str().to_owned();
        let is_first = task.number == 0;
        let started = async {
            let _turn = self.asking.lock().await;
            let sink = orgstream_salesforce_sink::start(config.clone(), org.clone(), context).await?;
            if is_first {
                say_unlinked(&config, &shared.ids, &org).await;
            }
            Ok::<_, TaskError>(sink)
        };
        let sink = tokio::select! {
            sink = started => sink?,
            () = stop.cancelled() => return Ok(()),
        };
        *counters.lock().expect("no holder of this lock panics") = Some(sink.counters());
        let refusals = sink.refusals();
        let worker = SinkWorker::new(Parts {
            task,
            refusals,
            reports: self.reports.clone(),
            kafka: shared.kafka.clone(),
            consumer,
            codec: codec.reading(self.input.clone()),
            sink: Box::new(sink),
            target_org,
            ids: shared.ids.clone(),
            producer,
            intents: inserts.then_some(intents),
            admin: shared.admin.clone(),
            front: self.front.clone(),
            renewal: self.session_timeout / 3,
            spool: shared.spool.clone(),
            view: Arc::clone(view),
            health: state.reporter(),
        });
        worker.run(stop).await
    }
}
