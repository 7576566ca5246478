//! Topics: their names, their settings, their partitions.
//!
//! # Layout, in reading order
//!
//! - `name`: what a topic may be called
//! - `settings`: Kafka's topic settings, as text and as values
//! - `waiters`: who waits for a partition to grow
//! - `topic`: one topic with its logs
//! - `meta`: the file that describes it
//! - `open`: finding them again
//! - `registry`: all of them

mod name;

mod settings;
pub(crate) use settings::{KNOWN, Setting, SettingType, Settings};

mod waiters;

mod topic;
pub(crate) use topic::{Partition, Topic};

mod meta;

mod open;

mod registry;
pub(crate) use registry::{TopicError, Topics};

#[cfg(test)]
mod tests;
