//! Reads a world's topics as a `read_committed` consumer does.

use orgstream::kafka::{Consumed, KafkaConfig, Tail};
use orgstream_api::HealthReporter;

use super::world::Link;

impl Link {
    /// Every record of a topic, in order within each partition.
    pub(crate) async fn read(&self, topic: &str) -> Vec<Consumed> {
        let kafka = KafkaConfig {
            bootstrap_servers: self.bootstrap_servers.clone(),
            partitions: None,
            replication_factor: None,
        };
        let (health, _listener) = HealthReporter::new();
        let mut tail = Tail::since(&kafka, vec![topic.to_owned()], 0, health);
        let mut records = Vec::new();
        while let Some(record) = tail.next().await {
            records.push(record.expect("the topic can be read"));
        }
        records
    }

    /// The dead letters, as (code, message).
    pub(crate) async fn dead_letters(&self) -> Vec<(String, String)> {
        let letters = self.read(&orgstream::kafka::topics::dead_letters(&self.pipeline)).await;
        let text = |record: &Consumed, name: &str| {
            record.headers.text(&format!("__connect.errors.exception.{name}")).unwrap_or_default().to_owned()
        };
        letters.iter().map(|letter| (text(letter, "class.name"), text(letter, "message"))).collect()
    }
}
