//! Reads the newest part of topics, from a time to their end.
use super::{Consumed, Error, KafkaConfig};
use orgstream_api::HealthReporter;

/// The records of some topics from a time on.
pub struct Tail {}
impl Tail {
    /// Reads `topics` from the first record at or after `since` (milliseconds since the epoch) to the high watermarks of now.
    pub fn open(config: &KafkaConfig, topics: Vec<String>, since: i64, health: HealthReporter) -> Self { todo!() }
    /// The next record; `None` at the end.
    pub async fn next(&mut self) -> Option<Result<Consumed, Error>> { todo!() }
}
