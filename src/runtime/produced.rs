//! What lies on a source's topics already: read back from Kafka, for a source that was restarted.

use std::collections::HashMap;

use async_trait::async_trait;
use orgstream_api::record::{field, header};
use orgstream_api::{EventType, HealthReporter, Produced, Stamp, StoreError, Version};
use orgstream_salesforce::datetime;

use crate::codec::Codec;
use crate::kafka::{Consumed, KafkaConfig, Tail};

/// The topics of one source task.
pub(super) struct ProducedTopics {
    /// The brokers.
    pub(super) kafka: KafkaConfig,
    /// Bytes to records.
    pub(super) codec: Codec,
    /// Topic → object.
    pub(super) objects: HashMap<String, String>,
    /// The task's health.
    pub(super) health: HealthReporter,
}

#[async_trait]
impl Produced for ProducedTopics {
    async fn since(&self, since: i64, each: &mut (dyn FnMut(Version) + Send)) -> Result<(), StoreError> {
        let topics = self.objects.keys().cloned().collect();
        let mut tail = Tail::open(&self.kafka, topics, since, self.health.clone());
        while let Some(record) = tail.next().await {
            let record = record.map_err(|error| failed(Box::new(error)))?;
            if let Some(version) = self.version(&record).await? {
                each(version);
            }
        }
        Ok(())
    }
}

impl ProducedTopics {
    /// The version in `record`; `None` for what is not a source's record.
    async fn version(&self, record: &Consumed) -> Result<Option<Version>, StoreError> {
        let Some(object) = self.objects.get(&record.at.partition.topic) else { return Ok(None) };
        let Some(stamp) =
            record.headers.text(header::STAMP).and_then(|text| datetime::parse_datetime(text).ok())
        else {
            return Ok(None);
        };
        let decoded = self
            .codec
            .decode(record.key.as_deref(), record.value.as_deref())
            .await
            .map_err(|error| failed(Box::new(error)))?;
        let Some(value) = decoded.value else { return Ok(None) };
        let text = |name| value.value(name).and_then(orgstream_api::Value::as_str);
        let Some(id) = text(field::ID) else { return Ok(None) };
        let deleted = text(field::EVENT_TYPE) == Some(EventType::Deleted.as_str());
        let stamp = Stamp(stamp.div_euclid(1_000));
        Ok(Some(Version { object: object.clone(), id: id.to_owned(), stamp, deleted }))
    }
}

fn failed(source: Box<dyn std::error::Error + Send + Sync>) -> StoreError {
    StoreError { what: "cannot read back what the source produced".into(), source: Some(source) }
}
