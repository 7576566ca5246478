//! Records as typed data ↔ records as bytes: Avro, JSON Schema and Protobuf in Confluent's framing, with a schema registry,
//! or JSON. Read is also what other producers write.
//!
//! # Layout, in reading order
//!
//! - [`error`]: whose fault it is when that fails
//! - [`format`](mod@format): what bytes may be
//! - [`avro`]: schema texts, encoding, decoding
//! - `json`, `protobuf`: the same for these
//! - `inline`: Avro with a schema of the file
//! - `shape`, `logical`, `spelling`: what values of other producers mean here
//! - `varint`: what Avro and Protobuf write alike
//! - `framing`, `writer`, `encoder`: which schema the bytes were or are written with
//! - [`registry_config`]: where a registry is, and how it is asked
//! - [`registration`]: which schema is taken, and from which subject
//! - [`registry`], `registering`, `found`, `history`, `referenced`, `levels`: schema ids, and how schemas come by them
//! - `trouble`, `refusal`: what a registry's refusal means
//! - [`record`]: the codec itself, for keys and values

pub mod error;
pub use error::{CodecError, Part};

pub mod format;
pub use format::{Format, Input, Language, Output, Written};

pub mod avro;

mod encoder;

mod found;

mod framing;

mod history;

mod inline;
pub use inline::InlineSchema;

mod json;

mod levels;

mod logical;

pub(crate) mod protobuf;

mod referenced;

mod refusal;

mod registering;

pub mod registration;
pub use registration::{Registration, Schemas, SubjectName};

pub mod registry_config;
pub use registry_config::{RegistryConfig, RegistryLogin};

pub mod registry;
pub use registry::Registry;

mod shape;

mod spelling;

mod trouble;

mod varint;

mod writer;

pub mod record;
pub use record::{Codec, Decoded, Encoded};

#[cfg(test)]
mod tests;
