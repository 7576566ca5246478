//! Consumers.

use super::super::config::LogConfig;
use super::super::read::ReadError;
use super::wire::{Batch, consume, rec};
use super::{Fixture, NOW};
use crate::isolation::Isolation;

const ALL: Isolation = Isolation::ReadUncommitted;

/// Ten batches of three records in several segments.
fn thirty() -> Fixture {
    let mut fixture = Fixture::new(LogConfig { segment_bytes: 400, ..LogConfig::default() });
    for _ in 0..10 {
        let records = [rec("a", "1"), rec("b", "2"), rec("c", "3")];
        fixture.log.append(&Batch::of(&records).bytes(), NOW).unwrap();
    }
    fixture
}

#[test]
fn every_record_is_read_from_every_offset_in_fetches_of_any_size() {
    let mut fixture = thirty();
    for _ in 0..2 {
        assert!(fixture.log.segments.len() > 2);
        for max_bytes in [0, 1, 100, 101, 250, 10_000] {
            let offsets: Vec<i64> =
                consume(&fixture.log, ALL, max_bytes).iter().map(|seen| seen.offset).collect();
            assert_eq!(offsets, (0..30).collect::<Vec<_>>(), "{max_bytes}");
        }
        for from in 0..30 {
            let read = fixture.log.read(from, 0, ALL).unwrap();
            let header = super::super::batch::BatchHeader::parse(&read.records).unwrap();
            assert_eq!(header.base_offset, from / 3 * 3, "the first batch holds the offset");
            assert_eq!(header.size, read.records.len(), "one batch comes although it is too large");
        }
        fixture.reopen();
    }
}

#[test]
fn a_fetch_stays_within_its_limit() {
    let fixture = thirty();
    let one = fixture.log.read(0, 0, ALL).unwrap().records.len();
    for limit in [one, one * 2 - 1, one * 2, one * 3] {
        let read = fixture.log.read(0, limit, ALL).unwrap().records.len();
        assert!(read <= limit && read.is_multiple_of(one) && read > 0, "{limit}: {read}");
    }
}

#[test]
fn the_end_is_empty_and_what_lies_outside_is_out_of_range() {
    let mut fixture = thirty();
    let end = fixture.log.read(30, 1_000, ALL).unwrap();
    assert!(end.records.is_empty());
    assert_eq!((end.high_watermark, end.last_stable_offset, end.log_start_offset), (30, 30, 0));
    fixture.log.delete_before(4).unwrap();
    for outside in [-1, 3, 31, i64::MIN, i64::MAX] {
        let read = fixture.log.read(outside, 1_000, ALL);
        assert!(matches!(read, Err(ReadError::OutOfRange)), "{outside}");
    }
    assert_eq!(consume(&fixture.log, ALL, 1)[0].offset, 4);
}

#[test]
fn a_large_segment_is_found_into_by_its_index() {
    let mut fixture = Fixture::new(LogConfig::default());
    let value = "x".repeat(3_000);
    for _ in 0..100 {
        fixture.log.append(&Batch::of(&[rec("a", &value), rec("b", "")]).bytes(), NOW).unwrap();
    }
    for _ in 0..2 {
        for from in 0..200 {
            let read = fixture.log.read(from, 1, ALL).unwrap();
            let header = super::super::batch::BatchHeader::parse(&read.records).unwrap();
            assert_eq!(header.base_offset, from / 2 * 2);
        }
        fixture.reopen();
    }
}
