//! Transactions one after the other, through two producers in turn (D8).
//!
//! Kafka says that a transaction is committed before its markers are written, and until they are refuses the next one of
//! the same transactional id; librdkafka then waits for 20 ms, which cannot be set. The other producer is free meanwhile.

use std::sync::Arc;

use orgstream_api::HealthReporter;

use super::config::KafkaConfig;
use super::error::{Error, ProduceError};
use super::record::Outgoing;
use super::transaction::TransactionalProducer;

/// Two transactional producers, of which one at a time has a transaction.
pub struct Turns {
    producers: [TransactionalProducer; 2],
    next: usize,
}

impl Turns {
    /// Takes over `transactional_id` and `<transactional_id>.2`, in this order: when it returns, no older pair can commit
    /// anything more, and all that one committed can be read.
    ///
    /// # Errors
    /// As [`TransactionalProducer::open`].
    pub async fn open(
        config: &KafkaConfig,
        transactional_id: &str,
        health: HealthReporter,
    ) -> Result<Self, Error> {
        let first = TransactionalProducer::open(config, transactional_id, health.clone()).await?;
        let second = TransactionalProducer::open(config, &format!("{transactional_id}.2"), health).await?;
        Ok(Self { producers: [first, second], next: 0 })
    }

    /// As [`TransactionalProducer::commit`]. One that is to be tried again is tried by the same producer.
    pub async fn commit(&mut self, batch: Arc<[Outgoing]>) -> Result<(), ProduceError> {
        self.producers[self.next].commit(batch).await?;
        self.next = 1 - self.next;
        Ok(())
    }

    /// As [`TransactionalProducer::close`].
    pub async fn close(self) {
        for producer in self.producers {
            producer.close().await;
        }
    }
}
