//! Produce.

use bytes::Bytes;
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::produce_request::PartitionProduceData;
use kafka_protocol::messages::produce_response::{PartitionProduceResponse, TopicProduceResponse};
use kafka_protocol::messages::{ApiKey, ProduceRequest, ProduceResponse};
use kafka_protocol::protocol::StrBytes;

use crate::clock::now_ms;
use crate::core::Core;
use crate::log::{AppendError, Appended, batch_producer};

/// How a request ended.
pub(crate) enum Produced {
    /// The producer waits for this.
    Acknowledged(ProduceResponse),
    /// All is written, and the producer does not want to know.
    Unacknowledged,
    /// The producer wants no answer, and not all is written.
    Failed(ResponseError),
}

/// Writes what the request holds.
pub(crate) fn produce(core: &Core, request: ProduceRequest) -> Produced {
    let transactional_id = request.transactional_id.as_ref().map(|id| id.as_str());
    let acks_known = matches!(request.acks, -1..=1);
    let (mut responses, mut failed) = (Vec::new(), None);
    for topic in request.topic_data {
        let mut partitions = Vec::new();
        for data in topic.partition_data {
            let index = data.index;
            let written = if acks_known {
                append(core, transactional_id, topic.name.as_str(), data)
            } else {
                Err((ResponseError::InvalidRequiredAcks, None))
            };
            failed = failed.or(written.as_ref().err().map(|(error, _)| *error));
            partitions.push(answer(index, written));
        }
        responses
            .push(TopicProduceResponse::default().with_name(topic.name).with_partition_responses(partitions));
    }
    match failed {
        _ if request.acks != 0 => {
            Produced::Acknowledged(ProduceResponse::default().with_responses(responses))
        }
        None => Produced::Unacknowledged,
        Some(error) => Produced::Failed(error),
    }
}

type Refused = (ResponseError, Option<String>);

fn append(
    core: &Core,
    transactional_id: Option<&str>,
    topic: &str,
    data: PartitionProduceData,
) -> Result<Appended, Refused> {
    if let Some(error) = core.faults.error(ApiKey::Produce, Some((topic, data.index))) {
        return Err((error, None));
    }
    let partition =
        core.topics.partition(topic, data.index).ok_or((ResponseError::UnknownTopicOrPartition, None))?;
    let records: Bytes = data.records.unwrap_or_default();
    let write = || partition.log().append(&records, now_ms());
    let appended = match batch_producer(&records) {
        Some(producer) if producer.transactional => {
            let id = transactional_id.ok_or((ResponseError::InvalidTxnState, None))?;
            let written = core.transactions.write(id, producer.id, topic, data.index, write);
            written.map_err(|error| (error, None))?
        }
        _ => write(),
    };
    partition.grown();
    appended.map_err(|error| {
        let code = code(&error);
        if let AppendError::Io(error) = &error {
            tracing::error!(%error, topic, partition = data.index, "A log cannot be written.");
        }
        (code, Some(error.to_string()))
    })
}

fn code(error: &AppendError) -> ResponseError {
    match error {
        AppendError::Corrupt => ResponseError::CorruptMessage,
        AppendError::Invalid(_) => ResponseError::InvalidRecord,
        AppendError::TooLarge { .. } => ResponseError::MessageTooLarge,
        AppendError::LargerThanSegment { .. } => ResponseError::RecordListTooLarge,
        AppendError::Timestamp(_) => ResponseError::InvalidTimestamp,
        AppendError::Sequence => ResponseError::OutOfOrderSequenceNumber,
        AppendError::Epoch => ResponseError::InvalidProducerEpoch,
        AppendError::Transaction => ResponseError::InvalidTxnState,
        AppendError::Io(_) => ResponseError::KafkaStorageError,
    }
}

fn answer(index: i32, written: Result<Appended, Refused>) -> PartitionProduceResponse {
    let answer = PartitionProduceResponse::default().with_index(index);
    match written {
        Ok(appended) => answer
            .with_base_offset(appended.base_offset)
            .with_log_append_time_ms(appended.log_append_time.unwrap_or(-1))
            .with_log_start_offset(appended.log_start_offset),
        Err((error, message)) => answer
            .with_error_code(error.code())
            .with_base_offset(-1)
            .with_log_append_time_ms(-1)
            .with_log_start_offset(-1)
            .with_error_message(message.map(StrBytes::from_string)),
    }
}
