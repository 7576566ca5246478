//! A single-node Kafka broker for development and tests, over the real Kafka protocol on the loopback interface.
//!
//! Raw record batches are stored and forwarded as they came, in segment files read from disk. It is no production
//! broker: one node, no replication, no fsync, no authentication.
//!
//! # Layout, in reading order
//!
//! - [`producer`], [`isolation`]: words that the parts share
//! - [`log`]: one partition on disk
//! - [`group`]: consumer groups and their committed offsets
//! - [`transaction`]: producer ids and transactions

mod producer;

mod isolation;

mod log;

mod group;

mod transaction;
