//! From times to offsets.

use super::super::config::LogConfig;
use super::wire::{Batch, Rec, producer, rec};
use super::{Fixture, NOW};
use crate::isolation::Isolation;

const ALL: Isolation = Isolation::ReadUncommitted;

fn at(time: i64) -> Rec {
    Rec { time: NOW + time, ..rec("k", "v") }
}

#[test]
fn a_time_leads_to_the_very_record_in_every_codec() {
    for codec in 0..=4 {
        let mut fixture = Fixture::new(LogConfig { segment_bytes: 400, ..LogConfig::default() });
        // Out of order across and inside of batches.
        for times in [[10, 20, 15], [5, 6, 7], [30, 25, 40], [35, 36, 37]] {
            let records = times.map(at);
            fixture.log.append(&Batch::of(&records).packed(codec).bytes(), NOW).unwrap();
        }
        for _ in 0..2 {
            for (time, offset) in [(0, 0), (10, 0), (11, 1), (20, 1), (21, 6), (30, 6), (31, 8), (40, 8)] {
                let (found, found_time) = fixture.log.offset_for_time(NOW + time, ALL).unwrap().unwrap();
                assert_eq!(found, offset, "codec {codec}, time {time}");
                assert!(found_time >= NOW + time);
            }
            assert_eq!(fixture.log.offset_for_time(NOW + 41, ALL).unwrap(), None);
            assert_eq!(fixture.log.max_timestamp().unwrap(), Some((8, NOW + 40)));
            fixture.reopen();
        }
    }
}

#[test]
fn the_first_of_many_records_of_a_time_is_found_in_a_large_segment() {
    let mut fixture = Fixture::new(LogConfig::default());
    // Each time covers several entries of the index.
    for number in 0..100 {
        let record = Rec { value: Some(vec![0; 5_000]), ..at(number / 25) };
        fixture.log.append(&Batch::of(&[record]).bytes(), NOW).unwrap();
    }
    for _ in 0..2 {
        for time in 0..4 {
            let found = fixture.log.offset_for_time(NOW + time, ALL).unwrap();
            assert_eq!(found, Some((time * 25, NOW + time)));
        }
        fixture.reopen();
    }
}

#[test]
fn deleted_records_have_no_time() {
    let mut fixture = Fixture::new(LogConfig::default());
    fixture.log.append(&Batch::of(&[at(1), at(2), at(3)]).bytes(), NOW).unwrap();
    fixture.log.delete_before(1).unwrap();
    assert_eq!(fixture.log.offset_for_time(NOW, ALL).unwrap(), Some((1, NOW + 2)));
    fixture.log.append(&Batch::of(&[at(9), at(2), at(5)]).bytes(), NOW).unwrap();
    assert_eq!(fixture.log.max_timestamp().unwrap(), Some((3, NOW + 9)));
    fixture.log.delete_before(4).unwrap();
    assert_eq!(fixture.log.max_timestamp().unwrap(), Some((5, NOW + 5)));
}

#[test]
fn readers_of_committed_records_find_no_time_in_an_open_transaction() {
    let mut fixture = Fixture::new(LogConfig::default());
    fixture.log.append(&Batch::of(&[at(1)]).bytes(), NOW).unwrap();
    let open = Batch::of(&[at(2)]).from(producer(1, 0), 0).transactional();
    fixture.log.append(&open.bytes(), NOW).unwrap();
    assert_eq!(fixture.log.offset_for_time(NOW + 2, ALL).unwrap(), Some((1, NOW + 2)));
    assert_eq!(fixture.log.offset_for_time(NOW + 2, Isolation::ReadCommitted).unwrap(), None);
}

#[test]
fn an_empty_log_has_no_time() {
    let fixture = Fixture::new(LogConfig::default());
    assert_eq!(fixture.log.offset_for_time(0, ALL).unwrap(), None);
    assert_eq!(fixture.log.max_timestamp().unwrap(), None);
}
