//! Partitions whose commits are gone: their offsets may have begun again, so what links say of older ones is no order.
//!
//! A record at or below its link's `last` counts as written already. In a topic that was deleted and made anew that would
//! hide every new record up to the old offsets. Kafka forgets a group's commits with their topic, but also when a group
//! is away for long, and the two look alike. Either way stamps tell older states from newer ones, as they do between
//! partitions.

use std::collections::BTreeSet;
use std::time::Duration;

use orgstream_api::{IdMap as _, TaskError, TopicPartition};
use tokio::time::timeout;

use super::SinkWorker;

/// How long the group's coordinator is given to say what is committed.
const ANSWER: Duration = Duration::from_secs(10);

/// No partition: records of every partition are compared with it by their stamps.
const NONE: i32 = -1;
/// How many links are bound at once.
const BATCH: usize = 1_000;

impl SinkWorker {
    /// Whether Kafka still has the commits that were made, so that others may be made.
    ///
    /// A topic that is deleted and made anew while it is read is read on at the old offset, and what lies before is never seen. Its commits
    /// went with it, which is told from a commit that hides it: the task begins anew, where the topic does.
    pub(super) async fn commits_stand(&mut self) -> Result<bool, TaskError> {
        let topics: BTreeSet<String> =
            self.has_commit.iter().map(|partition| partition.topic.clone()).collect();
        if topics.is_empty() {
            return Ok(true);
        }
        let topics: Vec<String> = topics.into_iter().collect();
        let group = self.parts.task.group();
        let trouble = match timeout(ANSWER, self.parts.admin.committed(&group, &topics)).await {
            Ok(Ok(committed)) => {
                let gone = self.has_commit.iter().find(|partition| !committed.contains_key(partition));
                return match gone {
                    None => Ok(true),
                    Some(partition) => Err(TaskError::restart(format!(
                        "the group's offset in {partition} is gone while the partition is read: the topic was deleted, and perhaps made \
                         anew. What is there is read from its first record"
                    ))),
                };
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("Kafka gave no answer within {} s", ANSWER.as_secs()),
        };
        self.is_degraded = true;
        self.parts.health.degraded(format!("offsets wait to be committed: {trouble}"));
        Ok(false)
    }

    /// Takes the offsets of the links that were written from `partition` for those of another topic.
    pub(super) async fn forget_offsets(&mut self, partition: &TopicPartition) -> Result<(), TaskError> {
        let links = self
            .parts
            .ids
            .written_from(&self.parts.target_org, partition)
            .await
            .map_err(TaskError::restart)?;
        if links.is_empty() {
            return Ok(());
        }
        tracing::warn!(
            %partition, links = links.len(),
            "Records of a partition were written before, but the group's offset in it is gone: the topic was made anew, \
             nobody read it for long, or somebody reset the offsets. What is there is read once more, and older states are passed over; \
             `orgstream verify` shows what differs."
        );
        for links in links.chunks(BATCH) {
            let mut links = links.to_vec();
            for link in &mut links {
                link.last.partition.partition = NONE;
            }
            self.parts.ids.bind(links).await.map_err(TaskError::restart)?;
        }
        Ok(())
    }
}
