//! Records as typed data ↔ records as bytes: Avro, in Confluent's framing, with a schema registry.
//!
//! # Layout, in reading order
//!
//! - [`error`]: whose fault it is when that fails
//! - [`avro`]: schema texts, encoding, decoding
//! - `framing`: which schema the bytes were written with
//! - [`registry`], `trouble`: schema ids, and what a registry's refusal means
//! - [`record`]: the codec itself, for keys and values

pub mod error;
pub use error::{CodecError, Part};

pub mod avro;

mod framing;

pub mod registry;
pub use registry::Registry;

mod trouble;

pub mod record;
pub use record::{Codec, Decoded, Encoded};

#[cfg(test)]
mod tests;
