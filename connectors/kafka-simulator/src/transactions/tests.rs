//! Ends of transactions that meet what the transaction is still doing.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use std::time::Duration;

use kafka_protocol::messages::add_partitions_to_txn_request::AddPartitionsToTxnTopic;
use kafka_protocol::messages::offset_fetch_request::OffsetFetchRequestTopic;
use kafka_protocol::messages::txn_offset_commit_request::{
    TxnOffsetCommitRequestPartition, TxnOffsetCommitRequestTopic,
};
use kafka_protocol::messages::{
    AddOffsetsToTxnRequest, AddPartitionsToTxnRequest, EndTxnRequest, GroupId, InitProducerIdRequest,
    OffsetFetchRequest, ProducerId as WireProducerId, TopicName, TransactionalId, TxnOffsetCommitRequest,
};
use kafka_protocol::protocol::StrBytes;

use super::*;
use crate::groups::{GroupCoordinator, GroupSettings, TopicPartition};
use crate::producer::{Marker, ProducerId};

/// Every partition there could be; says when a marker is written.
struct Logs(Mutex<Sender<Marker>>);

impl Markers for Logs {
    fn write_marker(&self, _: &TopicPartition, _: ProducerId, marker: Marker) -> io::Result<()> {
        self.0.lock().unwrap().send(marker).unwrap();
        Ok(())
    }

    fn exists(&self, _: &str, _: i32) -> bool {
        true
    }
}

fn id() -> TransactionalId {
    TransactionalId(StrBytes::from_static_str("tx"))
}

fn group() -> GroupId {
    GroupId(StrBytes::from_static_str("g"))
}

fn topic() -> TopicName {
    TopicName(StrBytes::from_static_str("t"))
}

fn open(logs: Sender<Marker>) -> (tempfile::TempDir, TransactionCoordinator) {
    let dir = tempfile::tempdir().unwrap();
    let groups = Arc::new(GroupCoordinator::open(dir.path(), GroupSettings::default()).unwrap());
    let logs = Arc::new(Logs(Mutex::new(logs)));
    let settings = TransactionSettings::default();
    let coordinator = TransactionCoordinator::open(dir.path(), settings, groups, logs).unwrap();
    (dir, coordinator)
}

fn init(coordinator: &TransactionCoordinator) -> ProducerId {
    let request = InitProducerIdRequest::default()
        .with_transactional_id(Some(id()))
        .with_transaction_timeout_ms(60_000)
        .with_producer_id(WireProducerId(-1))
        .with_producer_epoch(-1);
    let answer = coordinator.init_producer_id(&request, 4);
    assert_eq!(answer.error_code, 0);
    ProducerId { id: answer.producer_id.0, epoch: answer.producer_epoch }
}

#[test]
fn a_transaction_does_not_end_before_a_batch_that_is_being_written() {
    let (markers, written) = channel();
    let (_dir, coordinator) = open(markers);
    let producer = init(&coordinator);
    let wanted = AddPartitionsToTxnTopic::default().with_name(topic()).with_partitions(vec![0]);
    let enroll = AddPartitionsToTxnRequest::default()
        .with_v3_and_below_transactional_id(id())
        .with_v3_and_below_producer_id(WireProducerId(producer.id))
        .with_v3_and_below_producer_epoch(producer.epoch)
        .with_v3_and_below_topics(vec![wanted]);
    coordinator.add_partitions_to_txn(enroll, 3);
    let end = EndTxnRequest::default()
        .with_transactional_id(id())
        .with_producer_id(WireProducerId(producer.id))
        .with_producer_epoch(producer.epoch)
        .with_committed(true);
    thread::scope(|threads| {
        let appended = coordinator.write("tx", producer, "t", 0, || {
            threads.spawn(|| assert_eq!(coordinator.end_txn(&end, 3).error_code, 0));
            // Long enough for a marker that nothing holds back.
            written.recv_timeout(Duration::from_millis(50))
        });
        assert!(appended.unwrap().is_err(), "the marker is before the batch");
    });
    assert_eq!(written.recv().unwrap(), Marker::Commit);
}

#[test]
fn offsets_are_stable_again_whenever_their_transaction_ends() {
    let (markers, _written) = channel();
    let (_dir, coordinator) = open(markers);
    let wanted = OffsetFetchRequestTopic::default().with_name(topic()).with_partition_indexes(vec![0]);
    let fetch = OffsetFetchRequest::default()
        .with_group_id(group())
        .with_require_stable(true)
        .with_topics(Some(vec![wanted]));
    let much =
        OffsetFetchRequestTopic::default().with_name(topic()).with_partition_indexes((0..1_000).collect());
    let much = fetch.clone().with_topics(Some(vec![much]));
    for round in 0..100 {
        let producer = init(&coordinator);
        let add = AddOffsetsToTxnRequest::default()
            .with_transactional_id(id())
            .with_producer_id(WireProducerId(producer.id))
            .with_producer_epoch(producer.epoch)
            .with_group_id(group());
        assert_eq!(coordinator.add_offsets_to_txn(&add, 3).error_code, 0);
        let offset = TxnOffsetCommitRequestPartition::default().with_committed_offset(1);
        let offset = TxnOffsetCommitRequestTopic::default().with_name(topic()).with_partitions(vec![offset]);
        let stage = TxnOffsetCommitRequest::default()
            .with_transactional_id(id())
            .with_group_id(group())
            .with_producer_id(WireProducerId(producer.id))
            .with_producer_epoch(producer.epoch)
            .with_generation_id(-1)
            .with_topics(vec![offset]);
        let (together, done) = (Barrier::new(2), AtomicBool::new(false));
        thread::scope(|threads| {
            // Somebody who reads much, so that all have to wait at their next step with the groups.
            threads.spawn(|| {
                while !done.load(Ordering::SeqCst) {
                    coordinator.groups.offset_fetch(much.clone(), 7);
                }
            });
            threads.spawn(|| {
                together.wait();
                coordinator.txn_offset_commit(stage, 3)
            });
            let ended = threads.spawn(|| {
                together.wait();
                // At another moment of it every time.
                (0..round * 10).for_each(|_| std::hint::spin_loop());
                // Whoever takes over the id ends what is open.
                init(&coordinator)
            });
            let ended = ended.join();
            done.store(true, Ordering::SeqCst);
            ended.unwrap();
        });
        let found = coordinator.groups.offset_fetch(fetch.clone(), 7).topics.remove(0).partitions.remove(0);
        assert_eq!(found.error_code, 0, "round {round}");
    }
}
