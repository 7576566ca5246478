use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use orgstream_salesforce_simulator as simulator;
use simulator::{CallKind, Effect, Fault};

use super::*;
use crate::{Auth, Org, OrgConfig};

async fn connect(options: OrgOptions) -> (simulator::Org, Org) {
    let sandbox = simulator::Org::builder().name("a").start().await.unwrap();
    let known = sandbox.credentials();
    let auth = Auth::ClientCredentials {
        client_id: known.client_id.clone(),
        client_secret: Secret::new(&known.client_secret),
    };
    let url = sandbox.url().parse().unwrap();
    let org = Org::connect(OrgConfig { options, ..OrgConfig::new("a", url, auth) }).await.unwrap();
    (sandbox, org)
}

#[tokio::test]
async fn the_version_is_the_one_that_the_file_says() {
    for (wanted, expected) in [
        (ApiVersion::Tested, Some("62.0")),
        (ApiVersion::Fixed("60.0".to_owned()), Some("60.0")),
        (ApiVersion::Latest, None),
    ] {
        let (_sandbox, org) = connect(OrgOptions { api_version: wanted, ..OrgOptions::default() }).await;
        match expected {
            Some(version) => assert_eq!(org.api_version(), version),
            None => assert!(org.api_version().parse::<f64>().unwrap() > 62.0, "{}", org.api_version()),
        }
        assert_eq!(org.describe("Account").await.unwrap().object, "Account");
    }
}

#[tokio::test]
async fn a_read_is_waited_for_as_long_as_the_file_says() {
    let timeouts = Timeouts { answer: Duration::from_millis(300), ..Timeouts::default() };
    let (sandbox, org) = connect(OrgOptions { timeouts, ..OrgOptions::default() }).await;
    sandbox.faults().add(Fault::new(CallKind::Describe, Effect::Delay { ms: 20_000 }));
    let error = org.describe("Account").await.unwrap_err().to_string();
    assert!(error.contains("no answer within 300ms"), "{error}");
}

#[tokio::test]
async fn allowances_are_told_by_answers_and_asked_for() {
    let allowances = AllowanceOptions { every: Duration::from_millis(500), ..AllowanceOptions::default() };
    let (sandbox, org) = connect(OrgOptions { allowances, ..OrgOptions::default() }).await;
    org.describe("Account").await.unwrap();
    assert!(org.allowances()["DailyApiRequests"].used > 0);
    while org.allowances().len() < 2 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let asked = sandbox.calls(CallKind::Limits);
    assert!(asked > 0);
    // Who has no org any more asks nothing.
    drop(org);
    tokio::time::sleep(Duration::from_millis(600)).await;
    let ended = sandbox.calls(CallKind::Limits);
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    assert_eq!(sandbox.calls(CallKind::Limits), ended);
}

#[tokio::test]
async fn calls_go_through_the_proxy_with_its_credentials() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    let asked = tokio::task::spawn_blocking(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = vec![0; 4_096];
        let read = stream.read(&mut request).unwrap();
        stream
            .write_all(b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
            .unwrap();
        String::from_utf8_lossy(&request[..read]).into_owned()
    });
    let proxy = Proxy { url, credentials: Some(("orgstream".to_owned(), Secret::new("secret"))) };
    let options = OrgOptions { proxy: Some(proxy), ..OrgOptions::default() };
    let auth = Auth::ClientCredentials { client_id: "x".to_owned(), client_secret: Secret::new("y") };
    let org = "http://org.example".parse().unwrap();
    Org::connect(OrgConfig { options, ..OrgConfig::new("a", org, auth) }).await.unwrap_err();
    let asked = asked.await.unwrap();
    assert!(asked.starts_with("POST http://org.example/services/oauth2/token "), "{asked}");
    assert!(asked.to_ascii_lowercase().contains("proxy-authorization: basic"), "{asked}");
}
