//! A bare Bayeux client: it sends what it is told and keeps cookies, nothing else.

use std::sync::Mutex;

use reqwest::Response;
use serde_json::{Value as Json, json};

use super::client::{Client, http, read};
use super::streaming::topic;
use crate::{CallKind, Org};

/// The PushTopic that [`Bayeux::ready`] makes.
pub(super) const LEADS: &str = "/topic/Leads";

/// A client with cookies of its own.
pub(super) struct Bayeux {
    http: reqwest::Client,
    base: String,
    /// The `Authorization` header.
    pub(super) auth: Option<String>,
    pub(super) cookies: Mutex<Vec<(String, String)>>,
}

impl Bayeux {
    /// A client that has not sent anything.
    pub(super) fn new(client: &Client) -> Self {
        let auth = Some(format!("Bearer {}", client.token));
        Self { http: http(), base: client.url.clone(), auth, cookies: Mutex::default() }
    }

    /// A client, an org login, and a PushTopic on leads.
    pub(super) async fn ready(org: &Org) -> (Client, Self) {
        let client = Client::login(org).await;
        let made = topic(&client, "Leads", "SELECT Id, LastName, Company FROM Lead", json!({})).await;
        assert_eq!(made["success"], true, "{made}");
        let bayeux = Self::new(&client);
        (client, bayeux)
    }

    /// Posts bytes to a path below `/cometd`.
    pub(super) async fn send(&self, path: &str, content_type: &str, body: impl Into<Vec<u8>>) -> Response {
        let mut request = self.http.post(format!("{}/cometd{path}", self.base)).body(body.into());
        request = request.header("content-type", content_type).header("cookie", self.cookie_header());
        if let Some(auth) = &self.auth {
            request = request.header("authorization", auth);
        }
        let response = request.send().await.unwrap();
        let mut cookies = self.cookies.lock().unwrap();
        for set in response.headers().get_all("set-cookie") {
            let pair = set.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            cookies.retain(|(known, _)| known != name);
            cookies.push((name.to_owned(), value.to_owned()));
        }
        drop(cookies);
        response
    }

    /// Status and answer of messages.
    pub(super) async fn post(&self, messages: &Json) -> (u16, Json) {
        read(self.send("/60.0", "application/json", messages.to_string()).await).await
    }

    /// The only reply to one message.
    pub(super) async fn one(&self, message: Json) -> Json {
        let (status, mut replies) = self.post(&json!([message])).await;
        assert_eq!((status, replies.as_array().map(Vec::len)), (200, Some(1)), "{message}: {replies}");
        replies[0].take()
    }

    /// Shakes hands: the client id.
    pub(super) async fn handshake(&self) -> String {
        let reply = self.one(handshake()).await;
        reply["clientId"].as_str().unwrap_or_else(|| panic!("{reply}")).to_owned()
    }

    /// Shakes hands and has its first connect answered.
    pub(super) async fn connected(&self) -> String {
        let client_id = self.handshake().await;
        assert_eq!(self.one(connect(&client_id)).await["successful"], true);
        client_id
    }

    /// Shakes hands, connects and subscribes.
    pub(super) async fn subscribed(&self, channel: &str, replay: i64) -> String {
        let client_id = self.connected().await;
        let reply = self.one(subscribe(&client_id, channel, replay)).await;
        assert_eq!(reply["successful"], true, "{reply}");
        client_id
    }

    /// The last names of the leads that one connect brings.
    pub(super) async fn leads(&self, client_id: &str) -> Vec<String> {
        let (_, answer) = self.post(&json!([connect(client_id)])).await;
        last_names(&answer)
    }

    /// A connect that is held while something is done: its status and its answer.
    pub(super) async fn while_held(
        &self,
        org: &Org,
        client_id: &str,
        work: impl AsyncFnOnce(),
    ) -> (u16, Json) {
        let before = org.calls(CallKind::Connect);
        let message = json!([connect(client_id)]);
        let held = self.post(&message);
        let work = async {
            while org.calls(CallKind::Connect) == before {
                tokio::task::yield_now().await;
            }
            work().await;
        };
        tokio::join!(held, work).0
    }

    pub(super) fn cookie_header(&self) -> String {
        let cookies = self.cookies.lock().unwrap();
        cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }
}

/// The last names of the leads in an answer.
pub(super) fn last_names(answer: &Json) -> Vec<String> {
    let events = answer.as_array().unwrap().iter().filter(|message| message.get("data").is_some());
    events.map(|event| event["data"]["sobject"]["LastName"].as_str().unwrap().to_owned()).collect()
}

/// Creates a lead of this name.
pub(super) async fn lead(client: &Client, name: &str) {
    client.create("Lead", json!({"LastName": name, "Company": "x"})).await;
}

pub(super) fn handshake() -> Json {
    json!({"channel": "/meta/handshake", "id": "1", "version": "1.0", "minimumVersion": "1.0",
        "supportedConnectionTypes": ["long-polling"], "ext": {"replay": true}})
}

pub(super) fn connect(client_id: &str) -> Json {
    json!({"channel": "/meta/connect", "id": "2", "clientId": client_id, "connectionType": "long-polling"})
}

pub(super) fn subscribe(client_id: &str, channel: &str, replay: i64) -> Json {
    let key = channel.split('?').next().unwrap();
    json!({"channel": "/meta/subscribe", "id": "3", "clientId": client_id, "subscription": channel,
        "ext": {"replay": {key: replay}}})
}

pub(super) fn message(channel: &str, client_id: &str) -> Json {
    json!({"channel": channel, "id": "4", "clientId": client_id})
}

/// The error of a reply; empty when there is none.
pub(super) fn error(reply: &Json) -> &str {
    reply["error"].as_str().unwrap_or_default()
}
