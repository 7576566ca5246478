//! Replays what fuzzing has found worth keeping: each file has once shown the broker something new, or broke it.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use orgstream_kafka_simulator::Broker;

use crate::played;

/// The threads of the broker whose panics are counted: a panic ends a connection only, so nothing else would show it.
const WATCHED: &str = "corpus";

/// The hook for panics is the process's, so one test at a time has it.
static HOOK: Mutex<()> = Mutex::new(());

#[test]
fn requests_of_the_corpus_leave_the_broker_whole() {
    replayed("requests", &played::requests);
}

#[test]
fn batches_of_the_corpus_are_refused_or_can_be_read() {
    replayed("batches", &played::batches);
}

fn replayed(target: &str, play: &impl AsyncFn(&Broker, &[u8])) {
    let _one = HOOK.lock().unwrap_or_else(PoisonError::into_inner);
    let panics = count_panics();
    let files = files(target);
    assert!(files.len() > 20, "the corpus is there");
    let dir = tempfile::tempdir().unwrap();
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(2).thread_name(WATCHED).enable_all().build().unwrap();
    runtime.block_on(async {
        let broker = Broker::builder().data(dir.path()).start().await.unwrap();
        played::prepare(&broker).await;
        for file in files {
            play(&broker, &std::fs::read(&file).unwrap()).await;
            assert_eq!(panics.load(Ordering::SeqCst), 0, "{}", file.display());
        }
        played::is_well(&broker).await;
        broker.stop().await;
        let again = Broker::builder().data(dir.path()).start().await.unwrap();
        played::is_well(&again).await;
        again.stop().await;
        assert_eq!(panics.load(Ordering::SeqCst), 0);
    });
}

fn files(target: &str) -> Vec<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut files: Vec<_> = dir.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// Panics of watched threads from now on.
fn count_panics() -> Arc<AtomicUsize> {
    let panics = Arc::new(AtomicUsize::new(0));
    let (counted, before) = (Arc::clone(&panics), std::panic::take_hook());
    std::panic::set_hook(Box::new(move |panic| {
        if std::thread::current().name() == Some(WATCHED) {
            counted.fetch_add(1, Ordering::SeqCst);
        }
        before(panic);
    }));
    panics
}
