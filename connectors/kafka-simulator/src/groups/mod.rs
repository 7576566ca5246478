//! Consumer groups: the classic protocol (eager and cooperative, static membership), and committed offsets.
//!
//! Membership is in memory, as clients join again after a restart; offsets are in a journal.
//!
//! # Layout, in reading order
//!
//! - `settings`: limits
//! - `member`, `group`: the state of one group, and what joining and leaving do to it
//! - `rebalance`: from one generation to the next
//! - `offsets`: what groups have committed
//! - `coordinator`: all groups under one lock
//! - `membership`, `commit`, `admin`: the APIs

mod settings;
pub(crate) use settings::GroupSettings;

mod member;

mod group;

mod rebalance;

mod offsets;
pub(crate) use offsets::{Committed, TopicPartition};

mod coordinator;
pub(crate) use coordinator::{Client, GroupCoordinator};

mod membership;

mod commit;

mod admin;

#[cfg(test)]
mod tests;
