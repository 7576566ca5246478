//! Groups and their commits.

use std::time::Duration;

use bytes::Bytes;
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::join_group_request::JoinGroupRequestProtocol;
use kafka_protocol::messages::offset_commit_request::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use kafka_protocol::messages::sync_group_request::SyncGroupRequestAssignment;
use kafka_protocol::messages::{
    DeleteGroupsRequest, DescribeGroupsRequest, GroupId, HeartbeatRequest, JoinGroupRequest,
    JoinGroupResponse, LeaveGroupRequest, ListGroupsRequest, OffsetCommitRequest, OffsetFetchRequest,
    SyncGroupRequest, SyncGroupResponse,
};
use kafka_protocol::protocol::StrBytes;
use orgstream_kafka_simulator::Broker;

use crate::client::Client;
use crate::records::{make, produce, topic};

pub(crate) fn group() -> GroupId {
    GroupId(StrBytes::from_static_str("g"))
}

fn join_request(member_id: &StrBytes, instance: Option<&'static str>) -> JoinGroupRequest {
    let protocol = JoinGroupRequestProtocol::default()
        .with_name(StrBytes::from_static_str("range"))
        .with_metadata(Bytes::from_static(b"what I read"));
    JoinGroupRequest::default()
        .with_group_id(group())
        .with_session_timeout_ms(60_000)
        .with_rebalance_timeout_ms(60_000)
        .with_member_id(member_id.clone())
        .with_group_instance_id(instance.map(StrBytes::from_static_str))
        .with_protocol_type(StrBytes::from_static_str("consumer"))
        .with_protocols(vec![protocol])
}

/// Joins; a member without a name is given one first.
async fn join(client: &mut Client, instance: Option<&'static str>) -> JoinGroupResponse {
    let first = client.call(9, &join_request(&StrBytes::default(), instance)).await;
    if first.error_code != ResponseError::MemberIdRequired.code() {
        return first;
    }
    client.call(9, &join_request(&first.member_id, instance)).await
}

/// Asks for the assignment; the leader gives everybody its own member id as one.
fn sync_request(joined: &JoinGroupResponse) -> SyncGroupRequest {
    let given = joined.members.iter().map(|member| {
        SyncGroupRequestAssignment::default()
            .with_member_id(member.member_id.clone())
            .with_assignment(Bytes::copy_from_slice(member.member_id.as_bytes()))
    });
    SyncGroupRequest::default()
        .with_group_id(group())
        .with_generation_id(joined.generation_id)
        .with_member_id(joined.member_id.clone())
        .with_assignments(given.collect())
}

async fn heartbeat(client: &mut Client, joined: &JoinGroupResponse) -> i16 {
    let request = HeartbeatRequest::default()
        .with_group_id(group())
        .with_generation_id(joined.generation_id)
        .with_member_id(joined.member_id.clone());
    client.call(4, &request).await.error_code
}

fn assignment(synced: &SyncGroupResponse) -> &[u8] {
    assert_eq!(synced.error_code, 0);
    &synced.assignment
}

#[tokio::test]
async fn a_second_member_starts_a_generation_that_both_are_part_of() {
    let broker = Broker::builder().group_initial_rebalance_delay(Duration::ZERO).start().await.unwrap();
    let (mut one, mut other) = (Client::connect(&broker).await, Client::connect(&broker).await);
    let alone = join(&mut one, None).await;
    assert_eq!((alone.error_code, &alone.leader, alone.members.len()), (0, &alone.member_id, 1));
    let synced = one.call(5, &sync_request(&alone)).await;
    assert_eq!(assignment(&synced), alone.member_id.as_bytes());
    assert_eq!(heartbeat(&mut one, &alone).await, 0);

    let first = other.call(9, &join_request(&StrBytes::default(), None)).await;
    other.send(9, &join_request(&first.member_id, None)).await.unwrap();
    // The other hears of it with its next heartbeat, and joins again.
    let rebalance = ResponseError::RebalanceInProgress.code();
    while heartbeat(&mut one, &alone).await != rebalance {}
    let leader = one.call(9, &join_request(&alone.member_id, None)).await;
    let (_, follower) = other.receive::<JoinGroupRequest>(9).await.unwrap();
    assert_eq!(leader.generation_id, alone.generation_id + 1);
    assert_eq!(follower.generation_id, leader.generation_id);
    assert_eq!((leader.members.len(), follower.members.len()), (2, 0));
    assert_eq!(follower.leader, leader.member_id);
    other.send(5, &sync_request(&follower)).await.unwrap();
    let of_leader = one.call(5, &sync_request(&leader)).await;
    let (_, of_follower) = other.receive::<SyncGroupRequest>(5).await.unwrap();
    assert_eq!(assignment(&of_leader), leader.member_id.as_bytes());
    assert_eq!(assignment(&of_follower), follower.member_id.as_bytes());
    assert_eq!(heartbeat(&mut one, &alone).await, ResponseError::IllegalGeneration.code());

    // The follower leaves; the leader is to join again.
    let leave =
        LeaveGroupRequest::default().with_group_id(group()).with_member_id(follower.member_id.clone());
    assert_eq!(other.call(2, &leave).await.error_code, 0);
    assert_eq!(heartbeat(&mut one, &leader).await, rebalance);
    assert_eq!(heartbeat(&mut other, &follower).await, ResponseError::UnknownMemberId.code());
    broker.stop().await;
}

#[tokio::test]
async fn a_static_member_that_starts_anew_keeps_its_assignment_and_fences_its_predecessor() {
    let broker = Broker::builder().group_initial_rebalance_delay(Duration::ZERO).start().await.unwrap();
    let (mut old, mut new) = (Client::connect(&broker).await, Client::connect(&broker).await);
    let before = join(&mut old, Some("i")).await;
    let given = old.call(5, &sync_request(&before)).await;
    let after = join(&mut new, Some("i")).await;
    assert_eq!((after.error_code, after.generation_id), (0, before.generation_id));
    assert_ne!(after.member_id, before.member_id);
    let again = new.call(5, &sync_request(&after)).await;
    assert_eq!(assignment(&again), assignment(&given));
    let late = HeartbeatRequest::default()
        .with_group_id(group())
        .with_generation_id(before.generation_id)
        .with_member_id(before.member_id.clone())
        .with_group_instance_id(Some(StrBytes::from_static_str("i")));
    assert_eq!(old.call(4, &late).await.error_code, ResponseError::FencedInstanceId.code());
    broker.stop().await;
}

#[tokio::test]
async fn a_static_member_keeps_its_assignment_as_long_as_the_group_keeps_its_assignor() {
    let broker = Broker::builder().group_initial_rebalance_delay(Duration::ZERO).start().await.unwrap();
    let mut client = Client::connect(&broker).await;
    let both = ["cooperative-sticky", "range"];
    let with = |assignors: &[&'static str], metadata: &'static [u8]| {
        let protocol = |name: &&'static str| {
            JoinGroupRequestProtocol::default()
                .with_name(StrBytes::from_static_str(name))
                .with_metadata(Bytes::from_static(metadata))
        };
        let protocols = assignors.iter().map(protocol).collect();
        join_request(&StrBytes::default(), Some("i")).with_protocols(protocols)
    };
    let before = client.call(9, &with(&both, b"I own 0 and 1")).await;
    let given = client.call(5, &sync_request(&before)).await;
    let after = client.call(9, &with(&both, b"I own nothing")).await;
    assert_eq!((after.error_code, after.generation_id), (0, before.generation_id));
    assert_eq!(assignment(&client.call(5, &sync_request(&after)).await), assignment(&given));
    let described = client.call(5, &DescribeGroupsRequest::default().with_groups(vec![group()])).await;
    assert_eq!(&described.groups[0].members[0].member_metadata[..], b"I own nothing");

    let other = client.call(9, &with(&["range"], b"I own nothing")).await;
    assert_eq!((other.error_code, other.generation_id), (0, before.generation_id + 1));
    assert_eq!(other.protocol_name.unwrap().as_str(), "range");
    broker.stop().await;
}

#[tokio::test]
async fn joins_that_no_group_takes_are_refused() {
    let broker = Broker::builder().group_initial_rebalance_delay(Duration::ZERO).start().await.unwrap();
    let mut client = Client::connect(&broker).await;
    let nobody = StrBytes::default();
    join(&mut client, None).await;
    let other_type = join_request(&nobody, None).with_protocol_type(StrBytes::from_static_str("connect"));
    for (request, error) in [
        (join_request(&nobody, None).with_group_id(GroupId::default()), ResponseError::InvalidGroupId),
        (join_request(&nobody, None).with_session_timeout_ms(1), ResponseError::InvalidSessionTimeout),
        (join_request(&nobody, None).with_session_timeout_ms(-1), ResponseError::InvalidSessionTimeout),
        (join_request(&nobody, None).with_protocols(Vec::new()), ResponseError::InconsistentGroupProtocol),
        (other_type, ResponseError::InconsistentGroupProtocol),
        (join_request(&StrBytes::from_static_str("who"), None), ResponseError::UnknownMemberId),
    ] {
        assert_eq!(client.call(9, &request).await.error_code, error.code(), "{request:?}");
    }
    broker.stop().await;
}

#[tokio::test]
async fn commits_outlive_the_broker_and_go_with_their_group() {
    let dir = tempfile::tempdir().unwrap();
    let broker = Broker::builder().data(dir.path()).start().await.unwrap();
    let mut client = Client::connect(&broker).await;
    make(&mut client, "t").await;
    produce(&mut client, "t", &["a", "b", "c", "d", "e"]).await;
    let partition = |number, offset, metadata: &str| {
        OffsetCommitRequestPartition::default()
            .with_partition_index(number)
            .with_committed_offset(offset)
            .with_committed_metadata(Some(StrBytes::from_string(metadata.to_owned())))
    };
    let partitions = vec![partition(0, 5, "ü"), partition(9, 5, ""), partition(0, 6, &"x".repeat(5_000))];
    let wanted = OffsetCommitRequestTopic::default().with_name(topic("t")).with_partitions(partitions);
    let request = OffsetCommitRequest::default()
        .with_group_id(group())
        .with_generation_id_or_member_epoch(-1)
        .with_topics(vec![wanted]);
    let answer = client.call(8, &request).await;
    let codes: Vec<_> = answer.topics[0].partitions.iter().map(|one| one.error_code).collect();
    let (unknown, large) = (ResponseError::UnknownTopicOrPartition, ResponseError::OffsetMetadataTooLarge);
    assert_eq!(codes, [0, unknown.code(), large.code()]);
    broker.stop().await;

    let broker = Broker::builder().data(dir.path()).start().await.unwrap();
    let mut client = Client::connect(&broker).await;
    let all = OffsetFetchRequest::default().with_group_id(group()).with_topics(None);
    let found = client.call(7, &all).await.topics.remove(0).partitions.remove(0);
    assert_eq!(found.committed_offset, 5);
    assert_eq!(found.metadata.unwrap().as_str(), "ü");
    assert_eq!(client.call(4, &ListGroupsRequest::default()).await.groups[0].group_id, group());
    let described = client.call(5, &DescribeGroupsRequest::default().with_groups(vec![group()])).await;
    assert_eq!(described.groups[0].group_state.as_str(), "Empty");
    let delete = DeleteGroupsRequest::default().with_groups_names(vec![group()]);
    assert_eq!(client.call(2, &delete).await.results[0].error_code, 0);
    assert_eq!(client.call(2, &delete).await.results[0].error_code, ResponseError::GroupIdNotFound.code());
    assert!(client.call(7, &all).await.topics.is_empty());
    broker.stop().await;
}
