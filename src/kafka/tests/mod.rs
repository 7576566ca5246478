//! Against a real Apache Kafka: what only the brokers can prove.

mod admin;
mod groups;
mod outage;
mod producing;
mod readers;
mod transactions;

use std::sync::Arc;

use orgstream_api::{Headers, HealthReporter};

use super::{Admin, Cleanup, KafkaConfig, Outgoing, Place, Producer, TopicSpec, TransactionalProducer};
use crate::peers;

/// A topic of a test's own, and what it takes to write to it.
struct Fixture {
    config: KafkaConfig,
    admin: Admin,
    topic: String,
}

impl Fixture {
    /// `None` when there is no broker here.
    async fn new(partitions: i32, cleanup: Cleanup) -> Option<Self> {
        let config = peers::kafka()?;
        let admin = Admin::connect(&config).await.unwrap();
        let topic = peers::unique("test");
        let spec = TopicSpec { name: topic.clone(), partitions: Some(partitions), cleanup };
        admin.ensure_topics(&[spec]).await.unwrap();
        Some(Self { config, admin, topic })
    }

    fn producer(&self) -> Producer {
        Producer::open(&self.config, health()).unwrap()
    }

    async fn transactional(&self, id: &str) -> TransactionalProducer {
        TransactionalProducer::open(&self.config, id, health()).await.unwrap()
    }

    fn record(&self, partition: i32, key: &str, value: Option<&str>) -> Outgoing {
        Outgoing {
            topic: self.topic.clone(),
            place: Place::Partition(partition),
            key: Some(key.into()),
            value: value.map(Into::into),
            headers: Headers::default(),
            timestamp: None,
        }
    }

    fn records(&self, partition: i32, numbers: std::ops::Range<i32>) -> Vec<Outgoing> {
        numbers.map(|number| self.record(partition, "k", Some(&number.to_string()))).collect()
    }

    async fn write(&self, producer: &mut TransactionalProducer, records: Vec<Outgoing>) {
        producer.commit(Arc::from(records)).await.unwrap();
    }

    /// The high watermark of a partition.
    async fn end(&self, partition: i32) -> i64 {
        let ends = self.admin.end_offsets(std::slice::from_ref(&self.topic)).await.unwrap();
        ends[&self.place(partition)]
    }

    fn place(&self, partition: i32) -> orgstream_api::TopicPartition {
        orgstream_api::TopicPartition { topic: self.topic.clone(), partition }
    }
}

fn health() -> HealthReporter {
    HealthReporter::new().0
}

fn text(value: Option<&[u8]>) -> &str {
    std::str::from_utf8(value.unwrap()).unwrap()
}
