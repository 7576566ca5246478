//! The messages of the Bayeux protocol, as Salesforce speaks it: what is sent and what comes back.
//!
//! One type reads every reply, since a reply of any call may carry events of any channel beside its own answer.

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::channel::Channel;

/// The channel of the handshake.
pub(crate) const HANDSHAKE: &str = "/meta/handshake";
/// The channel of the connect, which the server holds until there are events.
pub(crate) const CONNECT: &str = "/meta/connect";
/// The channel of a subscription.
pub(crate) const SUBSCRIBE: &str = "/meta/subscribe";
/// The channel on which either side ends the session.
pub(crate) const DISCONNECT: &str = "/meta/disconnect";

/// What a connect calls long polling.
pub(crate) const LONG_POLLING: &str = "long-polling";
/// What a connect calls a WebSocket.
pub(crate) const WEB_SOCKET: &str = "websocket";

/// One message of a reply.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Message {
    /// `/meta/…` for answers, a subscribed channel for events.
    pub(crate) channel: String,
    /// Of an answer: the id of what it answers, as that was sent.
    id: Option<Value>,
    /// The session, in a successful handshake.
    pub(crate) client_id: Option<String>,
    /// Whether the request was granted; absent in events.
    pub(crate) successful: Option<bool>,
    /// `code:args:text`.
    pub(crate) error: Option<String>,
    /// How to go on.
    pub(crate) advice: Option<Advice>,
    /// How the server serves sessions, in a successful handshake.
    #[serde(default)]
    supported_connection_types: Vec<String>,
    /// Extensions: replay, and Salesforce's reason for a refusal.
    pub(crate) ext: Option<Value>,
    /// The content of an event, as text.
    pub(crate) data: Option<Box<RawValue>>,
}

/// What the server wants done after a reply. Absent parts leave the earlier advice in force.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Advice {
    /// `retry`, `handshake` or `none`.
    pub(crate) reconnect: Option<String>,
    /// Milliseconds to wait before the next connect.
    #[serde(default, deserialize_with = "millis")]
    pub(crate) interval: Option<u64>,
    /// Milliseconds that the server holds a connect without events.
    #[serde(default, deserialize_with = "millis")]
    pub(crate) timeout: Option<u64>,
}

/// A time of an advice. What is none, such as -1, advises nothing, and the message it came with is read all the same.
fn millis<'de, D: Deserializer<'de>>(advice: D) -> Result<Option<u64>, D::Error> {
    Ok(Value::deserialize(advice)?.as_u64())
}

/// Where a subscription begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Replay {
    /// -1: events from now on.
    New,
    /// -2: everything the org retains, then new ones.
    Retained,
    /// Everything after this id.
    After(crate::replay_id::ReplayId),
}

impl Message {
    /// Whether this is an event rather than an answer.
    pub(crate) fn is_event(&self) -> bool {
        !self.channel.starts_with("/meta/")
    }

    /// Whether this answers the message with this id on this channel.
    pub(crate) fn answers(&self, id: u64, channel: &str) -> bool {
        match &self.id {
            Some(Value::String(answered)) => *answered == id.to_string(),
            Some(Value::Number(answered)) => answered.as_u64() == Some(id),
            // A server that could not read a message names no id.
            _ => self.channel == channel,
        }
    }

    /// Whether the server serves WebSockets, by its answer to a handshake.
    pub(crate) fn offers_web_socket(&self) -> bool {
        self.supported_connection_types.iter().any(|kind| kind == WEB_SOCKET)
    }

    /// Salesforce's reason for a refusal, which says more than `error`.
    pub(crate) fn failure_reason(&self) -> Option<&str> {
        self.ext.as_ref()?.get("sfdc")?.get("failureReason")?.as_str()
    }

    /// Whether the server grants the replay extension.
    pub(crate) fn grants_replay(&self) -> bool {
        self.ext.as_ref().and_then(|ext| ext.get("replay")).and_then(Value::as_bool) == Some(true)
    }
}

impl Replay {
    fn code(self) -> i64 {
        match self {
            Self::New => -1,
            Self::Retained => -2,
            Self::After(id) => id.0,
        }
    }
}

/// Opens a session that may travel in these ways, and asks for the replay extension.
pub(crate) fn handshake(id: u64, connection_types: &[&str]) -> Value {
    json!({
        "channel": HANDSHAKE,
        "id": id.to_string(),
        "version": "1.0",
        "minimumVersion": "1.0",
        "supportedConnectionTypes": connection_types,
        "ext": {"replay": true},
    })
}

/// The connect. `at_once` asks for an answer without holding, as the first one of a session does.
pub(crate) fn connect(id: u64, client: &str, connection_type: &str, at_once: bool) -> Value {
    let mut message = json!({
        "channel": CONNECT,
        "id": id.to_string(),
        "clientId": client,
        "connectionType": connection_type,
    });
    if at_once {
        message["advice"] = json!({"timeout": 0});
    }
    message
}

/// Subscribes to a channel.
pub(crate) fn subscribe(id: u64, client: &str, channel: &Channel, from: Replay) -> Value {
    json!({
        "channel": SUBSCRIBE,
        "id": id.to_string(),
        "clientId": client,
        "subscription": channel.as_str(),
        "ext": {"replay": {channel.as_str(): from.code()}},
    })
}

/// Ends the session.
pub(crate) fn disconnect(id: u64, client: &str) -> Value {
    json!({"channel": DISCONNECT, "id": id.to_string(), "clientId": client})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replay_id::ReplayId;

    #[test]
    fn a_subscription_names_its_place_in_the_channel() {
        let channel = Channel::of_push_topic("orgstream_Lead");
        for (from, code) in [(Replay::New, -1), (Replay::Retained, -2), (Replay::After(ReplayId(41)), 41)] {
            let message = subscribe(3, "abc", &channel, from);
            assert_eq!(message["ext"]["replay"]["/topic/orgstream_Lead"], code);
            assert_eq!(message["subscription"], "/topic/orgstream_Lead");
        }
    }

    #[test]
    fn an_answer_is_told_by_its_id_or_without_one_by_its_channel() {
        let read = |text: &str| serde_json::from_str::<Message>(text).unwrap();
        for text in [r#"{"channel":"/meta/connect","id":"7"}"#, r#"{"channel":"/meta/connect","id":7}"#] {
            assert!(read(text).answers(7, SUBSCRIBE) && !read(text).answers(8, CONNECT));
        }
        let nameless = read(r#"{"channel":"/meta/connect"}"#);
        assert!(nameless.answers(7, CONNECT) && !nameless.answers(7, SUBSCRIBE));
    }

    #[test]
    fn an_advice_that_makes_no_sense_spoils_nothing() {
        let text = r#"{"channel":"/meta/connect","id":"1","successful":true,
            "advice":{"interval":-1,"timeout":1.5,"reconnect":"retry"}}"#;
        let message: Message = serde_json::from_str(text).unwrap();
        let advice = message.advice.unwrap();
        assert_eq!((advice.interval, advice.timeout, message.successful), (None, None, Some(true)));
    }

    #[test]
    fn a_refused_handshake_is_read_with_salesforces_reason() {
        let text = r#"{"ext":{"sfdc":{"failureReason":"401::Authentication invalid"},"replay":true},
            "advice":{"reconnect":"none"},"channel":"/meta/handshake","id":"1","error":"403::Handshake denied",
            "successful":false}"#;
        let message: Message = serde_json::from_str(text).unwrap();
        assert_eq!(message.failure_reason(), Some("401::Authentication invalid"));
        assert_eq!(message.advice.unwrap().reconnect.as_deref(), Some("none"));
        assert!(message.ext.is_some() && message.successful == Some(false));
    }
}
