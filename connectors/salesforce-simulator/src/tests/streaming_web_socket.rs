//! Bayeux over a WebSocket.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value as Json, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message as Frame};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::bayeux::{Bayeux, LEADS, connect, error, handshake, last_names, lead, message, subscribe};
use super::client::http;
use crate::{CallKind, Effect, Fault, Org};

/// A WebSocket to the streaming URL of an org.
struct Link(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Link {
    async fn open(org: &Org, headers: &[(&'static str, String)]) -> Result<Self, Error> {
        let url = format!("{}/cometd/60.0", org.url().replace("http:", "ws:"));
        let mut request = url.into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        Ok(Self(connect_async(request).await?.0))
    }

    async fn send(&mut self, messages: &Json) {
        self.0.send(Frame::text(messages.to_string())).await.unwrap();
    }

    /// The next frame; `null` when the org has ended the WebSocket.
    async fn next(&mut self) -> Json {
        match self.0.next().await {
            Some(Ok(Frame::Text(text))) => serde_json::from_str(&text).unwrap(),
            _ => Json::Null,
        }
    }

    async fn ask(&mut self, message: Json) -> Json {
        self.send(&json!([message])).await;
        self.next().await.get(0).cloned().unwrap_or(Json::Null)
    }

    /// Shakes hands, connects and subscribes.
    async fn subscribed(&mut self, replay: i64) -> String {
        let reply = self.ask(handshake()).await;
        let id = reply["clientId"].as_str().unwrap().to_owned();
        assert_eq!(self.ask(connect(&id)).await["advice"]["timeout"], 110_000);
        assert_eq!(self.ask(subscribe(&id, LEADS, replay)).await["successful"], true);
        id
    }
}

async fn with_websocket(name: &str) -> Org {
    Org::builder().name(name).websocket(true).start().await.unwrap()
}

fn status(refused: Result<Link, Error>) -> u16 {
    match refused {
        Err(Error::Http(response)) => response.status().as_u16(),
        Err(other) => panic!("{other}"),
        Ok(_) => 101,
    }
}

#[tokio::test]
async fn an_upgrade_is_refused_at_once_unless_it_is_switched_on() {
    let org = super::client::org("no socket").await;
    let (_, bayeux) = Bayeux::ready(&org).await;
    let auth = ("authorization", bayeux.auth.clone().unwrap());
    assert_eq!(status(Link::open(&org, &[auth]).await), 400);
    let offered = &bayeux.one(handshake()).await["supportedConnectionTypes"];
    assert_eq!(offered, &json!(["long-polling"]));
}

#[tokio::test]
async fn an_upgrade_needs_a_token_or_the_cookie_of_a_session() {
    let org = with_websocket("who").await;
    let (_, bayeux) = Bayeux::ready(&org).await;
    let auth = ("authorization", bayeux.auth.clone().unwrap());
    assert_eq!(status(Link::open(&org, &[]).await), 401);
    assert_eq!(status(Link::open(&org, &[("authorization", "Bearer x".to_owned())]).await), 401);
    assert_eq!(status(Link::open(&org, &[("cookie", "BAYEUX_BROWSER=x".to_owned())]).await), 401);
    assert_eq!(status(Link::open(&org, &[auth]).await), 101);
    let offered = bayeux.one(handshake()).await;
    assert_eq!(offered["supportedConnectionTypes"], json!(["websocket", "long-polling"]));
    let id = offered["clientId"].as_str().unwrap();
    let mut link = Link::open(&org, &[("cookie", bayeux.cookie_header())]).await.unwrap();
    assert_eq!(link.ask(connect(id)).await["successful"], true, "a handshake may come over either");
    let plain = http().get(format!("{}/cometd/60.0", org.url())).header("upgrade", "websocket").send().await;
    assert_eq!(plain.unwrap().status(), 401);
}

#[tokio::test]
async fn events_come_as_frames_while_the_connect_stays_held() {
    let org = with_websocket("frames").await;
    let (client, bayeux) = Bayeux::ready(&org).await;
    let mut link = Link::open(&org, &[("authorization", bayeux.auth.clone().unwrap())]).await.unwrap();
    lead(&client, "before").await;
    let id = link.subscribed(-2).await;
    link.send(&json!([connect(&id)])).await;
    assert_eq!(last_names(&link.next().await), ["before"]);
    for name in ["a", "b"] {
        lead(&client, name).await;
        let frame = link.next().await;
        assert_eq!((last_names(&frame), frame.as_array().unwrap().len()), (vec![name.to_owned()], 1));
    }
    link.send(&json!([message("/meta/disconnect", &id)])).await;
    assert_eq!(link.next().await[0]["channel"], "/meta/disconnect");
    let held = link.next().await;
    assert_eq!(
        (&held[0]["channel"], &held[0]["advice"]["reconnect"]),
        (&json!("/meta/connect"), &json!("none"))
    );
    org.stop().await;
    assert_eq!(link.next().await, Json::Null, "an org that stops closes its WebSockets");
}

#[tokio::test]
async fn several_messages_and_bad_ones_are_answered_by_the_same_rules() {
    let org = with_websocket("rules").await;
    let (_, bayeux) = Bayeux::ready(&org).await;
    let auth = [("authorization", bayeux.auth.clone().unwrap())];
    let mut link = Link::open(&org, &auth).await.unwrap();
    let id = link.subscribed(-1).await;
    link.send(&json!([subscribe(&id, "/topic/Nope", -1), message("/x", &id), connect("nobody")])).await;
    let replies = link.next().await;
    let errors: Vec<&str> = replies.as_array().unwrap().iter().map(error).collect();
    assert_eq!(
        errors,
        [
            "400::The channel you requested to subscribe to does not exist {/topic/Nope}",
            "403:denied_by_security_policy:publish_denied",
            "403::Unknown client",
        ]
    );
    link.send(&connect(&id)).await;
    org.expire_tokens();
    assert_eq!(error(&link.next().await[0]), "401::Authentication invalid");
    let client = super::client::Client::login(&org).await;
    let auth = [("authorization", client.token.clone())];
    for bad in ["nonsense".to_owned(), format!("[{}]", "1".repeat(40_000))] {
        let mut link = Link::open(&org, &auth).await.unwrap();
        link.0.send(Frame::text(bad)).await.unwrap();
        assert_eq!(link.next().await, Json::Null);
    }
}

#[tokio::test]
async fn faults_cut_a_websocket_and_its_session_lives_on() {
    let org = Org::builder()
        .name("cut")
        .websocket(true)
        .poll_hold(Duration::from_millis(50))
        .start()
        .await
        .unwrap();
    let (client, bayeux) = Bayeux::ready(&org).await;
    let auth = [("authorization", bayeux.auth.clone().unwrap())];
    let mut link = Link::open(&org, &auth).await.unwrap();
    let reply = link.ask(handshake()).await;
    let id = reply["clientId"].as_str().unwrap();
    link.ask(connect(id)).await;
    assert_eq!(link.ask(connect(id)).await["successful"], true, "a connect is answered when its time is up");
    org.faults().add(Fault::new(CallKind::Subscribe, Effect::Cut).times(1));
    assert_eq!(link.ask(subscribe(id, LEADS, -1)).await, Json::Null);
    let session = bayeux.handshake().await;
    let mut link = Link::open(&org, &[("cookie", bayeux.cookie_header())]).await.unwrap();
    link.ask(connect(&session)).await;
    link.ask(subscribe(&session, LEADS, -1)).await;
    link.send(&json!([connect(&session)])).await;
    org.faults().take_down();
    while link.next().await != Json::Null {}
    org.faults().clear();
    lead(&client, "x").await;
    assert_eq!(bayeux.leads(&session).await, ["x"], "the session goes on over long polling");
}
