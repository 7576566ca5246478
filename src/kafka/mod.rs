//! Kafka: the only place that names librdkafka.
//!
//! # Layout, in reading order
//!
//! - [`config`], [`error`], [`topics`]: where the brokers are, what can go wrong, what our topics are called
//! - [`settings`], [`properties`]: what the file says of the clients, and what it may say
//! - [`effective`]: what each kind of client is told
//! - [`token`]: what brokers are shown that ask for OAUTHBEARER
//! - [`refusal`]: why brokers turn a client away, and what to do
//! - [`admin`]: creates topics or only looks for them, asks for offsets and rights
//! - [`record`]: records as bytes, on their way in and out
//! - [`partitioner`]: which partition a key belongs to
//! - [`transaction`]: source records and positions in one transaction (D8)
//! - [`turns`]: one transaction after the other without a wait in between
//! - [`producer`]: everything else that must be acknowledged before a ticket settles (D3)
//! - [`consumer`]: membership of a consumer group
//! - [`lease`]: permission to start a call to an org while the group membership is proved
//! - [`compacted`], [`follow`], [`tail`]: reading topics outside a group

pub mod config;
pub use config::KafkaConfig;

pub mod error;
pub use error::{Error, ProduceError};

pub mod topics;

pub mod settings;
pub use settings::{Clients, Setting, Settings};

pub(crate) mod properties;

pub(crate) mod effective;

mod refusal;

mod context;
mod delivery;
mod query;
mod reader;
pub(crate) mod token;
mod waiting;

pub mod admin;
pub use admin::{
    Admin, Allowed, Cleanup, GroupCommit, GroupMember, Looked, Outlook, TopicSettings, TopicSpec,
};

pub mod record;
pub use record::{Consumed, Outgoing, Place};

pub mod partitioner;

pub mod transaction;
pub use transaction::TransactionalProducer;

pub mod turns;
pub use turns::Turns;

pub mod producer;
pub use producer::Producer;

pub mod consumer;
pub use consumer::{Assigned, Event, GroupConfig, GroupConsumer, Revocation, Starts};

pub mod lease;
pub use lease::CommitLease;

pub mod compacted;
pub use compacted::{Compacted, read_compacted};

pub mod follow;
pub use follow::{Followed, Follower};

pub mod tail;
pub use tail::Tail;

#[cfg(test)]
mod tests;
