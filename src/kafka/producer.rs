//! The producer for everything that must be acknowledged before a ticket settles (D3).
use orgstream_api::HealthReporter;
use super::{Error, KafkaConfig, Outgoing, ProduceError};

/// An idempotent producer. Clones share it.
#[derive(Clone)]
pub struct Producer {}

impl Producer {
    /// Makes the client; brokers are not waited for.
    pub fn open(config: &KafkaConfig, health: HealthReporter) -> Result<Self, Error> { todo!() }
    /// Writes the records in order, and returns their offsets when all are acknowledged by all replicas.
    /// Waits for brokers as long as it takes. A call that is dropped may still be written.
    pub async fn send(&self, records: Vec<Outgoing>) -> Result<Vec<i64>, ProduceError> { todo!() }
}
