//! Every request, in every version that is announced.

use std::ops::RangeInclusive;

use kafka_protocol::messages::create_topics_request::CreatableTopic;
use kafka_protocol::messages::delete_topics_request::DeleteTopicState;
use kafka_protocol::messages::describe_configs_request::DescribeConfigsResource;
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::join_group_request::JoinGroupRequestProtocol;
use kafka_protocol::messages::leave_group_request::MemberIdentity;
use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::offset_commit_request::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use kafka_protocol::messages::offset_fetch_request::{
    OffsetFetchRequestGroup, OffsetFetchRequestTopic, OffsetFetchRequestTopics,
};
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::{
    ApiVersionsRequest, ApiVersionsResponse, CreateTopicsRequest, CreateTopicsResponse, DeleteTopicsRequest,
    DeleteTopicsResponse, DescribeClusterRequest, DescribeClusterResponse, DescribeConfigsRequest,
    DescribeConfigsResponse, DescribeGroupsRequest, DescribeGroupsResponse, EndTxnRequest, EndTxnResponse,
    FetchRequest, FetchResponse, FindCoordinatorRequest, FindCoordinatorResponse, GroupId, HeartbeatRequest,
    HeartbeatResponse, InitProducerIdRequest, InitProducerIdResponse, JoinGroupRequest, JoinGroupResponse,
    LeaveGroupRequest, LeaveGroupResponse, ListGroupsRequest, ListGroupsResponse, ListOffsetsRequest,
    ListOffsetsResponse, MetadataRequest, MetadataResponse, OffsetCommitRequest, OffsetCommitResponse,
    OffsetFetchRequest, OffsetFetchResponse, ProduceRequest, ProduceResponse, ProducerId, SyncGroupRequest,
    SyncGroupResponse, TopicName,
};
use kafka_protocol::protocol::{Request, StrBytes};

use orgstream_kafka_simulator::Broker;

use crate::client::Client;
use crate::records::{batch, make};

const TOPIC: &str = "t";

fn name() -> TopicName {
    StrBytes::from_static_str(TOPIC).into()
}

fn group() -> GroupId {
    StrBytes::from_static_str("g").into()
}

/// Sends `request(version)` in each of the versions.
async fn each<Q: Request>(
    client: &mut Client,
    versions: RangeInclusive<i16>,
    request: impl Fn(i16) -> Q,
    judge: impl Fn(i16, Q::Response),
) {
    for version in versions {
        judge(version, client.call(version, &request(version)).await);
    }
}

#[tokio::test]
async fn data_requests_are_answered_in_every_version() {
    let broker = Broker::builder().start().await.unwrap();
    let client = &mut Client::connect(&broker).await;
    each(
        client,
        0..=12,
        |_| {
            let topic = MetadataRequestTopic::default().with_name(Some(name()));
            MetadataRequest::default().with_topics(Some(vec![topic]))
        },
        |version, answer: MetadataResponse| assert_eq!(answer.topics[0].partitions.len(), 1, "v{version}"),
    )
    .await;
    each(
        client,
        3..=9,
        |_| {
            let data = PartitionProduceData::default().with_records(Some(batch(&["v"])));
            let topic = TopicProduceData::default().with_name(name()).with_partition_data(vec![data]);
            ProduceRequest::default().with_acks(-1).with_timeout_ms(1_000).with_topic_data(vec![topic])
        },
        |version, answer: ProduceResponse| {
            let partition = &answer.responses[0].partition_responses[0];
            assert_eq!((partition.error_code, partition.base_offset), (0, i64::from(version) - 3));
        },
    )
    .await;
    each(
        client,
        4..=12,
        |_| {
            let partition = FetchPartition::default().with_partition_max_bytes(1_000);
            let topic = FetchTopic::default().with_topic(name()).with_partitions(vec![partition]);
            FetchRequest::default().with_max_bytes(10_000).with_min_bytes(1).with_topics(vec![topic])
        },
        |version, answer: FetchResponse| {
            let partition = &answer.responses[0].partitions[0];
            assert_eq!((partition.error_code, partition.high_watermark), (0, 7), "v{version}");
            assert!(partition.records.as_ref().is_some_and(|records| records.len() > 7 * 61));
        },
    )
    .await;
    each(
        client,
        1..=7,
        |_| {
            let partition = ListOffsetsPartition::default().with_timestamp(-1);
            let topic = ListOffsetsTopic::default().with_name(name()).with_partitions(vec![partition]);
            ListOffsetsRequest::default().with_topics(vec![topic])
        },
        |version, answer: ListOffsetsResponse| {
            assert_eq!(answer.topics[0].partitions[0].offset, 7, "v{version}");
        },
    )
    .await;
    broker.stop().await;
}

#[tokio::test]
async fn group_requests_are_answered_in_every_version() {
    let broker = Broker::builder().start().await.unwrap();
    let client = &mut Client::connect(&broker).await;
    make(client, TOPIC).await;
    each(
        client,
        2..=8,
        |version| {
            let partition = OffsetCommitRequestPartition::default()
                .with_committed_offset(i64::from(version))
                .with_committed_metadata(Some(StrBytes::from_static_str("m")));
            let topic =
                OffsetCommitRequestTopic::default().with_name(name()).with_partitions(vec![partition]);
            OffsetCommitRequest::default()
                .with_group_id(group())
                .with_generation_id_or_member_epoch(-1)
                .with_topics(vec![topic])
        },
        |version, answer: OffsetCommitResponse| {
            assert_eq!(answer.topics[0].partitions[0].error_code, 0, "v{version}");
        },
    )
    .await;
    each(
        client,
        1..=8,
        |version| {
            if version < 8 {
                let topic =
                    OffsetFetchRequestTopic::default().with_name(name()).with_partition_indexes(vec![0]);
                return OffsetFetchRequest::default().with_group_id(group()).with_topics(Some(vec![topic]));
            }
            let topic = OffsetFetchRequestTopics::default().with_name(name()).with_partition_indexes(vec![0]);
            let wanted =
                OffsetFetchRequestGroup::default().with_group_id(group()).with_topics(Some(vec![topic]));
            OffsetFetchRequest::default().with_groups(vec![wanted])
        },
        |version, answer: OffsetFetchResponse| {
            let offset = if version < 8 {
                answer.topics[0].partitions[0].committed_offset
            } else {
                answer.groups[0].topics[0].partitions[0].committed_offset
            };
            assert_eq!(offset, 8, "v{version}");
        },
    )
    .await;
    each(
        client,
        0..=9,
        |_| {
            let protocol = JoinGroupRequestProtocol::default().with_name(StrBytes::from_static_str("range"));
            JoinGroupRequest::default()
                .with_group_id(group())
                .with_session_timeout_ms(10_000)
                .with_member_id(StrBytes::from_static_str("nobody"))
                .with_protocol_type(StrBytes::from_static_str("consumer"))
                .with_protocols(vec![protocol])
        },
        |version, answer: JoinGroupResponse| assert_eq!(answer.error_code, 25, "v{version}: no such member"),
    )
    .await;
    let unknown = |version: i16, code: i16| assert_eq!(code, 25, "v{version}: no such member");
    let sync = |_| SyncGroupRequest::default().with_group_id(group());
    each(client, 0..=5, sync, |v, a: SyncGroupResponse| unknown(v, a.error_code)).await;
    let beat = |_| HeartbeatRequest::default().with_group_id(group());
    each(client, 0..=4, beat, |v, a: HeartbeatResponse| unknown(v, a.error_code)).await;
    let leave = |version| {
        let request = LeaveGroupRequest::default().with_group_id(group());
        let member = MemberIdentity::default();
        if version < 3 { request } else { request.with_members(vec![member]) }
    };
    each(client, 0..=5, leave, |v, a: LeaveGroupResponse| {
        unknown(v, if v < 3 { a.error_code } else { a.members[0].error_code });
    })
    .await;
    let list = |_| ListGroupsRequest::default();
    each(client, 0..=5, list, |_, a: ListGroupsResponse| assert_eq!(a.groups.len(), 1)).await;
    let describe = |_| DescribeGroupsRequest::default().with_groups(vec![group()]);
    each(client, 0..=5, describe, |_, a: DescribeGroupsResponse| {
        assert_eq!(a.groups[0].group_state.as_str(), "Empty");
    })
    .await;
    let find = |version| {
        let key = StrBytes::from_static_str("g");
        let request = FindCoordinatorRequest::default();
        if version < 4 { request.with_key(key) } else { request.with_coordinator_keys(vec![key]) }
    };
    each(client, 0..=4, find, |v, a: FindCoordinatorResponse| {
        let node = if v < 4 { a.node_id } else { a.coordinators[0].node_id };
        assert_eq!(node.0, 1);
    })
    .await;
    broker.stop().await;
}

#[tokio::test]
async fn admin_and_transaction_requests_are_answered_in_every_version() {
    let broker = Broker::builder().start().await.unwrap();
    let client = &mut Client::connect(&broker).await;
    let versions = |_| ApiVersionsRequest::default();
    each(client, 0..=3, versions, |_, a: ApiVersionsResponse| {
        assert!(a.api_keys.len() > 30);
    })
    .await;
    each(
        client,
        2..=7,
        |version| {
            let topic = CreatableTopic::default()
                .with_name(StrBytes::from_string(format!("{TOPIC}{version}")).into())
                .with_num_partitions(2)
                .with_replication_factor(1);
            CreateTopicsRequest::default().with_topics(vec![topic])
        },
        |version, a: CreateTopicsResponse| assert_eq!(a.topics[0].error_code, 0, "v{version}"),
    )
    .await;
    each(
        client,
        1..=4,
        |_| {
            let resource = DescribeConfigsResource::default()
                .with_resource_type(2)
                .with_resource_name(StrBytes::from_static_str("t2"))
                .with_configuration_keys(None);
            DescribeConfigsRequest::default().with_resources(vec![resource])
        },
        |version, a: DescribeConfigsResponse| assert!(a.results[0].configs.len() > 20, "v{version}"),
    )
    .await;
    each(
        client,
        0..=4,
        |_| {
            InitProducerIdRequest::default()
                .with_transactional_id(Some(StrBytes::from_static_str("tx").into()))
                .with_transaction_timeout_ms(1_000)
                .with_producer_id(ProducerId(-1))
                .with_producer_epoch(-1)
        },
        |version, a: InitProducerIdResponse| assert_eq!((a.error_code, a.producer_epoch), (0, version)),
    )
    .await;
    let end = |_| EndTxnRequest::default().with_transactional_id(StrBytes::from_static_str("none").into());
    each(client, 0..=3, end, |_, a: EndTxnResponse| assert_eq!(a.error_code, 49)).await;
    let cluster = |_| DescribeClusterRequest::default();
    each(client, 0..=1, cluster, |_, a: DescribeClusterResponse| {
        assert_eq!(a.brokers.len(), 1);
    })
    .await;
    each(
        client,
        1..=6,
        |version| {
            let name: TopicName = StrBytes::from_string(format!("{TOPIC}{}", version + 1)).into();
            if version < 6 {
                return DeleteTopicsRequest::default().with_topic_names(vec![name]);
            }
            let topic = DeleteTopicState::default().with_name(Some(name));
            DeleteTopicsRequest::default().with_topics(vec![topic])
        },
        |version, a: DeleteTopicsResponse| assert_eq!(a.responses[0].error_code, 0, "v{version}"),
    )
    .await;
    broker.stop().await;
}
