//! What an org tells of its changes: the rules of each kind of event, and the log that subscriptions read.

mod event_log;
mod push_topic;
mod query_rules;
mod subscribable;

pub(crate) use event_log::EventLog;
pub(crate) use push_topic::PushTopic;
pub(crate) use subscribable::Subscribable;
