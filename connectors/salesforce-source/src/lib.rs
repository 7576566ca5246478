//! Salesforce change events as records: PushTopic channels, whole rows, snapshots.
//!
//! # Layout, in reading order
//!
//! - [`config`]: what a source is told
//! - `start`, `way`, `open`: positions, descriptions, PushTopics, session
//! - `survey`: what a start would find, for who asks before anything runs
//! - [`source`], `batch`, `work`: events and pages as batches with their positions, read ahead of Kafka's commits
//! - `subjects`, `feed`, `object`: how far a source is in each channel, and what is missing of each object
//! - `position`, `gap`: what is stored of that
//! - `bayeux`: the streaming client
//! - `inbox`, `event`, `told`, `deletions`, `overtaken`, `fold`, `hydrate`: from deliveries to drafts of records
//! - `envelope`, `as_event`: events that are written as they came
//! - `loss`: what events tell of changes that they do not bring
//! - `snapshot`, `standing`: reading all rows beside the stream
//! - `repair`, `sweep`, `polled`, `recent`: reading what no event brought
//! - `produce`, `filter`, `form`: from drafts to records
//! - `commands`: what people ask of a source that runs
//! - `end`: whether all that happened is in Kafka
//! - `descriptions`, `describing`, `evolution`: what objects are like, and what becomes of records when that changes
//! - `rows`, `record`, `event_image`, `described`, `patience`, `batch_size`: the states of records, read or told
//! - `push_topic`: what makes an org raise events
//! - `moment`, `clock`, `channel`, `replay_id`, `backoff`: small things with rules
//! - [`counters`], `condition`, `health`: what the status shows
//! - `error`: what goes wrong

pub mod config;
pub use config::{
    CdcChannel, Changes, DESCRIBE_EVERY, EventChannel, FieldRule, FieldSource, Manage, Notify,
    NotifyForFields, OnGap, POLL_EVERY, PushTopicConfig, RETENTION, Records, SnapshotConfig, SourceConfig,
    SourceContext, SourceObject, Start, StreamConfig, SweepConfig, Transport,
};

mod start;
pub use start::start;

mod survey;
pub use survey::survey;

pub mod source;
pub use source::PushTopicSource;

pub mod counters;
pub use counters::SourceCounters;

mod position;
pub use position::{has_begun, topics_on_record};

mod snapshot;
pub use snapshot::entry::ordered_snapshot;

mod as_event;
mod backoff;
mod batch;
mod batch_size;
mod bayeux;
mod channel;
mod clock;
mod commands;
mod condition;
mod deletions;
mod described;
mod describing;
mod descriptions;
mod end;
mod envelope;
mod error;
mod event;
mod event_image;
mod evolution;
mod feed;
mod filter;
mod fold;
mod form;
mod gap;
mod health;
mod hydrate;
mod inbox;
mod loss;
mod moment;
mod object;
mod open;
mod overtaken;
mod patience;
mod polled;
mod produce;
mod push_topic;
mod recent;
mod record;
mod repair;
mod replay_id;
mod returned;
mod rows;
mod standing;
mod subjects;
mod sweep;
mod told;
mod way;
mod work;

#[cfg(test)]
mod tests;
