//! Replies to Bayeux messages, with the errors and advice that clients act on.

use serde::Serialize;
use serde_json::{Value as Json, json};

use super::message::Message;

/// A reply. Its members stand in the order in which a real org writes them, which is that of a Java hash map.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Reply {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ext: Option<Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) minimum_version: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) client_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) supported_connection_types: Option<Vec<&'static str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) advice: Option<Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) channel: Option<Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) subscription: Option<Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) version: Option<&'static str>,
    pub(super) successful: bool,
}

/// A refusal: the error text, the advice, and the reason that stands under `ext.sfdc`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Denied {
    /// `code:args:message`.
    error: String,
    reconnect: Option<String>,
    failure_reason: Option<String>,
    /// The session, where there is one.
    client_id: Option<String>,
}

impl Reply {
    /// A successful reply of a session.
    pub(super) fn success(message: &Message) -> Self {
        let client_id = message.client_id().map(str::to_owned);
        Self { client_id, successful: true, ..Self::repeating(message) }
    }

    /// A refusal of a message.
    pub(super) fn denied(message: &Message, denied: Denied) -> Self {
        let mut reply = Self::repeating(message);
        reply.advice = denied.reconnect.map(|reconnect| match denied.failure_reason {
            // A refused handshake advises no interval: there is nothing to come back to.
            Some(_) => json!({"reconnect": reconnect}),
            None => json!({"interval": 0, "reconnect": reconnect}),
        });
        reply.ext = denied
            .failure_reason
            .map(|reason| json!({"sfdc": {"failureReason": reason}, "replay": true, "payload.format": true}));
        reply.subscription = message.member("subscription").cloned();
        reply.client_id = denied.client_id;
        reply.error = Some(denied.error);
        reply
    }

    /// A refusal of a call as a whole, in the name of its first message if there is one.
    pub(super) fn refused(first: Option<&Message>, error: &str) -> Self {
        let start = first.map(Self::repeating).unwrap_or_default();
        Self { error: Some(error.to_owned()), ..start }
    }

    /// The goodbye of the server.
    pub(super) fn goodbye() -> Self {
        Self { channel: Some(json!("/meta/disconnect")), successful: true, ..Self::default() }
    }

    /// What every reply repeats of its message: the id exactly as it was sent.
    fn repeating(message: &Message) -> Self {
        Self {
            channel: message.member("channel").cloned(),
            id: message.member("id").cloned(),
            ..Self::default()
        }
    }
}

impl Denied {
    /// The session is unknown or has ended.
    pub(super) fn unknown_client() -> Self {
        Self::plain("403::Unknown client").advising("handshake")
    }

    /// The message names no session.
    pub(super) fn no_handshake() -> Self {
        Self::plain("403::Client has not completed handshake").advising("handshake")
    }

    /// The access token is void.
    pub(super) fn unauthenticated() -> Self {
        Self::plain("401::Authentication invalid").advising("none")
    }

    /// No session for this client, for the reason given.
    pub(super) fn handshake(reason: impl Into<String>) -> Self {
        Self::plain("403::Handshake denied").because(reason).advising("none")
    }

    /// Everything that the org may deliver in a day is delivered.
    pub(super) fn daily_limit() -> Self {
        Self::plain("403::Organization total events daily limit exceeded")
    }

    /// Refused without advice.
    pub(super) fn plain(error: impl Into<String>) -> Self {
        Self { error: error.into(), ..Self::default() }
    }

    /// The same with advice.
    #[must_use]
    pub(super) fn advising(self, reconnect: impl Into<String>) -> Self {
        Self { reconnect: Some(reconnect.into()), ..self }
    }

    /// The same with a reason of its own.
    #[must_use]
    pub(super) fn because(self, reason: impl Into<String>) -> Self {
        Self { failure_reason: Some(reason.into()), ..self }
    }

    /// The same, naming the session.
    #[must_use]
    pub(super) fn naming(self, client_id: &str) -> Self {
        Self { client_id: Some(client_id.to_owned()), ..self }
    }
}
