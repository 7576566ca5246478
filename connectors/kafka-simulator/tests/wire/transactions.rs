//! Idempotence and transactions.

use std::time::Duration;

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::add_partitions_to_txn_request::AddPartitionsToTxnTopic;
use kafka_protocol::messages::fetch_response::PartitionData;
use kafka_protocol::messages::offset_fetch_request::OffsetFetchRequestTopic;
use kafka_protocol::messages::txn_offset_commit_request::{
    TxnOffsetCommitRequestPartition, TxnOffsetCommitRequestTopic,
};
use kafka_protocol::messages::{
    AddOffsetsToTxnRequest, AddPartitionsToTxnRequest, EndTxnRequest, FetchRequest, InitProducerIdRequest,
    OffsetFetchRequest, ProducerId, TransactionalId, TxnOffsetCommitRequest,
};
use kafka_protocol::protocol::StrBytes;
use orgstream_kafka_simulator::Broker;

use crate::client::Client;
use crate::groups::group;
use crate::records::{Producer, batch_of, fetch_request, make, produce_request, topic};

pub(crate) const ID: &str = "tx";

pub(crate) fn id() -> TransactionalId {
    TransactionalId(StrBytes::from_static_str(ID))
}

pub(crate) async fn init(client: &mut Client, timeout: Duration) -> Producer {
    let request = InitProducerIdRequest::default()
        .with_transactional_id(Some(id()))
        .with_transaction_timeout_ms(i32::try_from(timeout.as_millis()).unwrap())
        .with_producer_id(ProducerId(-1))
        .with_producer_epoch(-1);
    let answer = client.call(4, &request).await;
    assert_eq!(answer.error_code, 0);
    Producer { id: answer.producer_id.0, epoch: answer.producer_epoch, sequence: 0, transactional: true }
}

pub(crate) async fn enroll(client: &mut Client, producer: Producer) -> i16 {
    let wanted = AddPartitionsToTxnTopic::default().with_name(topic("t")).with_partitions(vec![0]);
    let request = AddPartitionsToTxnRequest::default()
        .with_v3_and_below_transactional_id(id())
        .with_v3_and_below_producer_id(ProducerId(producer.id))
        .with_v3_and_below_producer_epoch(producer.epoch)
        .with_v3_and_below_topics(vec![wanted]);
    let answer = client.call(3, &request).await;
    answer.results_by_topic_v3_and_below[0].results_by_partition[0].partition_error_code
}

pub(crate) async fn write(client: &mut Client, producer: Producer, values: &[&str]) -> (i16, i64) {
    let request = produce_request("t", 0, -1, batch_of(producer, values));
    let request = request.with_transactional_id(producer.transactional.then(id));
    let answer = client.call(9, &request).await.responses.remove(0).partition_responses.remove(0);
    (answer.error_code, answer.base_offset)
}

/// Has the transaction commit an offset of partition 0 of `t`.
pub(crate) async fn stage(client: &mut Client, producer: Producer, offset: i64) -> i16 {
    let add = AddOffsetsToTxnRequest::default()
        .with_transactional_id(id())
        .with_producer_id(ProducerId(producer.id))
        .with_producer_epoch(producer.epoch)
        .with_group_id(group());
    assert_eq!(client.call(3, &add).await.error_code, 0);
    let offset = TxnOffsetCommitRequestPartition::default().with_committed_offset(offset);
    let offset = TxnOffsetCommitRequestTopic::default().with_name(topic("t")).with_partitions(vec![offset]);
    let request = TxnOffsetCommitRequest::default()
        .with_transactional_id(id())
        .with_group_id(group())
        .with_producer_id(ProducerId(producer.id))
        .with_producer_epoch(producer.epoch)
        .with_generation_id(-1)
        .with_topics(vec![offset]);
    client.call(3, &request).await.topics.remove(0).partitions[0].error_code
}

/// The error code and the committed offset of partition 0 of `t`.
pub(crate) async fn offset(client: &mut Client, stable: bool) -> (i16, i64) {
    let wanted = OffsetFetchRequestTopic::default().with_name(topic("t")).with_partition_indexes(vec![0]);
    let request = OffsetFetchRequest::default()
        .with_group_id(group())
        .with_require_stable(stable)
        .with_topics(Some(vec![wanted]));
    let answer = client.call(7, &request).await.topics.remove(0).partitions.remove(0);
    (answer.error_code, answer.committed_offset)
}

pub(crate) async fn end(client: &mut Client, producer: Producer, commit: bool) -> i16 {
    let request = EndTxnRequest::default()
        .with_transactional_id(id())
        .with_producer_id(ProducerId(producer.id))
        .with_producer_epoch(producer.epoch)
        .with_committed(commit);
    client.call(3, &request).await.error_code
}

fn committed_request(wait: Duration, offset: i64) -> FetchRequest {
    fetch_request("t", 0, offset, wait).with_isolation_level(1)
}

pub(crate) async fn committed(client: &mut Client) -> PartitionData {
    let request = committed_request(Duration::ZERO, 0);
    client.call(11, &request).await.responses.remove(0).partitions.remove(0)
}

pub(crate) const LONG: Duration = Duration::from_mins(4);

#[tokio::test]
async fn a_batch_that_is_sent_twice_is_written_once_and_a_gap_is_refused() {
    let broker = Broker::builder().start().await.unwrap();
    let mut client = Client::connect(&broker).await;
    make(&mut client, "t").await;
    let request = InitProducerIdRequest::default()
        .with_transactional_id(None)
        .with_producer_id(ProducerId(-1))
        .with_producer_epoch(-1);
    let answer = client.call(4, &request).await;
    let producer = Producer {
        id: answer.producer_id.0,
        epoch: answer.producer_epoch,
        sequence: 0,
        transactional: false,
    };
    assert_eq!(write(&mut client, producer, &["a", "b"]).await, (0, 0));
    let next = Producer { sequence: 2, ..producer };
    assert_eq!(write(&mut client, next, &["c"]).await, (0, 2));
    assert_eq!(write(&mut client, producer, &["a", "b"]).await, (0, 0));
    assert_eq!(write(&mut client, next, &["c"]).await, (0, 2));
    let gap = Producer { sequence: 9, ..producer };
    assert_eq!(write(&mut client, gap, &["x"]).await.0, ResponseError::OutOfOrderSequenceNumber.code());
    assert_eq!(committed(&mut client).await.high_watermark, 3);
    broker.stop().await;
}

#[tokio::test]
async fn readers_of_committed_records_see_nothing_of_a_transaction_until_it_ends() {
    let broker = Broker::builder().start().await.unwrap();
    let (mut client, mut reader) = (Client::connect(&broker).await, Client::connect(&broker).await);
    make(&mut client, "t").await;
    let producer = init(&mut client, LONG).await;
    assert_eq!(write(&mut client, producer, &["early"]).await.0, ResponseError::InvalidTxnState.code());
    assert_eq!(enroll(&mut client, producer).await, 0);
    assert_eq!(write(&mut client, producer, &["a", "b"]).await, (0, 0));
    let open = committed(&mut client).await;
    assert_eq!((open.high_watermark, open.last_stable_offset), (2, 0));
    assert!(open.records.unwrap().is_empty());
    // Whoever waits is woken by the end of the transaction.
    reader.send(11, &committed_request(LONG, 0)).await.unwrap();
    assert_eq!(end(&mut client, producer, true).await, 0);
    let (_, woken) = reader.receive::<FetchRequest>(11).await.unwrap();
    let woken = &woken.responses[0].partitions[0];
    assert!(!woken.records.as_ref().unwrap().is_empty());
    assert_eq!(woken.aborted_transactions.as_deref(), Some(&[][..]));
    // The answer may have been lost.
    assert_eq!(end(&mut client, producer, true).await, 0);
    assert_eq!(end(&mut client, producer, false).await, ResponseError::InvalidTxnState.code());

    assert_eq!(enroll(&mut client, producer).await, 0);
    let next = Producer { sequence: 2, ..producer };
    assert_eq!(write(&mut client, next, &["c"]).await, (0, 3));
    assert_eq!(end(&mut client, producer, false).await, 0);
    let after = committed(&mut client).await;
    assert_eq!((after.high_watermark, after.last_stable_offset), (5, 5));
    let aborted = after.aborted_transactions.unwrap();
    assert_eq!(
        (aborted[0].producer_id, aborted[0].first_offset, aborted.len()),
        (ProducerId(producer.id), 3, 1)
    );
    broker.stop().await;
}

#[tokio::test]
async fn whoever_takes_over_a_transactional_id_fences_the_one_before() {
    let broker = Broker::builder().start().await.unwrap();
    let mut client = Client::connect(&broker).await;
    make(&mut client, "t").await;
    let old = init(&mut client, LONG).await;
    enroll(&mut client, old).await;
    assert_eq!(write(&mut client, old, &["a"]).await, (0, 0));
    let new = init(&mut client, LONG).await;
    assert!(new.epoch > old.epoch && new.id == old.id);
    assert_eq!(committed(&mut client).await.last_stable_offset, 2, "what was open is given up");
    let late = Producer { sequence: 1, ..old };
    assert_eq!(write(&mut client, late, &["b"]).await.0, ResponseError::InvalidProducerEpoch.code());
    assert_eq!(end(&mut client, old, true).await, ResponseError::ProducerFenced.code());
    assert_eq!(enroll(&mut client, old).await, ResponseError::ProducerFenced.code());
    let again = InitProducerIdRequest::default()
        .with_transactional_id(Some(id()))
        .with_transaction_timeout_ms(60_000)
        .with_producer_id(ProducerId(old.id))
        .with_producer_epoch(old.epoch);
    let known_since_version_4 =
        [(3, ResponseError::InvalidProducerEpoch), (4, ResponseError::ProducerFenced)];
    for (version, word) in known_since_version_4 {
        assert_eq!(client.call(version, &again).await.error_code, word.code(), "version {version}");
    }
    enroll(&mut client, new).await;
    assert_eq!(write(&mut client, new, &["c"]).await, (0, 2));
    assert_eq!(end(&mut client, new, true).await, 0);
    broker.stop().await;
}

#[tokio::test]
async fn a_transaction_that_takes_too_long_is_given_up_and_its_readers_go_on() {
    let broker = Broker::builder().start().await.unwrap();
    let (mut client, mut reader) = (Client::connect(&broker).await, Client::connect(&broker).await);
    make(&mut client, "t").await;
    let producer = init(&mut client, Duration::from_millis(100)).await;
    enroll(&mut client, producer).await;
    assert_eq!(write(&mut client, producer, &["a"]).await, (0, 0));
    let given_up = reader.call(11, &committed_request(LONG, 0)).await;
    let partition = &given_up.responses[0].partitions[0];
    assert_eq!(partition.aborted_transactions.as_ref().unwrap().len(), 1);
    assert_eq!(partition.last_stable_offset, 2);
    assert_ne!(end(&mut client, producer, true).await, 0);
    broker.stop().await;
}

#[tokio::test]
async fn an_open_transaction_and_its_offsets_outlive_the_broker() {
    let dir = tempfile::tempdir().unwrap();
    let broker = Broker::builder().data(dir.path()).start().await.unwrap();
    let mut client = Client::connect(&broker).await;
    make(&mut client, "t").await;
    let producer = init(&mut client, LONG).await;
    enroll(&mut client, producer).await;
    assert_eq!(write(&mut client, producer, &["a"]).await, (0, 0));
    assert_eq!(stage(&mut client, producer, 1).await, 0);
    broker.stop().await;

    let broker = Broker::builder().data(dir.path()).start().await.unwrap();
    let mut client = Client::connect(&broker).await;
    assert_eq!(committed(&mut client).await.last_stable_offset, 0);
    assert_eq!(offset(&mut client, false).await, (0, -1));
    assert_eq!(offset(&mut client, true).await.0, ResponseError::UnstableOffsetCommit.code());
    let next = Producer { sequence: 1, ..producer };
    assert_eq!(write(&mut client, next, &["b"]).await, (0, 1));
    assert_eq!(end(&mut client, producer, true).await, 0);
    assert_eq!(offset(&mut client, true).await, (0, 1));
    let all = committed(&mut client).await;
    assert_eq!((all.last_stable_offset, all.aborted_transactions.unwrap().len()), (3, 0));
    broker.stop().await;
}
