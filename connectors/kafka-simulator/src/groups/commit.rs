//! OffsetCommit, OffsetFetch, OffsetDelete.

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::offset_commit_response::{
    OffsetCommitResponsePartition, OffsetCommitResponseTopic,
};
use kafka_protocol::messages::offset_delete_response::{
    OffsetDeleteResponsePartition, OffsetDeleteResponseTopic,
};
use kafka_protocol::messages::offset_fetch_response::{
    OffsetFetchResponseGroup, OffsetFetchResponsePartition, OffsetFetchResponsePartitions,
    OffsetFetchResponseTopic, OffsetFetchResponseTopics,
};
use kafka_protocol::messages::{
    GroupId, OffsetCommitRequest, OffsetCommitResponse, OffsetDeleteRequest, OffsetDeleteResponse,
    OffsetFetchRequest, OffsetFetchResponse, TopicName,
};
use kafka_protocol::protocol::StrBytes;
use tokio::time::Instant;

use super::coordinator::{GroupCoordinator, Groups};
use super::group::State;
use super::offsets::{Committed, TopicPartition};

/// What a group has committed for a partition, or why that is not said.
struct Found {
    partition: i32,
    committed: Option<Committed>,
    error: i16,
}

impl GroupCoordinator {
    /// Commits offsets. `exists` says whether there is such a partition, `fault` what goes wrong on purpose.
    pub(crate) fn offset_commit(
        &self,
        request: OffsetCommitRequest,
        exists: impl Fn(&str, i32) -> bool,
        fault: impl Fn(&str, i32) -> Option<ResponseError>,
    ) -> OffsetCommitResponse {
        let mut state = self.lock();
        let refused = state.refuses_commit(&request);
        let mut topics = Vec::new();
        for topic in request.topics {
            let mut partitions = Vec::new();
            for wanted in topic.partitions {
                let metadata = wanted.committed_metadata.map(|text| text.as_str().to_owned());
                let too_long = metadata.as_ref().is_some_and(|text| text.len() > self.settings.max_metadata);
                let code = if let Some(error) = refused.or_else(|| fault(&topic.name, wanted.partition_index))
                {
                    error.code()
                } else if !exists(&topic.name, wanted.partition_index) {
                    ResponseError::UnknownTopicOrPartition.code()
                } else if too_long {
                    ResponseError::OffsetMetadataTooLarge.code()
                } else {
                    let at =
                        TopicPartition { topic: topic.name.to_string(), partition: wanted.partition_index };
                    let committed = Committed {
                        offset: wanted.committed_offset,
                        leader_epoch: wanted.committed_leader_epoch,
                        metadata,
                    };
                    stored(state.offsets.commit(request.group_id.as_str(), [(at, committed)]))
                };
                partitions.push(
                    OffsetCommitResponsePartition::default()
                        .with_partition_index(wanted.partition_index)
                        .with_error_code(code),
                );
            }
            topics
                .push(OffsetCommitResponseTopic::default().with_name(topic.name).with_partitions(partitions));
        }
        OffsetCommitResponse::default().with_topics(topics)
    }

    /// What groups have committed; one group before version 8.
    pub(crate) fn offset_fetch(&self, request: OffsetFetchRequest, version: i16) -> OffsetFetchResponse {
        let state = self.lock();
        let stable = request.require_stable;
        if version < 8 {
            let wanted = request.topics.map(|topics| {
                topics.into_iter().map(|topic| (topic.name, topic.partition_indexes)).collect::<Vec<_>>()
            });
            let topics = state.committed(&request.group_id, wanted, stable).into_iter();
            let topics = topics.map(|(name, found)| {
                let partitions = found.into_iter().map(|found| {
                    let (offset, leader_epoch, metadata) = parts(found.committed);
                    OffsetFetchResponsePartition::default()
                        .with_partition_index(found.partition)
                        .with_committed_offset(offset)
                        .with_committed_leader_epoch(leader_epoch)
                        .with_metadata(Some(metadata))
                        .with_error_code(found.error)
                });
                OffsetFetchResponseTopic::default().with_name(name).with_partitions(partitions.collect())
            });
            return OffsetFetchResponse::default().with_topics(topics.collect());
        }
        let groups = request.groups.into_iter().map(|group| {
            let wanted = group.topics.map(|topics| {
                topics.into_iter().map(|topic| (topic.name, topic.partition_indexes)).collect::<Vec<_>>()
            });
            let topics = state.committed(&group.group_id, wanted, stable).into_iter().map(|(name, found)| {
                let partitions = found.into_iter().map(|found| {
                    let (offset, leader_epoch, metadata) = parts(found.committed);
                    OffsetFetchResponsePartitions::default()
                        .with_partition_index(found.partition)
                        .with_committed_offset(offset)
                        .with_committed_leader_epoch(leader_epoch)
                        .with_metadata(Some(metadata))
                        .with_error_code(found.error)
                });
                OffsetFetchResponseTopics::default().with_name(name).with_partitions(partitions.collect())
            });
            let topics = topics.collect();
            OffsetFetchResponseGroup::default().with_group_id(group.group_id).with_topics(topics)
        });
        OffsetFetchResponse::default().with_groups(groups.collect())
    }

    /// Forgets commits of a group that no member reads.
    pub(crate) fn offset_delete(&self, request: OffsetDeleteRequest) -> OffsetDeleteResponse {
        let mut state = self.lock();
        let name = request.group_id.as_str();
        let live = state.groups.get(name).is_some_and(|group| !group.members.is_empty());
        if live {
            return OffsetDeleteResponse::default().with_error_code(ResponseError::NonEmptyGroup.code());
        }
        if state.offsets.group(name).is_none() {
            return OffsetDeleteResponse::default().with_error_code(ResponseError::GroupIdNotFound.code());
        }
        let mut topics = Vec::new();
        for topic in request.topics {
            let mut partitions = Vec::new();
            for wanted in topic.partitions {
                let at = TopicPartition { topic: topic.name.to_string(), partition: wanted.partition_index };
                let code = stored(state.offsets.forget(name, &at).map(drop));
                partitions.push(
                    OffsetDeleteResponsePartition::default()
                        .with_partition_index(wanted.partition_index)
                        .with_error_code(code),
                );
            }
            topics
                .push(OffsetDeleteResponseTopic::default().with_name(topic.name).with_partitions(partitions));
        }
        OffsetDeleteResponse::default().with_topics(topics)
    }
}

impl Groups {
    /// Why a commit is not taken. Whoever is no member may commit for a group that has none.
    fn refuses_commit(&mut self, request: &OffsetCommitRequest) -> Option<ResponseError> {
        let generation = request.generation_id_or_member_epoch;
        let Some(group) = self.groups.get_mut(request.group_id.as_str()) else {
            return (generation >= 0).then_some(ResponseError::IllegalGeneration);
        };
        if generation < 0 && group.members.is_empty() {
            return None;
        }
        let (id, instance) = (&request.member_id, request.group_instance_id.as_ref());
        match group.speaks(id, instance, generation, Instant::now()) {
            Err(error) => Some(error),
            Ok(()) => {
                matches!(group.state, State::Completing { .. }).then_some(ResponseError::RebalanceInProgress)
            }
        }
    }

    fn committed(
        &self,
        group: &GroupId,
        wanted: Option<Vec<(TopicName, Vec<i32>)>>,
        stable: bool,
    ) -> Vec<(TopicName, Vec<Found>)> {
        let known = self.offsets.group(group.as_str());
        let all = || {
            let mut topics: Vec<(TopicName, Vec<i32>)> = Vec::new();
            for at in known.into_iter().flat_map(|commits| commits.keys()) {
                match topics.last_mut() {
                    Some((name, partitions)) if name.as_str() == at.topic => partitions.push(at.partition),
                    _ => topics.push((StrBytes::from_string(at.topic.clone()).into(), vec![at.partition])),
                }
            }
            topics
        };
        let found = |name: &TopicName, partition| {
            let at = TopicPartition { topic: name.to_string(), partition };
            if stable && self.is_undecided(group.as_str(), &at) {
                return Found {
                    partition,
                    committed: None,
                    error: ResponseError::UnstableOffsetCommit.code(),
                };
            }
            Found { partition, committed: known.and_then(|commits| commits.get(&at)).cloned(), error: 0 }
        };
        let wanted = wanted.unwrap_or_else(all).into_iter();
        wanted
            .map(|(name, partitions)| {
                let found = partitions.into_iter().map(|partition| found(&name, partition)).collect();
                (name, found)
            })
            .collect()
    }

    fn is_undecided(&self, group: &str, at: &TopicPartition) -> bool {
        self.undecided.values().any(|groups| groups.get(group).is_some_and(|commits| commits.contains(at)))
    }
}

/// As the wire has it; without a commit the offset is -1.
fn parts(committed: Option<Committed>) -> (i64, i32, StrBytes) {
    match committed {
        None => (-1, -1, StrBytes::default()),
        Some(Committed { offset, leader_epoch, metadata }) => {
            (offset, leader_epoch, StrBytes::from_string(metadata.unwrap_or_default()))
        }
    }
}

/// The error code of a change that was to be kept.
fn stored(result: std::io::Result<()>) -> i16 {
    match result {
        Ok(()) => 0,
        Err(error) => {
            tracing::error!(%error, "Committed offsets cannot be kept.");
            ResponseError::KafkaStorageError.code()
        }
    }
}
