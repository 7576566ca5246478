//! Reads a compacted topic to its end.

use std::collections::{BTreeMap, HashMap};

use orgstream_api::HealthReporter;

use super::admin::blocking;
use super::config::KafkaConfig;
use super::error::Error;
use super::reader::{Range, cancellation, read_to_end};
use super::record::Consumed;
use super::waiting;

/// What a compacted topic held.
#[derive(Debug, Clone, Default)]
pub struct Compacted {
    /// The newest record of each key; keys whose newest record is a tombstone are left out, and records without a key.
    pub entries: HashMap<Vec<u8>, Consumed>,
    /// Per partition the high watermark that was read to: where a follower goes on.
    pub next: BTreeMap<i32, i64>,
}

/// Reads all of `topic`, or one partition of it, to the high watermark it has at the call.
///
/// Waits while an open transaction holds the end back, and while brokers are away; dropping the call ends that.
pub async fn read_compacted(
    config: &KafkaConfig,
    topic: &str,
    partition: Option<i32>,
    health: &HealthReporter,
) -> Result<Compacted, Error> {
    let (_guard, cancelled) = cancellation();
    let reason = || waiting::slow_read(topic, &config.bootstrap_servers);
    let (config, name) = (config.clone(), topic.to_owned());
    let read = blocking(move || {
        let mut entries = HashMap::new();
        let next = read_to_end(&config, &name, Range::All(partition), &cancelled, |record| {
            put(&mut entries, record);
        })?;
        Ok(Compacted { entries, next })
    });
    waiting::tell(health, reason, read).await
}

/// A key's records all lie in one partition, where the later one is the newer.
fn put(entries: &mut HashMap<Vec<u8>, Consumed>, record: Consumed) {
    let Some(key) = record.key.clone() else { return };
    if record.value.is_some() {
        entries.insert(key, record);
    } else {
        entries.remove(&key);
    }
}
