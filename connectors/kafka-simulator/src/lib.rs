//! A single-node Kafka broker for development and tests, over the real Kafka protocol on the loopback interface.
//!
//! Raw record batches are stored and forwarded as they came, in segment files read from disk. It is no production
//! broker: one node, no replication, no fsync, no authentication. What was acknowledged survives the death of the
//! process, not that of the machine.
//!
//! ```no_run
//! # async fn example() -> Result<(), orgstream_kafka_simulator::BrokerError> {
//! use orgstream_kafka_simulator::{ApiKey, Broker, Effect, Fault, ResponseError};
//!
//! let broker = Broker::builder().start().await?;
//! let refused = Effect::Error(ResponseError::NotEnoughReplicas);
//! broker.faults().add(Fault::new(ApiKey::Produce, refused).times(2));
//! println!("{}", broker.bootstrap_servers());
//! broker.stop().await;
//! # Ok(()) }
//! ```
//!
//! # Layout, in reading order
//!
//! - [`Broker`], [`BrokerBuilder`]: starting and stopping
//! - [`Faults`]: what goes wrong on demand
//! - `server`: connections, frames, which request goes where
//! - `api`: one file for each family of requests
//! - `topics`: topics, their settings, their partitions
//! - `log`: one partition on disk
//! - `groups`: consumer groups and their committed offsets
//! - `transactions`: producer ids and transactions
//! - `data_dir`, `journal`: what is kept, and where
//! - `reconcile`: what must agree in there, and is made to
//! - `core`, `cleaner`: what connections share, and what happens by itself
//! - `producer`, `isolation`: words that the parts share

mod broker;
pub use broker::{Broker, BrokerError};

mod builder;
pub use builder::BrokerBuilder;

mod fault;
pub use fault::{Effect, Fault, FaultId, Faults};
pub use kafka_protocol::error::ResponseError;
pub use kafka_protocol::messages::ApiKey;

mod cleaner;

mod data_dir;

mod clock;

mod core;

mod server;

mod api;

mod topics;

mod log;

mod groups;

mod transactions;

mod journal;

mod reconcile;

mod producer;

mod isolation;
