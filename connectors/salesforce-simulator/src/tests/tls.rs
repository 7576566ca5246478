//! An org under TLS, and clients that come with the wrong scheme.

use std::time::Duration;

use serde_json::json;

use super::client::{Client, org, post_token};
use crate::{CallKind, Effect, Fault, Org};

fn trusting(pem: &str) -> reqwest::ClientBuilder {
    let authority = reqwest::Certificate::from_pem(pem.as_bytes()).unwrap();
    reqwest::Client::builder().no_proxy().tls_certs_only([authority])
}

async fn login(org: &Org) -> Client {
    let http = trusting(org.ca_certificate().unwrap()).build().unwrap();
    let app = org.credentials();
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", &app.client_id),
        ("client_secret", &app.client_secret),
    ];
    let (status, token) = post_token(&http, org, &form).await;
    assert_eq!((status, &token["instance_url"]), (200, &json!(org.url())));
    Client::with(org, http, token["access_token"].as_str().unwrap())
}

#[tokio::test]
async fn only_who_trusts_the_authority_gets_through_and_by_every_name_clients_use() {
    let org = Org::builder().name("tls").tls().start().await.unwrap();
    assert!(org.url().starts_with("https://127.0.0.1:"), "{}", org.url());
    let stranger = Org::builder().name("other").tls().start().await.unwrap();
    let wrong = trusting(stranger.ca_certificate().unwrap()).build().unwrap();
    assert!(wrong.get(org.url()).send().await.is_err());
    let client = login(&org).await;
    client.create("Account", json!({"Name": "under TLS"})).await;

    let port: u16 = org.url().rsplit(':').next().unwrap().parse().unwrap();
    let address = std::net::SocketAddr::from(([127, 0, 0, 1], port));
    for name in ["localhost", "login.salesforce.com", "test.salesforce.com", "acme.my.salesforce.com"] {
        let http = trusting(org.ca_certificate().unwrap()).resolve(name, address).build().unwrap();
        let base = format!("https://{name}:{port}");
        let answer =
            http.get(format!("{base}/services/data/v60.0")).bearer_auth(&client.token).send().await.unwrap();
        let body: serde_json::Value = answer.json().await.unwrap();
        assert_eq!(body["identity"], format!("{base}/id/{}/{}", org.id(), org.user_id()));
    }
}

#[tokio::test]
async fn a_client_with_the_wrong_scheme_is_told_or_let_go() {
    let tls = Org::builder().name("https").tls().start().await.unwrap();
    let plain = tls.url().replace("https://", "http://");
    let answer = reqwest::Client::builder().no_proxy().build().unwrap().get(plain).send().await.unwrap();
    assert_eq!(answer.status(), 400);
    assert!(answer.text().await.unwrap().contains("use https://"));

    let org = org("http").await;
    let https = org.url().replace("http://", "https://");
    let refused = tokio::time::timeout(
        Duration::from_secs(20),
        trusting(tls.ca_certificate().unwrap()).build().unwrap().get(https).send(),
    );
    assert!(refused.await.expect("the connection is closed").is_err());
    Client::login(&org).await;
}

#[tokio::test]
async fn a_cut_connection_ends_without_an_answer_under_tls_too() {
    let org = Org::builder().name("cut").tls().start().await.unwrap();
    let client = login(&org).await;
    let attempt = || {
        let url = format!("{}/services/data/v60.0/sobjects/Account", org.url());
        client.http.post(url).bearer_auth(&client.token).json(&json!({"Name": "x"})).send()
    };
    org.faults().add(Fault::new(CallKind::Write, Effect::Cut).times(1));
    assert!(attempt().await.is_err());
    assert_eq!(org.count("Account"), 0);
    org.faults().add(Fault::new(CallKind::Write, Effect::CutAfter).times(1));
    assert!(attempt().await.is_err());
    assert_eq!(org.count("Account"), 1);
    assert_eq!(attempt().await.unwrap().status(), 201);
}

#[tokio::test]
async fn a_kept_authority_is_trusted_after_a_restart_and_its_key_is_nobody_elses() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    let start = || Org::builder().name("kept").tls_kept_in(dir.path().join("keys")).start();
    let first = start().await.unwrap();
    let certificate = first.ca_certificate().unwrap().to_owned();
    first.stop().await;
    let again = start().await.unwrap();
    let http = trusting(&certificate).build().unwrap();
    assert_eq!(http.get(format!("{}/services/data", again.url())).send().await.unwrap().status(), 200);
    let key = std::fs::metadata(dir.path().join("keys/ca_key.pem")).unwrap();
    assert_eq!(key.permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn certificate_files_that_cannot_be_used_are_named_as_such() {
    let dir = tempfile::tempdir().unwrap();
    for file in ["ca.pem", "ca_key.pem"] {
        std::fs::create_dir(dir.path().join(file)).unwrap();
    }
    let refused = Org::builder().tls_kept_in(dir.path()).start().await.unwrap_err().to_string();
    let file = dir.path().join("ca.pem");
    assert_eq!(refused, format!("the sandbox org's certificate file {} cannot be used", file.display()));
}
