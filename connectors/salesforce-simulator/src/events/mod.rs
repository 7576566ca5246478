//! What an org tells of its changes: the rules of each kind of event, and the log that subscriptions read.
//!
//! # Layout, in reading order
//!
//! - `feeds`: everything that raises events when a transaction is done
//! - `push_topic`, `query_rules`, `watched`, `notices`: PushTopics
//! - `capture`, `net_change`, `change_body`, `text_diff`, `change_event`: Change Data Capture
//! - `platform_event`, `generic`: what is published rather than changed
//! - `event_schema`: what the events of the bus look like
//! - `subscribable`: which channels there are
//! - `event_log`: what was raised and can still be replayed

mod capture;
mod change_body;
mod change_event;
mod event_log;
mod event_schema;
mod feeds;
mod generic;
mod net_change;
mod notices;
mod platform_event;
mod push_topic;
mod query_rules;
mod subscribable;
mod text_diff;
mod watched;

pub use change_event::GapKind;
pub(crate) use event_log::EventLog;
pub(crate) use event_schema::EventSchema;
pub(crate) use feeds::Feeds;
pub(crate) use generic::{online, push};
pub(crate) use platform_event::{limit_exceeded, new_uuid, result};
pub(crate) use push_topic::PushTopic;
pub(crate) use subscribable::Subscribable;
#[cfg(test)]
pub(crate) use text_diff::apply;
