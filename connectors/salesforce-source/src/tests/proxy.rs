//! An HTTP proxy between a source and a simulated org that changes what an answer says.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

/// What is packed has no words, and small pages are what an org answers where rows are wide.
const ASKED: &str = "sforce-query-options: batchSize=200\r\naccept-nothing:";

/// Starts one in front of `org`. The first time that the org says `words` it says `instead`, which is as long.
pub(super) async fn start(org: &str, words: &'static str, instead: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let org = org.trim_start_matches("http://").trim_end_matches('/').to_owned();
    let is_said = Arc::new(AtomicBool::new(false));
    // Ends with the test and its runtime.
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let (asks, answers) = client.into_split();
            let (from_org, to_org) = TcpStream::connect(&org).await.unwrap().into_split();
            tokio::spawn(pass(asks, to_org, "accept-encoding:", ASKED, None));
            tokio::spawn(pass(from_org, answers, words, instead, Some(Arc::clone(&is_said))));
        }
    });
    url
}

/// Passes on what one side says; with `once` the words are replaced once in all, else whenever they are said.
async fn pass(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    words: &'static str,
    instead: &'static str,
    once: Option<Arc<AtomicBool>>,
) {
    let mut bytes = vec![0; 1 << 20];
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        let mut part = bytes[..count].to_vec();
        let place =
            part.windows(words.len()).position(|window| window.eq_ignore_ascii_case(words.as_bytes()));
        if let Some(place) = place
            && !once.as_ref().is_some_and(|is_said| is_said.swap(true, Ordering::Relaxed))
        {
            part.splice(place..place + words.len(), instead.bytes());
        }
        if to.write_all(&part).await.is_err() {
            return;
        }
    }
}
