//! Records in and out.

use bytes::{Bytes, BytesMut};
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_protocol::messages::offset_for_leader_epoch_request::{
    OffsetForLeaderPartition, OffsetForLeaderTopic,
};
use kafka_protocol::messages::{
    ApiVersionsRequest, FetchRequest, ListOffsetsRequest, OffsetForLeaderEpochRequest, ProduceRequest,
};
use orgstream_kafka_simulator::Broker;

use crate::client::Client;
use crate::records::{batch, fetch, fetch_request, make, produce, produce_request, time, topic, values};

#[tokio::test]
async fn what_is_produced_is_fetched_from_every_offset_on() {
    let broker = Broker::builder().start().await.unwrap();
    let mut client = Client::connect(&broker).await;
    make(&mut client, "t").await;
    assert_eq!(produce(&mut client, "t", &["a", "b", "c"]).await.base_offset, 0);
    assert_eq!(produce(&mut client, "t", &["d", "e"]).await.base_offset, 3);
    for from in 0..=5 {
        let read = fetch(&mut client, "t", from).await;
        assert_eq!((read.error_code, read.high_watermark, read.last_stable_offset), (0, 5, 5));
        let all = ["a", "b", "c", "d", "e"];
        assert_eq!(values(&read, from), all[usize::try_from(from).unwrap()..]);
    }
    for outside in [-1, 6] {
        let read = fetch(&mut client, "t", outside).await;
        assert_eq!(read.error_code, ResponseError::OffsetOutOfRange.code());
    }
    broker.stop().await;
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_their_order() {
    let broker = Broker::builder().start().await.unwrap();
    let mut client = Client::connect(&broker).await;
    make(&mut client, "t").await;
    let mut sent = Vec::new();
    for number in 0..200 {
        let value = number.to_string();
        sent.push(client.send(9, &produce_request("t", 0, 1, batch(&[&value]))).await.unwrap());
    }
    for (offset, id) in (0..).zip(sent) {
        let (answered, response) = client.receive::<ProduceRequest>(9).await.unwrap();
        let written = &response.responses[0].partition_responses[0];
        assert_eq!((answered, written.error_code, written.base_offset), (id, 0, offset));
    }
    broker.stop().await;
}

#[tokio::test]
async fn without_acknowledgement_nothing_is_answered_and_an_error_closes_the_connection() {
    let broker = Broker::builder().start().await.unwrap();
    let mut client = Client::connect(&broker).await;
    make(&mut client, "t").await;
    client.send(9, &produce_request("t", 0, 0, batch(&["a"]))).await.unwrap();
    // The next answer is that of the next request.
    client.call(3, &ApiVersionsRequest::default()).await;
    assert_eq!(values(&fetch(&mut client, "t", 0).await, 0), ["a"]);
    client.send(9, &produce_request("nowhere", 0, 0, batch(&["a"]))).await.unwrap();
    assert!(client.is_closed().await);
    broker.stop().await;
}

#[tokio::test]
async fn each_partition_has_its_own_error() {
    let broker = Broker::builder().auto_create_partitions(2).start().await.unwrap();
    let mut client = Client::connect(&broker).await;
    make(&mut client, "t").await;
    let mut bad = BytesMut::from(&batch(&["a"])[..]);
    let last = bad.len() - 1;
    bad[last] ^= 1;
    let mut request = produce_request("t", 0, -1, batch(&["a"]));
    let more = [(1, bad.freeze()), (2, batch(&["a"])), (1, Bytes::new())].map(|(partition, records)| {
        produce_request("t", partition, -1, records).topic_data.remove(0).partition_data.remove(0)
    });
    request.topic_data[0].partition_data.extend(more);
    let response = client.call(8, &request).await;
    let codes: Vec<i16> =
        response.responses[0].partition_responses.iter().map(|one| one.error_code).collect();
    let corrupt = ResponseError::CorruptMessage.code();
    assert_eq!(codes[..3], [0, corrupt, ResponseError::UnknownTopicOrPartition.code()]);
    assert_ne!(codes[3], 0);
    let acks = client.call(9, &produce_request("t", 0, 2, batch(&["a"]))).await;
    let code = acks.responses[0].partition_responses[0].error_code;
    assert_eq!(code, ResponseError::InvalidRequiredAcks.code());
    broker.stop().await;
}

#[tokio::test]
async fn an_answer_is_as_large_as_asked_for_but_its_first_batch_always_comes() {
    let broker = Broker::builder().auto_create_partitions(2).start().await.unwrap();
    let mut client = Client::connect(&broker).await;
    make(&mut client, "t").await;
    for partition in 0..2 {
        for value in ["a", "b", "c"] {
            client.call(9, &produce_request("t", partition, -1, batch(&[value]))).await;
        }
    }
    let one = batch(&["a"]).len();
    let mut request = fetch_request("t", 0, 0, std::time::Duration::ZERO);
    let other = fetch_request("t", 1, 0, std::time::Duration::ZERO).topics.remove(0).partitions.remove(0);
    request.topics[0].partitions.push(other);
    let sizes = async |client: &mut Client, max_bytes: usize| -> Vec<usize> {
        let request = request.clone().with_max_bytes(i32::try_from(max_bytes).unwrap());
        let response = client.call::<FetchRequest>(11, &request).await;
        let records = response.responses[0].partitions.iter().map(|one| one.records.as_ref());
        records.map(|records| records.map_or(0, Bytes::len)).collect()
    };
    assert_eq!(sizes(&mut client, 1).await, [one, 0]);
    assert_eq!(sizes(&mut client, 2 * one).await, [2 * one, 0]);
    assert_eq!(sizes(&mut client, 3 * one + 1).await, [3 * one, 0]);
    assert_eq!(sizes(&mut client, 4 * one).await, [3 * one, one]);
    broker.stop().await;
}

#[tokio::test]
async fn logs_say_where_they_start_and_end_and_what_is_first_of_a_time() {
    let broker = Broker::builder().start().await.unwrap();
    let mut client = Client::connect(&broker).await;
    make(&mut client, "t").await;
    produce(&mut client, "t", &["a", "b", "c"]).await;
    let mut offset = async |timestamp, epoch| {
        let wanted =
            ListOffsetsPartition::default().with_timestamp(timestamp).with_current_leader_epoch(epoch);
        let wanted = ListOffsetsTopic::default().with_name(topic("t")).with_partitions(vec![wanted]);
        let request = ListOffsetsRequest::default().with_topics(vec![wanted]);
        let found = client.call(7, &request).await.topics.remove(0).partitions.remove(0);
        (found.error_code, found.offset, found.timestamp)
    };
    let time = time();
    assert_eq!(offset(-1, -1).await, (0, 3, -1));
    assert_eq!(offset(-2, 0).await, (0, 0, -1));
    assert_eq!(offset(-3, 0).await, (0, 0, time));
    assert_eq!(offset(time, 0).await, (0, 0, time));
    assert_eq!(offset(time + 1, 0).await, (0, -1, -1));
    assert_eq!(offset(-9, 0).await.0, ResponseError::UnsupportedVersion.code());
    assert_eq!(offset(-1, 7).await.0, ResponseError::UnknownLeaderEpoch.code());
    broker.stop().await;
}

#[tokio::test]
async fn there_is_one_leader_epoch_and_it_ends_with_the_log() {
    let broker = Broker::builder().start().await.unwrap();
    let mut client = Client::connect(&broker).await;
    make(&mut client, "t").await;
    produce(&mut client, "t", &["a", "b"]).await;
    let wanted = |partition, epoch| {
        OffsetForLeaderPartition::default().with_partition(partition).with_leader_epoch(epoch)
    };
    let wanted = OffsetForLeaderTopic::default().with_topic(topic("t")).with_partitions(vec![
        wanted(0, 0),
        wanted(0, 1),
        wanted(5, 0),
    ]);
    let request = OffsetForLeaderEpochRequest::default().with_topics(vec![wanted]);
    let response = client.call(4, &request).await;
    let ends: Vec<_> = response.topics[0]
        .partitions
        .iter()
        .map(|one| (one.error_code, one.leader_epoch, one.end_offset))
        .collect();
    let unknown = ResponseError::UnknownTopicOrPartition.code();
    assert_eq!(ends, [(0, 0, 2), (0, -1, -1), (unknown, -1, -1)]);
    broker.stop().await;
}
