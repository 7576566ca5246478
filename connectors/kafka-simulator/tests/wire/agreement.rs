//! What is there again when files of the directory went back to what they were: after a power cut each by itself, and
//! after a kill between two writes one of them.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};

use kafka_protocol::messages::offset_commit_request::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use kafka_protocol::messages::{DeleteTopicsRequest, InitProducerIdRequest, OffsetCommitRequest, ProducerId};
use orgstream_kafka_simulator::Broker;

use crate::client::Client;
use crate::groups::group;
use crate::records::{Producer, fetch, make, produce, topic, values};
use crate::transactions::{LONG, committed, end, enroll, init, offset, stage, write};

const NOT_COMMITTED: (i16, i64) = (0, -1);

async fn start(dir: &Path) -> (Broker, Client) {
    let broker = Broker::builder().data(dir).start().await.unwrap();
    let client = Client::connect(&broker).await;
    (broker, client)
}

/// Commits an offset of partition 0 of `t`.
async fn commit(client: &mut Client, offset: i64) {
    let wanted = OffsetCommitRequestPartition::default().with_committed_offset(offset);
    let wanted = OffsetCommitRequestTopic::default().with_name(topic("t")).with_partitions(vec![wanted]);
    let request = OffsetCommitRequest::default()
        .with_group_id(group())
        .with_generation_id_or_member_epoch(-1)
        .with_topics(vec![wanted]);
    assert_eq!(client.call(8, &request).await.topics[0].partitions[0].error_code, 0);
}

async fn delete(client: &mut Client) {
    let request = DeleteTopicsRequest::default().with_topic_names(vec![topic("t")]);
    assert_eq!(client.call(4, &request).await.responses[0].error_code, 0);
}

async fn idempotent(client: &mut Client) -> Producer {
    let request = InitProducerIdRequest::default()
        .with_transactional_id(None)
        .with_producer_id(ProducerId(-1))
        .with_producer_epoch(-1);
    let answer = client.call(4, &request).await;
    assert_eq!(answer.error_code, 0);
    let (id, epoch) = (answer.producer_id.0, answer.producer_epoch);
    Producer { id, epoch, sequence: 0, transactional: false }
}

/// The directory of the only topic.
fn topic_dir(dir: &Path) -> PathBuf {
    std::fs::read_dir(dir.join("topics")).unwrap().next().unwrap().unwrap().path()
}

fn log(dir: &Path) -> File {
    OpenOptions::new().write(true).open(topic_dir(dir).join("0/00000000000000000000.log")).unwrap()
}

#[tokio::test]
async fn a_commit_of_a_topic_whose_deletion_was_interrupted_is_none_of_the_next_topic_of_that_name() {
    let dir = tempfile::tempdir().unwrap();
    let (broker, mut client) = start(dir.path()).await;
    make(&mut client, "t").await;
    produce(&mut client, "t", &["a", "b"]).await;
    commit(&mut client, 2).await;
    broker.stop().await;
    // As far as the broker had come when it was killed.
    std::fs::rename(topic_dir(dir.path()), dir.path().join("topics/+deleted-1")).unwrap();

    let (broker, mut client) = start(dir.path()).await;
    make(&mut client, "t").await;
    assert_eq!(offset(&mut client, true).await, NOT_COMMITTED);
    broker.stop().await;
}

#[tokio::test]
async fn a_transaction_commits_nothing_for_a_topic_that_was_deleted_before_it_ended() {
    let broker = Broker::builder().start().await.unwrap();
    let mut client = Client::connect(&broker).await;
    make(&mut client, "t").await;
    let producer = init(&mut client, LONG).await;
    assert_eq!(stage(&mut client, producer, 5).await, 0);
    delete(&mut client).await;
    assert_eq!(end(&mut client, producer, true).await, 0);
    make(&mut client, "t").await;
    assert_eq!(offset(&mut client, true).await, NOT_COMMITTED);

    // And nothing for the one that has taken its name meanwhile.
    assert_eq!(stage(&mut client, producer, 5).await, 0);
    delete(&mut client).await;
    make(&mut client, "t").await;
    assert_eq!(end(&mut client, producer, true).await, 0);
    assert_eq!(offset(&mut client, true).await, NOT_COMMITTED);
    broker.stop().await;
}

#[tokio::test]
async fn a_commit_beyond_the_end_of_a_log_that_went_back_skips_no_record() {
    let dir = tempfile::tempdir().unwrap();
    let (broker, mut client) = start(dir.path()).await;
    make(&mut client, "t").await;
    produce(&mut client, "t", &["a"]).await;
    let length = log(dir.path()).metadata().unwrap().len();
    produce(&mut client, "t", &["b", "c"]).await;
    commit(&mut client, 3).await;
    broker.stop().await;
    log(dir.path()).set_len(length).unwrap();

    let (broker, mut client) = start(dir.path()).await;
    let (_, from) = offset(&mut client, true).await;
    produce(&mut client, "t", &["d", "e"]).await;
    assert_eq!(values(&fetch(&mut client, "t", from).await, from), ["d", "e"]);
    broker.stop().await;
    let (broker, mut client) = start(dir.path()).await;
    assert_eq!(offset(&mut client, true).await, (0, 1), "and it stays so");
    broker.stop().await;
}

#[tokio::test]
async fn a_commit_of_an_open_transaction_does_not_lie_beyond_the_end_either() {
    let dir = tempfile::tempdir().unwrap();
    let (broker, mut client) = start(dir.path()).await;
    make(&mut client, "t").await;
    produce(&mut client, "t", &["a", "b"]).await;
    let producer = init(&mut client, LONG).await;
    assert_eq!(stage(&mut client, producer, 2).await, 0);
    broker.stop().await;
    log(dir.path()).set_len(0).unwrap();

    let (broker, mut client) = start(dir.path()).await;
    assert_eq!(end(&mut client, producer, true).await, 0);
    assert_eq!(offset(&mut client, true).await, (0, 0));
    broker.stop().await;
}

#[tokio::test]
async fn a_producer_id_that_a_log_knows_is_not_handed_out_again() {
    let dir = tempfile::tempdir().unwrap();
    let (broker, mut client) = start(dir.path()).await;
    make(&mut client, "t").await;
    let old = idempotent(&mut client).await;
    assert_eq!(write(&mut client, old, &["a"]).await, (0, 0));
    broker.stop().await;
    std::fs::remove_file(dir.path().join("transactions.journal")).unwrap();

    let (broker, mut client) = start(dir.path()).await;
    let new = idempotent(&mut client).await;
    assert_eq!(write(&mut client, new, &["b"]).await, (0, 1));
    assert_eq!(values(&fetch(&mut client, "t", 0).await, 0), ["a", "b"]);
    broker.stop().await;
}

#[tokio::test]
async fn a_producer_id_that_a_client_made_up_leaves_others_to_hand_out() {
    let dir = tempfile::tempdir().unwrap();
    let (broker, mut client) = start(dir.path()).await;
    make(&mut client, "t").await;
    let made_up = Producer { id: i64::MAX, epoch: i16::MAX, sequence: 0, transactional: false };
    assert_eq!(write(&mut client, made_up, &["a"]).await, (0, 0));
    broker.stop().await;

    let (broker, mut client) = start(dir.path()).await;
    let producer = idempotent(&mut client).await;
    assert_eq!(write(&mut client, producer, &["b"]).await, (0, 1));
    broker.stop().await;
}

#[tokio::test]
async fn an_epoch_that_a_log_knows_is_not_handed_out_again() {
    let dir = tempfile::tempdir().unwrap();
    let (broker, mut client) = start(dir.path()).await;
    make(&mut client, "t").await;
    init(&mut client, LONG).await;
    broker.stop().await;
    let journal = dir.path().join("transactions.journal");
    let before = std::fs::read(&journal).unwrap();
    let (broker, mut client) = start(dir.path()).await;
    let lost = init(&mut client, LONG).await;
    enroll(&mut client, lost).await;
    assert_eq!(write(&mut client, lost, &["a"]).await, (0, 0));
    assert_eq!(end(&mut client, lost, true).await, 0);
    broker.stop().await;
    std::fs::write(&journal, before).unwrap();

    let (broker, mut client) = start(dir.path()).await;
    let new = init(&mut client, LONG).await;
    assert!(new.id > lost.id || new.epoch > lost.epoch, "{new:?}");
    enroll(&mut client, new).await;
    assert_eq!(write(&mut client, new, &["b"]).await, (0, 2));
    assert_eq!(end(&mut client, new, true).await, 0);
    broker.stop().await;
}

#[tokio::test]
async fn a_transaction_that_only_a_log_knows_is_given_up_and_its_readers_go_on() {
    let dir = tempfile::tempdir().unwrap();
    let (broker, mut client) = start(dir.path()).await;
    make(&mut client, "t").await;
    let lost = init(&mut client, LONG).await;
    enroll(&mut client, lost).await;
    assert_eq!(write(&mut client, lost, &["a"]).await, (0, 0));
    broker.stop().await;
    std::fs::write(dir.path().join("transactions.journal"), "").unwrap();

    let (broker, mut client) = start(dir.path()).await;
    let found = committed(&mut client).await;
    assert_eq!((found.high_watermark, found.last_stable_offset), (2, 2));
    assert_eq!(found.aborted_transactions.unwrap().len(), 1);
    broker.stop().await;
}
