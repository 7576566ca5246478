//! JSON: with its schema in the registry, with its schema in each record, or alone.
//!
//! - [`tree`]: texts → trees that keep every digit
//! - [`number`]: numbers without loss
//! - [`plain`]: values as JSON itself says
//! - [`connect`]: values with their schema beside them, as Kafka Connect's `JsonConverter` writes them
//! - [`encode`]: the same two forms, written
//! - [`schema`], [`subschema`]: values of a JSON Schema
//! - [`typed`]: values of one that says every type
//! - [`schema_text`], [`encoder`]: our own JSON Schemas, and values of them written

mod connect;
pub(super) use connect::Connect;

mod encode;
pub(super) use encode::{WithSchema, encode};

mod encoder;
pub(super) use encoder::Encoder;

mod number;

mod plain;
pub(super) use plain::decode;

mod schema;
pub(super) use schema::JsonSchema;

mod schema_text;
pub(super) use schema_text::schema_text;

mod subschema;

mod tree;

mod typed;

#[cfg(test)]
mod tests;
