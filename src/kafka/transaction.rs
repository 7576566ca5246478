//! Source records and positions in one transaction (D8).
use std::sync::Arc;
use orgstream_api::HealthReporter;
use super::{Error, KafkaConfig, Outgoing, ProduceError};

/// A producer with a transactional id.
pub struct TransactionalProducer {}

impl TransactionalProducer {
    /// Takes over `transactional_id`: older producers of that id are fenced, their open transaction is aborted.
    /// Waits for brokers as long as it takes; drop the call to give up.
    pub async fn open(config: &KafkaConfig, transactional_id: &str, health: HealthReporter) -> Result<Self, Error> { todo!() }
    /// Writes `batch` in one transaction: all of it is visible when this returns `Ok`, none of it after an error other than `Fatal`.
    ///
    /// Waits for brokers as long as it takes. A call that is dropped leaves the outcome unknown: the producer must not
    /// be used again, and positions must be read anew.
    pub async fn commit(&mut self, batch: Arc<[Outgoing]>) -> Result<(), ProduceError> { todo!() }
    /// Ends the client, aborting what is open.
    pub async fn close(self) { todo!() }
}
