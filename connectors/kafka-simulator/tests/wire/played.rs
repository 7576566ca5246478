//! What a file of the fuzzing corpus means: a row of requests, or a row of record batches, played to a broker.
//!
//! A file is cut into pieces, each behind its length in two bytes (big endian); the last piece may be shorter than it
//! says. The fuzzing targets and the test that replays the corpus share this.

use std::time::Duration;

use bytes::Bytes;
use kafka_protocol::messages::create_topics_request::{CreatableTopic, CreatableTopicConfig};
use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_protocol::messages::{ApiVersionsRequest, CreateTopicsRequest, ListOffsetsRequest};
use kafka_protocol::protocol::StrBytes;
use orgstream_kafka_simulator::Broker;

use crate::client::Client;
use crate::records::{fetch, produce_request, topic};

/// More pieces add time and nothing else.
const PIECES: usize = 8;

/// How long the answers to a row of requests are waited for: a request may ask to wait.
const PATIENCE: Duration = Duration::from_millis(30);

/// The pieces of a file.
pub(crate) fn pieces(mut file: &[u8]) -> Vec<&[u8]> {
    let mut pieces = Vec::new();
    while let ([high, low, rest @ ..], true) = (file, pieces.len() < PIECES) {
        let length = usize::from(u16::from_be_bytes([*high, *low])).min(rest.len());
        pieces.push(&rest[..length]);
        file = &rest[length..];
    }
    pieces
}

/// Sends each piece as a request on one connection. The broker answers, waits or closes the connection.
pub(crate) async fn requests(broker: &Broker, file: &[u8]) {
    let mut client = Client::connect(broker).await;
    for piece in pieces(file) {
        let length = u32::try_from(piece.len()).unwrap().to_be_bytes();
        if client.send_bytes(&[&length[..], piece].concat()).await.is_err() {
            break;
        }
    }
    tokio::time::timeout(PATIENCE, client.drain()).await.ok();
}

/// Produces each piece as records, with the length and the checksum put right, and reads what was taken.
pub(crate) async fn batches(broker: &Broker, file: &[u8]) {
    let mut client = Client::connect(broker).await;
    for piece in pieces(file) {
        let request = produce_request("t", 0, -1, sealed(piece));
        let answer = client.call(9, &request).await.responses.remove(0).partition_responses.remove(0);
        if answer.error_code == 0 {
            let read = fetch(&mut client, "t", answer.base_offset).await;
            assert_eq!(read.error_code, 0, "what was taken can be read");
            assert!(read.records.is_some_and(|records| !records.is_empty()), "what was taken can be read");
            for time in [-1, -3, 0, answer.log_append_time_ms] {
                client.call(7, &offset_at(time)).await;
            }
        }
    }
}

/// Makes the topic of the batches. Its records may be of any time.
pub(crate) async fn prepare(broker: &Broker) {
    let forever = CreatableTopicConfig::default()
        .with_name(StrBytes::from_static_str("retention.ms"))
        .with_value(Some(StrBytes::from_static_str("-1")));
    let made = CreatableTopic::default()
        .with_name(topic("t"))
        .with_num_partitions(1)
        .with_replication_factor(1)
        .with_configs(vec![forever]);
    let request = CreateTopicsRequest::default().with_timeout_ms(1000).with_topics(vec![made]);
    let answer = Client::connect(broker).await.call(5, &request).await;
    assert_eq!(answer.topics[0].error_code, 0, "{answer:?}");
}

/// Asks whether the broker is still there.
pub(crate) async fn is_well(broker: &Broker) {
    Client::connect(broker).await.call(3, &ApiVersionsRequest::default()).await;
}

/// A batch whose length, format and checksum are right, so that the rest of it is looked at.
fn sealed(batch: &[u8]) -> Bytes {
    let mut batch = batch.to_vec();
    if batch.len() > 21 {
        let length = u32::try_from(batch.len() - 12).unwrap();
        batch[8..12].copy_from_slice(&length.to_be_bytes());
        batch[16] = 2;
        let checksum = crc32c::crc32c(&batch[21..]);
        batch[17..21].copy_from_slice(&checksum.to_be_bytes());
    }
    batch.into()
}

fn offset_at(time: i64) -> ListOffsetsRequest {
    let asked = ListOffsetsPartition::default().with_timestamp(time);
    let asked = ListOffsetsTopic::default().with_name(topic("t")).with_partitions(vec![asked]);
    ListOffsetsRequest::default().with_replica_id((-1).into()).with_topics(vec![asked])
}
