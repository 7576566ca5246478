//! Bytes that nobody should send, and files that nobody should have written.

use bytes::Bytes;
use proptest::prelude::*;

use super::super::batch;
use super::super::config::LogConfig;
use super::super::partition_log::PartitionLog;
use super::super::segment::Segment;
use super::wire::{Batch, rec};
use super::{Fixture, NOW, compact};
use crate::isolation::Isolation;

/// Everything that looks into batches. None of it may panic; what it says does not matter.
fn use_it(fixture: &mut Fixture) {
    let end = fixture.log.next_offset();
    let mut from = fixture.log.start_offset();
    while from < end {
        let read = fixture.log.read(from, 1_000, Isolation::ReadCommitted).unwrap();
        match batch::BatchHeader::parse(&read.records) {
            Ok(header) => from = header.last_offset() + 1,
            Err(_) => break,
        }
    }
    fixture.log.offset_for_time(NOW, Isolation::ReadUncommitted).unwrap();
    fixture.log.max_timestamp().unwrap();
    fixture.log.roll().unwrap();
    fixture.log.configure(compact());
    fixture.clean(NOW);
    fixture.reopen();
    assert_eq!(fixture.log.next_offset(), end);
}

fn sound(codec: i16, transactional: bool) -> Vec<u8> {
    let mut batch = Batch::of(&[rec("a", "1"), rec("b", "2")]).packed(codec);
    batch.records[0].headers = vec![(b"h".to_vec(), None)];
    if transactional {
        batch = batch.from(super::wire::producer(1, 0), 0).transactional();
    }
    batch.bytes().to_vec()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let mut fixture = Fixture::new(LogConfig::default());
        prop_assert!(fixture.log.append(&Bytes::from(bytes), NOW).is_err());
        prop_assert_eq!(fixture.log.next_offset(), 0);
    }

    #[test]
    fn any_change_to_a_batch_with_the_checksum_put_right_does_no_harm(
        codec in 0i16..=4,
        transactional: bool,
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut fixture = Fixture::new(LogConfig::default());
        let mut bytes = sound(codec, transactional);
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let crc = crc32c::crc32c(&bytes[21..]);
        bytes[17..21].copy_from_slice(&crc.to_be_bytes());
        if fixture.log.append(&Bytes::from(bytes), NOW).is_ok() {
            // Compressed records are believed when their header says how many there are.
            prop_assert!(fixture.log.next_offset() == 2 || codec != 0);
            use_it(&mut fixture);
        }
    }

    #[test]
    fn a_file_of_any_bytes_is_opened_as_far_as_it_is_sound(
        sound_batches in 0usize..3,
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let mut file = Vec::new();
        for at in 0..sound_batches {
            let mut batch = sound(0, false);
            batch[..8].copy_from_slice(&i64::try_from(at * 2).unwrap().to_be_bytes());
            file.extend(batch);
        }
        file.extend(bytes);
        std::fs::write(dir.path().join(Segment::file_name(0)), file).unwrap();
        let log = PartitionLog::open(dir.path().to_owned(), LogConfig::default(), NOW).unwrap();
        prop_assert_eq!(log.next_offset(), i64::try_from(sound_batches * 2).unwrap());
    }
}
