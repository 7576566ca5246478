//! What `orgstream sandbox` serves when asked for more than its defaults.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value as Json, json};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message as Frame;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use super::support::Sandbox;

fn client() -> reqwest::ClientBuilder {
    reqwest::Client::builder().no_proxy().timeout(Duration::from_mins(1))
}

/// A token of the org, by the client credentials of its first line.
async fn token(sandbox: &Sandbox, http: &reqwest::Client) -> String {
    let form = format!(
        "grant_type=client_credentials&client_id={}&client_secret={}",
        sandbox.text("client_id"),
        sandbox.text("client_secret")
    );
    let url = format!("{}/services/oauth2/token", sandbox.text("login_url"));
    let call = http.post(url).header("content-type", "application/x-www-form-urlencoded").body(form);
    let text = call.send().await.expect("the org answers").text().await.expect("text");
    let answer: Json = serde_json::from_str(&text).expect("JSON");
    answer["access_token"].as_str().unwrap_or_else(|| panic!("no token in {answer}")).to_owned()
}

#[tokio::test]
async fn a_sandbox_with_websockets_speaks_bayeux_over_one_and_without_them_refuses_it() {
    let handshake = json!([{
        "channel": "/meta/handshake", "version": "1.0", "supportedConnectionTypes": ["websocket"], "id": "1",
    }]);
    for (arguments, offered) in
        [(&["--websocket"][..], Some(json!(["websocket", "long-polling"]))), (&[], None)]
    {
        let sandbox = Sandbox::start_with("websocket", arguments);
        let token = token(&sandbox, &client().build().expect("a client")).await;
        let url = format!("{}/cometd/60.0", sandbox.text("login_url").replace("http:", "ws:"));
        let mut request = url.into_client_request().expect("a URL");
        request.headers_mut().insert("authorization", format!("Bearer {token}").parse().expect("a header"));
        let opened = connect_async(request).await;
        let Some(offered) = offered else {
            assert!(opened.is_err(), "nobody asked for WebSockets");
            continue;
        };
        let (mut socket, _) = opened.expect("the org takes a WebSocket");
        socket.send(Frame::text(handshake.to_string())).await.expect("it is open");
        let frame = socket.next().await.expect("a frame").expect("no error");
        let replies: Json = serde_json::from_str(frame.to_text().expect("text")).expect("JSON");
        assert_eq!(replies[0]["successful"], true, "{replies}");
        assert_eq!(replies[0]["supportedConnectionTypes"], offered);
    }
}

#[tokio::test]
async fn a_sandbox_under_tls_names_the_certificate_that_makes_clients_believe_it() {
    let sandbox = Sandbox::start_with("tls", &["--tls"]);
    assert!(sandbox.text("login_url").starts_with("https://"));
    let pem = std::fs::read(sandbox.text("ca_certificate_file")).expect("the certificate is there");
    let certificate = reqwest::Certificate::from_pem(&pem).expect("PEM");
    let trusting = client().tls_certs_only([certificate]).build().expect("a client");
    let token = token(&sandbox, &trusting).await;
    let url = format!("{}/services/data/v60.0/limits", sandbox.text("login_url"));
    let answer = trusting.get(&url).bearer_auth(&token).send().await.expect("the org answers");
    assert_eq!(answer.status(), 200);
    let distrusting = client().build().expect("a client").get(&url).bearer_auth(&token).send().await;
    assert!(distrusting.expect_err("nobody vouches for it").is_connect());
}
