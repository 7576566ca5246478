//! Fetch: answers when there is enough, when something is wrong, or when the time is up.

use std::time::Duration;

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::fetch_response::{AbortedTransaction, FetchableTopicResponse, PartitionData};
use kafka_protocol::messages::{ApiKey, FetchRequest, FetchResponse, ProducerId as WireProducerId};
use tokio::time::Instant;

use crate::core::Core;
use crate::isolation::Isolation;
use crate::log::{Read, ReadError};

/// The most that one answer holds, whatever the client asks for.
const MAX_BYTES: usize = 64 << 20;

/// The longest that a client may wait.
const MAX_WAIT: Duration = Duration::from_mins(5);

/// Kafka's word for the reader of committed records.
const READ_COMMITTED: i8 = 1;

/// Reads from the partitions of the request.
pub(crate) async fn fetch(core: &Core, request: FetchRequest) -> FetchResponse {
    let wait = Duration::from_millis(u64::try_from(request.max_wait_ms).unwrap_or(0)).min(MAX_WAIT);
    let deadline = Instant::now() + wait;
    let enough = usize::try_from(request.min_bytes).unwrap_or(0);
    loop {
        // Listens before it looks, so that nothing is missed in between.
        let grown = core.grown.notified();
        tokio::pin!(grown);
        grown.as_mut().enable();
        let fetched = Fetched::read(core, &request);
        if fetched.bytes >= enough || fetched.failed || request.topics.is_empty() {
            return fetched.answer();
        }
        if tokio::time::timeout_at(deadline, grown).await.is_err() {
            return Fetched::read(core, &request).answer();
        }
    }
}

/// What was read for one request.
struct Fetched {
    topics: Vec<FetchableTopicResponse>,
    bytes: usize,
    failed: bool,
}

impl Fetched {
    fn read(core: &Core, request: &FetchRequest) -> Self {
        let isolation = if request.isolation_level == READ_COMMITTED {
            Isolation::ReadCommitted
        } else {
            Isolation::ReadUncommitted
        };
        let mut fetched = Self { topics: Vec::new(), bytes: 0, failed: false };
        let mut left = usize::try_from(request.max_bytes).unwrap_or(0).min(MAX_BYTES);
        for topic in &request.topics {
            let answers = topic.partitions.iter().map(|wanted| {
                let answer = fetched.partition(core, topic, wanted, left, isolation);
                let read = answer.records.as_ref().map_or(0, bytes::Bytes::len);
                fetched.bytes += read;
                left = left.saturating_sub(read);
                answer
            });
            let partitions = answers.collect();
            let answer = FetchableTopicResponse::default().with_topic(topic.topic.clone());
            fetched.topics.push(answer.with_partitions(partitions));
        }
        fetched
    }

    /// The first partition with records is answered even when its first batch is too large, so that readers get on.
    fn partition(
        &mut self,
        core: &Core,
        topic: &FetchTopic,
        wanted: &FetchPartition,
        left: usize,
        isolation: Isolation,
    ) -> PartitionData {
        let answer = PartitionData::default().with_partition_index(wanted.partition);
        let limit = left.min(usize::try_from(wanted.partition_max_bytes).unwrap_or(0));
        let read = if left == 0 && self.bytes > 0 {
            position(core, topic, wanted, isolation)
        } else {
            read(core, topic, wanted, limit, isolation)
        };
        match read {
            Ok(read) => {
                let aborted = read.aborted.iter().map(|aborted| {
                    AbortedTransaction::default()
                        .with_producer_id(WireProducerId(aborted.producer_id))
                        .with_first_offset(aborted.first_offset)
                });
                answer
                    .with_high_watermark(read.high_watermark)
                    .with_last_stable_offset(read.last_stable_offset)
                    .with_log_start_offset(read.log_start_offset)
                    .with_aborted_transactions(Some(aborted.collect()))
                    .with_records(Some(read.records))
            }
            Err(error) => {
                self.failed = true;
                answer
                    .with_error_code(error.code())
                    .with_high_watermark(-1)
                    .with_last_stable_offset(-1)
                    .with_log_start_offset(-1)
                    .with_records(Some(bytes::Bytes::new()))
            }
        }
    }

    /// Without a fetch session: every request says everything.
    fn answer(self) -> FetchResponse {
        FetchResponse::default().with_responses(self.topics)
    }
}

fn read(
    core: &Core,
    topic: &FetchTopic,
    wanted: &FetchPartition,
    limit: usize,
    isolation: Isolation,
) -> Result<Read, ResponseError> {
    if let Some(error) = core.faults.error(ApiKey::Fetch, Some((&topic.topic, wanted.partition))) {
        return Err(error);
    }
    let partition = core
        .topics
        .partition(&topic.topic, wanted.partition)
        .ok_or(ResponseError::UnknownTopicOrPartition)?;
    let read = partition.log().read(wanted.fetch_offset, limit, isolation);
    read.map_err(|error| match error {
        ReadError::OutOfRange => ResponseError::OffsetOutOfRange,
        ReadError::Io(error) => {
            tracing::error!(%error, topic = %topic.topic.as_str(), partition = wanted.partition, "A log cannot be read.");
            ResponseError::KafkaStorageError
        }
    })
}

/// Only the offsets: the answer is full already.
fn position(
    core: &Core,
    topic: &FetchTopic,
    wanted: &FetchPartition,
    isolation: Isolation,
) -> Result<Read, ResponseError> {
    let partition = core
        .topics
        .partition(&topic.topic, wanted.partition)
        .ok_or(ResponseError::UnknownTopicOrPartition)?;
    let log = partition.log();
    let end = log.next_offset();
    log.read(end, 0, isolation).map_err(|_| ResponseError::KafkaStorageError)
}
