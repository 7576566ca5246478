//! Hands records to librdkafka and waits for the brokers' answers to all of them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rdkafka::ClientContext;
use rdkafka::client::{Client, OAuthToken};
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message;
use rdkafka::producer::{BaseRecord, DeliveryResult, Producer as _, ProducerContext, ThreadedProducer};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep};

use super::admin::blocking;
use super::config::KafkaConfig;
use super::context::{Reports, log};
use super::error::{Error, GONE, ProduceError, tells_of_missing_topic};
use super::partitioner::partition_of;
use super::query;
use super::record::{Outgoing, Place, owned_headers};
use super::token;

/// How long to wait before trying again when librdkafka's queue is full or a broker did not answer.
const PAUSE: Duration = Duration::from_millis(100);

/// A record of a batch was not written.
#[derive(Debug)]
pub(super) struct Undelivered {
    /// Its place in the batch.
    pub(super) index: usize,
    /// Why.
    pub(super) error: KafkaError,
}

impl Undelivered {
    /// Whether no broker will ever take the record as it is.
    pub(super) fn is_refused(&self) -> bool {
        matches!(
            self.error.rdkafka_error_code(),
            Some(
                RDKafkaErrorCode::MessageSizeTooLarge
                    | RDKafkaErrorCode::InvalidMessage
                    | RDKafkaErrorCode::InvalidTimestamp
                    | RDKafkaErrorCode::InvalidRecord
            )
        )
    }

    /// Whether the brokers do not know the topic.
    pub(super) fn misses_topic(&self) -> bool {
        tells_of_missing_topic(self.error.rdkafka_error_code())
    }
}

/// A producer whose reports are collected batch by batch.
pub(super) struct Deliverer {
    /// Taken out only by `drop`.
    producer: Option<ThreadedProducer<Deliveries>>,
    brokers: String,
    partitions: Mutex<HashMap<String, i32>>,
}

impl Deliverer {
    /// A client with these settings.
    pub(super) fn open(config: &KafkaConfig, client: &rdkafka::ClientConfig) -> Result<Self, Error> {
        let producer = client
            .create_with_context(Deliveries::default())
            .map_err(|error| Error::refused_config(&config.bootstrap_servers, &error))?;
        Ok(Self {
            producer: Some(producer),
            brokers: config.bootstrap_servers.clone(),
            partitions: Mutex::new(HashMap::new()),
        })
    }

    /// librdkafka's own producer, for transactions.
    pub(super) fn producer(&self) -> &ThreadedProducer<Deliveries> {
        self.producer.as_ref().expect("the producer is there until the drop")
    }

    /// Why the client can do no more, if that is so.
    pub(super) fn fatal(&self) -> Option<(RDKafkaErrorCode, String)> {
        self.producer().client().fatal_error()
    }

    /// `kafka.bootstrap_servers`.
    pub(super) fn brokers(&self) -> &str {
        &self.brokers
    }

    /// What is known about a wait for the brokers.
    pub(super) fn about_waiting(&self) -> String {
        self.producer().context().reports.about_waiting()
    }

    /// The partitions that `records` go to, in order. Waits for brokers as long as it takes.
    pub(super) async fn places(self: &Arc<Self>, records: &[Outgoing]) -> Result<Vec<i32>, ProduceError> {
        let mut places = Vec::with_capacity(records.len());
        for record in records {
            // Asked for every record, so that a topic that is gone is named before anything is written.
            let partitions = self.partitions_of(&record.topic).await?;
            places.push(match &record.place {
                Place::Partition(partition) => *partition,
                Place::Key(key) => partition_of(key, partitions),
            });
        }
        Ok(places)
    }

    /// How many partitions `topic` has: asked once, because a changed count would put a key's records out of order.
    async fn partitions_of(self: &Arc<Self>, topic: &str) -> Result<i32, ProduceError> {
        let known = self.known().get(topic).copied();
        if let Some(known) = known {
            return Ok(known);
        }
        let asked = Instant::now();
        loop {
            let (this, name) = (Arc::clone(self), topic.to_owned());
            let ask = move || {
                let client: &Client<Deliveries> = this.producer().client();
                query::count_partitions(client, &this.brokers, &name)
            };
            match blocking(ask).await {
                Ok(Some(partitions)) => {
                    self.known().insert(topic.to_owned(), partitions);
                    return Ok(partitions);
                }
                Ok(None) if asked.elapsed() >= GONE => {
                    return Err(ProduceError::TopicGone(Error::topic_gone(&self.brokers, topic)));
                }
                Ok(None) | Err(Error::Failed { .. }) => sleep(PAUSE).await,
                Err(Error::Config { what, .. }) => return Err(self.unusable(what)),
                Err(error) => return Err(self.unusable(error.to_string())),
            }
        }
    }

    /// Records cannot be written at all, whatever they are.
    fn unusable(&self, what: String) -> ProduceError {
        ProduceError::Fatal { brokers: self.brokers.clone(), fenced_or_timed_out: false, what }
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, i32>> {
        self.partitions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes `records` to `places` and waits for the answers to all of them. The offsets, in order; or the first
    /// record that was not written, while others may have been.
    pub(super) async fn deliver(
        &self,
        records: &[Outgoing],
        places: &[i32],
    ) -> Result<Vec<i64>, Undelivered> {
        let (done, answers) = oneshot::channel();
        let batch = Arc::new(Batch::new(records.len(), done));
        for (index, (record, place)) in records.iter().zip(places).enumerate() {
            if let Err(error) = self.enqueue(&batch, index, record, *place).await {
                // Within a transaction one failed record fails those after it. The report of the first says why.
                sleep(PAUSE).await;
                // What was handed over before is waited for by whoever ends the transaction; a plain producer
                // goes on writing it.
                let failed = batch.refused().unwrap_or(Undelivered { index, error });
                self.forget_missing(records, &failed);
                return Err(failed);
            }
        }
        drop(batch);
        let answer =
            answers.await.unwrap_or_else(|_| Err(Undelivered { index: 0, error: KafkaError::Canceled }));
        if let Err(failed) = &answer {
            self.forget_missing(records, failed);
        }
        answer
    }

    /// Whether the topic is there at all, and how wide, is asked before the next batch: asking is also what tells librdkafka of
    /// partitions that were added since.
    fn forget_missing(&self, records: &[Outgoing], failed: &Undelivered) {
        if failed.misses_topic() {
            self.known().remove(&records[failed.index].topic);
        }
    }

    async fn enqueue(
        &self,
        batch: &Arc<Batch>,
        index: usize,
        record: &Outgoing,
        place: i32,
    ) -> Result<(), KafkaError> {
        loop {
            let report = Box::new(Report { batch: Arc::clone(batch), index });
            match self.producer().send(outgoing(record, place, report)) {
                Ok(()) => return Ok(()),
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), _)) => {}
                Err((error, _)) => return Err(error),
            }
            sleep(PAUSE).await;
        }
    }
}

impl Drop for Deliverer {
    fn drop(&mut self) {
        // Ending the client waits for its threads, which the runtime's threads must not.
        let producer = self.producer.take();
        std::thread::spawn(move || drop(producer));
    }
}

/// Where the report about one record belongs.
pub(super) struct Report {
    batch: Arc<Batch>,
    index: usize,
}

/// Records whose reports are waited for together.
struct Batch {
    state: Mutex<BatchState>,
}

struct BatchState {
    missing: usize,
    offsets: Vec<i64>,
    failed: Option<Undelivered>,
    done: Option<oneshot::Sender<Result<Vec<i64>, Undelivered>>>,
}

impl Batch {
    fn new(records: usize, done: oneshot::Sender<Result<Vec<i64>, Undelivered>>) -> Self {
        let mut state =
            BatchState { missing: records, offsets: vec![-1; records], failed: None, done: Some(done) };
        state.finish();
        Self { state: Mutex::new(state) }
    }

    /// The record that was refused, if one was yet.
    fn refused(&self) -> Option<Undelivered> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.failed.take_if(|failed| failed.is_refused())
    }

    fn report(&self, index: usize, result: Result<i64, KafkaError>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.missing -= 1;
        match result {
            Ok(offset) => state.offsets[index] = offset,
            Err(error) => {
                let failed = Undelivered { index, error };
                // A refusal is what the caller has to know of; the rest may only have failed with it.
                let tells_more =
                    state.failed.as_ref().is_none_or(|known| !known.is_refused() && failed.is_refused());
                if tells_more {
                    state.failed = Some(failed);
                }
            }
        }
        state.finish();
    }
}

impl BatchState {
    fn finish(&mut self) {
        if self.missing > 0 {
            return;
        }
        if let Some(done) = self.done.take() {
            let result = match self.failed.take() {
                Some(failed) => Err(failed),
                None => Ok(std::mem::take(&mut self.offsets)),
            };
            // A caller that stopped waiting has its answer in the topic.
            done.send(result).ok();
        }
    }
}

/// Sorts librdkafka's reports into their batches.
#[derive(Debug, Default)]
pub(super) struct Deliveries {
    reports: Reports,
}

impl ClientContext for Deliveries {
    const ENABLE_REFRESH_OAUTH_TOKEN: bool = true;

    fn generate_oauth_token(&self, config: Option<&str>) -> Result<OAuthToken, Box<dyn std::error::Error>> {
        token::of(config)
    }

    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        log(level, facility, line);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.reports.note(&error, reason);
    }
}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = Box<Report>;

    fn delivery(&self, result: &DeliveryResult<'_>, report: Box<Report>) {
        let result = match result {
            Ok(message) => Ok(message.offset()),
            Err((error, _)) => Err(error.clone()),
        };
        report.batch.report(report.index, result);
    }
}

fn outgoing(record: &Outgoing, place: i32, report: Box<Report>) -> BaseRecord<'_, [u8], [u8], Box<Report>> {
    let mut out = BaseRecord::with_opaque_to(&record.topic, report).partition(place);
    out.key = record.key.as_deref();
    out.payload = record.value.as_deref();
    out.timestamp = record.timestamp;
    out.headers = Some(owned_headers(&record.headers));
    out
}
