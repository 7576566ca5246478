//! What brings changes, and in which form they are written.

use orgstream_api::TopicTemplate;

/// What brings the changes of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Changes {
    /// The events of a PushTopic.
    #[default]
    PushTopic,
    /// Change events (Change Data Capture).
    Cdc,
    /// Nothing: it is read every so often.
    Polling,
}

/// Which channels bring change events.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum CdcChannel {
    /// One channel for each object, such as `/data/AccountChangeEvent`.
    #[default]
    Single,
    /// `/data/ChangeEvents`: one channel for all objects that the org captures.
    All,
    /// A custom channel by its name, such as `Sales__chn`.
    Custom(String),
}

/// The form of an object's records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Records {
    /// The object's own fields, as a PushTopic's records have them, whatever brought the change.
    #[default]
    Full,
    /// The change event with its header.
    Event,
}

/// A channel of messages that are about no object: platform events, a custom channel of them, a generic channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventChannel {
    /// `Order__e`, `Orders__chn` or `/u/Notes`.
    pub name: String,
    /// The topic of its messages.
    pub topic: TopicTemplate,
    /// Of a custom channel, the platform events to take; all when empty.
    pub entities: Vec<String>,
}
