//! HTTP itself: bad requests, limits, packing, cookies.

use std::io::{Read as _, Write as _};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde_json::{Value as Json, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::client::{Client, org};

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

fn unpacking_nothing() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().no_gzip().build().unwrap()
}

#[tokio::test]
async fn a_head_that_is_too_long_is_refused_with_what_is_too_long() {
    let org = org("long").await;
    let http = unpacking_nothing();
    let long = "x".repeat(17_000);
    let uri = http.get(format!("{}/services/data/v60.0/query?q={long}", org.url())).send().await.unwrap();
    assert_eq!(uri.status(), 414);
    let header =
        http.get(format!("{}/services/data", org.url())).header("x-long", &long).send().await.unwrap();
    assert_eq!(header.status(), 431);
}

#[tokio::test]
async fn garbage_ends_a_connection_and_nothing_else() {
    let org = org("garbage").await;
    let address = org.url().strip_prefix("http://").unwrap();
    for garbage in [
        b"\x00\xff\x00\xff\r\n\r\n".as_slice(),
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /services/oauth2/token HTTP/1.1\r\ncontent-length: nine\r\n\r\n",
        b"POST /services/Soap/u/60.0 HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"GET /%ff%fe/%zz?%ff=%f HTTP/1.0\r\n\r\n",
        b"GET //// HTTP/1.0\r\nauthorization: \xff\xfe\r\ncookie: \xff\r\n\r\n",
    ] {
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        stream.write_all(garbage).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        let text = String::from_utf8_lossy(&answer).into_owned();
        assert!(
            text.is_empty() || text.starts_with("HTTP/1.1 4") || text.starts_with("HTTP/1.0 4"),
            "{text}"
        );
    }
    Client::login(&org).await;
}

#[tokio::test]
async fn bodies_are_packed_in_both_directions_and_a_damaged_one_is_refused() {
    let org = org("gzip").await;
    let client = Client::login(&org).await;
    let http = unpacking_nothing();
    let create = |encoding: &str, body: Vec<u8>| {
        http.post(format!("{}/services/data/v60.0/sobjects/Account", org.url()))
            .bearer_auth(&client.token)
            .header("content-type", "application/json")
            .header("content-encoding", encoding)
            .body(body)
            .send()
    };
    assert_eq!(create("gzip", b"{\"Name\":\"x\"}".to_vec()).await.unwrap().status(), 400);
    assert_eq!(create("br", b"{\"Name\":\"x\"}".to_vec()).await.unwrap().status(), 415);
    let bomb = packed(&vec![b' '; 151 * 1024 * 1024]);
    let refused = create("gzip", bomb).await.unwrap().text().await.unwrap();
    assert!(refused.contains("Maximum size of request is 52428800 bytes."), "{refused}");
    assert_eq!(org.count("Account"), 0);
    assert_eq!(create("gzip", packed(b"{\"Name\":\"x\"}")).await.unwrap().status(), 201);

    let describe = format!("{}/services/data/v60.0/sobjects/Account/describe", org.url());
    let get = |accept: &str| {
        http.get(&describe).bearer_auth(&client.token).header("accept-encoding", accept).send()
    };
    let answer = get("gzip;q=0, identity").await.unwrap();
    assert!(!answer.headers().contains_key("content-encoding"));
    assert_eq!(answer.headers()["vary"], "Accept-Encoding");
    let answer = get("br, gzip;q=0.8").await.unwrap();
    assert_eq!(answer.headers()["content-encoding"], "gzip");
    let mut text = String::new();
    GzDecoder::new(answer.bytes().await.unwrap().as_ref()).read_to_string(&mut text).unwrap();
    assert_eq!(serde_json::from_str::<Json>(&text).unwrap()["name"], "Account");
}

#[tokio::test]
async fn a_browser_id_is_given_once_and_head_is_get_without_a_body() {
    let org = org("browser").await;
    let client = Client::login(&org).await;
    let url = format!("{}/services/data/v60.0/limits", org.url());
    let answer = client.http.head(&url).bearer_auth(&client.token).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let cookie = answer.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(cookie.starts_with("BrowserId=") && cookie.ends_with("; Max-Age=31536000"), "{cookie}");
    assert!(answer.text().await.unwrap().is_empty());
    let id = cookie.split(';').next().unwrap();
    let known = client.http.get(&url).bearer_auth(&client.token).header("cookie", id).send().await.unwrap();
    assert!(!known.headers().contains_key("set-cookie"));
    assert_eq!(known.json::<Json>().await.unwrap()["DailyApiRequests"]["Max"], json!(100_000));
}
