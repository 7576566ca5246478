//! An HTTP proxy between a source and a simulated org that changes what an answer says.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

/// Starts one in front of `org`. The first time that the org says `words` it says `instead`, which is as long.
pub(super) async fn start(org: &str, words: &'static str, instead: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let org = org.trim_start_matches("http://").trim_end_matches('/').to_owned();
    let is_said = Arc::new(AtomicBool::new(false));
    // Ends with the test and its runtime.
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let (mut asks, answers) = client.into_split();
            let (from_org, mut to_org) = TcpStream::connect(&org).await.unwrap().into_split();
            tokio::spawn(async move { copy(&mut asks, &mut to_org).await });
            tokio::spawn(answer(from_org, answers, words, instead, Arc::clone(&is_said)));
        }
    });
    url
}

async fn answer(
    mut org: OwnedReadHalf,
    mut client: OwnedWriteHalf,
    words: &'static str,
    instead: &'static str,
    is_said: Arc<AtomicBool>,
) {
    let mut bytes = vec![0; 1 << 20];
    while let Ok(count @ 1..) = org.read(&mut bytes).await {
        let part = &mut bytes[..count];
        let place =
            part.windows(words.len()).position(|window| window.eq_ignore_ascii_case(words.as_bytes()));
        if let Some(place) = place
            && !is_said.swap(true, Ordering::Relaxed)
        {
            part[place..place + words.len()].copy_from_slice(instead.as_bytes());
        }
        if client.write_all(part).await.is_err() {
            return;
        }
    }
}
