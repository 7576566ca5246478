//! The parts of a Bayeux message, read leniently: an array or one message alone, one channel or a list of them.

use serde_json::Value as Json;

use super::reply::Denied;
use crate::calls::CallKind;
use crate::server::Call;

/// What the messages of a call are for.
pub(crate) fn kinds(call: &Call) -> Vec<CallKind> {
    let messages = messages(&call.body).unwrap_or_default();
    messages
        .iter()
        .map(|message| match channel(message) {
            "/meta/handshake" => CallKind::Handshake,
            "/meta/connect" => CallKind::Connect,
            "/meta/subscribe" => CallKind::Subscribe,
            "/meta/unsubscribe" => CallKind::Unsubscribe,
            "/meta/disconnect" => CallKind::Disconnect,
            _ => CallKind::Other,
        })
        .collect()
}

/// A body as messages: an array, or one message alone.
pub(super) fn messages(body: &[u8]) -> Option<Vec<Json>> {
    match serde_json::from_slice(body).ok()? {
        Json::Array(messages) => Some(messages),
        message @ Json::Object(_) => Some(vec![message]),
        _ => None,
    }
}

/// The channel of a message.
pub(super) fn channel(message: &Json) -> &str {
    message.get("channel").and_then(Json::as_str).unwrap_or_default()
}

/// The session a message belongs to.
pub(super) fn client_id(message: &Json) -> &str {
    message.get("clientId").and_then(Json::as_str).unwrap_or_default()
}

/// The channels a message names: one, or a list.
pub(super) fn subscriptions(message: &Json) -> Result<Vec<&str>, Denied> {
    let named: Vec<&str> = match message.get("subscription") {
        Some(Json::String(one)) => vec![one],
        Some(Json::Array(many)) => many.iter().filter_map(Json::as_str).collect(),
        _ => Vec::new(),
    };
    match named.as_slice() {
        [] => Err(Denied::plain("400::Channel name not specified")),
        all if all.iter().any(|name| name.is_empty()) => {
            Err(Denied::plain("400::Channel name not specified"))
        }
        all if all.iter().any(|name| !name.starts_with('/')) => {
            Err(Denied::plain("400::Channel subscriptions must start with a leading '/'"))
        }
        _ => Ok(named),
    }
}

/// `Field='v'&Field2='w'` as pairs.
pub(super) fn conditions(filter: &str) -> Vec<(String, String)> {
    let pairs = filter.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(field, value)| (field.to_owned(), value.trim_matches('\'').to_owned())).collect()
}

/// Whether a call carries the session's cookie.
pub(super) fn has_cookie(call: &Call, value: &str) -> bool {
    let headers = call.headers.get_all("cookie").iter().filter_map(|header| header.to_str().ok());
    headers
        .flat_map(|header| header.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .any(|(name, found)| name == "BAYEUX_BROWSER" && found == value)
}
