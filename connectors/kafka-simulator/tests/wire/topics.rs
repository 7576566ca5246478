//! Topics: metadata, creating, deleting, widening, and deleting records.

use std::collections::BTreeSet;

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::create_partitions_request::CreatePartitionsTopic;
use kafka_protocol::messages::create_topics_request::{
    CreatableReplicaAssignment, CreatableTopic, CreatableTopicConfig,
};
use kafka_protocol::messages::delete_records_request::{DeleteRecordsPartition, DeleteRecordsTopic};
use kafka_protocol::messages::delete_topics_request::DeleteTopicState;
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::{
    BrokerId, CreatePartitionsRequest, CreateTopicsRequest, DeleteRecordsRequest, DeleteTopicsRequest,
    DescribeClusterRequest, FindCoordinatorRequest, MetadataRequest,
};
use kafka_protocol::protocol::StrBytes;
use orgstream_kafka_simulator::Broker;

use crate::client::Client;
use crate::records::{fetch, make, produce, topic, values};

/// A topic to be made.
pub(crate) fn creatable(name: &str, partitions: i32) -> CreatableTopic {
    CreatableTopic::default()
        .with_name(topic(name))
        .with_num_partitions(partitions)
        .with_replication_factor(1)
}

async fn create(client: &mut Client, wanted: CreatableTopic) -> ResponseError {
    let request = CreateTopicsRequest::default().with_topics(vec![wanted]).with_timeout_ms(1000);
    let code = client.call(7, &request).await.topics[0].error_code;
    ResponseError::try_from_code(code).unwrap_or(ResponseError::Unknown(0))
}

const NONE: ResponseError = ResponseError::Unknown(0);

#[tokio::test]
async fn a_topic_is_made_when_it_is_named_and_nobody_forbids_it() {
    let broker = Broker::builder().auto_create_partitions(3).start().await.unwrap();
    let mut client = Client::connect(&broker).await;
    let made = make(&mut client, "t").await.topics.remove(0);
    assert_eq!((made.error_code, made.partitions.len()), (0, 3));
    for (name, create, code) in [
        ("other", false, ResponseError::UnknownTopicOrPartition),
        ("a/b", true, ResponseError::InvalidTopicException),
    ] {
        let wanted = MetadataRequestTopic::default().with_name(Some(topic(name)));
        let request =
            MetadataRequest::default().with_topics(Some(vec![wanted])).with_allow_auto_topic_creation(create);
        assert_eq!(client.call(9, &request).await.topics[0].error_code, code.code(), "{name}");
    }
    let all = client.call(12, &MetadataRequest::default().with_topics(None)).await;
    assert_eq!(all.topics.len(), 1);
    let broker_says = &all.brokers[0];
    assert_eq!(format!("{}:{}", broker_says.host.as_str(), broker_says.port), broker.bootstrap_servers());
    // The same by its id.
    let id = all.topics[0].topic_id;
    let wanted = MetadataRequestTopic::default().with_name(None).with_topic_id(id);
    let by_id = client.call(12, &MetadataRequest::default().with_topics(Some(vec![wanted]))).await;
    assert_eq!(by_id.topics[0].name, Some(topic("t")));
    broker.stop().await;

    let broker = Broker::builder().auto_create_partitions(0).start().await.unwrap();
    let mut client = Client::connect(&broker).await;
    let code = make(&mut client, "t").await.topics[0].error_code;
    assert_eq!(code, ResponseError::UnknownTopicOrPartition.code());
    broker.stop().await;
}

#[tokio::test]
async fn topics_that_kafka_would_not_make_are_not_made() {
    let broker = Broker::builder().start().await.unwrap();
    let mut client = Client::connect(&broker).await;
    assert_eq!(create(&mut client, creatable("a.b", 2)).await, NONE);
    let config = |name: &str, value: Option<&str>| {
        CreatableTopicConfig::default()
            .with_name(StrBytes::from_string(name.to_owned()))
            .with_value(value.map(|value| StrBytes::from_string(value.to_owned())))
    };
    let assigned = |partition, node| {
        CreatableReplicaAssignment::default()
            .with_partition_index(partition)
            .with_broker_ids(vec![BrokerId(node)])
    };
    let assigned_to =
        |assignments| creatable("new", -1).with_replication_factor(-1).with_assignments(assignments);
    for (wanted, error) in [
        (creatable("a.b", 2), ResponseError::TopicAlreadyExists),
        (creatable("a_b", 2), ResponseError::InvalidTopicException),
        (creatable("", 2), ResponseError::InvalidTopicException),
        (creatable("../up", 2), ResponseError::InvalidTopicException),
        (creatable("new", 0), ResponseError::InvalidPartitions),
        (creatable("new", i32::MAX), ResponseError::InvalidPartitions),
        (creatable("new", 1).with_replication_factor(3), ResponseError::InvalidReplicationFactor),
        (creatable("new", 1).with_configs(vec![config("no.such", Some("1"))]), ResponseError::InvalidConfig),
        (
            creatable("new", 1).with_configs(vec![config("retention.ms", Some("x"))]),
            ResponseError::InvalidConfig,
        ),
        (creatable("new", 1).with_configs(vec![config("retention.ms", None)]), ResponseError::InvalidConfig),
        (assigned_to(vec![assigned(0, 2)]), ResponseError::InvalidReplicaAssignment),
        (assigned_to(vec![assigned(0, 1), assigned(2, 1)]), ResponseError::InvalidReplicaAssignment),
        (assigned_to(vec![assigned(1, 1), assigned(0, 1)]), NONE),
    ] {
        assert_eq!(create(&mut client, wanted.clone()).await, error, "{wanted:?}");
    }
    let request =
        CreateTopicsRequest::default().with_topics(vec![creatable("tried", 1)]).with_validate_only(true);
    assert_eq!(client.call(7, &request).await.topics[0].error_code, 0);
    let all = client.call(9, &MetadataRequest::default().with_topics(None)).await.topics;
    let names: BTreeSet<_> =
        all.iter().filter_map(|topic| topic.name.as_ref()).map(|name| name.as_str()).collect();
    assert_eq!(names, BTreeSet::from(["a.b", "new"]));
    broker.stop().await;
}

#[tokio::test]
async fn the_partitions_of_all_topics_together_have_a_bound() {
    let broker = Broker::builder().start().await.unwrap();
    let mut client = Client::connect(&broker).await;
    create(&mut client, creatable("few", 3)).await;
    for (more, code) in [(9_997, 0), (9_998, ResponseError::InvalidPartitions.code())] {
        let request = CreateTopicsRequest::default()
            .with_topics(vec![creatable("many", more)])
            .with_validate_only(true);
        assert_eq!(client.call(7, &request).await.topics[0].error_code, code, "{more} more");
    }
    broker.stop().await;
}

#[tokio::test]
async fn a_topic_made_anew_holds_nothing_of_the_old_one() {
    let broker = Broker::builder().start().await.unwrap();
    let mut client = Client::connect(&broker).await;
    let old = make(&mut client, "t").await.topics.remove(0);
    produce(&mut client, "t", &["a", "b"]).await;
    let by_name = DeleteTopicState::default().with_name(Some(topic("t")));
    let gone =
        client.call(6, &DeleteTopicsRequest::default().with_topics(vec![by_name.clone(), by_name])).await;
    let codes: Vec<_> = gone.responses.iter().map(|one| one.error_code).collect();
    assert_eq!(codes, [0, ResponseError::UnknownTopicOrPartition.code()]);
    let new = make(&mut client, "t").await.topics.remove(0);
    let read = fetch(&mut client, "t", 0).await;
    assert_eq!((read.error_code, read.high_watermark), (0, 0));
    assert_eq!((old.error_code, new.error_code), (0, 0));
    broker.stop().await;
}

#[tokio::test]
async fn topics_are_widened_but_never_narrowed() {
    let broker = Broker::builder().auto_create_partitions(2).start().await.unwrap();
    let mut client = Client::connect(&broker).await;
    make(&mut client, "t").await;
    let widen = |name, count| CreatePartitionsTopic::default().with_name(topic(name)).with_count(count);
    let wanted = vec![widen("t", 2), widen("t", 1), widen("t", 1_000_000), widen("none", 3), widen("t", 4)];
    let response = client.call(3, &CreatePartitionsRequest::default().with_topics(wanted)).await;
    let codes: Vec<_> = response.results.iter().map(|one| one.error_code).collect();
    let (width, unknown) = (ResponseError::InvalidPartitions, ResponseError::UnknownTopicOrPartition);
    assert_eq!(codes, [width.code(), width.code(), width.code(), unknown.code(), 0]);
    assert_eq!(make(&mut client, "t").await.topics[0].partitions.len(), 4);
    broker.stop().await;
}

#[tokio::test]
async fn deleted_records_are_out_of_range() {
    let broker = Broker::builder().start().await.unwrap();
    let mut client = Client::connect(&broker).await;
    make(&mut client, "t").await;
    produce(&mut client, "t", &["a", "b", "c"]).await;
    let before = |offset| {
        let wanted = DeleteRecordsPartition::default().with_offset(offset);
        let wanted = DeleteRecordsTopic::default().with_name(topic("t")).with_partitions(vec![wanted]);
        DeleteRecordsRequest::default().with_topics(vec![wanted])
    };
    let mut deleted = async |offset| {
        let response = client.call(2, &before(offset)).await;
        (response.topics[0].partitions[0].error_code, response.topics[0].partitions[0].low_watermark)
    };
    assert_eq!(deleted(2).await, (0, 2));
    assert_eq!(deleted(9).await, (ResponseError::OffsetOutOfRange.code(), -1));
    assert_eq!(values(&fetch(&mut client, "t", 2).await, 2), ["c"]);
    assert_eq!(fetch(&mut client, "t", 1).await.error_code, ResponseError::OffsetOutOfRange.code());
    broker.stop().await;
}

#[tokio::test]
async fn the_broker_is_its_own_cluster_and_coordinator() {
    let broker = Broker::builder().start().await.unwrap();
    let mut client = Client::connect(&broker).await;
    for version in 0..=1 {
        let cluster = client.call(version, &DescribeClusterRequest::default()).await;
        assert_eq!((cluster.error_code, cluster.brokers.len()), (0, 1));
        assert_eq!(cluster.controller_id, cluster.brokers[0].broker_id);
    }
    let group = StrBytes::from_static_str("g");
    let one = client.call(2, &FindCoordinatorRequest::default().with_key(group.clone())).await;
    assert_eq!(format!("{}:{}", one.host.as_str(), one.port), broker.bootstrap_servers());
    let keys = vec![group, StrBytes::from_static_str("h")];
    let many = client.call(4, &FindCoordinatorRequest::default().with_coordinator_keys(keys)).await;
    assert_eq!(many.coordinators.len(), 2);
    assert!(many.coordinators.iter().all(|one| one.error_code == 0));
    broker.stop().await;
}
