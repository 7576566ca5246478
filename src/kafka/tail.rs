//! Reads the newest part of topics, from a time or from offsets to their end.

use std::collections::BTreeMap;
use std::thread;

use orgstream_api::HealthReporter;
use tokio::sync::mpsc::{Receiver, channel};

use super::config::KafkaConfig;
use super::error::Error;
use super::reader::{CancelOnDrop, Range, cancellation, read_to_end};
use super::record::Consumed;
use super::waiting;

/// How many records are read ahead of the caller.
const AHEAD: usize = 1000;

/// The records of some topics from a place on.
pub struct Tail {
    records: Receiver<Result<Consumed, Error>>,
    reason: String,
    health: HealthReporter,
    _cancel: CancelOnDrop,
}

impl Tail {
    /// Reads `topics` from the first record at or after `since` (milliseconds since the epoch) to the high watermarks
    /// that each has when its turn comes.
    pub fn since(config: &KafkaConfig, topics: Vec<String>, since: i64, health: HealthReporter) -> Self {
        let parts = topics.into_iter().map(|topic| (topic, Range::Since(since))).collect();
        Self::open(config, parts, health)
    }

    /// As [`Tail::since`], from these offsets by partition; partitions without one are read from their start.
    pub fn from(
        config: &KafkaConfig,
        topics: Vec<(String, BTreeMap<i32, i64>)>,
        health: HealthReporter,
    ) -> Self {
        let parts = topics.into_iter().map(|(topic, offsets)| (topic, Range::From(offsets))).collect();
        Self::open(config, parts, health)
    }

    fn open(config: &KafkaConfig, parts: Vec<(String, Range)>, health: HealthReporter) -> Self {
        let (sender, records) = channel(AHEAD);
        let (cancel, cancelled) = cancellation();
        let topics: Vec<&str> = parts.iter().map(|(topic, _)| topic.as_str()).collect();
        let reason = waiting::slow_read(&topics.join(", "), &config.bootstrap_servers);
        let config = config.clone();
        thread::spawn(move || {
            for (topic, range) in parts {
                let read = read_to_end(&config, &topic, range, &cancelled, |record| {
                    // Without a receiver the next look at the cancellation ends the loop.
                    sender.blocking_send(Ok(record)).ok();
                });
                if let Err(error) = read {
                    sender.blocking_send(Err(error)).ok();
                    return;
                }
            }
        });
        Self { records, reason, health, _cancel: cancel }
    }

    /// The next record; `None` at the end. In order within each partition.
    pub async fn next(&mut self) -> Option<Result<Consumed, Error>> {
        let reason = || self.reason.clone();
        waiting::tell(&self.health, reason, self.records.recv()).await
    }
}
