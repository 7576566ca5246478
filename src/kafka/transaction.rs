//! Source records and positions in one transaction (D8).
//!
//! The brokers let one producer of a transactional id work at a time. librdkafka reports two things alike, as
//! fatal: that another producer took the id over, and that the transaction took longer than its time-out. Either
//! way this producer can do no more, and only what lies on the topics tells what became of the last batch.

use std::sync::Arc;
use std::time::Duration;

use orgstream_api::HealthReporter;
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::producer::{Producer as _, ThreadedProducer};
use tokio::time::sleep;

use super::admin::blocking;
use super::config::KafkaConfig;
use super::delivery::{Deliverer, Deliveries, Undelivered};
use super::error::{Error, ProduceError};
use super::producer::topics;
use super::record::Outgoing;
use super::settings::Role;
use super::waiting;

/// A blocking call is made in steps of this length, so that giving up never takes longer.
const STEP: Duration = Duration::from_secs(1);
/// For how many milliseconds a commit waits for reports to be let go, before it is left to librdkafka.
const LETTING_GO: u32 = 50;
/// How long [`TransactionalProducer::close`] tries to abort what is open.
const ABORT: Duration = Duration::from_secs(5);
/// How long the brokers wait for an unfinished transaction. It holds `read_committed` readers back meanwhile, also
/// when the process was killed and nobody starts it again.
const TRANSACTION: Duration = Duration::from_mins(1);

/// Where the producer is with its batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// No transaction is open.
    Ready,
    /// A transaction is open and can be aborted.
    Open,
    /// The transaction is being committed; whether it was is known only at the end.
    Committing,
    /// The producer can do no more.
    Dead,
}

/// A producer with a transactional id.
pub struct TransactionalProducer {
    deliverer: Arc<Deliverer>,
    id: String,
    health: HealthReporter,
    phase: Phase,
}

impl TransactionalProducer {
    /// Takes over `transactional_id`: older producers of that id are fenced, their open transaction is aborted.
    /// Waits for brokers as long as it takes; drop the call to give up.
    pub async fn open(
        config: &KafkaConfig,
        transactional_id: &str,
        health: HealthReporter,
    ) -> Result<Self, Error> {
        let mut client = config.producer_config();
        client
            .set("transactional.id", transactional_id)
            // A transaction holds all that came while the one before was committed; nothing is worth waiting for.
            .set("linger.ms", "0")
            .set("transaction.timeout.ms", TRANSACTION.as_millis().to_string());
        config.settings.apply(&mut client, Role::Writes);
        let this = Self {
            deliverer: Arc::new(Deliverer::open(config, &client)?),
            id: transactional_id.to_owned(),
            health,
            phase: Phase::Ready,
        };
        let init = this.steps(|producer| {
            // Without a connection librdkafka asks for the coordinator in vain and waits half a second; an answer of
            // any broker means that there is one. What it says does not matter here.
            producer.client().fetch_cluster_id(STEP);
            producer.init_transactions(STEP)
        });
        waiting::tell(&this.health, || this.reason(), init).await.map_err(|error| {
            let what = format!("transactional id {} cannot be used: {error}", this.id);
            Error::Config { brokers: this.deliverer.brokers().to_owned(), what }
        })?;
        Ok(this)
    }

    /// Writes `batch` in one transaction (D8): all of it is visible when this returns `Ok`, none of it after `Again`
    /// and `Refused`.
    ///
    /// Waits for brokers as long as it takes. A call that is dropped leaves the outcome unknown: the producer
    /// refuses further batches, and positions have to be read anew.
    pub async fn commit(&mut self, batch: Arc<[Outgoing]>) -> Result<(), ProduceError> {
        if self.phase != Phase::Ready {
            return Err(self.fatal("an earlier batch was given up"));
        }
        let (deliverer, health, id) = (Arc::clone(&self.deliverer), self.health.clone(), self.id.clone());
        waiting::tell(&health, || reason(&deliverer, &id), self.transact(&batch)).await
    }

    /// Ends the client; aborts what is open when brokers answer soon enough.
    pub async fn close(self) {
        if self.phase == Phase::Open {
            let abort = self.steps(|producer| producer.abort_transaction(STEP));
            if !matches!(tokio::time::timeout(ABORT, abort).await, Ok(Ok(()))) {
                tracing::warn!(
                    transactional_id = self.id,
                    "the open transaction could not be aborted; the brokers abort it after {} s",
                    TRANSACTION.as_secs()
                );
            }
        }
    }

    async fn transact(&mut self, batch: &[Outgoing]) -> Result<(), ProduceError> {
        let places = self.deliverer.places(batch).await?;
        self.phase = Phase::Open;
        let begun = self.deliverer.producer().begin_transaction();
        if let Err(error) = begun {
            return Err(self.dead(&format!("no transaction can be begun: {error}")));
        }
        if let Err(failed) = self.deliverer.deliver(batch, &places).await {
            self.abort().await?;
            return Err(self.undelivered(batch, failed));
        }
        self.phase = Phase::Committing;
        self.reports_are_let_go().await;
        let commit = self.steps(|producer| producer.commit_transaction(STEP)).await;
        match commit {
            Ok(()) => {
                self.phase = Phase::Ready;
                Ok(())
            }
            Err(KafkaError::Transaction(error)) if error.txn_requires_abort() => {
                self.abort().await?;
                Err(ProduceError::Again {
                    brokers: self.deliverer.brokers().to_owned(),
                    what: format!("the transaction of {} was aborted", self.id),
                    source: Box::new(KafkaError::Transaction(error)),
                })
            }
            Err(error) => Err(self.dead(&format!("the transaction cannot be committed: {error}"))),
        }
    }

    async fn abort(&mut self) -> Result<(), ProduceError> {
        let abort = self.steps(|producer| producer.abort_transaction(STEP)).await;
        abort.map_err(|error| self.dead(&format!("the transaction cannot be aborted: {error}")))?;
        self.phase = Phase::Ready;
        Ok(())
    }

    /// Waits until librdkafka counts nothing as in flight any more. All reports are in by now, but it counts a record
    /// until the report about it is let go, a moment later, and a commit that finds one waits for a tenth of a second.
    async fn reports_are_let_go(&self) {
        for _ in 0..LETTING_GO {
            if self.deliverer.producer().in_flight_count() == 0 {
                return;
            }
            sleep(Duration::from_millis(1)).await;
        }
    }

    /// Makes a blocking call again and again until it has succeeded or failed for good.
    async fn steps(
        &self,
        call: impl Fn(&ThreadedProducer<Deliveries>) -> KafkaResult<()> + Copy + Send + 'static,
    ) -> KafkaResult<()> {
        loop {
            let deliverer = Arc::clone(&self.deliverer);
            let result = blocking(move || Ok(call(deliverer.producer()))).await;
            match result {
                Ok(Err(KafkaError::Flush(RDKafkaErrorCode::OperationTimedOut))) => {}
                Ok(Err(KafkaError::Transaction(error))) if error.is_retriable() => {
                    tracing::debug!(transactional_id = self.id, %error, "trying again");
                }
                Ok(result) => return result,
                Err(_) => return Err(KafkaError::Canceled),
            }
        }
    }

    fn undelivered(&self, batch: &[Outgoing], failed: Undelivered) -> ProduceError {
        let brokers = self.deliverer.brokers();
        if failed.is_refused() {
            return ProduceError::refused(brokers, batch, &failed);
        }
        ProduceError::Again {
            brokers: brokers.to_owned(),
            what: format!(
                "the transaction of {} was aborted because {} could not be written to",
                self.id,
                topics(batch)
            ),
            source: Box::new(failed.error),
        }
    }

    fn dead(&mut self, what: &str) -> ProduceError {
        self.phase = Phase::Dead;
        self.fatal(what)
    }

    fn fatal(&self, what: &str) -> ProduceError {
        let fatal = self.deliverer.fatal();
        let fenced_or_timed_out = matches!(
            fatal,
            Some((
                RDKafkaErrorCode::Fenced
                    | RDKafkaErrorCode::ProducerFenced
                    | RDKafkaErrorCode::InvalidProducerEpoch,
                _
            ))
        );
        let why = fatal.map_or(String::new(), |(_, reason)| format!(" ({reason})"));
        ProduceError::Fatal {
            brokers: self.deliverer.brokers().to_owned(),
            fenced_or_timed_out,
            what: format!("transactional id {}: {what}{why}", self.id),
        }
    }

    fn reason(&self) -> String {
        reason(&self.deliverer, &self.id)
    }
}

fn reason(deliverer: &Deliverer, id: &str) -> String {
    format!("transactions of {id} wait for Kafka at {}: {}", deliverer.brokers(), deliverer.about_waiting())
}
