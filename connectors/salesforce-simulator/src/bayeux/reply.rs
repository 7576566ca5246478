//! Replies to Bayeux messages, with the errors and advice that clients act on.

use serde_json::{Map, Value as Json, json};

/// A refusal: the error text, the advice, and the reason that stands under `ext.sfdc`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Denied {
    /// `code:args:message`.
    pub(crate) error: String,
    /// What to do next: `none` or `handshake`.
    pub(crate) reconnect: Option<&'static str>,
    /// More of the reason.
    pub(crate) failure_reason: Option<&'static str>,
}

impl Denied {
    /// The session is unknown or has ended.
    pub(crate) fn unknown_client() -> Self {
        Self { error: "403::Unknown client".to_owned(), reconnect: Some("handshake"), failure_reason: None }
    }

    /// The access token is void.
    pub(crate) fn unauthenticated() -> Self {
        Self {
            error: "401::Authentication invalid".to_owned(),
            reconnect: Some("none"),
            failure_reason: None,
        }
    }

    /// No session for this client, for the reason given.
    pub(crate) fn handshake(reason: &'static str) -> Self {
        Self {
            error: "403::Handshake denied".to_owned(),
            reconnect: Some("none"),
            failure_reason: Some(reason),
        }
    }

    /// Refused without advice.
    pub(crate) fn plain(error: impl Into<String>) -> Self {
        Self { error: error.into(), ..Self::default() }
    }
}

/// A successful reply: channel and id of the message, and these members.
pub(crate) fn success(message: &Json, members: &Json) -> Json {
    let mut reply = start(message);
    if let Some(members) = members.as_object() {
        reply.extend(members.clone());
    }
    reply.insert("successful".to_owned(), json!(true));
    Json::Object(reply)
}

/// A refusal of a message.
pub(crate) fn denied(message: &Json, denied: &Denied) -> Json {
    let mut reply = start(message);
    if let Some(reason) = denied.failure_reason {
        let ext = json!({"sfdc": {"failureReason": reason}, "replay": true, "payload.format": true});
        reply.insert("ext".to_owned(), ext);
    }
    if let Some(reconnect) = denied.reconnect {
        let advice = match denied.failure_reason {
            Some(_) => json!({"reconnect": reconnect}),
            None => json!({"interval": 0, "reconnect": reconnect}),
        };
        reply.insert("advice".to_owned(), advice);
    }
    if let Some(subscription) = message.get("subscription") {
        reply.insert("subscription".to_owned(), subscription.clone());
    }
    reply.insert("error".to_owned(), json!(denied.error));
    reply.insert("successful".to_owned(), json!(false));
    Json::Object(reply)
}

/// What every reply repeats of its message.
fn start(message: &Json) -> Map<String, Json> {
    let mut reply = Map::new();
    for key in ["channel", "id"] {
        if let Some(value) = message.get(key) {
            reply.insert(key.to_owned(), value.clone());
        }
    }
    reply
}
