//! The Streaming API: PushTopics, the events they raise, and Bayeux long polling.

mod endpoint;
mod event_log;
mod push_topic;
mod query_rules;
mod reply;
mod streams;

pub(crate) use endpoint::{answer, kinds};
pub(crate) use event_log::EventLog;
pub(crate) use push_topic::PushTopic;
pub(crate) use streams::Streams;
