//! Kafka Connect's properties of Confluent's Salesforce connectors: property sets in, a file of orgstream's out.
//!
//! # Layout, in reading order
//!
//! - [`properties`], [`given`], `providers`: property files and JSON, as they are given, with values that stand elsewhere
//! - [`finding`]: what became of one property
//! - [`kind`], [`catalog`]: the connectors, and every property with its default and its fate
//! - `settings`: properties by their types
//! - `document`: the file while it is put together
//! - `secrets`: what never stands in it
//! - `part`, `org`, `login`, `registering`, `wire`, `source`, `sink`, `refusals`, `transforms`: what one connector becomes
//! - `worker`, `clients`, `listeners`, `registry`, `join`: what all of them become together
//! - [`translate`](fn@translate): all of it in order

pub mod properties;

pub mod given;
pub use given::Given;

mod providers;
pub use providers::Providers;

pub mod finding;
pub use finding::{Finding, Verdict};

pub mod kind;
pub use kind::Kind;

pub mod catalog;

mod settings;

mod document;

mod secrets;

mod part;

mod org;

mod login;

mod registering;

mod wire;

mod source;

mod sink;

mod refusals;

mod transforms;

mod worker;

mod clients;

mod listeners;

mod registry;

mod join;

mod translate;
pub use translate::{Pipelines, Translation, translate};

#[cfg(test)]
mod tests;
