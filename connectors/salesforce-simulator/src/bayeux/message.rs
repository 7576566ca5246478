//! A Bayeux message, read leniently: an array or one message alone, one channel or a list of them.

use std::time::Duration;

use serde_json::Value as Json;

use crate::calls::CallKind;
use crate::server::Call;

/// One message of a client.
#[derive(Debug)]
pub(super) struct Message(Json);

/// What the messages of a call are for.
pub(crate) fn kinds(call: &Call) -> Vec<CallKind> {
    messages(&call.body).unwrap_or_default().iter().map(Message::kind).collect()
}

/// A body as messages: an array of objects, or one alone.
pub(super) fn messages(body: &[u8]) -> Option<Vec<Message>> {
    let messages = match serde_json::from_slice(body).ok()? {
        Json::Array(messages) => messages,
        message => vec![message],
    };
    messages.iter().all(Json::is_object).then(|| messages.into_iter().map(Message).collect())
}

impl Message {
    /// What it is for.
    pub(super) fn kind(&self) -> CallKind {
        match self.channel() {
            "/meta/handshake" => CallKind::Handshake,
            "/meta/connect" => CallKind::Connect,
            "/meta/subscribe" => CallKind::Subscribe,
            "/meta/unsubscribe" => CallKind::Unsubscribe,
            "/meta/disconnect" => CallKind::Disconnect,
            _ => CallKind::Other,
        }
    }

    /// Its channel; empty when it names none.
    pub(super) fn channel(&self) -> &str {
        self.text("channel").unwrap_or_default()
    }

    /// The session it belongs to, if it names one.
    pub(super) fn client_id(&self) -> Option<&str> {
        self.text("clientId").filter(|id| !id.is_empty())
    }

    /// How its sender wants to be answered, if it says so.
    pub(super) fn connection_type(&self) -> Option<&str> {
        self.text("connectionType")
    }

    /// How long its sender wants to wait at most.
    pub(super) fn timeout(&self) -> Option<Duration> {
        self.0.pointer("/advice/timeout").and_then(Json::as_u64).map(Duration::from_millis)
    }

    /// The channels it subscribes to: one, or a list.
    pub(super) fn subscriptions(&self) -> Vec<&str> {
        match self.0.get("subscription") {
            Some(Json::String(one)) => vec![one],
            // What is no text is no name, and an empty name is refused.
            Some(Json::Array(many)) => many.iter().map(|one| one.as_str().unwrap_or_default()).collect(),
            _ => Vec::new(),
        }
    }

    /// The replay id it gives for a channel.
    pub(super) fn replay(&self, channel: &str) -> Option<&Json> {
        self.0.pointer("/ext/replay")?.get(channel)
    }

    /// A member as it was sent, to be repeated in the reply.
    pub(super) fn member(&self, name: &str) -> Option<&Json> {
        self.0.get(name)
    }

    /// Whether it contains this text.
    pub(super) fn contains(&self, text: &str) -> bool {
        self.0.to_string().contains(text)
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str()
    }
}
