//! Producing and fetching in a line.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::fetch_response::PartitionData;
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::produce_response::PartitionProduceResponse;
use kafka_protocol::messages::{FetchRequest, MetadataRequest, MetadataResponse, ProduceRequest, TopicName};
use kafka_protocol::protocol::StrBytes;
use kafka_protocol::records::{
    Compression, Record, RecordBatchDecoder, RecordBatchEncoder, RecordEncodeOptions, TimestampType,
};

use crate::client::Client;

/// A topic's name.
pub(crate) fn topic(name: &str) -> TopicName {
    TopicName(StrBytes::from_string(name.to_owned()))
}

/// Asks for a topic, which makes it.
pub(crate) async fn make(client: &mut Client, name: &str) -> MetadataResponse {
    let wanted = MetadataRequestTopic::default().with_name(Some(topic(name)));
    client.call(9, &MetadataRequest::default().with_topics(Some(vec![wanted]))).await
}

/// A batch of these values; each is its key, too.
#[expect(
    clippy::default_trait_access,
    reason = "the map of the headers comes from a crate that is not used otherwise"
)]
pub(crate) fn batch(values: &[&str]) -> Bytes {
    let record = |value: &&str| Record {
        transactional: false,
        control: false,
        delete_horizon: false,
        partition_leader_epoch: -1,
        producer_id: -1,
        producer_epoch: -1,
        timestamp_type: TimestampType::Creation,
        offset: 0,
        sequence: -1,
        timestamp: 1_700_000_000_000,
        key: Some(Bytes::copy_from_slice(value.as_bytes())),
        value: Some(Bytes::copy_from_slice(value.as_bytes())),
        headers: Default::default(),
    };
    let mut records: Vec<Record> = values.iter().map(record).collect();
    for (offset, record) in (0..).zip(&mut records) {
        record.offset = offset;
        // The encoder makes a batch of what is in step; -1 at its start is no sequence.
        record.sequence = i32::try_from(offset).unwrap() - 1;
    }
    let mut bytes = BytesMut::new();
    let options = RecordEncodeOptions { version: 2, compression: Compression::None };
    RecordBatchEncoder::encode(&mut bytes, &records, &options).unwrap();
    bytes.freeze()
}

/// A request for one partition.
pub(crate) fn produce_request(name: &str, partition: i32, acks: i16, records: Bytes) -> ProduceRequest {
    let data = PartitionProduceData::default().with_index(partition).with_records(Some(records));
    let data = TopicProduceData::default().with_name(topic(name)).with_partition_data(vec![data]);
    ProduceRequest::default().with_acks(acks).with_timeout_ms(1000).with_topic_data(vec![data])
}

/// Writes a batch and waits for the answer.
pub(crate) async fn produce(client: &mut Client, name: &str, values: &[&str]) -> PartitionProduceResponse {
    let mut response = client.call(9, &produce_request(name, 0, -1, batch(values))).await;
    response.responses.remove(0).partition_responses.remove(0)
}

/// Asks for everything from an offset on.
pub(crate) fn fetch_request(name: &str, partition: i32, offset: i64, wait: Duration) -> FetchRequest {
    let wanted = FetchPartition::default()
        .with_partition(partition)
        .with_fetch_offset(offset)
        .with_partition_max_bytes(1 << 20);
    let wanted = FetchTopic::default().with_topic(topic(name)).with_partitions(vec![wanted]);
    FetchRequest::default()
        .with_max_wait_ms(i32::try_from(wait.as_millis()).unwrap())
        .with_min_bytes(1)
        .with_max_bytes(50 << 20)
        .with_topics(vec![wanted])
}

/// Reads from an offset on, without waiting for more.
pub(crate) async fn fetch(client: &mut Client, name: &str, offset: i64) -> PartitionData {
    let request = fetch_request(name, 0, offset, Duration::ZERO);
    client.call(12, &request).await.responses.remove(0).partitions.remove(0)
}

/// The values of what was read, from its offset on.
pub(crate) fn values(read: &PartitionData, from: i64) -> Vec<String> {
    let mut records = read.records.clone().unwrap_or_default();
    let batches = RecordBatchDecoder::decode_all(&mut records).unwrap();
    let records = batches.into_iter().flat_map(|batch| batch.records);
    let wanted = records.filter(|record| record.offset >= from);
    wanted.map(|record| String::from_utf8(record.value.unwrap().to_vec()).unwrap()).collect()
}
