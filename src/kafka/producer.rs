//! The producer for everything that must be acknowledged before a ticket settles (D3): dead letters, parked
//! records, owed references, id links.
//!
//! It never gives up on a record because brokers are away: the ticket waits, and so does its partition.

use std::sync::Arc;
use std::time::Duration;

use orgstream_api::HealthReporter;
use tokio::time::sleep;

use super::config::KafkaConfig;
use super::delivery::{Deliverer, Undelivered};
use super::error::{Error, ProduceError};
use super::record::Outgoing;
use super::waiting;

/// How long to wait before a batch is written again to a topic that brokers do not know.
const PAUSE: Duration = Duration::from_millis(500);

/// An idempotent producer. Clones share it.
#[derive(Clone)]
pub struct Producer {
    deliverer: Arc<Deliverer>,
    health: HealthReporter,
}

impl Producer {
    /// Makes the client; brokers are not waited for.
    pub fn open(config: &KafkaConfig, health: HealthReporter) -> Result<Self, Error> {
        let mut client = config.producer_config();
        // 0 is for ever: an acknowledgement is waited for as long as it takes.
        client.set("message.timeout.ms", "0");
        Ok(Self { deliverer: Arc::new(Deliverer::open(config, &client)?), health })
    }

    /// Writes the records in order, and returns their offsets when all are acknowledged by all in-sync replicas.
    ///
    /// Waits for brokers as long as it takes. After an error some records may have been written, and a call that is
    /// dropped may still be: both only ever write a record twice, never not at all.
    pub async fn send(&self, records: Vec<Outgoing>) -> Result<Vec<i64>, ProduceError> {
        let deliverer = &self.deliverer;
        let reason = || {
            format!(
                "records for {} wait for Kafka at {}: {}",
                topics(&records),
                deliverer.brokers(),
                deliverer.about_waiting()
            )
        };
        let write = async {
            loop {
                // Says when a topic is gone for good.
                let places = deliverer.places(&records).await?;
                match deliverer.deliver(&records, &places).await {
                    // A broker that just came back may not know its topics yet.
                    Err(failed) if failed.misses_topic() => sleep(PAUSE).await,
                    written => return written.map_err(|failed| self.failure(&records, failed)),
                }
            }
        };
        waiting::tell(&self.health, reason, write).await
    }

    fn failure(&self, records: &[Outgoing], failed: Undelivered) -> ProduceError {
        let brokers = self.deliverer.brokers();
        if failed.is_refused() {
            return ProduceError::refused(brokers, records, &failed);
        }
        if let Some((_, reason)) = self.deliverer.fatal() {
            return ProduceError::Fatal {
                brokers: brokers.to_owned(),
                fenced_or_timed_out: false,
                what: format!("the producer for {} can do no more: {reason}", topics(records)),
            };
        }
        ProduceError::Again {
            brokers: brokers.to_owned(),
            what: format!("writing to {}", topics(records)),
            source: Box::new(failed.error),
        }
    }
}

/// The names of the topics that `records` are for, each once.
pub(super) fn topics(records: &[Outgoing]) -> String {
    let mut names: Vec<&str> = records.iter().map(|record| record.topic.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    names.join(", ")
}
