//! Producing and fetching in a line.

use std::sync::OnceLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

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

/// The time of every record: when the tests began. Much older ones would fall to retention.
#[expect(clippy::disallowed_methods, reason = "a log compares the times of its records with the wall clock")]
pub(crate) fn time() -> i64 {
    static BEGAN: OnceLock<i64> = OnceLock::new();
    *BEGAN.get_or_init(|| {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        i64::try_from(since.as_millis()).unwrap()
    })
}

/// Who writes a batch.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Producer {
    pub(crate) id: i64,
    pub(crate) epoch: i16,
    pub(crate) sequence: i32,
    pub(crate) transactional: bool,
}

/// A batch of these values; each is its key, too.
pub(crate) fn batch(values: &[&str]) -> Bytes {
    batch_of(Producer { id: -1, epoch: -1, sequence: -1, transactional: false }, values)
}

/// As [`batch`], of an idempotent producer.
#[expect(
    clippy::default_trait_access,
    reason = "the map of the headers comes from a crate that is not used otherwise"
)]
pub(crate) fn batch_of(producer: Producer, values: &[&str]) -> Bytes {
    let record = |(delta, value): (i32, &&str)| Record {
        transactional: producer.transactional,
        control: false,
        delete_horizon: false,
        partition_leader_epoch: -1,
        producer_id: producer.id,
        producer_epoch: producer.epoch,
        timestamp_type: TimestampType::Creation,
        offset: i64::from(delta),
        // The encoder makes a batch of what is in step; -1 at its start is no sequence.
        sequence: producer.sequence + delta,
        timestamp: time(),
        key: Some(Bytes::copy_from_slice(value.as_bytes())),
        value: Some(Bytes::copy_from_slice(value.as_bytes())),
        headers: Default::default(),
    };
    let records: Vec<Record> = (0..).zip(values).map(record).collect();
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
