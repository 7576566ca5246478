//! The end of an org, and the next one on the same file.

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message as Frame;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use super::client::Client;
use crate::Org;

#[tokio::test]
async fn clients_that_fall_silent_keep_neither_the_org_nor_its_file() {
    let dir = tempfile::tempdir().unwrap();
    let start = || {
        let org = Org::builder().name("silent").websocket(true);
        org.data_file(dir.path().join("org.jsonl")).start()
    };
    let org = start().await.unwrap();
    let client = Client::login(&org).await;
    client.create("Account", json!({"Name": "kept"})).await;
    let address = org.url().trim_start_matches("http://").to_owned();
    let mut upload = TcpStream::connect(&address).await.unwrap();
    let head = format!(
        "POST /services/data/v60.0/sobjects/Account HTTP/1.1\r\nhost: {address}\r\n\
         content-type: application/json\r\ncontent-length: 1000\r\n\r\n{{\"Name\""
    );
    upload.write_all(head.as_bytes()).await.unwrap();
    let mut request = format!("ws://{address}/cometd/60.0").into_client_request().unwrap();
    let token = format!("Bearer {}", client.token).parse().unwrap();
    request.headers_mut().insert("authorization", token);
    let (mut link, _) = connect_async(request).await.unwrap();
    let handshake = json!([{"channel": "/meta/handshake", "version": "1.0",
        "supportedConnectionTypes": ["websocket"]}]);
    link.send(Frame::text(handshake.to_string())).await.unwrap();
    assert!(link.next().await.unwrap().unwrap().is_text());

    org.stop().await;
    assert!(TcpStream::connect(&address).await.is_err(), "the port is free");
    let again = start().await.unwrap();
    assert_eq!(again.count("Account"), 1);
    drop((upload, link));
}
