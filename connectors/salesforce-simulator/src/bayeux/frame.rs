//! A JSON array of Bayeux messages, written as it grows: events are copied in as the bytes they were raised with.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::Value as Json;

use super::reply::Reply;
use crate::data::StoredEvent;

/// The first API version in which platform events name themselves.
const NAMED_SINCE: u32 = 52;

/// An event on its way to one subscription.
#[derive(Debug)]
pub(super) struct Due {
    /// The event.
    pub(super) event: Arc<StoredEvent>,
    /// The channel as subscribed to, filter included: by it a client finds its listener.
    pub(super) channel: Arc<str>,
}

/// An array that is being written.
#[derive(Debug)]
pub(super) struct Frame {
    bytes: Vec<u8>,
}

impl Frame {
    /// An empty array.
    pub(super) fn new() -> Self {
        Self { bytes: vec![b'['] }
    }

    /// Adds the events of one session, in this order, as clients of this API version get them.
    pub(super) fn events(&mut self, client_id: &str, events: &[Due], version: u32) {
        let size: usize = events.iter().map(Due::size).sum();
        self.bytes.reserve(size);
        for due in events {
            self.separate();
            let generic = due.channel.starts_with("/u/");
            if generic {
                self.bytes.extend_from_slice(b"{\"clientId\":\"");
                self.bytes.extend_from_slice(client_id.as_bytes());
                self.bytes.extend_from_slice(b"\",\"data\":");
            } else {
                self.bytes.extend_from_slice(b"{\"data\":");
            }
            self.bytes.extend_from_slice(due.data(version).as_bytes());
            self.bytes.extend_from_slice(b",\"channel\":");
            self.json(&*due.channel);
            self.bytes.push(b'}');
        }
    }

    /// Adds a reply.
    pub(super) fn reply(&mut self, reply: &Reply) {
        self.separate();
        self.json(reply);
    }

    /// Adds replies.
    pub(super) fn replies(&mut self, replies: &[Reply]) {
        for reply in replies {
            self.reply(reply);
        }
    }

    /// Whether nothing was added yet.
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.len() == 1
    }

    /// The whole array.
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.bytes.push(b']');
        self.bytes
    }

    fn separate(&mut self) {
        if !self.is_empty() {
            self.bytes.push(b',');
        }
    }

    fn json<T: serde::Serialize + ?Sized>(&mut self, value: &T) {
        serde_json::to_writer(&mut self.bytes, value).expect("text and replies are always JSON");
    }
}

impl Due {
    /// Bytes in a frame, or a few more.
    pub(super) fn size(&self) -> usize {
        self.event.data.get().len() + self.channel.len() + 64
    }

    /// The `data` of its message. Only platform events differ between versions, so only they are read again.
    fn data(&self, version: u32) -> Cow<'_, str> {
        let data = self.event.data.get();
        if version >= NAMED_SINCE || !self.channel.starts_with("/event/") {
            return Cow::Borrowed(data);
        }
        let mut shown: Json = serde_json::from_str(data).expect("what an event holds is JSON");
        if let Some(event) = shown.get_mut("event").and_then(Json::as_object_mut) {
            event.shift_remove("EventUuid");
        }
        Cow::Owned(shown.to_string())
    }
}
