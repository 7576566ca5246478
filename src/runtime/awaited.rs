//! Topics that others have to make: those that a sink reads and no source of the file writes.
//!
//! One that is missing may be misspelt. To make it would leave a sink that waits for nothing and says nothing, so it is waited for,
//! and the status says what for. Where the broker is the process's own there is nobody else who could make it.

use std::time::Duration;

use orgstream_api::{HealthReporter, TopicTemplate};
use tokio::time::sleep;

use super::prepare::{input_topics, missing, own_topics, templates};
use super::sink::SinkEntry;
use crate::config::{Brokers, Config, Pipeline, nearest};
use crate::kafka::{Admin, Error};

/// How often it is looked whether they are there.
const LOOK: Duration = Duration::from_secs(1);

/// The topics that the sink of `pipeline` reads and that others have to make.
pub(super) fn awaited(config: &Config, pipeline: &Pipeline) -> Vec<String> {
    if config.kafka.brokers == Brokers::Embedded {
        return Vec::new();
    }
    let written: Vec<&TopicTemplate> =
        config.pipelines.iter().flat_map(templates).map(|(_, topic)| topic).collect();
    let is_written = |name: &String| written.iter().any(|topic| topic.may_be(name));
    input_topics(pipeline).into_iter().filter(|name| !is_written(name)).collect()
}

/// What is said of topics that are missing.
pub(super) async fn said(pipeline: &str, missing: &[String], admin: &Admin) -> String {
    let known = admin.topics().await.unwrap_or_default();
    let hints = missing.iter().map(|topic| match nearest(topic, known.iter().map(String::as_str)) {
        Some(near) => format!("`{topic}` (did you mean `{near}`?)"),
        None => format!("`{topic}`"),
    });
    format!(
        "the sink of pipeline {pipeline} reads {}, which the brokers do not have and no source of this file writes. It waits until somebody \
         makes it; check the name, or make the topic",
        hints.collect::<Vec<_>>().join(", ")
    )
}

impl SinkEntry {
    /// Waits until all topics are there, and then makes the sink's own. `inserts` says whether it has intents.
    pub(super) async fn wait_for_topics(
        &self,
        inserts: bool,
        admin: &Admin,
        health: &HealthReporter,
    ) -> Result<(), Error> {
        let look = || missing(&self.awaited, admin);
        let mut missing = look().await?;
        if missing.is_empty() {
            return Ok(());
        }
        while !missing.is_empty() {
            health.degraded(said(&self.pipeline, &missing, admin).await);
            sleep(LOOK).await;
            missing = look().await?;
        }
        own_topics(&self.pipeline, self.reports.as_ref(), inserts, &self.topics, admin).await?;
        health.running();
        tracing::info!(pipeline = self.pipeline, "The topics are there.");
        Ok(())
    }
}
