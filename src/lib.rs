//! Keeps Salesforce orgs in step through Kafka.
//!
//! # Layout, in reading order
//!
//! - [`config`], `id_file`: the user's file, and files of ids
//! - [`confluent`]: property files of Kafka Connect as such a file
//! - [`connectors`]: connectors that are made over REST, and kept
//! - `expression`: what the file says of single records
//! - [`shaping`]: what a source's records are on their topics
//! - [`runtime`]: the process that a file becomes
//! - [`embedded`], [`schema_store`]: what a file leaves out
//! - [`worker`]: how a task runs
//! - [`kafka`]: the only place that names librdkafka
//! - [`codec`]: records as typed data and as bytes
//! - [`store`], [`state_dir`]: the node's own state
//! - [`control`]: what a process says of itself
//! - [`http`]: the same over HTTP: metrics, health, and Kafka Connect's REST API
//! - [`verify`]: whether two orgs are in step
//! - [`dev`]: something to look at
//! - [`cli`], [`telemetry`]: the commands and the log
//! - [`clock`]: what time it is

pub mod cli;
pub mod clock;
pub mod codec;
pub mod config;
pub mod confluent;
pub mod connectors;
pub mod control;
pub mod dev;
pub mod embedded;
mod expression;
pub mod http;
mod id_file;
pub mod kafka;
pub mod runtime;
pub mod schema_store;
pub mod shaping;
pub mod state_dir;
pub mod store;
pub mod telemetry;
pub mod verify;
pub mod worker;

#[cfg(test)]
mod peers;
