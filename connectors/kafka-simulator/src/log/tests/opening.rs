//! What a killed broker leaves.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::PathBuf;

use super::super::config::LogConfig;
use super::super::partition_log::PartitionLog;
use super::super::segment::Segment;
use super::wire::{Batch, consume, producer, rec};
use super::{Fixture, NOW};
use crate::isolation::Isolation;
use crate::producer::Marker;

fn fill(fixture: &mut Fixture, batches: i32) {
    for sequence in 0..batches {
        fixture.log.append(&Batch::of(&[rec("k", "v")]).from(producer(1, 0), sequence).bytes(), NOW).unwrap();
    }
}

fn file(fixture: &Fixture, base_offset: i64) -> PathBuf {
    fixture.dir.path().join(Segment::file_name(base_offset))
}

#[test]
fn a_torn_tail_is_cut_off_wherever_it_is_torn() {
    let mut fixture = Fixture::new(LogConfig::default());
    fill(&mut fixture, 3);
    let path = file(&fixture, 0);
    let whole = std::fs::read(&path).unwrap();
    let one = whole.len() / 3;
    for length in one * 2..whole.len() {
        std::fs::write(&path, &whole[..length]).unwrap();
        fixture.reopen();
        assert_eq!(fixture.log.next_offset(), 2, "{length}");
        assert_eq!(std::fs::metadata(&path).unwrap().len(), u64::try_from(one * 2).unwrap());
    }
    // What was lost was never acknowledged; its producer sends it again and goes on.
    let again = Batch::of(&[rec("k", "v")]).from(producer(1, 0), 2);
    assert_eq!(fixture.log.append(&again.bytes(), NOW).unwrap().base_offset, 2);
    assert_eq!(consume(&fixture.log, Isolation::ReadUncommitted, 1).len(), 3);
}

#[test]
fn a_tail_with_a_wrong_checksum_or_rubbish_is_cut_off() {
    let mut fixture = Fixture::new(LogConfig::default());
    fill(&mut fixture, 2);
    let path = file(&fixture, 0);
    let mut damaged = Batch::of(&[rec("k", "v")]).bytes().to_vec();
    *damaged.last_mut().unwrap() ^= 1;
    for tail in [damaged, vec![0; 500], vec![0xff; 500], b"rubbish".to_vec()] {
        OpenOptions::new().append(true).open(&path).unwrap().write_all(&tail).unwrap();
        fixture.reopen();
        assert_eq!(fixture.log.next_offset(), 2);
        assert_eq!(consume(&fixture.log, Isolation::ReadUncommitted, 1).len(), 2);
    }
}

#[test]
fn damage_before_sound_batches_is_an_error_and_nothing_is_cut_off() {
    let mut fixture = Fixture::new(LogConfig::default());
    fill(&mut fixture, 4);
    let path = file(&fixture, 0);
    let whole = std::fs::read(&path).unwrap();
    let one = whole.len() / 4;
    // Any bit that is under the checksum, and the magic, the length and the offset, which are not.
    for byte in [0, 7, 8, 11, 16, 17, 25, 59, 61, one - 1] {
        for bit in [0x01, 0x80] {
            let mut damaged = whole.clone();
            damaged[one + byte] ^= bit;
            std::fs::write(&path, &damaged).unwrap();
            let opened = PartitionLog::open(fixture.dir.path().to_owned(), fixture.config.clone(), NOW);
            let Err(error) = opened else { panic!("byte {byte}, bit {bit}") };
            // An offset that is too high is noticed at the next one.
            let at = if matches!((byte, bit), (0, 0x01) | (7, 0x80)) { one * 2 } else { one };
            assert!(error.to_string().contains(&format!("truncate -s {at} ")), "{byte}, {bit}: {error}");
            assert_eq!(std::fs::read(&path).unwrap(), damaged);
        }
    }
    // What the error says works.
    Segment::truncate(&path, u64::try_from(one).unwrap()).unwrap();
    fixture.reopen();
    assert_eq!(fixture.log.next_offset(), 1);
}

#[test]
fn what_a_failed_write_left_is_written_over() {
    let mut fixture = Fixture::new(LogConfig::default());
    fill(&mut fixture, 2);
    let path = file(&fixture, 0);
    OpenOptions::new().append(true).open(&path).unwrap().write_all(b"half a batch").unwrap();
    let next = Batch::of(&[rec("k", "v")]).from(producer(1, 0), 2);
    assert_eq!(fixture.log.append(&next.bytes(), NOW).unwrap().base_offset, 2);
    for _ in 0..2 {
        assert_eq!(consume(&fixture.log, Isolation::ReadUncommitted, 1).len(), 3);
        fixture.reopen();
    }
}

#[test]
fn a_damaged_segment_before_the_last_is_an_error_that_names_it() {
    let mut fixture = Fixture::new(LogConfig { segment_bytes: 100, ..LogConfig::default() });
    fill(&mut fixture, 3);
    let path = file(&fixture, 1);
    let length = std::fs::metadata(&path).unwrap().len();
    Segment::truncate(&path, length - 1).unwrap();
    let opened = PartitionLog::open(fixture.dir.path().to_owned(), fixture.config.clone(), NOW);
    let message = opened.unwrap_err().to_string();
    assert!(message.contains(&Segment::file_name(1)) && message.contains("byte 0"), "{message}");
}

#[test]
fn large_batches_are_found_again_by_their_headers_and_so_is_what_lies_between() {
    let mut fixture = Fixture::new(LogConfig { segment_bytes: 500_000, ..LogConfig::default() });
    let (from, large) = (producer(1, 0), "x".repeat(200_000));
    for sequence in 0..12 {
        let value = if sequence % 4 == 3 { "small" } else { &large };
        let batch = Batch::of(&[rec("k", value)]).from(from, sequence).transactional();
        fixture.log.append(&batch.bytes(), NOW).unwrap();
        let marker = if sequence % 3 == 0 { Marker::Abort } else { Marker::Commit };
        fixture.log.append_marker(from, marker, 0, NOW).unwrap();
    }
    assert!(fixture.log.segments.len() > 2);
    let before = consume(&fixture.log, Isolation::ReadCommitted, 1 << 20);
    fixture.reopen();
    assert_eq!(consume(&fixture.log, Isolation::ReadCommitted, 1 << 20), before);
    assert_eq!((fixture.log.next_offset(), fixture.log.last_stable_offset()), (24, 24));

    let first = file(&fixture, 0);
    let length = std::fs::metadata(&first).unwrap().len();
    Segment::truncate(&first, length - 100_000).unwrap();
    let opened = PartitionLog::open(fixture.dir.path().to_owned(), fixture.config.clone(), NOW);
    assert!(opened.unwrap_err().to_string().contains(&Segment::file_name(0)));
}

#[test]
fn a_log_goes_on_where_it_ended_although_its_last_segment_is_empty() {
    let mut fixture = Fixture::new(LogConfig::default());
    fill(&mut fixture, 3);
    fixture.log.roll().unwrap();
    fixture.reopen();
    assert_eq!(fixture.log.next_offset(), 3);
    fixture.log.delete_before(-1).unwrap();
    fixture.reopen();
    assert_eq!((fixture.log.start_offset(), fixture.log.next_offset()), (3, 3));
    let appended = fixture.log.append(&Batch::of(&[rec("k", "v")]).bytes(), NOW).unwrap();
    assert_eq!((appended.base_offset, appended.log_start_offset), (3, 3));
}

#[test]
fn offsets_do_not_start_over_when_every_file_but_the_start_is_lost() {
    let mut fixture = Fixture::new(LogConfig::default());
    fill(&mut fixture, 3);
    fixture.log.delete_before(2).unwrap();
    std::fs::remove_file(file(&fixture, 0)).unwrap();
    fixture.reopen();
    assert_eq!((fixture.log.start_offset(), fixture.log.next_offset()), (2, 2));
}

#[test]
fn a_start_offset_that_cannot_be_read_is_an_error_and_brings_nothing_back() {
    let mut fixture = Fixture::new(LogConfig::default());
    fill(&mut fixture, 3);
    fixture.log.delete_before(2).unwrap();
    std::fs::write(fixture.dir.path().join("start-offset"), "rubbish").unwrap();
    assert!(PartitionLog::open(fixture.dir.path().to_owned(), fixture.config.clone(), NOW).is_err());
}

#[test]
fn many_logs_can_be_written_although_few_hold_their_file_open() {
    let dir = tempfile::tempdir().unwrap();
    let mut logs: Vec<_> = (0..300)
        .map(|at| PartitionLog::open(dir.path().join(at.to_string()), LogConfig::default(), NOW).unwrap())
        .collect();
    for round in 0..2 {
        for log in &mut logs {
            let appended = log.append(&Batch::of(&[rec("k", "v")]).bytes(), NOW).unwrap();
            assert_eq!(appended.base_offset, round);
        }
    }
    let held = logs.iter().filter(|log| log.segments[0].holds_file()).count();
    assert!(held <= 256, "{held}");
    // Whoever is idle gives its place to another.
    for log in &mut logs {
        log.clean(NOW + 60_000).unwrap();
        assert!(!log.segments[0].holds_file());
        assert_eq!(consume(log, Isolation::ReadUncommitted, 1).len(), 2);
    }
}
