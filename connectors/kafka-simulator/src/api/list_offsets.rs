//! ListOffsets and OffsetForLeaderEpoch.

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::list_offsets_request::ListOffsetsPartition;
use kafka_protocol::messages::list_offsets_response::{
    ListOffsetsPartitionResponse, ListOffsetsTopicResponse,
};
use kafka_protocol::messages::offset_for_leader_epoch_request::OffsetForLeaderPartition;
use kafka_protocol::messages::offset_for_leader_epoch_response::{
    EpochEndOffset, OffsetForLeaderTopicResult,
};
use kafka_protocol::messages::{
    ApiKey, ListOffsetsRequest, ListOffsetsResponse, OffsetForLeaderEpochRequest,
    OffsetForLeaderEpochResponse,
};

use crate::core::{Core, LEADER_EPOCH};
use crate::isolation::Isolation;

/// What is asked for in place of a time.
const LATEST: i64 = -1;
const EARLIEST: i64 = -2;
const MAX_TIMESTAMP: i64 = -3;

/// Where the logs start and end, or which record is the first of a time.
pub(crate) fn list_offsets(core: &Core, request: ListOffsetsRequest, version: i16) -> ListOffsetsResponse {
    let isolation =
        if request.isolation_level == 1 { Isolation::ReadCommitted } else { Isolation::ReadUncommitted };
    let topics = request.topics.into_iter().map(|topic| {
        let partitions = topic.partitions.iter().map(|wanted| {
            let answer = ListOffsetsPartitionResponse::default().with_partition_index(wanted.partition_index);
            match find(core, &topic.name, wanted, isolation) {
                Ok((offset, timestamp)) => answer
                    .with_offset(offset)
                    .with_timestamp(timestamp)
                    // Older versions have no room for it.
                    .with_leader_epoch(if offset < 0 || version < 4 { -1 } else { LEADER_EPOCH }),
                Err(error) => answer.with_error_code(error.code()).with_offset(-1).with_timestamp(-1),
            }
        });
        let partitions = partitions.collect();
        ListOffsetsTopicResponse::default().with_name(topic.name).with_partitions(partitions)
    });
    ListOffsetsResponse::default().with_topics(topics.collect())
}

/// Offset and time; -1 for both where there is no such record.
fn find(
    core: &Core,
    topic: &str,
    wanted: &ListOffsetsPartition,
    isolation: Isolation,
) -> Result<(i64, i64), ResponseError> {
    if let Some(error) = core.faults.error(ApiKey::ListOffsets, Some((topic, wanted.partition_index))) {
        return Err(error);
    }
    let partition =
        core.topics.partition(topic, wanted.partition_index).ok_or(ResponseError::UnknownTopicOrPartition)?;
    in_epoch(wanted.current_leader_epoch)?;
    let log = partition.log();
    let found = match wanted.timestamp {
        EARLIEST => return Ok((log.start_offset(), -1)),
        LATEST => {
            let end = match isolation {
                Isolation::ReadUncommitted => log.next_offset(),
                Isolation::ReadCommitted => log.last_stable_offset(),
            };
            return Ok((end, -1));
        }
        MAX_TIMESTAMP => log.max_timestamp(),
        time if time >= 0 => log.offset_for_time(time, isolation),
        _ => return Err(ResponseError::UnsupportedVersion),
    };
    found.map(|found| found.unwrap_or((-1, -1))).map_err(|error| {
        tracing::error!(%error, topic, partition = wanted.partition_index, "A log cannot be read.");
        ResponseError::KafkaStorageError
    })
}

/// There is one epoch, and it ends where the log does.
pub(crate) fn offset_for_leader_epoch(
    core: &Core,
    request: OffsetForLeaderEpochRequest,
) -> OffsetForLeaderEpochResponse {
    let topics = request.topics.into_iter().map(|topic| {
        let partitions = topic.partitions.iter().map(|wanted| {
            let answer = EpochEndOffset::default().with_partition(wanted.partition);
            match end_of_epoch(core, &topic.topic, wanted) {
                Ok(Some(end)) => answer.with_leader_epoch(LEADER_EPOCH).with_end_offset(end),
                Ok(None) => answer,
                Err(error) => answer.with_error_code(error.code()),
            }
        });
        let partitions = partitions.collect();
        OffsetForLeaderTopicResult::default().with_topic(topic.topic).with_partitions(partitions)
    });
    OffsetForLeaderEpochResponse::default().with_topics(topics.collect())
}

/// `None` for an epoch that never was.
fn end_of_epoch(
    core: &Core,
    topic: &str,
    wanted: &OffsetForLeaderPartition,
) -> Result<Option<i64>, ResponseError> {
    if let Some(error) = core.faults.error(ApiKey::OffsetForLeaderEpoch, Some((topic, wanted.partition))) {
        return Err(error);
    }
    let partition =
        core.topics.partition(topic, wanted.partition).ok_or(ResponseError::UnknownTopicOrPartition)?;
    in_epoch(wanted.current_leader_epoch)?;
    Ok((wanted.leader_epoch == LEADER_EPOCH).then(|| partition.log().next_offset()))
}

/// Whether a client knows the leader as it is; -1 is one that does not say.
pub(super) fn in_epoch(epoch: i32) -> Result<(), ResponseError> {
    match epoch {
        -1 | LEADER_EPOCH => Ok(()),
        // There was none before the first.
        _ => Err(ResponseError::UnknownLeaderEpoch),
    }
}
