//! Reads a world's topics as a `read_committed` consumer does.

use std::collections::HashSet;

use orgstream::kafka::{Consumed, KafkaConfig, Tail};
use orgstream_api::HealthReporter;
use orgstream_api::record::header;

use super::world::Link;

impl Link {
    /// Every record of a topic, in order within each partition.
    pub(crate) async fn read(&self, topic: &str) -> Vec<Consumed> {
        let kafka = KafkaConfig {
            bootstrap_servers: self.bootstrap_servers.clone(),
            partitions: None,
            replication_factor: None,
            ..KafkaConfig::default()
        };
        let (health, _listener) = HealthReporter::new();
        let mut tail = Tail::since(&kafka, vec![topic.to_owned()], 0, health);
        let mut records = Vec::new();
        while let Some(record) = tail.next().await {
            records.push(record.expect("the topic can be read"));
        }
        records
    }

    /// No (channel, replay id) twice for a `read_committed` reader.
    pub(crate) async fn every_event_stands_once(&self, object: &str) {
        let mut events = HashSet::new();
        for record in self.read(&self.topic(object)).await {
            let event =
                [header::CHANNEL, header::REPLAY_ID].map(|name| record.headers.text(name).map(str::to_owned));
            assert!(
                event.iter().all(Option::is_some),
                "a streamed record without its event: {:?}",
                record.headers
            );
            assert!(events.insert(event.clone()), "{event:?} stands twice on the topic of {object}");
        }
        assert!(!events.is_empty(), "no records of {object}");
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
