//! Partitions whose commits are gone: their offsets may have begun again, so what links say of older ones is no order.
//!
//! A record at or below its link's `last` counts as written already. In a topic that was deleted and made anew that would
//! hide every new record up to the old offsets. Kafka forgets a group's commits with their topic, but also when a group
//! is away for long, and the two look alike. Either way stamps tell older states from newer ones, as they do between
//! partitions.

use orgstream_api::{IdMap as _, TaskError, TopicPartition};

use super::SinkWorker;

/// No partition: records of every partition are compared with it by their stamps.
const NONE: i32 = -1;
/// How many links are bound at once.
const BATCH: usize = 1_000;

impl SinkWorker {
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
            "Records of a partition were written before, but the group's offset in it is gone: the topic was made anew, or \
             nobody read it for long. What is there is read from its first record, and older states are passed over; \
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
