//! The Streaming API: PushTopics, the events they raise, and Bayeux long polling.

mod endpoint;
mod event_log;
mod message;
mod push_topic;
mod query_rules;
mod reply;
mod streams;

pub(crate) use endpoint::answer;
pub(crate) use event_log::EventLog;
pub(crate) use message::kinds;
pub(crate) use push_topic::PushTopic;
pub(crate) use streams::Streams;
