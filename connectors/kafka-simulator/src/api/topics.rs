//! CreateTopics, DeleteTopics, CreatePartitions.

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::create_partitions_response::CreatePartitionsTopicResult;
use kafka_protocol::messages::create_topics_request::CreatableTopic;
use kafka_protocol::messages::create_topics_response::{CreatableTopicConfigs, CreatableTopicResult};
use kafka_protocol::messages::delete_topics_request::DeleteTopicState;
use kafka_protocol::messages::delete_topics_response::DeletableTopicResult;
use kafka_protocol::messages::{
    ApiKey, BrokerId, CreatePartitionsRequest, CreatePartitionsResponse, CreateTopicsRequest,
    CreateTopicsResponse, DeleteTopicsRequest, DeleteTopicsResponse, TopicName,
};
use kafka_protocol::protocol::StrBytes;

use super::configs::{Source, config_source, set};
use crate::core::{Core, NODE};
use crate::topics::{KNOWN, Settings, TopicError};

/// Makes topics, or says whether they could be made.
pub(crate) fn create_topics(core: &Core, request: &CreateTopicsRequest) -> CreateTopicsResponse {
    let topics = request.topics.iter().map(|wanted| create(core, wanted, request.validate_only));
    CreateTopicsResponse::default().with_topics(topics.collect())
}

fn create(core: &Core, wanted: &CreatableTopic, only_check: bool) -> CreatableTopicResult {
    let answer = CreatableTopicResult::default().with_name(wanted.name.clone());
    if let Some(error) = core.faults.error(ApiKey::CreateTopics, None) {
        return answer.with_error_code(error.code());
    }
    let partitions = if !wanted.assignments.is_empty() {
        i32::try_from(wanted.assignments.len()).unwrap_or(i32::MAX)
    } else if wanted.num_partitions == -1 {
        core.auto_create_partitions.max(1)
    } else {
        wanted.num_partitions
    };
    if !is_assignable(wanted) {
        let message = "Partitions are numbered from 0 on, and each is led by broker 1, the only one.";
        return answer
            .with_error_code(ResponseError::InvalidReplicaAssignment.code())
            .with_error_message(Some(StrBytes::from_static_str(message)));
    }
    if !matches!(wanted.replication_factor, -1 | 1) {
        let message = format!(
            "Unable to replicate the partition {} time(s): this development broker is the only one.",
            wanted.replication_factor
        );
        return answer
            .with_error_code(ResponseError::InvalidReplicationFactor.code())
            .with_error_message(Some(StrBytes::from_string(message)));
    }
    let mut settings = Settings::default();
    let set =
        wanted.configs.iter().try_for_each(|config| set(&mut settings, &config.name, config.value.as_ref()));
    let created = set
        .map_err(TopicError::Setting)
        .and_then(|()| core.topics.create(&wanted.name, partitions, settings.clone(), only_check));
    match created {
        Ok(topic) => answer
            .with_topic_id(topic.map(|topic| topic.id).unwrap_or_default())
            .with_num_partitions(partitions)
            .with_replication_factor(1)
            .with_configs(Some(configs(&settings))),
        Err(error) => {
            let (code, message) = refused(&error);
            answer.with_error_code(code).with_error_message(Some(message))
        }
    }
}

/// Whether the partitions, where the client has put them somewhere itself, are all here.
fn is_assignable(wanted: &CreatableTopic) -> bool {
    let mut numbers: Vec<i32> = wanted.assignments.iter().map(|assigned| assigned.partition_index).collect();
    numbers.sort_unstable();
    let here = wanted.assignments.iter().all(|assigned| assigned.broker_ids == [BrokerId(NODE)]);
    here && numbers.into_iter().eq((0..).take(wanted.assignments.len()))
}

fn configs(settings: &Settings) -> Vec<CreatableTopicConfigs> {
    let config = |known: &crate::topics::Setting| {
        CreatableTopicConfigs::default()
            .with_name(StrBytes::from_static_str(known.name))
            .with_value(Some(StrBytes::from_string(settings.value(known).to_owned())))
            .with_config_source(config_source(if settings.is_set(known.name) {
                Source::Topic
            } else {
                Source::Default
            }))
    };
    KNOWN.iter().map(config).collect()
}

/// Deletes topics; by id, too, from version 6 on.
pub(crate) fn delete_topics(core: &Core, request: DeleteTopicsRequest, version: i16) -> DeleteTopicsResponse {
    let wanted = if version < 6 {
        let by_name = |name| DeleteTopicState::default().with_name(Some(name));
        request.topic_names.into_iter().map(by_name).collect()
    } else {
        request.topics
    };
    let responses = wanted.into_iter().map(|wanted| delete(core, wanted));
    DeleteTopicsResponse::default().with_responses(responses.collect())
}

fn delete(core: &Core, wanted: DeleteTopicState) -> DeletableTopicResult {
    let topic = match &wanted.name {
        Some(name) => core.topics.by_name(name),
        None => core.topics.by_id(wanted.topic_id),
    };
    let Some(topic) = topic else {
        let error = if wanted.name.is_some() {
            ResponseError::UnknownTopicOrPartition
        } else {
            ResponseError::UnknownTopicId
        };
        return DeletableTopicResult::default()
            .with_name(wanted.name)
            .with_topic_id(wanted.topic_id)
            .with_error_code(error.code());
    };
    let answer = DeletableTopicResult::default()
        .with_name(Some(TopicName(StrBytes::from_string(topic.name.clone()))))
        .with_topic_id(topic.id);
    let deleted = core.topics.delete(&topic.name).and_then(|()| {
        // A broker that is killed before this forgets them when it starts.
        core.transactions.forget_topic(&topic.name)?;
        Ok(core.groups.forget_topic(&topic.name)?)
    });
    match deleted {
        Ok(()) => answer,
        Err(error) => {
            let (code, message) = refused(&error);
            answer.with_error_code(code).with_error_message(Some(message))
        }
    }
}

/// Widens topics.
pub(crate) fn create_partitions(core: &Core, request: CreatePartitionsRequest) -> CreatePartitionsResponse {
    let results = request.topics.into_iter().map(|wanted| {
        let widened = core.topics.widen(&wanted.name, wanted.count, request.validate_only);
        let answer = CreatePartitionsTopicResult::default().with_name(wanted.name);
        match widened {
            Ok(()) => answer,
            Err(error) => {
                let (code, message) = refused(&error);
                answer.with_error_code(code).with_error_message(Some(message))
            }
        }
    });
    CreatePartitionsResponse::default().with_results(results.collect())
}

/// The error code and the message of a change that cannot be made.
pub(super) fn refused(error: &TopicError) -> (i16, StrBytes) {
    let code = match error {
        TopicError::Exists(_) => ResponseError::TopicAlreadyExists,
        TopicError::Unknown => ResponseError::UnknownTopicOrPartition,
        TopicError::Name(_) | TopicError::Collision { .. } => ResponseError::InvalidTopicException,
        TopicError::Partitions(_) => ResponseError::InvalidPartitions,
        TopicError::Setting(_) => ResponseError::InvalidConfig,
        TopicError::Io(_) => {
            tracing::error!(%error, "A topic cannot be kept.");
            ResponseError::KafkaStorageError
        }
    };
    (code.code(), StrBytes::from_string(error.to_string()))
}
