//! Bytes that no client sends. Each ends at most its own connection; the broker goes on.

use std::time::Duration;

use bytes::{BufMut as _, BytesMut};
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::{
    ApiKey, ApiVersionsRequest, ApiVersionsResponse, MetadataRequest, MetadataResponse, ProduceRequest,
    ProduceResponse,
};
use kafka_protocol::protocol::StrBytes;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use super::wire::{Wire, batch, frame};
use crate::Broker;

async fn lives(broker: &Broker) {
    let request = ApiVersionsRequest::default();
    let answer: ApiVersionsResponse =
        Wire::connect(broker).await.call(ApiKey::ApiVersions, 3, &request).await.unwrap();
    assert_eq!(answer.error_code, 0);
}

#[tokio::test]
async fn frames_that_lie_about_their_length_are_cut() {
    let broker = Broker::builder().start().await.unwrap();
    for length in [i32::MIN, -1, 0, 3, 200 << 20, i32::MAX] {
        let mut wire = Wire::connect(&broker).await;
        let mut bytes = BytesMut::new();
        bytes.put_i32(length);
        bytes.put_i16(ApiKey::Produce as i16);
        bytes.put_i16(9);
        wire.send(&bytes).await.ok();
        assert!(wire.is_closed().await, "{length}");
    }
    // A frame that never comes whole keeps nobody else waiting.
    let mut half = Wire::connect(&broker).await;
    half.send(&[0, 0, 1, 0, 0, 3]).await.unwrap();
    lives(&broker).await;
    half.finish().await;
    assert!(half.is_closed().await);
    broker.stop().await;
}

#[tokio::test]
async fn arrays_that_lie_about_their_length_take_no_memory() {
    let broker = Broker::builder().start().await.unwrap();
    for version in [1, 9, 12] {
        let mut bytes = BytesMut::from(&frame(ApiKey::Metadata, version, 1, &MetadataRequest::default())[..]);
        // The number of topics, the first thing behind the header.
        let at = bytes.len() - if version == 1 { 4 } else { bytes.len() - 4 - 8 - 6 - 1 };
        let claimed: &[u8] =
            if version == 1 { &[0x7f, 0xff, 0xff, 0xff] } else { &[0xff, 0xff, 0xff, 0xff, 0x07] };
        bytes.truncate(at.min(bytes.len()));
        bytes.extend_from_slice(claimed);
        let length = i32::try_from(bytes.len() - 4).unwrap();
        bytes[..4].copy_from_slice(&length.to_be_bytes());
        let mut wire = Wire::connect(&broker).await;
        wire.send(&bytes).await.unwrap();
        assert!(wire.is_closed().await, "v{version}");
    }
    lives(&broker).await;
    broker.stop().await;
}

#[tokio::test]
async fn unknown_requests_and_versions_are_cut_and_unknown_api_versions_answered() {
    let broker = Broker::builder().start().await.unwrap();
    for (key, version) in [
        (-1i16, 0i16),
        (999, 0),
        (ApiKey::Produce as i16, 2),
        (ApiKey::Fetch as i16, 99),
        (ApiKey::Vote as i16, 0),
    ] {
        let mut wire = Wire::connect(&broker).await;
        let mut bytes = BytesMut::new();
        bytes.put_i32(10);
        bytes.put_i16(key);
        bytes.put_i16(version);
        bytes.put_i32(7);
        bytes.put_i16(-1);
        wire.send(&bytes).await.unwrap();
        assert!(wire.is_closed().await, "{key} v{version}");
    }
    let mut wire = Wire::connect(&broker).await;
    let mut bytes = BytesMut::from(&frame(ApiKey::ApiVersions, 3, 5, &ApiVersionsRequest::default())[..]);
    bytes[6..8].copy_from_slice(&99i16.to_be_bytes());
    wire.send(&bytes).await.unwrap();
    let mut answer = wire.receive().await.unwrap();
    assert_eq!(answer.split_to(4)[..], 5i32.to_be_bytes(), "the correlation id");
    let answer =
        <ApiVersionsResponse as kafka_protocol::protocol::Decodable>::decode(&mut answer, 0).unwrap();
    assert_eq!(answer.error_code, 35);
    assert!(answer.api_keys.len() > 30);
    broker.stop().await;
}

#[tokio::test]
async fn spoiled_batches_are_refused_and_leave_nothing() {
    let broker = Broker::builder().start().await.unwrap();
    let mut wire = Wire::connect(&broker).await;
    let whole = batch(b"value");
    let produce = |records: Vec<u8>| {
        let data = PartitionProduceData::default().with_records(Some(records.into()));
        let name = StrBytes::from_static_str("t").into();
        let topic = TopicProduceData::default().with_name(name).with_partition_data(vec![data]);
        ProduceRequest::default().with_acks(-1).with_timeout_ms(1_000).with_topic_data(vec![topic])
    };
    let topic = kafka_protocol::messages::metadata_request::MetadataRequestTopic::default()
        .with_name(Some(StrBytes::from_static_str("t").into()));
    let make = MetadataRequest::default().with_topics(Some(vec![topic]));
    wire.call::<MetadataResponse>(ApiKey::Metadata, 4, &make).await.unwrap();
    // Every byte but those of the base offset and the leader epoch, which the broker sets itself.
    for at in (8..12).chain(16..whole.len()) {
        let mut spoiled = whole.to_vec();
        spoiled[at] ^= 0x55;
        let answer: ProduceResponse = wire.call(ApiKey::Produce, 9, &produce(spoiled)).await.unwrap();
        assert_ne!(answer.responses[0].partition_responses[0].error_code, 0, "byte {at}");
    }
    for length in 0..whole.len() {
        let answer: ProduceResponse =
            wire.call(ApiKey::Produce, 9, &produce(whole[..length].to_vec())).await.unwrap();
        assert_ne!(answer.responses[0].partition_responses[0].error_code, 0, "{length} bytes");
    }
    let answer: ProduceResponse = wire.call(ApiKey::Produce, 9, &produce(whole.to_vec())).await.unwrap();
    let partition = &answer.responses[0].partition_responses[0];
    assert_eq!((partition.error_code, partition.base_offset), (0, 0), "nothing was written before");
    broker.stop().await;
}

#[tokio::test]
async fn garbage_behind_a_sound_header_is_survived() {
    let broker = Broker::builder().start().await.unwrap();
    let mut runner = TestRunner::deterministic();
    let bytes = proptest::collection::vec(any::<u8>(), 0..200);
    for _ in 0..2_000 {
        let (key, version) = (0i16..75, 0i16..14).new_tree(&mut runner).unwrap().current();
        let body = bytes.new_tree(&mut runner).unwrap().current();
        let mut frame = BytesMut::new();
        frame.put_i32(i32::try_from(body.len() + 10).unwrap());
        frame.put_i16(key);
        frame.put_i16(version);
        frame.put_i32(1);
        frame.put_i16(-1);
        frame.extend_from_slice(&body);
        let mut wire = Wire::connect(&broker).await;
        wire.send(&frame).await.ok();
        wire.finish().await;
        // Whether it is answered or cut, it ends.
        tokio::time::timeout(Duration::from_mins(1), wire.is_closed()).await.expect("the connection ends");
    }
    lives(&broker).await;
    broker.stop().await;
}
