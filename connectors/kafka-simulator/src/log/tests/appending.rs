//! Producers.

use bytes::Bytes;

use super::super::append::AppendError;
use super::super::batch::BatchHeader;
use super::super::config::{LogConfig, TimestampType};
use super::wire::{Batch, Rec, consume, producer, rec};
use super::{Fixture, NOW, compact};
use crate::isolation::Isolation;
use crate::producer::Marker;

fn one(key: &str) -> Batch {
    Batch::of(&[rec(key, "v")])
}

#[test]
fn batches_get_the_next_offsets_and_come_back_byte_for_byte() {
    let mut fixture = Fixture::new(LogConfig::default());
    let first = Batch::of(&[rec("a", "1"), rec("b", "2")]).bytes();
    let second = one("c").packed(2).bytes();
    assert_eq!(fixture.log.append(&first, NOW).unwrap().base_offset, 0);
    assert_eq!(fixture.log.append(&second, NOW).unwrap().base_offset, 2);
    let read = fixture.log.read(0, 1 << 20, Isolation::ReadUncommitted).unwrap();
    let (one, two) = read.records.split_at(first.len());
    // All but the base offset, which the log gives.
    assert_eq!((&one[8..], &two[8..]), (&first[8..], &second[8..]));
    assert_eq!(BatchHeader::parse(two).unwrap().base_offset, 2);
}

#[test]
fn a_batch_reads_the_same_with_a_decoder_that_is_not_ours() {
    let mut fixture = Fixture::new(LogConfig::default());
    let mut record = rec("key", "value");
    record.headers = vec![(b"h".to_vec(), Some(b"x".to_vec()))];
    fixture.log.append(&Batch::of(&[rec("a", "b"), record]).from(producer(7, 1), 0).bytes(), NOW).unwrap();
    let mut bytes = fixture.log.read(0, 1 << 20, Isolation::ReadUncommitted).unwrap().records;
    let set = kafka_protocol::records::RecordBatchDecoder::decode(&mut bytes).unwrap();
    let last = &set.records[1];
    assert_eq!((last.offset, last.producer_id, last.producer_epoch, last.sequence), (1, 7, 1, 1));
    assert_eq!((last.key.as_deref(), last.value.as_deref()), (Some(&b"key"[..]), Some(&b"value"[..])));
    assert_eq!(last.timestamp, NOW);
}

#[test]
fn a_batch_that_is_sent_again_is_written_once() {
    let mut fixture = Fixture::new(LogConfig::default());
    let from = producer(1, 0);
    for sequence in 0..6 {
        let appended = fixture.log.append(&one("k").from(from, sequence).bytes(), NOW).unwrap();
        assert_eq!(appended.base_offset, i64::from(sequence));
    }
    for kept in 0..2 {
        // The last five are known, before and after a restart.
        for sequence in 1..6 {
            let again = fixture.log.append(&one("k").from(from, sequence).bytes(), NOW).unwrap();
            assert_eq!(again.base_offset, i64::from(sequence), "{kept}");
        }
        let older = fixture.log.append(&one("k").from(from, 0).bytes(), NOW);
        assert!(matches!(older, Err(AppendError::Sequence)));
        assert_eq!(fixture.log.next_offset(), 6);
        fixture.reopen();
    }
}

#[test]
fn a_gap_in_the_sequence_is_refused() {
    let mut fixture = Fixture::new(LogConfig::default());
    fixture
        .log
        .append(&Batch::of(&[rec("a", ""), rec("b", "")]).from(producer(1, 0), 0).bytes(), NOW)
        .unwrap();
    for sequence in [1, 3, i32::MAX] {
        let refused = fixture.log.append(&one("k").from(producer(1, 0), sequence).bytes(), NOW);
        assert!(matches!(refused, Err(AppendError::Sequence)), "{sequence}");
    }
    fixture.log.append(&one("k").from(producer(1, 0), 2).bytes(), NOW).unwrap();
}

#[test]
fn the_sequence_starts_over_behind_the_greatest_number() {
    let mut fixture = Fixture::new(LogConfig::default());
    let from = producer(1, 0);
    let across = Batch::of(&[rec("a", ""), rec("b", ""), rec("c", "")]).from(from, i32::MAX - 1);
    fixture.log.append(&one("k").from(from, i32::MAX - 2).bytes(), NOW).unwrap();
    assert_eq!(fixture.log.append(&across.bytes(), NOW).unwrap().base_offset, 1);
    assert_eq!(fixture.log.append(&across.bytes(), NOW).unwrap().base_offset, 1);
    assert_eq!(fixture.log.append(&one("k").from(from, 1).bytes(), NOW).unwrap().base_offset, 4);
}

#[test]
fn a_producer_that_nobody_knows_may_start_anywhere() {
    let mut fixture = Fixture::new(LogConfig::default());
    fixture.log.append(&one("k").from(producer(1, 3), 17).bytes(), NOW).unwrap();
}

#[test]
fn an_older_epoch_is_fenced_and_a_newer_one_starts_at_zero() {
    let mut fixture = Fixture::new(LogConfig::default());
    fixture.log.append(&one("k").from(producer(1, 1), 0).bytes(), NOW).unwrap();
    let old = fixture.log.append(&one("k").from(producer(1, 0), 0).bytes(), NOW);
    assert!(matches!(old, Err(AppendError::Epoch)));
    let late = fixture.log.append(&one("k").from(producer(1, 2), 1).bytes(), NOW);
    assert!(matches!(late, Err(AppendError::Sequence)));
    fixture.log.append(&one("k").from(producer(1, 2), 0).bytes(), NOW).unwrap();
    // A marker raises the epoch too, also for what follows a restart.
    fixture.log.append_marker(producer(1, 3), Marker::Abort, 0, NOW).unwrap();
    for _ in 0..2 {
        let old = fixture.log.append(&one("k").from(producer(1, 2), 1).bytes(), NOW);
        assert!(matches!(old, Err(AppendError::Epoch)));
        let late = fixture.log.append(&one("k").from(producer(1, 3), 1).bytes(), NOW);
        assert!(matches!(late, Err(AppendError::Sequence)));
        fixture.reopen();
    }
    fixture.log.append(&one("k").from(producer(1, 3), 0).bytes(), NOW).unwrap();
}

#[test]
fn the_time_of_the_broker_replaces_the_producers() {
    let config = LogConfig { timestamp_type: TimestampType::LogAppendTime, ..LogConfig::default() };
    let mut fixture = Fixture::new(config);
    let batch = Batch::of(&[Rec { time: 5, ..rec("a", "1") }]).from(producer(1, 0), 0).bytes();
    assert_eq!(fixture.log.append(&batch, NOW).unwrap().log_append_time, Some(NOW));
    assert_eq!(fixture.log.append(&batch, NOW + 9).unwrap().log_append_time, Some(NOW), "sent again");
    assert_eq!(consume(&fixture.log, Isolation::ReadUncommitted, 1)[0].time, NOW);
}

#[test]
fn times_too_far_from_now_are_refused_wherever_in_the_batch_they_are() {
    let config =
        LogConfig { timestamp_before_max_ms: 100, timestamp_after_max_ms: 10, ..LogConfig::default() };
    let mut fixture = Fixture::new(config);
    let mut append = |time| {
        let records = [rec("a", ""), Rec { time, ..rec("b", "") }, rec("c", "")];
        fixture.log.append(&Batch::of(&records).bytes(), NOW)
    };
    for time in [NOW - 100, NOW + 10] {
        append(time).unwrap();
    }
    for time in [NOW - 101, NOW + 11, i64::MIN / 2] {
        assert!(matches!(append(time), Err(AppendError::Timestamp(wrong)) if wrong == time), "{time}");
    }
    fixture.log.append(&Batch::of(&[Rec { time: -1, ..rec("a", "") }]).bytes(), NOW).unwrap();
}

#[test]
fn a_header_that_lies_about_its_highest_time_is_put_right() {
    let mut fixture = Fixture::new(LogConfig::default());
    let batch = one("a");
    let bytes = batch.bytes_under(BatchHeader { max_timestamp: 0, ..batch.header() });
    fixture.log.append(&bytes, NOW).unwrap();
    assert_eq!(fixture.log.offset_for_time(NOW, Isolation::ReadUncommitted).unwrap(), Some((0, NOW)));
    assert_eq!(consume(&fixture.log, Isolation::ReadUncommitted, 1).len(), 1, "the checksum is right again");
}

#[test]
fn what_a_producer_may_not_send_is_refused_and_leaves_nothing() {
    let mut fixture = Fixture::new(LogConfig { max_message_bytes: 200, ..LogConfig::default() });
    let good = one("a").bytes();
    let with = |change: fn(&mut BatchHeader)| {
        let batch = one("a");
        let mut header = batch.header();
        change(&mut header);
        batch.bytes_under(header)
    };
    let mut flipped = good.to_vec();
    *flipped.last_mut().unwrap() ^= 1;
    let mut old = good.to_vec();
    old[16] = 1;
    let invalid: Vec<Bytes> = vec![
        Bytes::new(),
        good.slice(..good.len() - 1),
        [&good[..], &good[..]].concat().into(),
        old.into(),
        with(|header| header.attributes = 0x20),
        with(|header| header.attributes = 0x10),
        with(|header| header.attributes = 0x40),
        with(|header| header.attributes = 0x05),
        with(|header| header.record_count = 2),
        with(|header| header.last_offset_delta = 1),
        with(|header| (header.last_offset_delta, header.record_count) = (1, 2)),
        with(|header| (header.last_offset_delta, header.record_count) = (i32::MAX - 1, i32::MAX)),
        with(|header| header.record_count = 0),
        with(|header| header.producer_id = 5),
    ];
    for (at, bytes) in invalid.iter().enumerate() {
        let refused = fixture.log.append(bytes, NOW);
        assert!(matches!(refused, Err(AppendError::Invalid(_))), "{at}: {refused:?}");
    }
    assert!(matches!(fixture.log.append(&flipped.into(), NOW), Err(AppendError::Corrupt)));
    let stamped = fixture.log.append(&with(|header| header.attributes = 0x08), NOW);
    assert!(matches!(stamped, Err(AppendError::Timestamp(_))));
    let large = Batch::of(&[rec("a", &"x".repeat(200))]).bytes();
    assert!(matches!(fixture.log.append(&large, NOW), Err(AppendError::TooLarge { max: 200, .. })));
    fixture.log.configure(LogConfig { segment_bytes: 64, ..LogConfig::default() });
    assert!(matches!(fixture.log.append(&good, NOW), Err(AppendError::LargerThanSegment { max: 64, .. })));
    assert_eq!(fixture.log.next_offset(), 0);
    fixture.reopen();
    assert_eq!(fixture.log.next_offset(), 0);
}

#[test]
fn a_compacted_log_takes_no_record_without_a_key_in_any_codec() {
    let mut fixture = Fixture::new(compact());
    for codec in 0..=4 {
        let batch = Batch::of(&[rec("a", ""), Rec { key: None, ..rec("", "") }]).packed(codec).bytes();
        assert!(matches!(fixture.log.append(&batch, NOW), Err(AppendError::Invalid(_))), "codec {codec}");
    }
}

#[test]
fn a_producer_that_was_silent_for_a_day_is_forgotten_although_its_log_is_quiet() {
    const DAY: i64 = 24 * 60 * 60 * 1_000;
    let mut fixture = Fixture::new(LogConfig::default());
    let batch = |id, sequence| Batch::of(&[rec("k", "v")]).from(producer(id, 0), sequence);
    fixture.log.append(&batch(1, 0).bytes(), NOW).unwrap();
    fixture.log.append(&batch(2, 0).transactional().bytes(), NOW).unwrap();
    let gap = batch(1, 7).bytes();
    fixture.log.expire_producers(NOW + DAY - 1);
    assert!(matches!(fixture.log.append(&gap, NOW), Err(AppendError::Sequence)));
    fixture.log.expire_producers(NOW + DAY);
    let gap_in_transaction = batch(2, 7).transactional().bytes();
    let refused = fixture.log.append(&gap_in_transaction, NOW);
    assert!(matches!(refused, Err(AppendError::Sequence)), "its transaction is open");
    fixture.log.append(&gap, NOW).unwrap();
}
