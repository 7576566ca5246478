//! Salesforce change events as records: PushTopic channels, whole rows, snapshots.
//!
//! # Layout, in reading order
//!
//! - [`config`]: what a source is told
//! - `start`: positions, descriptions, PushTopics, session
//! - [`source`]: events and pages as batches with their positions
//! - `object`, `position`, `gap`: how far a source is in a channel, and what is missing
//! - `bayeux`: the streaming client
//! - `inbox`, `event`, `fold`, `hydrate`: from deliveries to records
//! - `snapshot`, `standing`: reading all rows beside the stream
//! - `end`: whether all that happened is in Kafka
//! - `rows`, `record`, `patience`, `batch_size`: reading rows
//! - `push_topic`: what makes an org raise events
//! - `moment`, `clock`, `channel`, `replay_id`, `backoff`: small things with rules
//! - [`counters`], `condition`: what the status shows
//! - `error`: what goes wrong

pub mod config;
pub use config::{RETENTION, SourceConfig, SourceContext, SourceObject, Start};

mod start;
pub use start::start;

pub mod source;
pub use source::PushTopicSource;

pub mod counters;
pub use counters::SourceCounters;

mod position;
pub use position::has_begun;

mod backoff;
mod batch_size;
mod bayeux;
mod channel;
mod clock;
mod condition;
mod end;
mod error;
mod event;
mod fold;
mod gap;
mod hydrate;
mod inbox;
mod moment;
mod object;
mod patience;
mod push_topic;
mod record;
mod replay_id;
mod rows;
mod snapshot;
mod standing;

#[cfg(test)]
mod tests;
