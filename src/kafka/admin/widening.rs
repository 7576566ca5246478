//! Gives a topic more partitions, where each record is put into one by its number and not by its key.

use rdkafka::admin::{AdminOptions, NewPartitions};
use rdkafka::error::KafkaError;
use tokio::time::{Instant, sleep};

use super::{Admin, CREATE};
use crate::kafka::error::Error;

/// How long to wait before it is asked again whether the partitions are there.
const PAUSE: std::time::Duration = std::time::Duration::from_millis(50);

impl Admin {
    /// Has `topic` have `width` partitions at least, where it is there. For topics of which no key decides the partition: the keys of
    /// others would move. Who only looks widens nothing.
    pub async fn widen(&self, topic: &str, width: i32) -> Result<(), Error> {
        let is_narrow =
            async || Ok::<_, Error>(self.partitions(topic).await?.is_some_and(|count| count < width));
        if self.outlook.is_some() || !is_narrow().await? {
            return Ok(());
        }
        let config = &self.shared.config;
        if config.settings.by_token() {
            return Err(self.refused(format!(
                "topic {topic} needs {width} partitions, as the widest input of its sink has, and orgstream adds none where it logs in \
                 with OAUTHBEARER: `kafka-topics.sh --alter --topic {topic} --partitions {width}`"
            )));
        }
        let failed = |source| {
            Error::failed(
                &config.bootstrap_servers,
                format!("giving topic {topic} {width} partitions"),
                source,
            )
        };
        let options = AdminOptions::new().request_timeout(Some(CREATE)).operation_timeout(Some(CREATE));
        let wanted = NewPartitions::new(topic, usize::try_from(width).unwrap_or_default());
        let results = self.shared.client.create_partitions([&wanted], &options).await.map_err(failed)?;
        // Another task may have been quicker: only the width counts.
        let refused = results.into_iter().find_map(Result::err).map(|(_, code)| code);
        let deadline = Instant::now() + CREATE;
        while is_narrow().await? {
            if let Some(code) = refused.filter(|_| Instant::now() > deadline - CREATE / 2) {
                return Err(failed(KafkaError::AdminOp(code)));
            }
            if Instant::now() > deadline {
                return Err(self.refused(format!(
                    "topic {topic} does not get {width} partitions: give them to it with `kafka-topics.sh --alter`"
                )));
            }
            sleep(PAUSE).await;
        }
        tracing::info!(topic, partitions = width, "topic widened");
        Ok(())
    }
}
