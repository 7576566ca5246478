//! Retention and DeleteRecords.

use super::super::config::LogConfig;
use super::super::read::ReadError;
use super::wire::{Batch, Rec, consume, producer, rec};
use super::{Fixture, NOW};
use crate::isolation::Isolation;

/// A segment for each batch.
fn config() -> LogConfig {
    LogConfig { segment_bytes: 100, retention_ms: None, ..LogConfig::default() }
}

fn fill(fixture: &mut Fixture, times: impl IntoIterator<Item = i64>) {
    for time in times {
        fixture.log.append(&Batch::of(&[Rec { time: NOW + time, ..rec("k", "v") }]).bytes(), NOW).unwrap();
    }
}

fn offsets(fixture: &Fixture) -> Vec<i64> {
    consume(&fixture.log, Isolation::ReadUncommitted, 1).iter().map(|seen| seen.offset).collect()
}

#[test]
fn segments_go_when_their_newest_record_is_too_old() {
    let mut fixture = Fixture::new(LogConfig { retention_ms: Some(10), ..config() });
    fill(&mut fixture, [0, 5, 1, 20]);
    fixture.clean(NOW + 10);
    assert_eq!(offsets(&fixture), [0, 1, 2, 3]);
    fixture.clean(NOW + 15);
    assert_eq!(offsets(&fixture), [1, 2, 3], "one of age 10 stays, and so does what is behind it");
    fixture.clean(NOW + 16);
    assert_eq!(offsets(&fixture), [3]);
    fixture.reopen();
    assert_eq!((fixture.log.start_offset(), offsets(&fixture)), (3, vec![3]));
}

#[test]
fn the_active_segment_goes_too_and_the_offsets_go_on() {
    let mut fixture = Fixture::new(LogConfig { retention_ms: Some(10), ..LogConfig::default() });
    fill(&mut fixture, [0, 1]);
    assert!(fixture.log.is_due(NOW + 12));
    fixture.clean(NOW + 12);
    for _ in 0..2 {
        assert_eq!((fixture.log.start_offset(), fixture.log.next_offset()), (2, 2));
        fixture.reopen();
    }
}

#[test]
fn segments_go_when_there_are_too_many_bytes() {
    let mut fixture = Fixture::new(config());
    fill(&mut fixture, 0..5);
    let one = fixture.log.segments[0].size;
    fixture.log.configure(LogConfig { retention_bytes: Some(one * 3), ..config() });
    fixture.clean(NOW);
    assert_eq!(offsets(&fixture), [2, 3, 4]);
}

#[test]
fn what_an_open_transaction_needs_stays() {
    let mut fixture = Fixture::new(LogConfig { retention_ms: Some(10), ..config() });
    fill(&mut fixture, [0]);
    let open = Batch::of(&[rec("k", "v")]).from(producer(1, 0), 0).transactional();
    fixture.log.append(&open.bytes(), NOW).unwrap();
    fill(&mut fixture, [0, 0]);
    fixture.clean(NOW + 1_000);
    assert_eq!(offsets(&fixture), [1, 2, 3]);
}

#[test]
fn deleted_records_stay_deleted_and_their_files_go() {
    let mut fixture = Fixture::new(config());
    fill(&mut fixture, 0..5);
    assert_eq!(fixture.log.delete_before(3).unwrap(), 3);
    assert_eq!(fixture.log.delete_before(1).unwrap(), 3, "the start never goes back");
    for _ in 0..2 {
        assert_eq!((fixture.log.start_offset(), offsets(&fixture)), (3, vec![3, 4]));
        assert_eq!(fixture.files(), ["00000000000000000003.log", "00000000000000000004.log", "start-offset"]);
        fixture.reopen();
    }
    for outside in [-2, 6, i64::MAX] {
        assert!(matches!(fixture.log.delete_before(outside), Err(ReadError::OutOfRange)), "{outside}");
    }
    assert_eq!(fixture.log.delete_before(-1).unwrap(), 5);
    assert_eq!(offsets(&fixture), Vec::<i64>::new());
}

#[test]
fn a_segment_is_closed_when_it_is_old_enough() {
    let mut fixture = Fixture::new(LogConfig { segment_ms: 100, retention_ms: None, ..LogConfig::default() });
    fill(&mut fixture, [0]);
    fixture.log.append(&Batch::of(&[rec("k", "v")]).bytes(), NOW + 99).unwrap();
    assert_eq!(fixture.log.segments.len(), 1);
    fixture.log.append(&Batch::of(&[rec("k", "v")]).bytes(), NOW + 100).unwrap();
    assert_eq!(fixture.log.segments.len(), 2);
    assert!(fixture.log.is_due(NOW + 200));
    fixture.clean(NOW + 200);
    assert_eq!((fixture.log.segments.len(), offsets(&fixture)), (3, vec![0, 1, 2]));
}
