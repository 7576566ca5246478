//! Replays what fuzzing has found worth keeping: each file has once shown the org something new, or broke it.
//!
//! A panic ends the connection of its call, and the client of `played` takes no failed call.

use std::path::{Path, PathBuf};

use super::client::Client;
use super::played;

#[tokio::test]
async fn queries_of_the_corpus_are_answered_or_refused() {
    replayed("soql", &played::soql).await;
}

#[tokio::test]
async fn files_of_the_corpus_end_their_jobs() {
    replayed("csv", &played::csv).await;
}

#[tokio::test]
async fn streaming_calls_of_the_corpus_are_answered_message_by_message_or_refused() {
    replayed("bayeux", &played::bayeux).await;
}

#[tokio::test]
async fn soap_calls_of_the_corpus_are_answered_with_an_envelope() {
    replayed("soap", &played::soap).await;
}

async fn replayed(target: &str, play: &impl AsyncFn(&Client, &[u8])) {
    let (org, client) = played::prepare().await;
    let files = files(target);
    assert!(files.len() > 20, "the corpus is there");
    for file in files {
        play(&client, &std::fs::read(&file).unwrap()).await;
    }
    assert_eq!(client.get("limits").await.0, 200);
    org.stop().await;
}

fn files(target: &str) -> Vec<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut files: Vec<_> = dir.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}
