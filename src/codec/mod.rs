//! Records as typed data ↔ records as bytes. Written is Avro in Confluent's framing, with a schema registry, or JSON; read is
//! that and what other producers write.
//!
//! # Layout, in reading order
//!
//! - [`error`]: whose fault it is when that fails
//! - [`format`](mod@format): what bytes may be
//! - [`avro`]: schema texts, encoding, decoding
//! - `json`, `protobuf`: decoding, and writing JSON
//! - `shape`, `logical`, `spelling`: what values of other producers mean here
//! - `framing`, `writer`: which schema the bytes were written with
//! - [`registry_config`]: where a registry is, and how it is asked
//! - [`registry`], `referenced`, `trouble`: schema ids, and what a registry's refusal means
//! - [`record`]: the codec itself, for keys and values

pub mod error;
pub use error::{CodecError, Part};

pub mod format;
pub use format::{Format, Input};

pub mod avro;

mod framing;

mod json;

mod logical;

pub(crate) mod protobuf;

mod referenced;

pub mod registry_config;
pub use registry_config::{RegistryConfig, RegistryLogin};

pub mod registry;
pub use registry::Registry;

mod shape;

mod spelling;

mod trouble;

mod writer;

pub mod record;
pub use record::{Codec, Decoded, Encoded};

#[cfg(test)]
mod tests;
