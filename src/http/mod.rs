//! The HTTP server: the status of the process for machines and for people with other tools.
//!
//! It reads the same status as `orgstream status`. What it changes is which connectors there are beside the file's, and whether they run.
//!
//! # Layout, in reading order
//!
//! - [`server`]: listens, and ends with the process
//! - [`tls`]: its certificate
//! - `access`: who may ask
//! - `answer`: errors in Kafka Connect's form
//! - [`health`]: whether the process does its work, and since when not
//! - [`metrics`]: the figures, for Prometheus
//! - [`connect`]: the pipelines and connectors, by Kafka Connect's REST API

pub mod server;
pub use server::{HttpError, HttpServer};

pub mod tls;
pub use tls::{NoTls, Tls};

mod access;

mod answer;

pub mod health;

pub mod metrics;

pub mod connect;
