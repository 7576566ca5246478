//! The requests of transactions that faults can meet.

use kafka_protocol::messages::add_partitions_to_txn_response::{
    AddPartitionsToTxnPartitionResult, AddPartitionsToTxnTopicResult,
};
use kafka_protocol::messages::txn_offset_commit_response::{
    TxnOffsetCommitResponsePartition, TxnOffsetCommitResponseTopic,
};
use kafka_protocol::messages::{
    AddOffsetsToTxnRequest, AddOffsetsToTxnResponse, AddPartitionsToTxnRequest, AddPartitionsToTxnResponse,
    ApiKey, EndTxnRequest, EndTxnResponse, InitProducerIdRequest, InitProducerIdResponse,
    ProducerId as WireProducerId, TxnOffsetCommitRequest, TxnOffsetCommitResponse,
};

use crate::core::Core;

/// Hands out a producer id; taking over a transactional id may end a transaction.
pub(crate) fn init_producer_id(
    core: &Core,
    request: &InitProducerIdRequest,
    version: i16,
) -> InitProducerIdResponse {
    if let Some(error) = core.faults.error(ApiKey::InitProducerId, None) {
        return InitProducerIdResponse::default()
            .with_error_code(error.code())
            .with_producer_id(WireProducerId(-1))
            .with_producer_epoch(-1);
    }
    core.transactions.init_producer_id(request, version)
}

/// Enrolls partitions.
pub(crate) fn add_partitions_to_txn(
    core: &Core,
    request: AddPartitionsToTxnRequest,
    version: i16,
) -> AddPartitionsToTxnResponse {
    let Some(error) = core.faults.error(ApiKey::AddPartitionsToTxn, None) else {
        return core.transactions.add_partitions_to_txn(request, version);
    };
    let results = request.v3_and_below_topics.into_iter().map(|topic| {
        let partitions = topic.partitions.iter().map(|partition| {
            AddPartitionsToTxnPartitionResult::default()
                .with_partition_index(*partition)
                .with_partition_error_code(error.code())
        });
        let partitions = partitions.collect();
        AddPartitionsToTxnTopicResult::default().with_name(topic.name).with_results_by_partition(partitions)
    });
    AddPartitionsToTxnResponse::default().with_results_by_topic_v3_and_below(results.collect())
}

/// Enrolls a group.
pub(crate) fn add_offsets_to_txn(
    core: &Core,
    request: &AddOffsetsToTxnRequest,
    version: i16,
) -> AddOffsetsToTxnResponse {
    match core.faults.error(ApiKey::AddOffsetsToTxn, None) {
        Some(error) => AddOffsetsToTxnResponse::default().with_error_code(error.code()),
        None => core.transactions.add_offsets_to_txn(request, version),
    }
}

/// Stages commits.
pub(crate) fn txn_offset_commit(
    core: &Core,
    request: TxnOffsetCommitRequest,
    version: i16,
) -> TxnOffsetCommitResponse {
    let Some(error) = core.faults.error(ApiKey::TxnOffsetCommit, None) else {
        return core.transactions.txn_offset_commit(request, version);
    };
    let topics = request.topics.into_iter().map(|topic| {
        let partitions = topic.partitions.iter().map(|wanted| {
            TxnOffsetCommitResponsePartition::default()
                .with_partition_index(wanted.partition_index)
                .with_error_code(error.code())
        });
        let partitions = partitions.collect();
        TxnOffsetCommitResponseTopic::default().with_name(topic.name).with_partitions(partitions)
    });
    TxnOffsetCommitResponse::default().with_topics(topics.collect())
}

/// Ends a transaction.
pub(crate) fn end_txn(core: &Core, request: &EndTxnRequest, version: i16) -> EndTxnResponse {
    if let Some(error) = core.faults.error(ApiKey::EndTxn, None) {
        return EndTxnResponse::default().with_error_code(error.code());
    }
    core.transactions.end_txn(request, version)
}
