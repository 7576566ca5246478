//! A registry whose replicas are behind the one that registers.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::{Bytes, to_bytes};
use axum::extract::Request;
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use orgstream_api::HealthReporter;
use url::Url;

use super::versions::{own, record};
use crate::codec::{Codec, CodecError, Language, Output, Registry, Written};

/// What a replica says of a subject that it has not heard of.
const UNKNOWN: &str = r#"{"error_code":40401,"message":"Subject not found."}"#;

/// Stands before a registry, and does not know what it is asked for so many times.
async fn behind(registry: Url, times: usize) -> Url {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
    let left = Arc::new(AtomicUsize::new(times));
    let answer = move |request: Request| {
        let (registry, left) = (registry.clone(), Arc::clone(&left));
        async move { answer(&registry, &left, request).await }
    };
    tokio::spawn(async move { axum::serve(listener, axum::Router::new().fallback(answer)).await.unwrap() });
    url
}

async fn answer(registry: &Url, left: &AtomicUsize, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    // A version is registered by a POST to `…/versions`; everything else asks.
    let registers = parts.method == Method::POST && parts.uri.path().ends_with("/versions");
    let greets = parts.uri.path() == "/subjects";
    let one_less = |left: usize| left.checked_sub(1);
    if !registers && !greets && left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less).is_ok() {
        return json(StatusCode::NOT_FOUND, Bytes::from_static(UNKNOWN.as_bytes()));
    }
    let url = registry.join(parts.uri.path()).unwrap();
    let method = reqwest::Method::from_bytes(parts.method.as_str().as_bytes()).unwrap();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let client = reqwest::Client::builder().build().unwrap();
    let sent = client.request(method, url).header("content-type", "application/json").body(body);
    let said = sent.send().await.unwrap();
    let status = StatusCode::from_u16(said.status().as_u16()).unwrap();
    json(status, said.bytes().await.unwrap())
}

fn json(status: StatusCode, body: Bytes) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

async fn written(url: &Url, fields: &[&str]) -> Result<Vec<u8>, CodecError> {
    let written = Written::Registry(Language::Protobuf);
    let registry = Registry::connect(url, HealthReporter::new().0).await.unwrap();
    let codec = Codec::new(registry).writing(Output::of(written.clone(), written));
    codec.encode("t", &record(fields)).await.map(|encoded| encoded.value.unwrap())
}

#[tokio::test]
async fn a_version_that_a_replica_does_not_show_yet_is_waited_for() {
    // Each time it does not know something else: the versions before, those since, the new one.
    for times in 1..=6 {
        let store = own().await;
        // By a rule the version would be refused, and nobody would have to look.
        let rule = reqwest::Client::builder().build().unwrap().put(store.url().join("/config").unwrap());
        let rule = rule.header("Content-Type", "application/json").body(r#"{"compatibility":"NONE"}"#);
        rule.send().await.unwrap().error_for_status().unwrap();
        let first = written(store.url(), &["Id", "City"]).await.unwrap();
        // The replica has not heard of City, so that Name would have its number.
        let second = written(&behind(store.url().clone(), times).await, &["Id", "Name"]).await.unwrap();
        assert_eq!(first[first.len() - 6..], *b"\x12\x04City", "{times}");
        assert_eq!(second[second.len() - 6..], *b"\x1a\x04Name", "{times}");
        store.stop().await;
    }
}
