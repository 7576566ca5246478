//! What becomes of topics and of their files.

use bytes::{Bytes, BytesMut};
use kafka_protocol::records::{
    Compression, Record, RecordBatchDecoder, RecordBatchEncoder, RecordEncodeOptions, TimestampType,
};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::clock::now_ms;
use crate::isolation::Isolation;

/// A batch of one record.
#[expect(
    clippy::default_trait_access,
    reason = "the map of the headers comes from a crate that is not used otherwise"
)]
fn batch(key: &'static str) -> Bytes {
    let record = Record {
        transactional: false,
        control: false,
        delete_horizon: false,
        partition_leader_epoch: -1,
        producer_id: -1,
        producer_epoch: -1,
        timestamp_type: TimestampType::Creation,
        offset: 0,
        sequence: -1,
        timestamp: now_ms(),
        key: Some(Bytes::from_static(key.as_bytes())),
        value: Some(Bytes::from_static(b"value")),
        headers: Default::default(),
    };
    let mut bytes = BytesMut::new();
    let options = RecordEncodeOptions { version: 2, compression: Compression::None };
    RecordBatchEncoder::encode(&mut bytes, &[record], &options).unwrap();
    bytes.freeze()
}

/// A segment for each batch.
fn settings(policy: &str) -> Settings {
    let mut settings = Settings::default();
    settings.set("segment.bytes", "100").unwrap();
    settings.set("cleanup.policy", policy).unwrap();
    settings.set("min.cleanable.dirty.ratio", "0").unwrap();
    settings
}

fn open(dir: &TempDir) -> Topics {
    Topics::open(dir.path().join("topics")).unwrap()
}

/// Three records of one key in a new topic `t`.
fn filled(topics: &Topics, policy: &str) -> std::sync::Arc<Partition> {
    topics.create("t", 1, settings(policy), false).unwrap();
    let partition = topics.partition("t", 0).unwrap();
    for _ in 0..3 {
        partition.log().append(&batch("k"), now_ms()).unwrap();
    }
    partition
}

/// The offsets of all records of the topic `t`.
fn offsets(topics: &Topics) -> Vec<i64> {
    let partition = topics.partition("t", 0).unwrap();
    let log = partition.log();
    let mut seen = Vec::new();
    let mut from = log.start_offset();
    while from < log.next_offset() {
        let mut read = log.read(from, 1, Isolation::ReadUncommitted).unwrap().records;
        let batches = RecordBatchDecoder::decode_all(&mut read).unwrap();
        seen.extend(batches.iter().flat_map(|batch| &batch.records).map(|record| record.offset));
        from = seen.last().unwrap() + 1;
    }
    seen
}

#[test]
fn whoever_still_works_on_a_deleted_topic_does_not_touch_its_namesake() {
    let dir = tempfile::tempdir().unwrap();
    let topics = open(&dir);
    let old = filled(&topics, "compact");
    let compaction = old.log().clean(now_ms()).unwrap().unwrap();
    topics.delete("t").unwrap();
    filled(&topics, "delete");

    // The cleaner, retention and a producer were a little late.
    if let Ok(compacted) = compaction.run(&CancellationToken::new()) {
        old.log().install(compacted).ok();
    }
    assert!(old.log().delete_before(-1).is_err());
    assert!(old.log().append(&batch("late"), now_ms()).is_err());
    assert!(old.log().read(0, 1, Isolation::ReadUncommitted).is_err());

    assert_eq!(offsets(&topics), [0, 1, 2]);
    drop(topics);
    assert_eq!(offsets(&open(&dir)), [0, 1, 2]);
}

#[test]
fn a_topic_whose_directory_has_its_name_is_still_read() {
    let dir = tempfile::tempdir().unwrap();
    let topics = open(&dir);
    filled(&topics, "delete");
    let (id, kept) = (topics.by_name("t").unwrap().id, dir.path().join("topics"));
    drop(topics);
    std::fs::rename(kept.join(id.to_string()), kept.join("t")).unwrap();
    let meta = std::fs::read_to_string(kept.join("t/topic")).unwrap();
    std::fs::write(kept.join("t/topic"), meta.strip_prefix("name t\n").unwrap()).unwrap();

    let topics = open(&dir);
    assert_eq!(offsets(&topics), [0, 1, 2]);
    topics.delete("t").unwrap();
    filled(&topics, "delete");
    assert!(!kept.join("t").exists());
    assert_eq!(offsets(&open(&dir)), [0, 1, 2]);
}

/// What a broker says that finds a topic's directory with these files.
fn refused(files: &[(&str, &str)]) -> String {
    let dir = tempfile::tempdir().unwrap();
    let topic = dir.path().join("t");
    std::fs::create_dir_all(topic.join("0")).unwrap();
    for (name, text) in files {
        std::fs::write(topic.join(name), text).unwrap();
    }
    let message = Topics::open(dir.path().to_owned()).unwrap_err().to_string();
    for (name, text) in files {
        assert_eq!(&std::fs::read_to_string(topic.join(name)).unwrap(), text, "{message}");
    }
    assert!(message.contains(topic.to_str().unwrap()), "{message}");
    message
}

#[test]
fn what_is_no_whole_topic_is_named_and_left_alone() {
    let id = uuid::Uuid::new_v4();
    for (meta, says) in [
        (String::new(), "no id"),
        ("id".to_owned(), "`id`"),
        (format!("id {id}\n"), "no number of partitions"),
        (format!("id {id}\npartitions 0\n"), "no number of partitions"),
        ("id 7\npartitions 1\n".to_owned(), "no id"),
        (format!("name a/b\nid {id}\npartitions 1\n"), "no name"),
        (format!("id {id}\npartitions 1\ncleanup.policy compost\n"), "compost"),
        (format!("id {id}\npartitions 1\nof.another.version 1\n"), "of.another.version"),
    ] {
        let message = refused(&[("topic", &meta), ("0/00000000000000000000.log", "")]);
        assert!(message.contains(says), "{message}");
    }
    for file in ["0/00000000000000000000.log", "main.rs", "0/start-offset"] {
        let message = refused(&[(file, "text"), ("topic.new", "id")]);
        assert!(message.contains("no file `topic`"), "{message}");
    }
}

#[test]
fn two_directories_of_one_topic_are_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let topics = open(&dir);
    filled(&topics, "delete");
    let kept = dir.path().join("topics");
    let first = kept.join(topics.by_name("t").unwrap().id.to_string());
    std::fs::create_dir_all(kept.join("copy")).unwrap();
    std::fs::copy(first.join("topic"), kept.join("copy/topic")).unwrap();
    let message = Topics::open(kept).unwrap_err().to_string();
    assert!(message.contains("copy") && message.contains(first.to_str().unwrap()), "{message}");
}

#[test]
fn every_partition_gets_its_own_log_again() {
    let dir = tempfile::tempdir().unwrap();
    let topics = open(&dir);
    for (name, records) in [("one", 0), ("other", 20)] {
        let made = topics.create(name, 20, Settings::default(), false).unwrap().unwrap();
        for (count, partition) in (records..).zip(made.partitions()) {
            for _ in 0..count {
                partition.log().append(&batch("k"), now_ms()).unwrap();
            }
        }
    }
    drop(topics);
    let topics = open(&dir);
    for (name, records) in [("one", 0), ("other", 20)] {
        let partitions = topics.by_name(name).unwrap().partitions();
        let ends: Vec<_> = partitions.iter().map(|partition| partition.log().next_offset()).collect();
        assert!(ends.into_iter().eq(records..records + 20), "{name}");
    }
}
