//! AddPartitionsToTxn, AddOffsetsToTxn, TxnOffsetCommit: what a transaction touches.

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::add_partitions_to_txn_response::{
    AddPartitionsToTxnPartitionResult, AddPartitionsToTxnTopicResult,
};
use kafka_protocol::messages::txn_offset_commit_response::{
    TxnOffsetCommitResponsePartition, TxnOffsetCommitResponseTopic,
};
use kafka_protocol::messages::{
    AddOffsetsToTxnRequest, AddOffsetsToTxnResponse, AddPartitionsToTxnRequest, AddPartitionsToTxnResponse,
    TxnOffsetCommitRequest, TxnOffsetCommitResponse,
};

use super::coordinator::{TransactionCoordinator, Transactions, not_kept};
use super::transaction::{State, Transaction};
use crate::clock::now_ms;
use crate::groups::{Committed, TopicPartition};
use crate::producer::ProducerId;

impl TransactionCoordinator {
    /// The transaction is going to write into these partitions. All of them, or none.
    pub(crate) fn add_partitions_to_txn(
        &self,
        request: AddPartitionsToTxnRequest,
        version: i16,
    ) -> AddPartitionsToTxnResponse {
        let producer =
            ProducerId { id: request.v3_and_below_producer_id.0, epoch: request.v3_and_below_producer_epoch };
        let id = request.v3_and_below_transactional_id.as_str();
        let topics = request.v3_and_below_topics;
        let wanted = || {
            topics.iter().flat_map(|topic| {
                topic
                    .partitions
                    .iter()
                    .map(|partition| TopicPartition { topic: topic.name.to_string(), partition: *partition })
            })
        };
        let unknown = wanted().any(|at| !self.logs.exists(&at.topic, at.partition));
        let enrolled = if unknown {
            Err(ResponseError::OperationNotAttempted)
        } else {
            self.change(id, producer, version, |transaction| transaction.partitions.extend(wanted()))
        };
        let results = topics.iter().map(|topic| {
            let partitions = topic.partitions.iter().map(|partition| {
                let code = match enrolled {
                    Ok(()) => 0,
                    Err(_) if unknown && !self.logs.exists(&topic.name, *partition) => {
                        ResponseError::UnknownTopicOrPartition.code()
                    }
                    Err(error) => error.code(),
                };
                AddPartitionsToTxnPartitionResult::default()
                    .with_partition_index(*partition)
                    .with_partition_error_code(code)
            });
            AddPartitionsToTxnTopicResult::default()
                .with_name(topic.name.clone())
                .with_results_by_partition(partitions.collect())
        });
        AddPartitionsToTxnResponse::default().with_results_by_topic_v3_and_below(results.collect())
    }

    /// The transaction is going to commit offsets of this group.
    pub(crate) fn add_offsets_to_txn(
        &self,
        request: &AddOffsetsToTxnRequest,
        version: i16,
    ) -> AddOffsetsToTxnResponse {
        let producer = ProducerId { id: request.producer_id.0, epoch: request.producer_epoch };
        let enrolled = self.change(&request.transactional_id, producer, version, |transaction| {
            transaction.offsets.entry(request.group_id.to_string()).or_default();
        });
        AddOffsetsToTxnResponse::default().with_error_code(enrolled.map_or_else(|error| error.code(), |()| 0))
    }

    /// Offsets that the group commits when the transaction does.
    pub(crate) fn txn_offset_commit(
        &self,
        request: TxnOffsetCommitRequest,
        version: i16,
    ) -> TxnOffsetCommitResponse {
        let producer = ProducerId { id: request.producer_id.0, epoch: request.producer_epoch };
        let group = request.group_id.to_string();
        let mut commits = Vec::new();
        for topic in &request.topics {
            for wanted in &topic.partitions {
                let at = TopicPartition { topic: topic.name.to_string(), partition: wanted.partition_index };
                let committed = Committed {
                    offset: wanted.committed_offset,
                    leader_epoch: wanted.committed_leader_epoch,
                    metadata: wanted.committed_metadata.as_ref().map(|text| text.as_str().to_owned()),
                };
                commits.push((at, committed));
            }
        }
        let instance_id = request.group_instance_id.as_ref();
        let staged = self
            .groups
            .may_commit(&group, &request.member_id, instance_id, request.generation_id)
            .and_then(|()| self.stage(&request.transactional_id, producer, version, &group, commits));
        let topics = request.topics.into_iter().map(|topic| {
            let partitions = topic.partitions.iter().map(|wanted| {
                let code = match staged {
                    Err(error) => error.code(),
                    Ok(()) if !self.logs.exists(&topic.name, wanted.partition_index) => {
                        ResponseError::UnknownTopicOrPartition.code()
                    }
                    Ok(()) => 0,
                };
                TxnOffsetCommitResponsePartition::default()
                    .with_partition_index(wanted.partition_index)
                    .with_error_code(code)
            });
            let partitions = partitions.collect();
            TxnOffsetCommitResponseTopic::default().with_name(topic.name).with_partitions(partitions)
        });
        TxnOffsetCommitResponse::default().with_topics(topics.collect())
    }

    /// Notes what the group commits when the open transaction does. Everything under one lock, so that whoever ends
    /// the transaction or deletes a topic comes before it or after it: what is announced is also decided.
    fn stage(
        &self,
        id: &str,
        producer: ProducerId,
        version: i16,
        group: &str,
        mut commits: Vec<(TopicPartition, Committed)>,
    ) -> Result<(), ResponseError> {
        let mut state = self.lock();
        let mut transaction = state.of(id, producer, version)?;
        let ongoing = matches!(transaction.state, State::Ongoing { .. });
        let staged = transaction.offsets.get_mut(group).filter(|_| ongoing);
        let staged = staged.ok_or(ResponseError::InvalidTxnState)?;
        commits.retain(|(at, _)| self.logs.exists(&at.topic, at.partition));
        staged.retain(|(at, _)| commits.iter().all(|(newer, _)| newer != at));
        staged.extend(commits);
        let announced: Vec<_> = staged.iter().map(|(at, _)| at.clone()).collect();
        state.put(transaction).map_err(|error| not_kept(&error))?;
        self.groups.announce(producer.id, group, announced);
        Ok(())
    }

    /// Changes a transaction that is open, or opens it.
    fn change(
        &self,
        id: &str,
        producer: ProducerId,
        version: i16,
        work: impl FnOnce(&mut Transaction),
    ) -> Result<(), ResponseError> {
        let mut state = self.lock();
        let mut transaction = state.of(id, producer, version)?;
        if matches!(transaction.state, State::PrepareCommit | State::PrepareAbort) {
            return Err(ResponseError::ConcurrentTransactions);
        }
        let before = (transaction.partitions.len(), transaction.offsets.clone(), transaction.state);
        transaction.begin(now_ms());
        work(&mut transaction);
        let after = (transaction.partitions.len(), transaction.offsets.clone(), transaction.state);
        if before == after {
            return Ok(());
        }
        state.put(transaction).map_err(|error| not_kept(&error))
    }
}

impl Transactions {
    /// The transactional id, when the request speaks for its producer.
    fn of(&self, id: &str, producer: ProducerId, version: i16) -> Result<Transaction, ResponseError> {
        let transaction = self.by_id.get(id).ok_or(ResponseError::InvalidProducerIdMapping)?;
        transaction.is_of(producer).map_err(|error| in_version(error, version))?;
        Ok(transaction.clone())
    }
}

/// `PRODUCER_FENCED` is newer than the rest of these APIs; clients of before know another word.
pub(super) fn in_version(error: ResponseError, version: i16) -> ResponseError {
    match error {
        ResponseError::ProducerFenced if version < 2 => ResponseError::InvalidProducerEpoch,
        other => other,
    }
}
