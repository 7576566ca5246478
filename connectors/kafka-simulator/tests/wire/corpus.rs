//! Replays what fuzzing has found worth keeping: each file has once shown the broker something new, or broke it.

use std::path::{Path, PathBuf};

use orgstream_kafka_simulator::Broker;

use crate::panics::{watched_panics, watched_runtime};
use crate::played;

#[test]
fn requests_of_the_corpus_leave_the_broker_whole() {
    replayed("requests", &played::requests);
}

#[test]
fn batches_of_the_corpus_are_refused_or_can_be_read() {
    replayed("batches", &played::batches);
}

fn replayed(target: &str, play: &impl AsyncFn(&Broker, &[u8])) {
    let runtime = watched_runtime();
    let panics = watched_panics();
    let files = files(target);
    assert!(files.len() > 20, "the corpus is there");
    let dir = tempfile::tempdir().unwrap();
    runtime.block_on(async {
        let broker = Broker::builder().data(dir.path()).start().await.unwrap();
        played::prepare(&broker).await;
        for file in files {
            play(&broker, &std::fs::read(&file).unwrap()).await;
            assert_eq!(watched_panics(), panics, "{}", file.display());
        }
        played::is_well(&broker).await;
        broker.stop().await;
        let again = Broker::builder().data(dir.path()).start().await.unwrap();
        played::is_well(&again).await;
        again.stop().await;
        assert_eq!(watched_panics(), panics);
    });
}

fn files(target: &str) -> Vec<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut files: Vec<_> = dir.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}
