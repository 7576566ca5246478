//! Keeping the newest record of each key.

use tokio_util::sync::CancellationToken;

use super::super::batch::BatchHeader;
use super::super::config::{Cleanup, LogConfig, TimestampType};
use super::super::swap;
use super::wire::{Batch, Rec, committed, consume, consume_into, producer, rec, tombstone};
use super::{Fixture, NOW, compact};
use crate::isolation::Isolation;
use crate::producer::Marker;

/// Closes the active segment, so that everything in it may be compacted.
fn close(fixture: &mut Fixture) {
    fixture.log.roll().unwrap();
}

fn append(fixture: &mut Fixture, records: &[Rec]) {
    fixture.log.append(&Batch::of(records).bytes(), NOW).unwrap();
}

fn offsets(fixture: &Fixture) -> Vec<i64> {
    committed(&fixture.log).into_iter().map(|(offset, _, _)| offset).collect()
}

#[test]
fn the_newest_record_of_each_key_stays_at_its_offset_in_every_codec() {
    for codec in 0..=4 {
        let mut fixture = Fixture::new(compact());
        for round in 0..3 {
            let records = [rec("a", &format!("a{round}")), rec("b", "b"), rec(&format!("own{round}"), "c")];
            fixture.log.append(&Batch::of(&records).packed(codec).bytes(), NOW).unwrap();
        }
        close(&mut fixture);
        fixture.clean(NOW);
        for _ in 0..2 {
            let kept = committed(&fixture.log);
            let kept: Vec<_> = kept.iter().map(|(offset, key, _)| (*offset, key.as_str())).collect();
            assert_eq!(kept, [(2, "own0"), (5, "own1"), (6, "a"), (7, "b"), (8, "own2")], "codec {codec}");
            assert_eq!(fixture.log.next_offset(), 9);
            let first = fixture.log.read(0, 1, Isolation::ReadUncommitted).unwrap().records;
            assert_eq!(BatchHeader::parse(&first).unwrap().compression(), codec);
            fixture.reopen();
        }
    }
}

#[test]
fn headers_with_the_same_key_and_times_survive_a_rewritten_batch() {
    let mut fixture = Fixture::new(compact());
    let header = |value: &str| (b"h".to_vec(), Some(value.as_bytes().to_vec()));
    let kept = Rec { time: NOW - 5, headers: vec![header("1"), header("2"), header("1")], ..tombstone("b") };
    append(&mut fixture, &[rec("a", "old"), kept.clone(), rec("a", "new")]);
    close(&mut fixture);
    fixture.clean(NOW);
    let seen = consume(&fixture.log, Isolation::ReadUncommitted, 1);
    assert_eq!(seen.len(), 2);
    // A tombstone's batch counts its times from another base, which nobody may notice.
    assert_eq!(seen[0].record.as_ref().unwrap(), &kept);
    assert_eq!((seen[1].offset, seen[1].time), (2, NOW));
    assert_eq!(fixture.log.offset_for_time(NOW - 3, Isolation::ReadUncommitted).unwrap(), Some((2, NOW)));
}

#[test]
fn the_active_segment_and_the_end_of_the_log_stay() {
    let mut fixture = Fixture::new(compact());
    append(&mut fixture, &[rec("a", "1")]);
    append(&mut fixture, &[rec("a", "2")]);
    fixture.clean(NOW);
    assert_eq!(offsets(&fixture), [0, 1]);
    close(&mut fixture);
    append(&mut fixture, &[rec("a", "3")]);
    fixture.clean(NOW);
    assert_eq!(offsets(&fixture), [1, 2], "what is in the active segment removes nothing yet");
    append(&mut fixture, &[tombstone("a")]);
    close(&mut fixture);
    fixture.clean(NOW);
    append(&mut fixture, &[rec("b", "")]);
    close(&mut fixture);
    fixture.clean(NOW + 1_000);
    assert_eq!(offsets(&fixture), [4]);
    fixture.reopen();
    assert_eq!(fixture.log.next_offset(), 5);
}

#[test]
fn a_tombstone_stays_readable_for_a_while_after_it_was_first_compacted() {
    let mut fixture = Fixture::new(compact());
    append(&mut fixture, &[rec("a", "1"), tombstone("a")]);
    close(&mut fixture);
    // Long after it was written: what counts is when its record went.
    let late = NOW + 1_000_000;
    fixture.clean(late);
    assert_eq!(offsets(&fixture), [1]);
    for (after, left) in [(999, vec![1, 2]), (1_000, vec![2, 3])] {
        append(&mut fixture, &[rec(&format!("dirt{after}"), "")]);
        close(&mut fixture);
        fixture.reopen();
        fixture.clean(late + after);
        assert_eq!(offsets(&fixture), left, "{after}");
    }
}

#[test]
fn readers_get_to_the_end_although_nothing_there_is_left() {
    let mut fixture = Fixture::new(compact());
    let from = producer(1, 0);
    append(&mut fixture, &[rec("a", "1")]);
    fixture.log.append(&Batch::of(&[rec("a", "t")]).from(from, 0).transactional().bytes(), NOW).unwrap();
    fixture.log.append_marker(from, Marker::Abort, 0, NOW).unwrap();
    close(&mut fixture);
    fixture.clean(NOW);
    for _ in 0..2 {
        assert_eq!(offsets(&fixture), [0]);
        let end = consume_into(&fixture.log, Isolation::ReadCommitted, 1, &mut Vec::new());
        assert_eq!(end, 3);
        fixture.reopen();
    }
}

#[test]
fn aborted_records_go_and_supersede_nothing() {
    let mut fixture = Fixture::new(compact());
    let from = producer(1, 0);
    let in_transaction =
        |key: &str, sequence| Batch::of(&[rec(key, "t")]).from(from, sequence).transactional().bytes();
    append(&mut fixture, &[rec("a", "stays")]);
    fixture.log.append(&in_transaction("a", 0), NOW).unwrap();
    fixture.log.append_marker(from, Marker::Abort, 0, NOW).unwrap();
    fixture.log.append(&in_transaction("b", 1), NOW).unwrap();
    fixture.log.append_marker(from, Marker::Commit, 0, NOW).unwrap();
    append(&mut fixture, &[rec("c", "")]);
    close(&mut fixture);
    fixture.clean(NOW);
    for _ in 0..2 {
        assert_eq!(offsets(&fixture), [0, 3, 5]);
        assert_eq!(fixture.log.last_stable_offset(), 6, "without its marker nothing is left open");
        let seen = consume(&fixture.log, Isolation::ReadUncommitted, 1);
        assert!(seen.iter().all(|seen| seen.record.is_some()), "the markers have gone");
        let again = fixture.log.append(&in_transaction("b", 1), NOW).unwrap();
        assert_eq!(again.base_offset, 3, "a repeated batch is still known");
        fixture.reopen();
    }
}

#[test]
fn the_newest_batch_of_a_producer_is_known_although_all_its_records_went() {
    let mut fixture = Fixture::new(compact());
    let from = producer(1, 4);
    for sequence in 0..3 {
        fixture.log.append(&Batch::of(&[rec("a", "")]).from(from, sequence).bytes(), NOW).unwrap();
    }
    append(&mut fixture, &[rec("a", "")]);
    close(&mut fixture);
    fixture.clean(NOW);
    fixture.reopen();
    assert_eq!(offsets(&fixture), [3]);
    let again = Batch::of(&[rec("a", "")]).from(from, 2).bytes();
    assert_eq!(fixture.log.append(&again, NOW).unwrap().base_offset, 2);
    let next = Batch::of(&[rec("a", "")]).from(from, 3).bytes();
    assert_eq!(fixture.log.append(&next, NOW).unwrap().base_offset, 4);
}

#[test]
fn an_open_transaction_and_what_follows_it_are_left_alone() {
    let mut fixture = Fixture::new(compact());
    append(&mut fixture, &[rec("a", "1"), rec("a", "2")]);
    close(&mut fixture);
    let open = Batch::of(&[rec("a", "3")]).from(producer(1, 0), 0).transactional();
    fixture.log.append(&open.bytes(), NOW).unwrap();
    append(&mut fixture, &[rec("a", "4")]);
    close(&mut fixture);
    fixture.clean(NOW);
    let left = consume(&fixture.log, Isolation::ReadUncommitted, 1);
    assert_eq!(left.iter().map(|seen| seen.offset).collect::<Vec<_>>(), [1, 2, 3]);
}

#[test]
fn nothing_is_compacted_before_its_lag_or_while_little_is_dirty() {
    let lag = LogConfig { min_compaction_lag_ms: 100, ..compact() };
    let mut fixture = Fixture::new(lag);
    append(&mut fixture, &[rec("a", "1"), rec("a", "2")]);
    close(&mut fixture);
    fixture.clean(NOW + 99);
    assert_eq!(offsets(&fixture), [0, 1]);
    fixture.clean(NOW + 100);
    assert_eq!(offsets(&fixture), [1]);

    let mut fixture = Fixture::new(LogConfig { min_cleanable_dirty_ratio: 0.9, ..compact() });
    append(&mut fixture, &[rec("a", &"x".repeat(2_000))]);
    close(&mut fixture);
    fixture.clean(NOW);
    append(&mut fixture, &[rec("b", "1"), rec("b", "2")]);
    close(&mut fixture);
    fixture.reopen();
    fixture.clean(NOW);
    assert_eq!(offsets(&fixture), [0, 1, 2], "what was clean is known to be so after a restart");
}

#[test]
fn small_segments_are_joined() {
    let mut fixture = Fixture::new(LogConfig { segment_bytes: 1_000, ..compact() });
    for _ in 0..10 {
        append(&mut fixture, &[rec("a", "1"), rec("b", "2")]);
        close(&mut fixture);
    }
    fixture.clean(NOW);
    assert_eq!(offsets(&fixture), [18, 19]);
    append(&mut fixture, &[rec("c", "3")]);
    close(&mut fixture);
    fixture.clean(NOW);
    assert_eq!(fixture.files(), ["00000000000000000000.log", "00000000000000000021.log", "compacted-offset"]);
    fixture.reopen();
    assert_eq!(offsets(&fixture), [18, 19, 20]);
}

#[test]
fn a_log_with_more_keys_than_memory_is_compacted_in_several_runs() {
    let mut fixture = Fixture::new(LogConfig { segment_bytes: 200, ..compact() });
    for round in 0..2 {
        for key in ["a", "b", "c", "d", "e"] {
            append(&mut fixture, &[rec(key, &round.to_string()), rec(key, "newer")]);
        }
    }
    close(&mut fixture);
    let mut runs = 0;
    while let Some(mut compaction) = fixture.log.clean(NOW).unwrap() {
        compaction.max_keys = 2;
        let before = fixture.log.compacted_to;
        fixture.log.install(compaction.run(&CancellationToken::new()).unwrap()).unwrap();
        assert!(fixture.log.compacted_to > before);
        let newest = [11, 13, 15, 17, 19];
        assert!(newest.iter().all(|offset| offsets(&fixture).contains(offset)));
        fixture.reopen();
        runs += 1;
    }
    assert!(runs > 2, "{runs}");
    assert_eq!(offsets(&fixture), [11, 13, 15, 17, 19]);
}

#[test]
fn a_deleted_key_does_not_come_back_when_there_are_too_many_keys_for_one_run() {
    let mut fixture = Fixture::new(compact());
    for key in ["x", "a", "b", "c", "d"] {
        append(&mut fixture, &[rec(key, "1")]);
    }
    append(&mut fixture, &[tombstone("x")]);
    close(&mut fixture);
    let mut now = NOW;
    while let Some(mut compaction) = fixture.log.clean(now).unwrap() {
        compaction.max_keys = 2;
        fixture.log.install(compaction.run(&CancellationToken::new()).unwrap()).unwrap();
        let newest = committed(&fixture.log).into_iter().rfind(|(_, key, _)| key == "x");
        assert_eq!(newest, Some((5, "x".to_owned(), None)), "its horizon starts when its record goes");
        now += fixture.config.delete_retention_ms;
    }
    append(&mut fixture, &[rec("a", "2")]);
    close(&mut fixture);
    fixture.clean(now);
    assert_eq!(offsets(&fixture), [2, 3, 4, 6]);
}

#[test]
fn the_highest_time_is_that_of_a_record_that_is_left() {
    let mut fixture = Fixture::new(compact());
    append(&mut fixture, &[Rec { time: NOW + 50, ..rec("a", "old") }, rec("b", ""), rec("a", "new")]);
    close(&mut fixture);
    fixture.clean(NOW);
    for _ in 0..2 {
        assert_eq!(fixture.log.max_timestamp().unwrap(), Some((1, NOW)));
        fixture.reopen();
    }
}

#[test]
fn the_brokers_time_survives_compaction() {
    let config = LogConfig { timestamp_type: TimestampType::LogAppendTime, ..compact() };
    let mut fixture = Fixture::new(config);
    append(&mut fixture, &[Rec { time: 5, ..tombstone("a") }, rec("b", "1"), rec("b", "2")]);
    close(&mut fixture);
    fixture.clean(NOW + 1);
    let seen = consume(&fixture.log, Isolation::ReadUncommitted, 1);
    let times: Vec<_> = seen.iter().map(|seen| (seen.offset, seen.time)).collect();
    assert_eq!(times, [(0, NOW), (2, NOW)]);
}

#[test]
fn a_log_goes_on_while_it_is_compacted() {
    let mut fixture = Fixture::new(compact());
    append(&mut fixture, &[rec("a", "1"), rec("a", "2")]);
    close(&mut fixture);
    let compaction = fixture.log.clean(NOW).unwrap().unwrap();
    append(&mut fixture, &[rec("a", "3")]);
    let compacted = compaction.run(&CancellationToken::new()).unwrap();
    append(&mut fixture, &[rec("a", "4")]);
    assert_eq!(offsets(&fixture), [0, 1, 2, 3]);
    fixture.log.install(compacted).unwrap();
    assert_eq!(offsets(&fixture), [1, 2, 3]);
    fixture.reopen();
    assert_eq!(offsets(&fixture), [1, 2, 3]);
}

#[test]
fn a_compaction_that_is_told_to_stop_leaves_the_log_as_it_was() {
    let mut fixture = Fixture::new(compact());
    append(&mut fixture, &[rec("a", "1"), rec("a", "2")]);
    close(&mut fixture);
    let files = fixture.files();
    let stop = CancellationToken::new();
    stop.cancel();
    let error = fixture.log.clean(NOW).unwrap().unwrap().run(&stop).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::Interrupted);
    assert_eq!((offsets(&fixture), fixture.files()), (vec![0, 1], files));
    fixture.clean(NOW);
    assert_eq!(offsets(&fixture), [1]);
}

#[test]
fn what_was_deleted_while_it_was_compacted_does_not_come_back() {
    let mut fixture = Fixture::new(compact());
    append(&mut fixture, &[rec("a", "1"), rec("b", "2")]);
    close(&mut fixture);
    append(&mut fixture, &[rec("c", "3")]);
    let compacted = fixture.log.clean(NOW).unwrap().unwrap().run(&CancellationToken::new()).unwrap();
    fixture.log.delete_before(2).unwrap();
    fixture.log.install(compacted).unwrap();
    for _ in 0..2 {
        assert_eq!(offsets(&fixture), [2]);
        assert_eq!(fixture.files(), ["00000000000000000002.log", "start-offset"]);
        fixture.reopen();
    }
}

#[test]
fn a_kill_at_any_moment_of_the_swap_leaves_the_old_segments_or_the_new() {
    let prepared = || {
        let mut fixture = Fixture::new(compact());
        for _ in 0..3 {
            append(&mut fixture, &[rec("a", "1"), rec("b", "2")]);
            close(&mut fixture);
        }
        let compacted = fixture.log.clean(NOW).unwrap().unwrap().run(&CancellationToken::new()).unwrap();
        drop(compacted);
        fixture
    };
    let unfinished = swap::unfinished_name(0);
    // Killed before the new segment was whole.
    let mut fixture = prepared();
    assert!(fixture.files().contains(&unfinished));
    fixture.reopen();
    assert_eq!(offsets(&fixture), [0, 1, 2, 3, 4, 5]);
    assert!(!fixture.files().contains(&unfinished));
    // Killed when it was whole and `removed` of the old ones had gone.
    for removed in 0..=3 {
        let mut fixture = prepared();
        let path = |name: &str| fixture.dir.path().join(name);
        let whole = format!("{:020}-{:020}.swap", 0, 6);
        std::fs::rename(path(&unfinished), path(&whole)).unwrap();
        for base_offset in [0, 2, 4].into_iter().take(removed) {
            std::fs::remove_file(path(&format!("{base_offset:020}.log"))).unwrap();
        }
        fixture.reopen();
        assert_eq!(offsets(&fixture), [4, 5], "{removed}");
        assert_eq!(fixture.log.next_offset(), 6);
        assert_eq!(fixture.files(), ["00000000000000000000.log", "00000000000000000006.log"]);
    }
}

#[test]
fn a_batch_that_cannot_be_unpacked_stays_whole_and_leaves_no_transaction_open() {
    let delete = LogConfig { cleanup: Cleanup { delete: true, compact: false }, ..compact() };
    let mut fixture = Fixture::new(delete);
    let from = producer(1, 0);
    let batch = Batch::of(&[rec("a", "1")]).from(from, 0).transactional();
    let header = BatchHeader { attributes: 0x14, ..batch.header() };
    fixture.log.append(&batch.bytes_under(header), NOW).unwrap();
    fixture.log.append_marker(from, Marker::Commit, 0, NOW).unwrap();
    fixture.config = compact();
    fixture.log.configure(compact());
    close(&mut fixture);
    fixture.clean(NOW);
    fixture.reopen();
    assert_eq!(fixture.log.last_stable_offset(), 2);
    let left = fixture.log.read(0, 1_000, Isolation::ReadUncommitted).unwrap().records;
    assert_eq!(BatchHeader::parse(&left).unwrap().record_count, 1);
}

#[test]
fn records_that_got_in_without_a_key_go() {
    let delete = LogConfig { cleanup: Cleanup { delete: true, compact: false }, ..compact() };
    let mut fixture = Fixture::new(delete);
    append(&mut fixture, &[Rec { key: None, ..rec("", "1") }, rec("a", "2")]);
    fixture.log.configure(compact());
    close(&mut fixture);
    fixture.clean(NOW);
    assert_eq!(offsets(&fixture), [1]);
}
