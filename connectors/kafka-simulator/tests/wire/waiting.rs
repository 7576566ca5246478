//! Fetches that wait.

use std::time::Duration;

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::{DeleteTopicsRequest, FetchRequest};
use orgstream_kafka_simulator::Broker;

use crate::client::Client;
use crate::records::{fetch_request, make, produce, topic, values};

/// Longer than a test may take: who waits for that is not woken.
const LONG: Duration = Duration::from_mins(4);

#[tokio::test]
async fn a_fetch_that_waits_is_answered_when_a_record_comes() {
    let broker = Broker::builder().start().await.unwrap();
    let (mut reader, mut writer) = (Client::connect(&broker).await, Client::connect(&broker).await);
    make(&mut writer, "t").await;
    for round in 0..20 {
        reader.send(12, &fetch_request("t", 0, round, LONG)).await.unwrap();
        produce(&mut writer, "t", &["a"]).await;
        let (_, response) = reader.receive::<FetchRequest>(12).await.unwrap();
        assert_eq!(values(&response.responses[0].partitions[0], round), ["a"]);
    }
    broker.stop().await;
}

#[tokio::test]
async fn a_fetch_waits_for_as_many_bytes_as_it_wants() {
    let broker = Broker::builder().start().await.unwrap();
    let (mut reader, mut writer) = (Client::connect(&broker).await, Client::connect(&broker).await);
    make(&mut writer, "t").await;
    let all = ["a", "b", "c", "d"];
    let enough: usize = all.iter().map(|value| crate::records::batch(&[value]).len()).sum();
    let request = fetch_request("t", 0, 0, LONG).with_min_bytes(i32::try_from(enough).unwrap());
    reader.send(12, &request).await.unwrap();
    for value in all {
        produce(&mut writer, "t", &[value]).await;
    }
    let (_, response) = reader.receive::<FetchRequest>(12).await.unwrap();
    assert_eq!(values(&response.responses[0].partitions[0], 0), all);
    broker.stop().await;
}

#[tokio::test]
async fn a_fetch_is_answered_without_records_when_its_time_is_up() {
    let broker = Broker::builder().start().await.unwrap();
    let mut client = Client::connect(&broker).await;
    make(&mut client, "t").await;
    let response = client.call(12, &fetch_request("t", 0, 0, Duration::from_millis(20))).await;
    assert_eq!(values(&response.responses[0].partitions[0], 0), [""; 0]);
    broker.stop().await;
}

#[tokio::test]
async fn a_fetch_that_waits_hears_that_its_topic_is_deleted() {
    let broker = Broker::builder().start().await.unwrap();
    let (mut reader, mut other) = (Client::connect(&broker).await, Client::connect(&broker).await);
    make(&mut other, "t").await;
    reader.send(12, &fetch_request("t", 0, 0, LONG)).await.unwrap();
    other.call(4, &DeleteTopicsRequest::default().with_topic_names(vec![topic("t")])).await;
    let (_, response) = reader.receive::<FetchRequest>(12).await.unwrap();
    let code = response.responses[0].partitions[0].error_code;
    assert_eq!(code, ResponseError::UnknownTopicOrPartition.code());
    broker.stop().await;
}

#[tokio::test]
async fn what_is_wrong_is_said_without_waiting() {
    let broker = Broker::builder().start().await.unwrap();
    let mut client = Client::connect(&broker).await;
    make(&mut client, "t").await;
    let code = async |client: &mut Client, request: FetchRequest| {
        let response = client.call(12, &request).await;
        let partition = response.responses.first().map_or(0, |topic| topic.partitions[0].error_code);
        (response.error_code, partition)
    };
    let unknown = ResponseError::UnknownTopicOrPartition.code();
    assert_eq!(code(&mut client, fetch_request("t", 1, 0, LONG)).await, (0, unknown));
    assert_eq!(code(&mut client, fetch_request("none", 0, 0, LONG)).await, (0, unknown));
    let session = ResponseError::FetchSessionIdNotFound.code();
    let with_session = fetch_request("t", 0, 0, LONG).with_session_id(7).with_session_epoch(1);
    assert_eq!(code(&mut client, with_session).await, (session, 0));
    let mut newer = fetch_request("t", 0, 0, LONG);
    newer.topics[0].partitions[0].current_leader_epoch = 3;
    assert_eq!(code(&mut client, newer).await, (0, ResponseError::UnknownLeaderEpoch.code()));
    assert_eq!(code(&mut client, FetchRequest::default().with_max_wait_ms(i32::MAX)).await, (0, 0));
    broker.stop().await;
}

#[tokio::test]
async fn stopping_ends_what_waits() {
    let broker = Broker::builder().start().await.unwrap();
    let mut client = Client::connect(&broker).await;
    make(&mut client, "t").await;
    client.send(12, &fetch_request("t", 0, 0, LONG)).await.unwrap();
    broker.stop().await;
    assert!(client.is_closed().await);
}
