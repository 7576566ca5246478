//! Transactions: what readers see of them while they are open and when they have ended.

use super::super::append::AppendError;
use super::super::config::LogConfig;
use super::super::read::AbortedTransaction;
use super::wire::{Batch, committed, consume, producer, rec};
use super::{Fixture, NOW};
use crate::isolation::Isolation;
use crate::producer::{Marker, ProducerId};

const ONE: ProducerId = ProducerId { id: 1, epoch: 0 };
const TWO: ProducerId = ProducerId { id: 2, epoch: 0 };

fn transactional(key: &str, from: ProducerId, sequence: i32) -> bytes::Bytes {
    Batch::of(&[rec(key, "v")]).from(from, sequence).transactional().bytes()
}

fn keys(fixture: &Fixture) -> String {
    committed(&fixture.log).into_iter().map(|(_, key, _)| key).collect()
}

#[test]
fn readers_of_committed_records_stop_at_the_first_open_transaction() {
    let mut fixture = Fixture::new(LogConfig::default());
    fixture.log.append(&Batch::of(&[rec("a", "")]).bytes(), NOW).unwrap();
    fixture.log.append(&transactional("b", ONE, 0), NOW).unwrap();
    fixture.log.append(&transactional("c", TWO, 0), NOW).unwrap();
    fixture.log.append(&Batch::of(&[rec("d", "")]).bytes(), NOW).unwrap();
    for _ in 0..2 {
        assert_eq!((fixture.log.last_stable_offset(), fixture.log.next_offset()), (1, 4));
        assert_eq!(keys(&fixture), "a");
        assert_eq!(consume(&fixture.log, Isolation::ReadUncommitted, 1).len(), 4);
        fixture.reopen();
    }
    fixture.log.append_marker(TWO, Marker::Commit, 0, NOW).unwrap();
    assert_eq!(fixture.log.last_stable_offset(), 1);
    fixture.log.append_marker(ONE, Marker::Commit, 0, NOW).unwrap();
    for _ in 0..2 {
        assert_eq!(fixture.log.last_stable_offset(), 6);
        assert_eq!(keys(&fixture), "abcd");
        fixture.reopen();
    }
}

#[test]
fn aborted_records_are_listed_for_readers_of_committed_ones_only() {
    let mut fixture = Fixture::new(LogConfig::default());
    fixture.log.append(&transactional("a", ONE, 0), NOW).unwrap();
    fixture.log.append(&transactional("b", TWO, 0), NOW).unwrap();
    fixture.log.append_marker(ONE, Marker::Abort, 0, NOW).unwrap();
    fixture.log.append(&transactional("c", ONE, 1), NOW).unwrap();
    fixture.log.append_marker(ONE, Marker::Commit, 0, NOW).unwrap();
    fixture.log.append_marker(TWO, Marker::Commit, 0, NOW).unwrap();
    let aborted =
        |fixture: &Fixture, from, isolation| fixture.log.read(from, 1 << 20, isolation).unwrap().aborted;
    for _ in 0..2 {
        assert_eq!(keys(&fixture), "bc");
        let listed = AbortedTransaction { producer_id: 1, first_offset: 0 };
        assert_eq!(aborted(&fixture, 0, Isolation::ReadCommitted), [listed]);
        assert_eq!(aborted(&fixture, 2, Isolation::ReadCommitted), [listed], "its marker is still to come");
        assert_eq!(aborted(&fixture, 3, Isolation::ReadCommitted), []);
        assert_eq!(aborted(&fixture, 0, Isolation::ReadUncommitted), []);
        fixture.reopen();
    }
}

#[test]
fn a_producer_writes_nothing_else_while_its_transaction_is_open() {
    let mut fixture = Fixture::new(LogConfig::default());
    fixture.log.append(&transactional("a", ONE, 0), NOW).unwrap();
    let outside = Batch::of(&[rec("b", "")]).from(ONE, 1).bytes();
    assert!(matches!(fixture.log.append(&outside, NOW), Err(AppendError::Transaction)));
}

#[test]
fn a_marker_of_a_newer_epoch_ends_the_transaction_and_fences_the_older() {
    let mut fixture = Fixture::new(LogConfig::default());
    fixture.log.append(&transactional("a", ONE, 0), NOW).unwrap();
    fixture.log.append_marker(producer(1, 1), Marker::Abort, 0, NOW).unwrap();
    assert_eq!(fixture.log.last_stable_offset(), 2);
    assert!(matches!(fixture.log.append(&transactional("b", ONE, 1), NOW), Err(AppendError::Epoch)));
    assert_eq!(keys(&fixture), "");
}

#[test]
fn a_fenced_producers_marker_ends_nothing() {
    let mut fixture = Fixture::new(LogConfig::default());
    fixture.log.append(&transactional("a", producer(1, 1), 0), NOW).unwrap();
    fixture.log.append_marker(ONE, Marker::Commit, 0, NOW).unwrap();
    for _ in 0..2 {
        assert_eq!((fixture.log.last_stable_offset(), fixture.log.next_offset()), (0, 1));
        fixture.reopen();
    }
}

#[test]
fn a_marker_is_written_when_nothing_is_open_and_done_twice_does_no_harm() {
    let mut fixture = Fixture::new(LogConfig::default());
    fixture.log.append(&transactional("a", ONE, 0), NOW).unwrap();
    for offset in [1, 2] {
        assert_eq!(fixture.log.append_marker(ONE, Marker::Commit, 0, NOW).unwrap(), offset);
    }
    fixture.log.append(&transactional("b", ONE, 1), NOW).unwrap();
    fixture.log.append_marker(ONE, Marker::Commit, 0, NOW).unwrap();
    assert_eq!(keys(&fixture), "ab");
}

#[test]
fn a_transaction_whose_start_was_deleted_is_still_given_up() {
    let mut fixture = Fixture::new(LogConfig { segment_bytes: 100, ..LogConfig::default() });
    for (sequence, key) in ["a", "b", "c"].into_iter().enumerate() {
        fixture.log.append(&transactional(key, ONE, i32::try_from(sequence).unwrap()), NOW).unwrap();
    }
    fixture.log.append_marker(ONE, Marker::Abort, 0, NOW).unwrap();
    fixture.log.delete_before(1).unwrap();
    for _ in 0..2 {
        assert_eq!(fixture.log.start_offset(), 1);
        assert_eq!(keys(&fixture), "");
        fixture.reopen();
    }
}

#[test]
fn deleting_into_an_open_transaction_shows_nothing_of_it() {
    let mut fixture = Fixture::new(LogConfig::default());
    let open = Batch::of(&[rec("a", ""), rec("b", ""), rec("c", "")]).from(ONE, 0).transactional();
    fixture.log.append(&open.bytes(), NOW).unwrap();
    fixture.log.delete_before(1).unwrap();
    assert_eq!(fixture.log.last_stable_offset(), 1);
    assert_eq!(keys(&fixture), "");
    fixture.log.append_marker(ONE, Marker::Commit, 0, NOW).unwrap();
    assert_eq!(keys(&fixture), "bc");
}
