//! Metadata: topics and who leads their partitions. It is always the same broker.

use std::sync::Arc;

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::metadata_response::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use kafka_protocol::messages::{ApiKey, BrokerId, MetadataRequest, MetadataResponse, TopicName};
use kafka_protocol::protocol::StrBytes;

use crate::core::{Core, LEADER_EPOCH, NODE};
use crate::topics::{Settings, Topic, TopicError};

/// What nobody was asked for.
const NO_OPERATIONS: i32 = i32::MIN;

/// Describes the topics that were asked for, or all.
pub(crate) fn metadata(core: &Core, request: MetadataRequest, version: i16) -> MetadataResponse {
    let topics = match request.topics {
        // In version 0 no topics means all of them.
        Some(wanted) if !(version == 0 && wanted.is_empty()) => wanted
            .into_iter()
            .map(|wanted| one(core, wanted, version < 4 || request.allow_auto_topic_creation))
            .collect(),
        _ => core.topics.all().iter().map(described).collect(),
    };
    let broker = MetadataResponseBroker::default()
        .with_node_id(BrokerId(NODE))
        .with_host(StrBytes::from_static_str("127.0.0.1"))
        .with_port(i32::from(core.port));
    MetadataResponse::default()
        .with_brokers(vec![broker])
        .with_cluster_id(Some(StrBytes::from_string(core.cluster_id.clone())))
        .with_controller_id(BrokerId(NODE))
        .with_topics(topics)
        .with_cluster_authorized_operations(NO_OPERATIONS)
}

fn one(core: &Core, wanted: MetadataRequestTopic, create: bool) -> MetadataResponseTopic {
    let refused = |error: ResponseError, name: Option<TopicName>| {
        MetadataResponseTopic::default()
            .with_error_code(error.code())
            .with_name(name)
            .with_topic_authorized_operations(NO_OPERATIONS)
    };
    let Some(name) = wanted.name else {
        return match core.topics.by_id(wanted.topic_id) {
            Some(topic) => described(&topic),
            None => refused(ResponseError::UnknownTopicId, Some(TopicName(StrBytes::default())))
                .with_topic_id(wanted.topic_id),
        };
    };
    if let Some(error) = core.faults.error(ApiKey::Metadata, Some((&name, 0))) {
        return refused(error, Some(name));
    }
    if let Some(topic) = core.topics.by_name(&name) {
        return described(&topic);
    }
    if !create || core.auto_create_partitions == 0 {
        return refused(ResponseError::UnknownTopicOrPartition, Some(name));
    }
    match core.topics.create(&name, core.auto_create_partitions, Settings::default(), false) {
        Ok(Some(topic)) => described(&topic),
        // Somebody else has made it meanwhile.
        Ok(None) | Err(TopicError::Exists(_)) => refused(ResponseError::LeaderNotAvailable, Some(name)),
        Err(TopicError::Name(_) | TopicError::Collision { .. }) => {
            refused(ResponseError::InvalidTopicException, Some(name))
        }
        Err(error) => {
            tracing::error!(%error, topic = name.as_str(), "A topic cannot be made.");
            refused(ResponseError::KafkaStorageError, Some(name))
        }
    }
}

fn described(topic: &Arc<Topic>) -> MetadataResponseTopic {
    let partition = |number| {
        MetadataResponsePartition::default()
            .with_partition_index(number)
            .with_leader_id(BrokerId(NODE))
            .with_leader_epoch(LEADER_EPOCH)
            .with_replica_nodes(vec![BrokerId(NODE)])
            .with_isr_nodes(vec![BrokerId(NODE)])
    };
    MetadataResponseTopic::default()
        .with_name(Some(TopicName(StrBytes::from_string(topic.name.clone()))))
        .with_topic_id(topic.id)
        .with_partitions((0..topic.width()).map(partition).collect())
        .with_topic_authorized_operations(NO_OPERATIONS)
}
