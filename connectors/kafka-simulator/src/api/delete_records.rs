//! DeleteRecords: the logs start later from now on.

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::delete_records_response::{
    DeleteRecordsPartitionResult, DeleteRecordsTopicResult,
};
use kafka_protocol::messages::{ApiKey, DeleteRecordsRequest, DeleteRecordsResponse};

use crate::core::Core;
use crate::log::ReadError;

/// Deletes everything before an offset.
pub(crate) fn delete_records(core: &Core, request: DeleteRecordsRequest) -> DeleteRecordsResponse {
    let topics = request.topics.into_iter().map(|topic| {
        let partitions = topic.partitions.iter().map(|wanted| {
            let deleted = delete(core, &topic.name, wanted.partition_index, wanted.offset);
            let answer = DeleteRecordsPartitionResult::default().with_partition_index(wanted.partition_index);
            match deleted {
                Ok(start) => answer.with_low_watermark(start),
                Err(error) => answer.with_error_code(error.code()).with_low_watermark(-1),
            }
        });
        let partitions = partitions.collect();
        DeleteRecordsTopicResult::default().with_name(topic.name).with_partitions(partitions)
    });
    DeleteRecordsResponse::default().with_topics(topics.collect())
}

fn delete(core: &Core, topic: &str, number: i32, offset: i64) -> Result<i64, ResponseError> {
    if let Some(error) = core.faults.error(ApiKey::DeleteRecords, Some((topic, number))) {
        return Err(error);
    }
    let found = core.topics.by_name(topic).ok_or(ResponseError::UnknownTopicOrPartition)?;
    if !found.settings().log_config().cleanup.delete {
        // A log that is only compacted keeps every key.
        return Err(ResponseError::PolicyViolation);
    }
    let partition = found.partition(number).ok_or(ResponseError::UnknownTopicOrPartition)?;
    let deleted = partition.log().delete_before(offset);
    deleted.map_err(|error| match error {
        ReadError::OutOfRange => ResponseError::OffsetOutOfRange,
        ReadError::Io(error) => {
            tracing::error!(%error, topic, partition = number, "Records cannot be deleted.");
            ResponseError::KafkaStorageError
        }
    })
}
