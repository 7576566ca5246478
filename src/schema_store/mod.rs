//! The embedded schema store: schemas with ids, on the REST paths of Confluent's schema registry.
//!
//! For those who run no registry. It listens on the loopback interface, asks nobody who they are, and keeps what it
//! knows in the state database. An id that was given is never given to another text, and what was acknowledged
//! survives a kill. What it cannot check it refuses and says so; it never takes a schema that it has not compared.
//!
//! # Layout, in reading order
//!
//! - [`server`]: starting and stopping
//! - [`schema`]: texts, and whether data of one can be read with another
//! - [`compatibility`], [`mode`]: what a subject promises, and whether it takes writes
//! - `catalog`: schemas, versions and settings in SQLite
//! - [`given`]: which ids are given out, kept apart from the database
//! - `registrar`: whether a schema becomes a version
//! - [`refusal`]: errors and their codes
//! - `http`: the paths

pub mod server;
pub use server::{Options, SchemaStore, StartError};

pub mod schema;

pub mod compatibility;
pub use compatibility::Compatibility;

pub mod mode;
pub use mode::Mode;

mod catalog;

pub mod given;
pub use given::Given;

mod registrar;

pub mod refusal;
pub use refusal::Refusal;

mod http;

#[cfg(test)]
mod tests;
