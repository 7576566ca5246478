//! Avro: schema texts, and values ↔ bytes. Pure; ids and framing are the business of the codec above.
//!
//! - [`schema_text`]: the text of our schemas, as Confluent's AvroConverter writes it
//! - [`parse`]: texts of any writer → our schemas, and the shape by which values are read
//! - [`Encoder`], [`decode`]: values ↔ bytes

mod decode;
pub use decode::decode;

mod encode;
pub use encode::Encoder;

mod input;

mod parse;
pub(super) use parse::parse_with;
pub use parse::{Writer, parse};

mod plan;

mod schema_text;
pub use schema_text::schema_text;

/// A schema or a value has no counterpart on the other side. The text says which part and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct AvroError(pub String);

#[cfg(test)]
mod tests;
