//! Fetch: answers when there is enough, when something is wrong, or when the time is up.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::fetch_response::{AbortedTransaction, FetchableTopicResponse, PartitionData};
use kafka_protocol::messages::{ApiKey, FetchRequest, FetchResponse, ProducerId as WireProducerId};
use tokio::sync::Notify;
use tokio::task::JoinError;
use tokio::time::Instant;

use super::list_offsets::in_epoch;
use crate::core::Core;
use crate::isolation::Isolation;
use crate::log::{Read, ReadError};

/// The most that one answer holds, whatever the client asks for. Only a batch that is larger goes beyond.
const MAX_BYTES: usize = 16 << 20;

/// The longest that a client may wait.
const MAX_WAIT: Duration = Duration::from_mins(5);

/// Kafka's word for the reader of committed records.
const READ_COMMITTED: i8 = 1;

/// Reads from the partitions of the request.
pub(crate) async fn fetch(core: &Arc<Core>, request: FetchRequest) -> Result<FetchResponse, JoinError> {
    if request.session_id != 0 {
        // None was ever handed out, so it is another broker's.
        let error = ResponseError::FetchSessionIdNotFound;
        return Ok(FetchResponse::default().with_error_code(error.code()));
    }
    let wait = Duration::from_millis(u64::try_from(request.max_wait_ms).unwrap_or(0)).min(MAX_WAIT);
    let deadline = Instant::now() + wait;
    let request = Arc::new(request);
    loop {
        let grown = Arc::new(Notify::new());
        let (asked, waiter) = (Arc::clone(&request), Arc::clone(&grown));
        let fetched = core.blocking(move |core| Fetched::read(core, &asked, &waiter)).await?;
        if fetched.is_enough(&request) || tokio::time::timeout_at(deadline, grown.notified()).await.is_err() {
            return Ok(fetched.answer());
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
    /// Reads what is there now, and has `waiter` woken when there is more.
    fn read(core: &Core, request: &FetchRequest, waiter: &Arc<Notify>) -> Self {
        let isolation = if request.isolation_level == READ_COMMITTED {
            Isolation::ReadCommitted
        } else {
            Isolation::ReadUncommitted
        };
        let mut fetched = Self { topics: Vec::new(), bytes: 0, failed: false };
        let mut left = usize::try_from(request.max_bytes).unwrap_or(0).min(MAX_BYTES);
        for topic in &request.topics {
            let answers = topic.partitions.iter().map(|wanted| {
                let answer = fetched.partition(core, topic, wanted, left, isolation, waiter);
                let read = answer.records.as_ref().map_or(0, Bytes::len);
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

    fn partition(
        &mut self,
        core: &Core,
        topic: &FetchTopic,
        wanted: &FetchPartition,
        left: usize,
        isolation: Isolation,
        waiter: &Arc<Notify>,
    ) -> PartitionData {
        let answer = PartitionData::default().with_partition_index(wanted.partition);
        let limit = Limit { bytes: left, is_first: self.bytes == 0 };
        match read(core, topic, wanted, limit, isolation, waiter) {
            Ok(read) => answer
                .with_high_watermark(read.high_watermark)
                .with_last_stable_offset(read.last_stable_offset)
                .with_log_start_offset(read.log_start_offset)
                .with_aborted_transactions(aborted(&read, isolation))
                .with_records(Some(read.records)),
            Err(error) => {
                self.failed = true;
                answer
                    .with_error_code(error.code())
                    .with_high_watermark(-1)
                    .with_last_stable_offset(-1)
                    .with_log_start_offset(-1)
            }
        }
    }

    /// Whether nobody has to wait for more.
    fn is_enough(&self, request: &FetchRequest) -> bool {
        let enough = usize::try_from(request.min_bytes).unwrap_or(0);
        self.bytes >= enough || self.failed || request.topics.is_empty()
    }

    /// Without a fetch session: every request says everything.
    fn answer(self) -> FetchResponse {
        FetchResponse::default().with_responses(self.topics)
    }
}

/// What the reader is to leave out; one that reads everything is not told.
fn aborted(read: &Read, isolation: Isolation) -> Option<Vec<AbortedTransaction>> {
    let aborted = read.aborted.iter().map(|aborted| {
        AbortedTransaction::default()
            .with_producer_id(WireProducerId(aborted.producer_id))
            .with_first_offset(aborted.first_offset)
    });
    (isolation == Isolation::ReadCommitted).then(|| aborted.collect())
}

/// How much of a partition an answer has room for.
#[derive(Debug, Clone, Copy)]
struct Limit {
    bytes: usize,
    /// Nothing was read before: the first batch is taken whatever its size, so that readers get on.
    is_first: bool,
}

fn read(
    core: &Core,
    topic: &FetchTopic,
    wanted: &FetchPartition,
    limit: Limit,
    isolation: Isolation,
    waiter: &Arc<Notify>,
) -> Result<Read, ResponseError> {
    if let Some(error) = core.faults.error(ApiKey::Fetch, Some((&topic.topic, wanted.partition))) {
        return Err(error);
    }
    let partition = core
        .topics
        .partition(&topic.topic, wanted.partition)
        .ok_or(ResponseError::UnknownTopicOrPartition)?;
    in_epoch(wanted.current_leader_epoch)?;
    // Before the look, so that nothing is missed in between.
    partition.wake_when_grown(waiter);
    let max_bytes = limit.bytes.min(usize::try_from(wanted.partition_max_bytes).unwrap_or(0));
    let log = partition.log();
    let read = if limit.is_first {
        log.read(wanted.fetch_offset, max_bytes, isolation)
    } else {
        log.read_at_most(wanted.fetch_offset, max_bytes, isolation)
    };
    drop(log);
    read.map_err(|error| match error {
        ReadError::OutOfRange => ResponseError::OffsetOutOfRange,
        ReadError::Io(error) => {
            tracing::error!(%error, topic = topic.topic.as_str(), partition = wanted.partition, "A log cannot be read.");
            ResponseError::KafkaStorageError
        }
    })
}
