//! Records as typed data ↔ records as bytes: Avro, in Confluent's framing, with a schema registry.
//!
//! # Layout, in reading order
//!
//! - [`error`]: whose fault it is when that fails
//! - [`registry`]: schema ids
//! - [`avro`]: schema texts, encoding, decoding
//! - [`record`]: the codec itself, for keys and values

pub mod error;
pub use error::{CodecError, Part};

pub mod registry;
pub use registry::Registry;

pub mod avro;

pub mod record;
pub use record::{Codec, Decoded, Encoded};
